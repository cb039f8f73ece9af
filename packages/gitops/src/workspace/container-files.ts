import { createHash } from 'node:crypto';
import { posix } from 'node:path';

/** What Nx looks for. Directories that git ignores are not searched. */
export const CONTAINER_FILES =
  '**/{Containerfile,Dockerfile,Containerfile.*,Dockerfile.*,*.Containerfile,*.Dockerfile}';

const NAMES = ['Containerfile', 'Dockerfile'];
/** What goes by a container file's name and is none: ignore files, and what editors and templates leave. */
const NOT_A_SUFFIX = new Set([
  'dockerignore',
  'containerignore',
  'md',
  'orig',
  'bak',
  'rej',
  'swp',
  'tmpl',
  'template',
  'j2',
]);

/** A container file by its path. */
export interface FoundFile {
  /** Relative to the workspace. */
  readonly file: string;
  readonly directory: string;
  /** `worker` of `Containerfile.worker` or `worker.Containerfile`; empty for the directory's own. */
  readonly suffix: string;
}

/** The file as a container file; undefined where its name or place says that it is none. */
export function asContainerFile(file: string): FoundFile | undefined {
  const directory = posix.dirname(file);
  if (directory.split('/').includes('.devcontainer')) return undefined;
  const base = posix.basename(file);
  for (const name of NAMES) {
    if (base === name) return { file, directory, suffix: '' };
    const suffix = base.startsWith(`${name}.`)
      ? base.slice(name.length + 1)
      : base.endsWith(`.${name}`)
        ? base.slice(0, -name.length - 1)
        : undefined;
    if (suffix === undefined) continue;
    if (NOT_A_SUFFIX.has(suffix.slice(suffix.lastIndexOf('.') + 1)) || suffix.endsWith('~')) return undefined;
    return { file, directory, suffix: targetSuffix(suffix) };
  }
  return undefined;
}

/** `Worker.Prod` → `worker-prod`: it goes into the names of targets and images. */
function targetSuffix(suffix: string): string {
  return suffix
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
}

/**
 * Names for directories that have no project of their own: the directory's name, with as many parents' before it as
 * it takes to be the only one. The order of the directories does not matter.
 *
 * @param directories relative to the workspace
 * @param taken names of projects that are there already
 */
export function nameDirectories(
  directories: readonly string[],
  taken: ReadonlySet<string>,
): Map<string, string> {
  const claims = new Map<string, Set<string>>();
  for (const directory of directories)
    for (const name of candidates(directory))
      claims.set(name, (claims.get(name) ?? new Set()).add(directory));

  return new Map(
    directories.map((directory) => {
      const free = candidates(directory).find((name) => claims.get(name)!.size === 1 && !taken.has(name));
      return [directory, free ?? `${candidates(directory).at(-1)!}-${shortHash(directory)}`];
    }),
  );
}

/** `a/b/c` → `c`, `b-c`, `a-b-c`. */
function candidates(directory: string): string[] {
  if (directory === '.') return ['workspace'];
  const parts = directory.split('/');
  return parts.map((_, i) => parts.slice(parts.length - 1 - i).join('-'));
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 6);
}
