import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type Result, type RunOptions, run, succeed } from './process';
import { MANIFEST, install } from './template';

/** An Nx workspace of its own, with the packed plugin in it, and a home directory that nothing else uses. */
export interface Workspace {
  readonly dir: string;
  /** What is removed with it: its own directory and the home directory. */
  readonly above: string;
  /** Runs the real command line of Nx, without its daemon. */
  nx(args: readonly string[], options?: NxOptions): Promise<Result>;
  /** Runs `nx run-many -t image-build`, with every task's log in its output. */
  build(args?: readonly string[], options?: NxOptions): Promise<Result>;
  /** Runs a line as somebody would type it who works in it. */
  shell(line: string): Promise<Result>;
  /** What `nx graph --file` says. */
  graph(): Promise<Graph>;
  write(path: string, content: string): void;
  /** The absolute path. */
  path(path: string): string;
  read(path: string): string;
  exists(path: string): boolean;
  link(path: string, target: string): void;
  delete(path: string): void;
  remove(): void;
}

export interface NxOptions extends Pick<RunOptions, 'onStart' | 'user'> {
  readonly env?: Readonly<Record<string, string>>;
}

export interface Target {
  readonly executor: string;
  readonly inputs: readonly unknown[];
  readonly outputs: readonly string[];
  readonly dependsOn?: readonly { projects?: string[]; target: string }[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly metadata?: {
    readonly description: string;
    readonly technologies?: readonly string[];
    readonly help?: { readonly command: string; readonly example: object };
  };
}

export interface Graph {
  readonly nodes: Readonly<
    Record<
      string,
      {
        data: {
          root: string;
          targets: Record<string, Target>;
          metadata?: { technologies?: string[] };
        };
      }
    >
  >;
  readonly dependencies: Readonly<Record<string, readonly { source: string; target: string }[]>>;
}

export interface WorkspaceOptions {
  /** How nx.json registers the plugin. */
  readonly plugin?: unknown;
  /** The workspace's directory, inside a temporary one. */
  readonly name?: string;
  /** What is installed, by npm, in place of Nx and the plugin. */
  readonly packages?: readonly string[];
}

/** Who commits. */
const AUTHOR = {
  GIT_AUTHOR_NAME: 'Test',
  GIT_AUTHOR_EMAIL: 'test@example.com',
  GIT_COMMITTER_NAME: 'Test',
  GIT_COMMITTER_EMAIL: 'test@example.com',
};

/** @param files contents by path, relative to the workspace */
export async function createWorkspace(
  files: Readonly<Record<string, string>>,
  { plugin = 'gitops', name = 'workspace', packages }: WorkspaceOptions = {},
): Promise<Workspace> {
  const above = mkdtempSync(join(needed('GITOPS_E2E'), 'w-'));
  const dir = join(above, name);
  const env = environment(join(above, 'home'));

  const workspace: Workspace = {
    dir,
    above,
    nx: (args, options = {}) =>
      run(join(dir, 'node_modules/.bin/nx'), args, { ...options, cwd: dir, env: { ...env, ...options.env } }),
    build: (args = [], options) =>
      workspace.nx(['run-many', '-t', 'image-build', '--output-style=static', ...args], options),
    shell: (line) => run('bash', ['-c', line], { cwd: dir, env: { ...env, ...AUTHOR } }),
    graph: async () => {
      const file = join(above, 'graph.json');
      const { code, output } = await workspace.nx(['graph', `--file=${file}`]);
      if (code !== 0) throw new Error(output);
      return (JSON.parse(readFileSync(file, 'utf8')) as { graph: Graph }).graph;
    },
    write: (path, content) => {
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      writeFileSync(join(dir, path), content);
    },
    path: (path) => join(dir, path),
    read: (path) => readFileSync(join(dir, path), 'utf8'),
    exists: (path) => existsSync(join(dir, path)),
    link: (path, target) => symlinkSync(target, join(dir, path)),
    delete: (path) => rmSync(join(dir, path), { recursive: true }),
    remove: () => rmSync(above, { recursive: true, force: true }),
  };

  mkdirSync(join(above, 'home'));
  mkdirSync(dir);
  const basics = {
    'package.json': JSON.stringify(MANIFEST),
    'nx.json': JSON.stringify({ analytics: false, plugins: [plugin] }),
    '.gitignore': 'node_modules\ndist\n.nx\n.gitops\n',
  };
  for (const [path, content] of Object.entries({ ...basics, ...files })) workspace.write(path, content);
  if (packages) await install(dir, packages);
  else linkTree(join(needed('GITOPS_E2E_TEMPLATE'), 'node_modules'), join(dir, 'node_modules'));
  await commit(dir, env);
  return workspace;
}

/** A copy made of hard links: it is there at once, and to Node it lies in the workspace. */
function linkTree(from: string, to: string): void {
  mkdirSync(to);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, copy] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) linkTree(source, copy);
    else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), copy);
    else linkSync(source, copy);
  }
}

async function commit(dir: string, env: NodeJS.ProcessEnv): Promise<void> {
  await succeed('git', ['init', '--quiet', '--initial-branch=main'], { cwd: dir, env });
  await succeed('git', ['add', '--all'], { cwd: dir, env });
  await succeed('git', ['commit', '--quiet', '--message=Start'], { cwd: dir, env: { ...env, ...AUTHOR } });
}

/**
 * Nothing of the shell that runs the tests gets in: neither settings of Nx, which shares its cache through the home
 * directory, nor credentials, nor an engine.
 */
export function environment(home: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    HOME: home,
    LANG: 'C.UTF-8',
    NX_DAEMON: 'false',
    NO_COLOR: '1',
  };
}

/** What the set-up left for the specs. */
export function needed(variable: string): string {
  const value = process.env[variable];
  if (value === undefined) throw new Error(`${variable} is not set: run Jest with e2e/jest.config.cjs`);
  return value;
}
