import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { GitopsError } from '../../../support/errors';
import type { ArchiveReader } from './archive-reader';

/** The files of a layer, each of which is asked for after those before it. */
export type LayerFiles = Pick<ArchiveReader, 'find'>;

/** One line of an engine's record of a layer: bytes of the archive as they are, or a file that goes in here. */
type Record =
  | { readonly type: 1; readonly name?: string; readonly name_raw?: string; readonly size?: number }
  | {
      readonly type: 2;
      readonly payload?: string | null;
    };

const FILE = 1;

/**
 * Puts a layer's archive together again, byte for byte, as the engine does when it saves an image: from its record
 * of all that is not content (headers, padding, whiteouts; the tar-split format) and from the files.
 * @param record the record, uncompressed
 * @param files the layer's files, in the same order
 * @throws GitopsError where files and record do not go together
 */
export async function* assembleLayer(record: Readable, files: LayerFiles): AsyncGenerator<Buffer> {
  for await (const line of createInterface({ input: record, crlfDelay: Infinity })) {
    if (!line) continue;
    const item = JSON.parse(line) as Record;
    if (item.type !== FILE) {
      if (item.payload) yield Buffer.from(item.payload, 'base64');
    } else if (item.size) {
      const name = item.name_raw ? Buffer.from(item.name_raw, 'base64').toString() : (item.name ?? '');
      const content = await files.find(name);
      if (!content || content.size !== item.size)
        throw new GitopsError(`the layer's file ${name} is not where it should be`);
      yield* content.bytes;
    }
  }
}
