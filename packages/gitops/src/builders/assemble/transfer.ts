import { posix } from 'node:path';
import { type Match, selectFiles } from '../../containerfile/sources';
import type { Draft, Owner } from '../../filetree/draft';
import type { Entry, Tree } from '../../filetree/entry';
import { join } from '../../filetree/layer-index';
import { followLinks } from '../../filetree/links';
import { GitopsError } from '../../support/errors';

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
  readonly mode?: (mode: number, isDirectory: boolean) => number;
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
  const isDirectory = /(^|\/)\.?$/.test(destination);
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
    else if (entry.type !== 'fifo') draft.add(stamped(entry, join(target, relative), request));
  }
}

function stamped(entry: Entry, path: string, { owner, mode }: Transfer): Entry {
  const { uid, gid } = owner ?? entry;
  const { link, content, device, xattrs, type } = entry;
  return {
    path,
    type,
    mode: type === 'symlink' || !mode ? entry.mode : mode(entry.mode, type === 'directory'),
    uid,
    gid,
    link,
    content,
    device,
    xattrs,
  };
}

/** As if the destination were the root of all: no link of the archive or of the image leads out of it. */
function unpack(draft: Draft, archive: Iterable<Entry>, { destination, owner }: Transfer): void {
  const root = draft.tree.resolve(destination);
  const get = (path: string): Entry | undefined => draft.tree.get(join(root, path));
  draft.makeDirectory(root, owner);
  for (const entry of archive) {
    const slash = entry.path.lastIndexOf('/');
    const below = slash === -1 ? '' : entry.path.slice(0, slash);
    const parent = followLinks(below, get);
    if (get(below)?.type === 'symlink' && !get(parent))
      throw new GitopsError(`the archive has ${entry.path}, but ${below} is a symbolic link to nothing`);
    draft.makeDirectory(join(root, parent));
    const path = join(root, join(parent, entry.path.slice(slash + 1)));
    draft.replace(entry.type === 'hardlink' ? linked(entry, path, get) : { ...entry, path });
  }
}

/** A hard link to what was there before the archive was unpacked. */
function linked(link: Entry, path: string, get: (path: string) => Entry | undefined): Entry {
  const target = get(link.link!);
  if (!target || target.type === 'directory')
    throw new GitopsError(`the archive has the hard link ${link.path} to ${link.link}, which is not there`);
  const { mode, uid, gid } = link;
  return { ...target, path, mode, uid, gid };
}
