import { createHash } from 'node:crypto';
import { type Stats, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** What a file looked like when it was hashed: `[size, mtimeMs, ctimeMs, inode, sha256]`. */
type Known = readonly [size: number, mtimeMs: number, ctimeMs: number, inode: number, sha256: string];

const SHA256 = /^[0-9a-f]{64}$/;

/**
 * Content hashes of files. A file that looks as it did (size, times, inode) is not read again.
 *
 * A file may be written twice within one tick of the file system's clock and look the same after both. So what
 * was hashed that soon after its last change is not remembered, as git does with its index ("racy git").
 */
export class FileHashes {
  private readonly seen = new Map<string, Known>();
  private missed = 0;

  private constructor(
    private readonly file: string,
    private readonly known: Readonly<Record<string, Known>>,
  ) {}

  /**
   * What an earlier run remembered in `file`. Where there is nothing, or it is damaged, everything is read again.
   */
  static load(file: string): FileHashes {
    try {
      const known = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Known> | null;
      return new FileHashes(file, known ?? {});
    } catch {
      return new FileHashes(file, {});
    }
  }

  /** The sha256 in hex of the file at `path`; `chunks` is only called where it is not known. */
  hash(path: string, stat: Stats, chunks: () => Iterable<Buffer>): string {
    const known = this.known[path];
    if (
      known &&
      known[0] === stat.size &&
      known[1] === stat.mtimeMs &&
      known[2] === stat.ctimeMs &&
      known[3] === stat.ino &&
      SHA256.test(known[4])
    ) {
      this.seen.set(path, known);
      return known[4];
    }
    this.missed++;
    const started = Date.now();
    const hasher = createHash('sha256');
    for (const chunk of chunks()) hasher.update(chunk);
    const sha256 = hasher.digest('hex');
    if (started - Math.max(stat.mtimeMs, stat.ctimeMs) > clockTick(stat))
      this.seen.set(path, [stat.size, stat.mtimeMs, stat.ctimeMs, stat.ino, sha256]);
    return sha256;
  }

  /** Remembers the files that were asked for, and no others. */
  save(): void {
    if (this.missed === 0 && this.seen.size === Object.keys(this.known).length) return;
    mkdirSync(dirname(this.file), { recursive: true });
    const temporary = `${this.file}.${process.pid}.tmp`;
    writeFileSync(temporary, JSON.stringify(Object.fromEntries(this.seen)));
    renameSync(temporary, this.file);
  }
}

/** Milliseconds within which two writes may carry one time: two seconds where times have no fraction (FAT, HFS+). */
function clockTick(stat: Stats): number {
  return Number.isInteger(stat.mtimeMs / 1000) && Number.isInteger(stat.ctimeMs / 1000) ? 2000 : 50;
}
