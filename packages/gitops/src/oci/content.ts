import { Hasher } from './digest';
import type { BlobSource, Content, ReadOptions } from './store';
import { StoreError } from './store-error';
import type { Descriptor } from './types';

/** No manifest or config is larger (distribution-spec, "Pushing Manifests": 4 MiB): a guard against endless answers. */
export const MAX_DOCUMENT_SIZE = 4 * 1024 * 1024;

/**
 * The same pieces, and an error at the end when they are not what the descriptor says; at once when they are too many.
 * The one place where content is verified.
 * @param where what was read from, for the message
 * @throws StoreError `corrupt`, or `cut` when there are too few bytes
 */
export async function* verified(
  content: Content,
  { digest, size }: Pick<Descriptor, 'digest' | 'size'>,
  where: string,
): Content {
  const hasher = new Hasher();
  for await (const piece of content) {
    if (hasher.update(piece).size > size) {
      throw new StoreError('corrupt', `${digest} from ${where} is larger than its ${size} bytes`);
    }
    yield piece;
  }
  if (hasher.size < size) {
    throw new StoreError('cut', `${digest} from ${where} ends after ${hasher.size} of ${size} bytes`);
  }
  const found = hasher.digest();
  if (found !== digest) {
    throw new StoreError('corrupt', `${digest} from ${where} is corrupt: its digest is ${found}`);
  }
}

/** All bytes of a content that is small enough for memory. */
export async function readAll(content: Content): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of content) pieces.push(piece);
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
}

/**
 * The same pieces, and an error when they are too many: for what comes without a size.
 * @param what what is read, in a user's words
 * @throws StoreError `corrupt`
 */
export async function* limited(content: Content, what: string, maxSize = MAX_DOCUMENT_SIZE): Content {
  let size = 0;
  for await (const piece of content) {
    if ((size += piece.length) > maxSize) {
      throw new StoreError('corrupt', `${what} is larger than ${maxSize} bytes`);
    }
    yield piece;
  }
}

export interface DocumentOptions extends ReadOptions {
  /** For what is no manifest and no config, and may be larger. */
  readonly maxSize?: number;
}

/**
 * A manifest, config or other document, whole and verified.
 * @throws StoreError as {@link BlobSource.open} does, and `corrupt` when it is larger than such a document may be
 */
export async function readDocument(
  source: BlobSource,
  descriptor: Descriptor,
  { maxSize = MAX_DOCUMENT_SIZE, ...options }: DocumentOptions = {},
): Promise<Buffer> {
  if (descriptor.size > maxSize) {
    throw new StoreError(
      'corrupt',
      `${descriptor.digest} in ${source.where} has ${descriptor.size} bytes, too many for a ${descriptor.mediaType}`,
    );
  }
  return readAll(source.open(descriptor, options));
}

/** Bytes as content. */
export async function* contentOf(...pieces: (Buffer | string)[]): Content {
  for (const piece of pieces) yield Buffer.from(piece);
}
