import { posix } from 'node:path';
import { type Match, selectFiles } from '../../containerfile/sources';
import type { Draft, Owner } from '../../filetree/draft';
import type { Entry, Tree } from '../../filetree/entry';
import { join } from '../../filetree/layer-index';

/** One COPY or ADD, everything expanded. */
export interface Transfer {
  /** Where the sources are: the build context, a stage, another image. */
  readonly source: Tree;
  readonly matches: readonly Match[];
  /** Absolute in the image; a trailing slash makes it a directory. */
  readonly destination: string;
  /** `--chown`; without it files keep the owner that the source gives them. */
  readonly owner?: Owner;
  /** `--chmod`. */
  readonly mode?: number;
  /** `--exclude`. */
  readonly exclude: readonly string[];
  /** `--parents`. */
  readonly parents: boolean;
  /** ADD: what is in those matches that are archives. */
  readonly archives: ReadonlyMap<Match, readonly Entry[]>;
}

/**
 * Puts the files of a COPY or ADD into a layer, the way BuildKit does.
 * @throws GitopsError where a file and a directory are in each other's way
 */
export function transfer(draft: Draft, request: Transfer): void {
  for (const match of request.matches) {
    const archive = request.archives.get(match);
    if (archive) unpack(draft, archive, request);
    else copy(draft, match, request);
  }
}

/** `/a/b/` where the destination is a directory by its form, `/a/b` where it may be a file's name. */
export function absoluteDestination(destination: string, workdir: string): string {
  const path = posix.join('/', destination.startsWith('/') ? '' : workdir, destination);
  const isDirectory = /(^|\/)\.{0,2}$/.test(destination);
  return isDirectory && !path.endsWith('/') ? `${path}/` : path;
}

function copy(draft: Draft, match: Match, request: Transfer): void {
  const { destination, owner } = request;
  const wanted = request.parents ? posix.join(destination, match.kept) : destination;
  const parent = wanted.endsWith('/') ? wanted : posix.dirname(wanted);
  draft.makeDirectory(draft.tree.resolve(parent), owner);
  let target = draft.tree.resolve(wanted);
  if (match.entry.type !== 'directory' && draft.tree.get(target)?.type === 'directory')
    target = join(target, posix.basename(match.name));

  for (const { entry, relative } of selectFiles(request.source, match, request.exclude)) {
    // Of a directory the contents are copied: where they go is made, or is there with a mode of its own.
    if (relative === '' && entry.type === 'directory') draft.makeDirectory(target, owner);
    else draft.add(stamped(entry, join(target, relative), request));
  }
}

function stamped(entry: Entry, path: string, { owner, mode }: Transfer): Entry {
  const { uid, gid } = owner ?? entry;
  const { link, content, device, xattrs, type } = entry;
  return {
    path,
    type,
    mode: type === 'symlink' ? 0o777 : (mode ?? entry.mode),
    uid,
    gid,
    ...(link === undefined ? {} : { link }),
    ...(content ? { content } : {}),
    ...(device ? { device } : {}),
    ...(xattrs ? { xattrs } : {}),
  };
}

function unpack(draft: Draft, archive: Iterable<Entry>, { destination, owner }: Transfer): void {
  const root = draft.tree.resolve(destination);
  draft.makeDirectory(root, owner);
  for (const entry of archive) {
    const slash = entry.path.lastIndexOf('/');
    const parent = draft.tree.resolve(join(root, slash === -1 ? '' : entry.path.slice(0, slash)));
    draft.makeDirectory(parent);
    draft.replace({ ...entry, path: join(parent, entry.path.slice(slash + 1)) });
  }
}
