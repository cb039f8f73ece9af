import { compileSegments, type SegmentMatcher } from '../../../containerfile/glob';
import type { Entry, Tree } from '../../../filetree/entry';
import { join } from '../../../filetree/layer-index';

/** As Linux has it: who follows more is going round in a circle. */
const MAX_LINKS = 40;

/**
 * The files that `paths` need, parents before children, each directory's in the order of their names' bytes.
 * A path may hold wildcards; symbolic links on the way are followed, and are themselves needed.
 * @param paths none: all files
 */
export function* neededFiles(tree: Tree, paths: readonly string[]): Generator<Entry> {
  const needed = paths.length ? new Needed() : undefined;
  for (const path of paths) follow(tree, '', compileSegments(clean(path)), needed!, MAX_LINKS);
  yield* walk(tree, '', needed);
}

/** Paths that are needed with all that is below them, and links needed for themselves. */
class Needed {
  private readonly whole = new Set<string>();
  private readonly parts = new Set<string>();

  add(path: string, whole: boolean): void {
    (whole ? this.whole : this.parts).add(path);
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1))
      this.parts.add(path.slice(0, at));
  }

  isWhole(path: string): boolean {
    return this.whole.has(path);
  }

  has(path: string): boolean {
    return this.whole.has(path) || this.parts.has(path);
  }
}

function follow(
  tree: Tree,
  at: string,
  rest: readonly SegmentMatcher[],
  needed: Needed,
  links: number,
): void {
  const [segment, ...after] = rest;
  if (!segment) return needed.add(at, true);
  if (segment.literal === '' || segment.literal === '.') return follow(tree, at, after, needed, links);
  if (segment.literal === '..') return follow(tree, parent(at), after, needed, links);
  const names =
    segment.literal === undefined ? tree.list(at).filter((name) => segment.matches(name)) : [segment.literal];
  for (const name of names) {
    const path = join(at, name);
    const entry = tree.get(path);
    if (entry?.type === 'symlink') {
      needed.add(path, false);
      if (links === 0) continue;
      const target = entry.link!;
      const start = target.startsWith('/') ? '' : at;
      follow(tree, start, [...target.split('/').map(literal), ...after], needed, links - 1);
    } else if (entry && (after.length === 0 || entry.type === 'directory')) {
      follow(tree, path, after, needed, links);
    }
  }
}

function* walk(tree: Tree, at: string, needed: Needed | undefined): Generator<Entry> {
  for (const name of tree.list(at)) {
    const path = join(at, name);
    if (needed && !needed.isWhole('') && !needed.has(path)) continue;
    const entry = tree.get(path);
    if (!entry) continue;
    yield entry;
    if (entry.type === 'directory') yield* walk(tree, path, needed?.isWhole(path) ? undefined : needed);
  }
}

function literal(name: string): SegmentMatcher {
  return { literal: name, matches: (other) => other === name };
}

function parent(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

function clean(path: string): string {
  return path.replace(/^(\.?\/)+/, '').replace(/\/+$/, '');
}
