import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type Docker from 'dockerode';
import type { Digest } from '../../../oci/digest';
import { GitopsError } from '../../../support/errors';
import { call } from '../call';
import { ArchiveReader, type ArchivedFile } from './archive-reader';
import { checked } from './checked';
import type { LayerSink } from './export';

/** What manifest.json in a saved image says of it. */
interface SavedImage {
  readonly Config: string;
  /** Bottom first. */
  readonly Layers: readonly string[];
}

/** Manifests and configs; what is larger is taken for a layer. */
const MAX_DOCUMENT = 4 * 1024 * 1024;
const GZIP = Buffer.from([0x1f, 0x8b]);

/**
 * Exports layers from the archive that the engine saves of the whole image. Which file is which layer is said at its
 * end, so that what is not known by its name is kept on disk until then.
 * @returns the image's config
 */
export async function exportSaved(
  docker: Docker,
  imageId: string,
  diffIds: readonly Digest[],
  wanted: ReadonlySet<Digest>,
  deliver: LayerSink,
  signal?: AbortSignal,
): Promise<Buffer> {
  const archive = new ArchiveReader(await call(docker, 'GET', `/images/${imageId}/get`, { signal }));
  const folder = await mkdtemp(join(tmpdir(), 'gitops-export-'));
  try {
    const skipped = new Set(diffIds.filter((diffId) => !wanted.has(diffId)).map((diffId) => diffId.slice(7)));
    const files = await unpack(archive, folder, (name) =>
      skipped.has(/([0-9a-f]{64})(\.tar)?$/.exec(name)?.[1] ?? ''),
    );
    const manifest = files.documents.get('manifest.json');
    if (!manifest) throw new GitopsError('the image that the engine saved has no manifest.json');
    const [image] = JSON.parse(manifest.toString()) as SavedImage[];
    const config = image && files.documents.get(image.Config);
    if (!config || image.Layers.length !== diffIds.length) {
      throw new GitopsError('the image that the engine saved does not fit what it says of it');
    }
    const done = new Set<Digest>();
    for (const [i, diffId] of diffIds.entries()) {
      if (!wanted.has(diffId) || done.has(diffId)) continue;
      await deliver({ diffId, content: checked(await uncompressed(files.path(image.Layers[i]!)), diffId) });
      done.add(diffId);
    }
    return config;
  } finally {
    archive.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function unpack(archive: ArchiveReader, folder: string, skip: (name: string) => boolean) {
  const documents = new Map<string, Buffer>();
  const paths = new Map<string, string>();
  for (let file = await archive.next(); file; file = await archive.next()) {
    if (skip(file.name)) {
      for await (const _skipped of file.bytes);
      continue;
    }
    const path = join(folder, String(paths.size));
    paths.set(file.name, path);
    if (file.size > MAX_DOCUMENT) await pipeline(Readable.from(file.bytes), createWriteStream(path));
    else documents.set(file.name, await keep(file, path));
  }
  const path = (name: string): string => {
    const found = paths.get(name);
    if (!found) throw new GitopsError(`the image that the engine saved lacks its layer ${name}`);
    return found;
  };
  return { documents, path };
}

/** A small file may be a document or a small layer: it is both in memory and on disk. */
async function keep(file: ArchivedFile, path: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of file.bytes) parts.push(part);
  const bytes = Buffer.concat(parts);
  await pipeline(Readable.from([bytes]), createWriteStream(path));
  return bytes;
}

async function uncompressed(path: string): Promise<AsyncIterable<Buffer>> {
  const file = await open(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(GZIP.length), 0, GZIP.length, 0);
    const stream = createReadStream(path);
    if (!buffer.equals(GZIP)) return stream;
    const gunzip = createGunzip();
    stream.on('error', (error) => gunzip.destroy(error));
    return stream.pipe(gunzip);
  } finally {
    await file.close();
  }
}
