import type { Digest } from './digest';
import { Hasher } from './digest';
import { compressionOf } from './media-types';
import { hasLocalFiles } from './store';
import type { BlobSource, Content, ReadOptions } from './store';
import { StoreError } from './store-error';
import type { Descriptor } from './types';
import { decompress } from './compression';

/** A layer of an image. Neither its descriptor nor its diffID makes any bytes move. */
export interface Layer {
  /** The layer as it is stored, mostly compressed. */
  readonly descriptor: Descriptor;

  /** The digest of the tar stream before compression: what identifies the layer, whoever compressed it. */
  readonly diffId: Digest;

  /** The bytes as they are stored, verified. */
  open(options?: ReadOptions): Content;

  /** The file with these bytes, where they are on this machine. What is read from it is not verified. */
  file(): string | undefined;

  /** The tar stream, verified against the diffID. @throws StoreError `corrupt`; what cannot be decompressed here */
  uncompressed(options?: ReadOptions): Content;
}

/** A layer of which a source has the bytes. */
export function layerFrom(source: BlobSource, descriptor: Descriptor, diffId: Digest): Layer {
  return {
    descriptor,
    diffId,
    open: (options) => source.open(descriptor, options),
    file: () => (hasLocalFiles(source) ? source.path(descriptor) : undefined),
    uncompressed: (options) => uncompressed(source, descriptor, diffId, options),
  };
}

async function* uncompressed(
  source: BlobSource,
  descriptor: Descriptor,
  diffId: Digest,
  options?: ReadOptions,
): Content {
  const what = `layer ${descriptor.digest} from ${source.where}`;
  const compression = compressionOf(descriptor.mediaType);
  if (!compression) throw new StoreError('corrupt', `${what} is no tar layer but ${descriptor.mediaType}`);

  const hasher = new Hasher();
  for await (const piece of decompress(source.open(descriptor, options), compression, what)) {
    hasher.update(piece);
    yield piece;
  }
  const found = hasher.digest();
  if (found !== diffId) {
    throw new StoreError(
      'corrupt',
      `${what} is corrupt: uncompressed it is ${found}, its image says ${diffId}`,
    );
  }
}
