import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { replaceFile } from '../support/temporary';

/** What shows that a file was changed, without reading it. */
export interface FileState {
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly ino: number;
}

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
    private readonly known: ReadonlyMap<string, Known>,
  ) {}

  /**
   * What an earlier run remembered in `file`. Where there is nothing, or it is damaged, everything is read again.
   */
  static load(file: string): FileHashes {
    try {
      const known = new Map(JSON.parse(readFileSync(file, 'utf8')) as [string, Known][]);
      return new FileHashes(file, known);
    } catch {
      return new FileHashes(file, new Map());
    }
  }

  /** The sha256 in hex of the file at `path`; `chunks` is only called where it is not known. */
  hash(path: string, state: FileState, chunks: () => Iterable<Buffer>): string {
    let hash = this.find(path, state);
    if (hash === undefined) for (const _ of this.hashing(path, state, chunks(), (found) => (hash = found)));
    return hash!;
  }

  /** The chunks of a file as they are taken; after the last one its hash is known. */
  *hashing(
    path: string,
    state: FileState,
    chunks: Iterable<Buffer>,
    onHash: (sha256: string) => void,
  ): Generator<Buffer> {
    const started = Date.now();
    const hasher = createHash('sha256');
    for (const chunk of chunks) {
      hasher.update(chunk);
      yield chunk;
    }
    const sha256 = hasher.digest('hex');
    this.missed++;
    if (started - Math.max(state.mtimeMs, state.ctimeMs) > clockTick(state))
      this.seen.set(path, [state.size, state.mtimeMs, state.ctimeMs, state.ino, sha256]);
    onHash(sha256);
  }

  private find(path: string, state: FileState): string | undefined {
    const known = this.known.get(path);
    const isSame =
      known &&
      known[0] === state.size &&
      known[1] === state.mtimeMs &&
      known[2] === state.ctimeMs &&
      known[3] === state.ino &&
      SHA256.test(known[4]);
    if (!isSame) return undefined;
    this.seen.set(path, known);
    return known[4];
  }

  /** Remembers the files that were asked for, and no others. */
  save(): void {
    if (this.missed === 0 && this.seen.size === this.known.size) return;
    replaceFile(this.file, JSON.stringify([...this.seen]));
  }
}

/** Milliseconds within which two writes may carry one time: two seconds where times have no fraction (FAT, HFS+). */
function clockTick(state: FileState): number {
  return Number.isInteger(state.mtimeMs / 1000) && Number.isInteger(state.ctimeMs / 1000) ? 2000 : 50;
}
