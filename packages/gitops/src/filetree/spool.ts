import { closeSync, mkdirSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Content } from './entry';

const CHUNK = 1024 * 1024;
let buffer: Buffer | undefined;

/**
 * A file for bytes that are needed for one build only. It has no name once it is open, so that nothing is left of
 * it however the process ends.
 */
export class Spool {
  private size = 0;

  private constructor(private readonly fd: number) {}

  /** @param directory where the disk has room; it is made where it is missing */
  static open(directory: string): Spool {
    mkdirSync(directory, { recursive: true });
    const file = join(directory, `.spool-${process.pid}-${randomBytes(6).toString('hex')}`);
    const fd = openSync(file, 'wx+', 0o600);
    unlinkSync(file);
    return new Spool(fd);
  }

  write(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;)
      done += writeSync(this.fd, bytes, done, bytes.length - done, this.size + done);
    this.size += bytes.length;
  }

  get length(): number {
    return this.size;
  }

  get descriptor(): number {
    return this.fd;
  }

  /** A part of what was written, as a file's content. */
  slice(offset: number, size: number, identity: string): Content {
    return slice(this.fd, offset, size, identity);
  }

  close(): void {
    closeSync(this.fd);
  }
}

/** A part of a file that is not open yet. */
export function fileSlice(file: string, offset: number, size: number, identity: string): Content {
  return {
    size,
    identity,
    *chunks() {
      const fd = openSync(file, 'r');
      try {
        yield* slice(fd, offset, size, identity).chunks();
      } finally {
        closeSync(fd);
      }
    },
  };
}

/** `size` bytes of an open file, from `offset`. */
function slice(fd: number, offset: number, size: number, identity: string): Content {
  return {
    size,
    identity,
    *chunks() {
      buffer ??= Buffer.allocUnsafeSlow(CHUNK);
      for (let done = 0; done < size;) {
        const read = readSync(fd, buffer, 0, Math.min(CHUNK, size - done), offset + done);
        if (read === 0) throw new Error(`a file ended ${size - done} bytes early`);
        done += read;
        yield buffer.subarray(0, read);
      }
    },
  };
}
