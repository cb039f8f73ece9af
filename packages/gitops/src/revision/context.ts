import { type Stats, lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { sep } from 'node:path';
import type { IgnoreRules } from '../containerfile/ignore';
import { type Content, type Entry, type Tree, directory } from '../filetree/entry';
import { compareNames } from '../filetree/file-tree';
import { join } from '../filetree/layer-index';
import { followLinks } from '../filetree/links';
import { GitopsError } from '../support/errors';
import type { FileHashes } from './file-hashes';
import { HostFile } from './host-file';

/**
 * The files of a build context, as an image gets them: those that the ignore file leaves, owned by root, with
 * modes as git knows them (0644, 0755), so that a checkout's owner, umask and clock do not matter.
 * What was seen once is not looked up again: a build works on one state of the directory.
 */
export class BuildContext implements Tree {
  private readonly entries = new Map<string, Entry | undefined>();
  private readonly lists = new Map<string, string[]>();
  private readonly kept = new Map<string, boolean>();

  /**
   * @param root the context's directory, absolute
   * @param ignore the rules of the ignore file
   * @param hashes gives the content hash of a file, from memory where the file is unchanged
   * @param ignoreFile where the rules are from, for messages
   */
  constructor(
    readonly root: string,
    private readonly ignore: IgnoreRules,
    private readonly hashes: FileHashes,
    readonly ignoreFile?: string,
  ) {}

  get(path: string): Entry | undefined {
    if (path === '') return directory('');
    if (!this.entries.has(path)) this.entries.set(path, this.visible(path) ? this.read(path) : undefined);
    return this.entries.get(path);
  }

  list(path: string): string[] {
    let names = this.lists.get(path);
    if (!names) {
      names = this.names(path)
        .filter((name) => this.visible(join(path, name)))
        .sort(compareNames);
      this.lists.set(path, names);
    }
    return names;
  }

  resolve(path: string): string {
    return followLinks(path, (at) => this.get(at));
  }

  /** Whether the ignore file is why `path` is not in the context. */
  ignores(path: string): boolean {
    return !this.visible(path) && this.stat(path) !== undefined;
  }

  absolute(path: string): string {
    return path === '' ? this.root : `${this.root}${sep}${sep === '/' ? path : path.replaceAll('/', sep)}`;
  }

  private visible(path: string): boolean {
    if (!this.ignore.ignored(path)) return true;
    let kept = this.kept.get(path);
    if (kept === undefined) {
      kept = this.ignore.mayContainUnignored(path) && this.isDirectory(path) && this.list(path).length > 0;
      this.kept.set(path, kept);
    }
    return kept;
  }

  private isDirectory(path: string): boolean {
    return this.stat(path)?.isDirectory() ?? false;
  }

  private read(path: string): Entry | undefined {
    const stat = this.stat(path);
    if (!stat) return undefined;
    if (stat.isDirectory()) return directory(path);
    if (stat.isSymbolicLink())
      return {
        path,
        type: 'symlink',
        mode: 0o777,
        uid: 0,
        gid: 0,
        link: readlinkSync(this.absolute(path)),
      };
    if (!stat.isFile())
      throw new GitopsError(
        `${path} is neither a file, a directory nor a symbolic link`,
        undefined,
        'leave it out with the ignore file',
      );
    return {
      path,
      type: 'file',
      mode: stat.mode & 0o100 ? 0o755 : 0o644,
      uid: 0,
      gid: 0,
      content: this.content(path, stat),
    };
  }

  private content(path: string, stat: Stats): Content {
    // Not all of the Stats, which is large: the garbage collector would carry every one of them along.
    const { size, mtimeMs, ctimeMs, ino } = stat;
    return new HostFile(this.absolute(path), path, { size, mtimeMs, ctimeMs, ino }, this.hashes);
  }

  private stat(path: string): Stats | undefined {
    return this.attempt(path, () => lstatSync(this.absolute(path), { throwIfNoEntry: false }));
  }

  private names(path: string): string[] {
    return this.attempt(path, () => readdirSync(this.absolute(path))) ?? [];
  }

  private attempt<T>(path: string, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // A path through a file is a path to nothing.
      if (code === 'ENOTDIR' || code === 'ENOENT') return undefined;
      throw new GitopsError(
        `${path || this.root} cannot be read (${code})`,
        undefined,
        'make it readable, or leave it out with the ignore file',
      );
    }
  }
}
