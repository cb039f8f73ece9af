import {
  closeSync,
  constants,
  copyFileSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { hexOf, parseDigest } from '../digest';
import type { Digest } from '../digest';
import type { Content, ReadOptions } from '../store';
import { contentNotFound } from '../store-error';
import type { Descriptor } from '../types';
import { BlobWriter } from './blob-writer';
import { fileError, isMissing, mapped } from '../file-errors';
import { tryLink } from './link';
import { temporaryPath } from '../../support/temporary';

const READ_SIZE = 1024 * 1024;
/** Up to this size, as manifests and configs are, asking for it in the background takes longer than to wait for it. */
const AT_ONCE = 64 * 1024;

/** `blobs/sha256` of a layout (image-spec, image-layout.md, "Blobs"): files that are named by their digest. */
export class BlobDirectory {
  readonly directory: string;
  private isMade = false;

  /** @param where the layout, for messages */
  constructor(
    layout: string,
    private readonly where: string,
  ) {
    this.directory = join(layout, 'blobs', 'sha256');
  }

  /** Where a blob is or would be. @throws GitopsError when the digest is none, so that no path leads elsewhere */
  pathOf(digest: Digest): string {
    return join(this.directory, hexOf(parseDigest(digest, this.where)));
  }

  /** A file of another size is not the blob: it was damaged, and storing the blob again mends it. */
  has({ digest, size }: Descriptor): boolean {
    return this.sizeOf(digest) === size;
  }

  /** The blob's size on disk. */
  sizeOf(digest: Digest): number | undefined {
    return mapped(this.directory, () => statSync(this.pathOf(digest), { throwIfNoEntry: false })?.size);
  }

  /** The blob's bytes, as they are in the file. */
  async *read({ digest, size }: Descriptor, { signal }: ReadOptions = {}): Content {
    const path = this.pathOf(digest);
    const failed = (error: unknown): never => {
      throw isMissing(error) ? contentNotFound(digest, this.where) : fileError(error, path);
    };
    if (size <= AT_ONCE) {
      signal?.throwIfAborted();
      yield readStart(path, size + 1, failed);
      return;
    }
    const file = await open(path).catch(failed);
    try {
      yield* pieces(file, signal);
    } finally {
      await file.close();
    }
  }

  /** A writer of one blob. */
  writer(): BlobWriter {
    this.make();
    return new BlobWriter(this.directory, (digest) => this.pathOf(digest));
  }

  /** Takes the blob's file from elsewhere: as a hard link where the file system allows it, as a copy where not. */
  link(descriptor: Descriptor, file: string): void {
    if (this.has(descriptor)) return;
    this.make();
    const temporary = temporaryPath(this.directory);
    try {
      if (!tryLink(file, temporary)) {
        mapped(temporary, () => copyFileSync(file, temporary, constants.COPYFILE_FICLONE));
      }
      mapped(temporary, () => renameSync(temporary, this.pathOf(descriptor.digest)));
    } finally {
      // Renaming a hard link onto another link of the same file leaves both: POSIX.
      rmSync(temporary, { force: true });
    }
  }

  /** Removes a blob, if it is there. Who is reading it reads on; who has a link to it keeps it. */
  remove(digest: Digest): void {
    mapped(this.directory, () => rmSync(this.pathOf(digest), { force: true }));
  }

  /** Makes the directory, once. */
  make(): void {
    if (this.isMade) return;
    mapped(this.directory, () => mkdirSync(this.directory, { recursive: true }));
    this.isMade = true;
  }
}

/** The first bytes of a file, or all where there are fewer: one more than there should be shows that it is damaged. */
function readStart(path: string, length: number, failed: (error: unknown) => never): Buffer {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    const buffer = Buffer.allocUnsafe(length);
    let size = 0;
    for (let read = -1; read !== 0 && size < length; size += read)
      read = readSync(file, buffer, size, length - size, size);
    return buffer.subarray(0, size);
  } catch (error) {
    return failed(error);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** The bytes of an open file, from its start. */
export async function* pieces(file: FileHandle, signal?: AbortSignal): Content {
  const { size } = await file.stat();
  for (let at = 0; ;) {
    signal?.throwIfAborted();
    const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(READ_SIZE, size - at)));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
