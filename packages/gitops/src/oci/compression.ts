import { Readable, pipeline } from 'node:stream';
import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { GitopsError } from '../support/errors';
import type { Compression } from './media-types';
import type { Content } from './store';
import { StoreError } from './store-error';

/** Larger pieces than zlib's 16 KiB: a layer is mostly read in one go. */
const CHUNK_SIZE = 256 * 1024;

/**
 * The content without its compression. gzip of several members is read to the end of the last one.
 * @param what what is read, for the message: `layer sha256:… from registry.example.com/api`
 * @throws StoreError `corrupt` when it is not what it should be; GitopsError when this Node has no zstd;
 *   whatever reading the content throws
 */
export function decompress(content: Content, compression: Compression, what: string): Content {
  switch (compression) {
    case 'none':
      return content;
    case 'gzip':
      return through(content, () => zlib.createGunzip({ chunkSize: CHUNK_SIZE }), what);
    case 'zstd':
      return through(content, () => createZstdDecompress(what), what);
  }
}

async function* through(content: Content, create: () => Transform, what: string): Content {
  const source = Readable.from(content, { objectMode: false });
  const transform = create();
  // The failure of the source reaches the loop below through the transform, which pipeline destroys with it.
  pipeline(source, transform, () => undefined);
  try {
    for await (const piece of transform) yield piece as Buffer;
  } catch (error) {
    throw isFormatError(error) ? new StoreError('corrupt', `${what} is corrupt: ${error.message}`) : error;
  } finally {
    transform.destroy();
    source.destroy();
  }
}

/** Node has zstd from 22.15 on. */
function createZstdDecompress(what: string): Transform {
  const create = (zlib as { createZstdDecompress?: (options: object) => Transform }).createZstdDecompress;
  if (create) return create({ chunkSize: CHUNK_SIZE });
  throw new GitopsError(
    `${what} is compressed with zstd, which Node ${process.versions.node} cannot read`,
    undefined,
    'use Node 22.15 or later, or push the image with gzip',
  );
}

/** zlib's own errors, by their codes. */
function isFormatError(error: unknown): error is Error {
  return /^(Z_|ZSTD_)/.test((error as NodeJS.ErrnoException | undefined)?.code ?? '');
}
