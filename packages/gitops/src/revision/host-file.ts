import { type Stats, closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { Content } from '../filetree/entry';
import { GitopsError } from '../support/errors';
import type { FileHashes } from './file-hashes';

/** One buffer for all: reading is synchronous, and a chunk is only valid until the next one. */
const CHUNK = 1024 * 1024;
let buffer: Buffer | undefined;

/** A file of the build context. Its bytes are read when they are asked for, and must be those that were hashed. */
export class HostFile implements Content {
  private hash: string | undefined;

  constructor(
    private readonly file: string,
    private readonly name: string,
    private readonly stat: Stats,
    private readonly hashes: FileHashes,
  ) {}

  get size(): number {
    return this.stat.size;
  }

  get identity(): string {
    return (this.hash ??= this.hashes.hash(this.name, this.stat, () => this.chunks()));
  }

  /** @throws GitopsError where the file cannot be read, or is not as it was when it was first looked at */
  *chunks(): Generator<Buffer> {
    const fd = this.open();
    try {
      buffer ??= Buffer.allocUnsafeSlow(CHUNK);
      let left = this.stat.size;
      while (left > 0) {
        const read = this.readInto(buffer, fd, Math.min(left, CHUNK));
        if (read === 0) throw this.changed();
        left -= read;
        yield buffer.subarray(0, read);
      }
      const now = fstatSync(fd);
      if (
        now.mtimeMs !== this.stat.mtimeMs ||
        now.ctimeMs !== this.stat.ctimeMs ||
        now.size !== this.stat.size
      )
        throw this.changed();
    } finally {
      closeSync(fd);
    }
  }

  private open(): number {
    return this.attempt(() => openSync(this.file, 'r'));
  }

  private readInto(buffer: Buffer, fd: number, length: number): number {
    return this.attempt(() => readSync(fd, buffer, 0, length, null));
  }

  private attempt<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'EISDIR') throw this.changed();
      throw new GitopsError(
        `${this.name} cannot be read (${code})`,
        undefined,
        'make it readable, or leave it out with the ignore file',
      );
    }
  }

  private changed(): GitopsError {
    return new GitopsError(
      `${this.name} changed while it was read`,
      undefined,
      'build again when nothing writes to it',
    );
  }
}
