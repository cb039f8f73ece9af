import { type Digest, Hasher } from '../../../oci/digest';

/** What was exported is not the layer that it should be. */
export class LayerMismatch extends Error {}

/** The same bytes, and a LayerMismatch when they cannot be had or, at their end, are not the layer. */
export async function* checked(content: AsyncIterable<Buffer>, diffId: Digest): AsyncGenerator<Buffer> {
  const hasher = new Hasher();
  const chunks = content[Symbol.asyncIterator]();
  try {
    for (let next = await read(chunks); !next.done; next = await read(chunks)) {
      hasher.update(next.value);
      yield next.value;
    }
  } finally {
    await chunks.return?.();
  }
  const found = hasher.digest();
  if (found !== diffId) throw new LayerMismatch(`the layer came out as ${found}, and should be ${diffId}`);
}

async function read(chunks: AsyncIterator<Buffer>): Promise<IteratorResult<Buffer>> {
  try {
    return await chunks.next();
  } catch (error) {
    throw new LayerMismatch((error as Error).message, { cause: error });
  }
}
