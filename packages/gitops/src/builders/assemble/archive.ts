import { createGunzip } from 'node:zlib';
import { Readable } from 'node:stream';
import type { Content, Entry } from '../../filetree/entry';
import { Spool } from '../../filetree/spool';
import { toEntries } from '../../filetree/tar/entries';
import { listTarFile, startsTar } from '../../filetree/tar/reader';
import { GitopsError } from '../../support/errors';
import { NeedsEngine } from '../needs-engine';

const MAGIC: readonly (readonly [format: string, magic: Buffer])[] = [
  ['gzip', Buffer.from([0x1f, 0x8b])],
  ['bzip2', Buffer.from('BZh')],
  ['xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00])],
  ['zstd', Buffer.from([0x28, 0xb5, 0x2f, 0xfd])],
];

export interface Archive {
  readonly entries: readonly Entry[];
  close(): void;
}

/**
 * What ADD unpacks of a file: the entries of a tar archive, plain or gzipped; undefined for any other file.
 * @param directory where there is room to unpack
 * @throws NeedsEngine for a compression that only an engine unpacks; GitopsError for a broken archive
 */
export async function openArchive(
  content: Content,
  name: string,
  directory: string,
): Promise<Archive | undefined> {
  const start = head(content);
  const format = MAGIC.find(([, magic]) => start.subarray(0, magic.length).equals(magic))?.[0];
  if (format && format !== 'gzip')
    throw new NeedsEngine(
      `unpacking ${name} (${format})`,
      undefined,
      'use a .tar or .tar.gz archive, or COPY it as it is',
    );
  if (!format && !startsTar(start)) return undefined;

  const spool = Spool.open(directory);
  try {
    if (format) await gunzip(content, name, spool);
    else for (const chunk of content.chunks()) spool.write(chunk);
    if (!startsTar(head(spool.slice(0, spool.length, '')))) {
      spool.close();
      return undefined;
    }
    const listed = listTarFile(spool.descriptor, name);
    return {
      entries: toEntries(listed, ({ offset, size }) =>
        spool.slice(offset, size, `${content.identity}@${offset}`),
      ),
      close: () => spool.close(),
    };
  } catch (error) {
    spool.close();
    throw error;
  }
}

function head(content: Content): Buffer {
  for (const chunk of content.chunks()) return Buffer.from(chunk.subarray(0, 512));
  return Buffer.alloc(0);
}

async function gunzip(content: Content, name: string, spool: Spool): Promise<void> {
  const source = Readable.from(copies(content), { objectMode: false });
  const gunzip = createGunzip();
  source.on('error', (error) => gunzip.destroy(error));
  try {
    for await (const chunk of source.pipe(gunzip)) spool.write(chunk as Buffer);
  } catch (error) {
    if (error instanceof GitopsError) throw error;
    throw new GitopsError(`${name} is a broken gzip file (${(error as Error).message})`);
  } finally {
    source.destroy();
  }
}

function* copies(content: Content): Generator<Buffer> {
  for (const chunk of content.chunks()) yield Buffer.from(chunk);
}
