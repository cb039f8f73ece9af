import { posix } from 'node:path';
import type { ContextSource } from '../containerfile/context-sources';
import { hasWildcard, toNxGlob } from '../containerfile/glob';
import { cleanSource } from '../containerfile/sources';

/** An input of a target, as Nx has it. */
export type Input =
  string | { env: string } | { externalDependencies: string[] } | { dependentTasksOutputFiles: string };

/** The globs of what a source takes, for Nx's file sets: the file itself, or all that is in the directory. */
export function sourceGlobs(source: ContextSource, contextRoot: string, projectRoot: string): string[] {
  const glob = globOf(source);
  const inWorkspace = posix.join(contextRoot, glob);
  const anchor = anchored(inWorkspace, projectRoot);
  if (inWorkspace === '.') return [`${anchor}/**/*`];
  return glob === '' ? [`${anchor}/**/*`] : [anchor, `${anchor}/**/*`];
}

/**
 * Globs of files, by their paths in the workspace; one for all that lie in one directory. What lies in the project is
 * named from there.
 */
export function fileGlobs(paths: readonly string[], projectRoot: string): string[] {
  const byDirectory = new Map<string, Set<string>>();
  for (const path of paths) {
    const [, anchor, file] = /^(\{\w+\}\/)(.*)$/s.exec(anchored(path, projectRoot))!;
    const glob = toNxGlob(file!.replace(/[*?[\\]/g, '\\$&'));
    const directory = anchor! + glob.slice(0, glob.lastIndexOf('/') + 1);
    const names = byDirectory.get(directory) ?? new Set();
    byDirectory.set(directory, names.add(posix.basename(glob)));
  }
  return [...byDirectory].map(([directory, names]) => directory + anyOf([...names]));
}

/** In braces a comma stands between names: for one in a name there is `?`. */
function anyOf(names: readonly string[]): string {
  return names.length === 1 ? names[0]! : `{${names.map((name) => name.replaceAll(',', '?')).join()}}`;
}

/** The same for files that other tasks make: there Nx takes paths of the workspace. */
export function outputGlobs(source: ContextSource, contextRoot: string): string[] {
  const glob = posix.join(contextRoot, globOf(source));
  return [glob, `${glob}/**/*`];
}

/**
 * The ignore file's patterns as what a file set leaves out. With an exception (`!keep`) in it, they are no file set:
 * then nothing is left out, and a change of an ignored file costs a look and no build.
 */
export function ignoredGlobs(
  patterns: readonly string[],
  contextRoot: string,
  projectRoot: string,
): string[] {
  if (patterns.some((pattern) => pattern.startsWith('!'))) return [];
  return patterns.filter(isPlain).flatMap((pattern) => {
    const glob = anchored(posix.join(contextRoot, pattern), projectRoot);
    return [`!${glob}`, `!${glob}/**/*`];
  });
}

/**
 * Nx and the ignore file agree on these; what they may read differently is not left out. To an ignore file `.`, `/`
 * and what is above the context are nothing.
 */
function isPlain(pattern: string): boolean {
  return pattern
    .split('/')
    .every((part) => /^(\*\*|[\w.@+-]*\*?[\w.@+-]*)$/.test(part) && !['', '.', '..'].includes(part));
}

function globOf({ pattern, parents }: ContextSource): string {
  const parts = cleanSource(pattern).split('/');
  return parts.map((part) => (part === '' || (parents && part === '**') ? part : toNxGlob(part))).join('/');
}

/** The part of a source's path before its first wildcard. */
export function fixedPart(source: ContextSource): string {
  const parts = cleanSource(source.pattern).split('/');
  const wild = parts.findIndex(hasWildcard);
  return (wild === -1 ? parts : parts.slice(0, wild)).join('/');
}

/**
 * `apps/api/src` of project `apps/api` is `{projectRoot}/src`: there Nx looks at the project's files alone. For
 * `{workspaceRoot}/…` it goes through those of the whole workspace, again for each image.
 */
function anchored(path: string, projectRoot: string): string {
  if (projectRoot === '.') return posix.join('{projectRoot}', path);
  if (path === projectRoot) return '{projectRoot}';
  return path.startsWith(`${projectRoot}/`)
    ? `{projectRoot}${path.slice(projectRoot.length)}`
    : posix.join('{workspaceRoot}', path);
}
