import { GitopsError } from '../support/errors';
import { DIRECTORY_MODE, type Entry, ROOT, directory } from './entry';
import type { FileTree } from './file-tree';
import { LayerIndex } from './layer-index';
import { parentOf, withParents } from './parents';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const SETGID = 0o2000;

/**
 * A layer while it is made: what is put down is seen at once in `tree`, on top of what is below.
 * It behaves as a file system does, so that a layer means the same wherever it is unpacked.
 */
export class Draft {
  private readonly top = new LayerIndex();
  private readonly put = new Map<string, Entry>();
  readonly tree: FileTree;

  constructor(below: FileTree) {
    this.tree = below.with(this.top);
  }

  /** All that was put down, and the directories above it as they are; parents before children, in byte order. */
  entries(): Entry[] {
    return withParents(this.put.values(), (path) => this.tree.get(path));
  }

  /**
   * Puts one entry down; its parents have to be there.
   * A directory that is there takes the entry's mode and owner.
   * @throws GitopsError for a directory over a file, or a file over a directory
   */
  add(entry: Entry): void {
    const there = this.tree.get(entry.path);
    if (there && entry.type === 'directory') {
      if (there.type !== 'directory')
        throw new GitopsError(`cannot copy a directory over the file /${entry.path}`);
    } else if (there?.type === 'directory') {
      throw new GitopsError(`cannot copy a file over the directory /${entry.path}`);
    }
    this.replace(entry);
  }

  /** Puts one entry down in place of whatever is there; a directory merges with a directory. */
  replace(entry: Entry): void {
    if (entry.type !== 'directory' && this.tree.get(entry.path)?.type === 'directory') this.drop(entry.path);
    this.top.add(entry);
    this.put.set(entry.path, entry);
  }

  /**
   * Makes the directory `path`, links followed already, and those above it that are missing.
   * @throws GitopsError where a file is in the way
   */
  makeDirectory(path: string, owner?: Owner): void {
    if (path === '') return;
    const there = this.tree.get(path);
    if (there?.type === 'directory') return;
    if (there) throw new GitopsError(`/${path} is not a directory`);
    const above = parentOf(path);
    this.makeDirectory(above, owner);
    // As mkdir does it: below a directory with the setgid bit, what is made gets its group and the bit.
    const { mode, gid } = this.tree.get(above)!;
    const setgid = mode & SETGID;
    this.replace(
      directory(path, owner ?? { uid: ROOT.uid, gid: setgid ? gid : ROOT.gid }, DIRECTORY_MODE | setgid),
    );
  }

  private drop(path: string): void {
    for (const below of this.put.keys()) if (below.startsWith(`${path}/`)) this.put.delete(below);
    this.top.delete(path);
  }
}
