import { posix } from 'node:path';
import type { Entry, Tree } from '../filetree/entry';
import { join } from '../filetree/layer-index';
import { GitopsError } from '../support/errors';
import { compileSegments, hasWildcard } from './glob';
import { compileIgnore } from './ignore';

/** One file or directory that a source of COPY or ADD stands for. */
export interface Match {
  /** The path by which it was named: its last part is the name that it gets in a directory. */
  readonly name: string;
  /** What `--parents` keeps of the name: what is behind `/./`, or all of it. */
  readonly kept: string;
  /** Where it is, symlinks followed. */
  readonly path: string;
  readonly entry: Entry;
}

/** A file of a match: where it is below the match; empty for the match itself. */
export interface Selected {
  readonly entry: Entry;
  readonly relative: string;
}

/** `../a//b/` → `a/b`: a source never leaves the root. */
export function cleanSource(source: string): string {
  return posix.join('/', source).replace(/^\/|\/$/g, '');
}

/**
 * What `source`, variables expanded, stands for in `tree`; nothing where it does not exist.
 * As BuildKit does it: links are followed before the first wildcard and at the match itself, not between.
 *
 * @throws GitopsError for a link that a wildcard finds and that leads nowhere
 * @param options.parents with `--parents`, `**` stands for any number of directories
 */
export function matchSource(tree: Tree, source: string, options: { parents: boolean }): Match[] {
  const parts = cleanSource(source).split('/');
  const wild = parts.findIndex(hasWildcard);
  const names =
    wild === -1
      ? [literal(parts).join('/')]
      : expand(
          tree,
          tree.resolve(literal(parts.slice(0, wild)).join('/')),
          parts.slice(wild),
          options.parents,
        );
  const pivot = source.indexOf('/./');
  const dropped = pivot === -1 ? 0 : depth(cleanSource(source.slice(0, pivot)));
  return names.flatMap((name) => {
    const path = tree.resolve(name);
    const entry = tree.get(path);
    if (!entry && wild !== -1) throw new GitopsError(`${name} is a symbolic link to nothing`);
    return entry ? [{ name, kept: name.split('/').slice(dropped).join('/'), path, entry }] : [];
  });
}

/**
 * The files of a match, parents first, without what `--exclude` leaves out. Its patterns are ignore patterns,
 * relative to the matched directory, or to the directory of a matched file.
 */
export function selectFiles(tree: Tree, match: Match, exclude: readonly string[]): Selected[] {
  const rules = exclude.length ? compileIgnore(exclude) : undefined;
  const itself = { entry: match.entry, relative: '' };
  if (match.entry.type !== 'directory') return rules?.ignored(posix.basename(match.name)) ? [] : [itself];
  // A list and not a generator: this is where most of a build's time goes when nothing has changed.
  const selected: Selected[] = [itself];
  const start = match.path === '' ? 0 : match.path.length + 1;
  below(match.path);
  return selected;

  function below(path: string): void {
    for (const name of tree.list(path)) {
      const at = join(path, name);
      const entry = tree.get(at);
      if (!entry) continue;
      const relative = at.slice(start);
      const excluded = rules?.ignored(relative) ?? false;
      const length = selected.push({ entry, relative });
      if (entry.type === 'directory' && !(excluded && !rules!.mayContainUnignored(relative))) below(at);
      // An excluded directory is made after all where something in it is not excluded.
      if (excluded && selected.length === length) selected.pop();
    }
  }
}

function expand(tree: Tree, root: string, patterns: string[], parents: boolean): string[] {
  return patterns.reduce(
    (found, pattern) => {
      if (parents && pattern === '**') return [...new Set(found.flatMap((path) => directories(tree, path)))];
      const segment = compileSegments(pattern)[0]!;
      return found.flatMap((path) =>
        tree.get(path)?.type === 'directory'
          ? tree
              .list(path)
              .filter((name) => segment.matches(name))
              .map((name) => join(path, name))
          : [],
      );
    },
    [root],
  );
}

/** The directory and all below it. */
function directories(tree: Tree, path: string): string[] {
  if (tree.get(path)?.type !== 'directory') return [];
  return [path, ...tree.list(path).flatMap((name) => directories(tree, join(path, name)))];
}

function literal(parts: readonly string[]): string[] {
  return parts.map((part) => (part === '' ? '' : (compileSegments(part)[0]!.literal ?? part)));
}

function depth(path: string): number {
  return path === '' ? 0 : path.split('/').length;
}
