import { createHash } from 'node:crypto';
import { lstatSync, lutimesSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Result, run, succeed } from './process';
import { type Workspace, environment } from './workspace';

/** In what a machine may differ from others, besides its directories. */
export interface Machine {
  readonly umask?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** When all files were written, in seconds since 1970; at the checkout by default. */
  readonly time?: number;
}

/** What Nx notes of a task of a run. */
export interface TaskRecord {
  readonly hash: string;
  readonly cacheStatus: 'cache-miss' | 'local-cache-hit' | 'remote-cache-hit';
}

/** A workspace as another machine has it: checked out by git, with a home directory and a cache that nothing else uses. */
export interface Clone {
  nx(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Result>;
  /** The tasks of the last run that came to its end, by `project:target`. */
  lastRun(): Record<string, TaskRecord>;
  /** The absolute path. */
  path(path: string): string;
  write(path: string, content: string): void;
  /** The sha256 of all files below a directory, by their paths in it. */
  files(directory: string): Record<string, string>;
}

/** Clones what a workspace has committed. It is removed with that workspace. */
export async function clone(
  origin: Workspace,
  name: string,
  { umask = '022', env = {}, time }: Machine = {},
): Promise<Clone> {
  const above = join(origin.above, name);
  const [dir, home, cache] = [join(above, `${name}-of-shop`), join(above, 'home'), join(above, 'cache')];
  const path = (inside: string): string => join(dir, inside);
  const own = { ...environment(home), NX_CACHE_DIRECTORY: cache, ...env };
  const there = (program: string, args: readonly string[]) =>
    ['sh', ['-c', 'umask "$0" && exec "$@"', umask, program, ...args]] as const;

  mkdirSync(home, { recursive: true });
  await succeed(...there('git', ['clone', '--quiet', origin.dir, dir]), { env: own });
  // Hard links: all clones together have the packages once.
  await succeed('cp', ['--archive', '--link', origin.path('node_modules'), dir]);
  if (time !== undefined) {
    const files = await succeed('git', ['ls-files', '-z'], { cwd: dir, env: own });
    for (const file of files.split('\0').filter(Boolean)) lutimesSync(path(file), time, time);
  }

  return {
    path,
    nx: (args, more = {}) =>
      run(...there(path('node_modules/.bin/nx'), args), { cwd: dir, env: { ...own, ...more } }),
    lastRun() {
      const { tasks } = JSON.parse(readFileSync(join(cache, 'run.json'), 'utf8')) as {
        tasks: (TaskRecord & { taskId: string })[];
      };
      return Object.fromEntries(
        tasks.map(({ taskId, hash, cacheStatus }) => [taskId, { hash, cacheStatus }]),
      );
    },
    write: (inside, content) => writeFileSync(path(inside), content),
    files(directory) {
      const paths = readdirSync(path(directory), { recursive: true, encoding: 'utf8' });
      const files = paths.map((file) => [file, join(path(directory), file)] as const);
      return Object.fromEntries(
        files
          .filter(([, file]) => lstatSync(file).isFile())
          .map(([name, file]) => [name, createHash('sha256').update(readFileSync(file)).digest('hex')]),
      );
    },
  };
}
