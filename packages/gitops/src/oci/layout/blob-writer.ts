import { closeSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { Hasher } from '../digest';
import type { Digest } from '../digest';
import { mapped } from '../file-errors';
import { temporaryPath } from '../../support/temporary';

/** Small writes, such as tar headers, are gathered: hashing and writing cost most by the call. */
const BUFFER_SIZE = 256 * 1024;
/** The buffer of a writer that is done: a new one for each would keep the garbage collector busy. */
let spare: Buffer | undefined;

/** Writes a blob whose digest is only known at its end. Synchronous: the fastest way to write files in Node. */
export class BlobWriter {
  private readonly hasher = new Hasher();
  private readonly buffer = spare ?? Buffer.allocUnsafeSlow(BUFFER_SIZE);
  private buffered = 0;
  private readonly temporary: string;
  private file: number | undefined;

  /** @param pathOf where the blob belongs, in a directory that is there */
  constructor(
    directory: string,
    private readonly pathOf: (digest: Digest) => string,
  ) {
    spare = undefined;
    this.temporary = temporaryPath(directory);
    this.file = mapped(dirname(this.temporary), () => openSync(this.temporary, 'wx'));
  }

  /** How many bytes have been written so far. */
  get size(): number {
    return this.hasher.size + this.buffered;
  }

  /** Takes the bytes; the caller may use their memory again. */
  write(bytes: Uint8Array): void {
    this.descriptor();
    if (this.buffered + bytes.length > BUFFER_SIZE) this.flush();
    if (bytes.length >= BUFFER_SIZE) {
      this.append(bytes);
    } else {
      this.buffer.set(bytes, this.buffered);
      this.buffered += bytes.length;
    }
  }

  /** Gives the blob its name. The writer cannot be used any more. */
  finish(): { digest: Digest; size: number } {
    this.flush();
    const { size } = this.hasher;
    const digest = this.hasher.digest();
    const path = this.pathOf(digest);
    this.close();
    // The same content may be there already, and be in use: then the name is left alone.
    if (statSync(path, { throwIfNoEntry: false })?.size === size) rmSync(this.temporary);
    else mapped(path, () => renameSync(this.temporary, path));
    return { digest, size };
  }

  /** Forgets what was written. Does nothing after {@link finish}. */
  abort(): void {
    if (this.file === undefined) return;
    this.close();
    rmSync(this.temporary, { force: true });
  }

  private flush(): void {
    this.append(this.buffer.subarray(0, this.buffered));
    this.buffered = 0;
  }

  private append(bytes: Uint8Array): void {
    const file = this.descriptor();
    this.hasher.update(bytes);
    mapped(dirname(this.temporary), () => {
      for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at, bytes.length - at);
    });
  }

  private descriptor(): number {
    if (this.file === undefined) throw new Error('the blob is finished or aborted');
    return this.file;
  }

  private close(): void {
    if (this.file === undefined) return;
    closeSync(this.file);
    this.file = undefined;
    spare = this.buffer;
  }
}
