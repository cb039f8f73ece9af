import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { Content } from '../filetree/entry';
import { GitopsError } from '../support/errors';
import type { FileHashes, FileState } from './file-hashes';

/** One buffer for all: reading is synchronous, and a chunk is only valid until the next one. */
const CHUNK = 1024 * 1024;
let buffer: Buffer | undefined;

/** A file of the build context. Its bytes are read when they are asked for, and must be those that were hashed. */
export class HostFile implements Content {
  private hash: string | undefined;

  constructor(
    private readonly file: string,
    private readonly name: string,
    private readonly state: FileState,
    private readonly hashes: FileHashes,
  ) {}

  get size(): number {
    return this.state.size;
  }

  get identity(): string {
    return (this.hash ??= this.hashes.hash(this.name, this.state, () => this.read()));
  }

  /**
   * The bytes. Where they are asked for before their identity is, they are hashed on their way.
   * @throws GitopsError where the file cannot be read, or is not as it was when it was first looked at
   */
  chunks(): Iterable<Buffer> {
    if (this.hash !== undefined) return this.read();
    return this.hashes.hashing(this.name, this.state, this.read(), (sha256) => (this.hash = sha256));
  }

  private *read(): Generator<Buffer> {
    const fd = this.open();
    try {
      buffer ??= Buffer.allocUnsafeSlow(CHUNK);
      let left = this.state.size;
      while (left > 0) {
        const read = this.readInto(buffer, fd, Math.min(left, CHUNK));
        if (read === 0) throw this.changed();
        left -= read;
        yield buffer.subarray(0, read);
      }
      const now = fstatSync(fd);
      if (
        now.mtimeMs !== this.state.mtimeMs ||
        now.ctimeMs !== this.state.ctimeMs ||
        now.size !== this.state.size
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
