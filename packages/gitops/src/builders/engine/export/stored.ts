import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type Docker from 'dockerode';
import { type Digest, sha256 } from '../../../oci/digest';
import { call } from '../call';
import { ArchiveReader } from './archive-reader';
import { LayerMismatch, checked } from './checked';
import type { LayerSink } from './export';
import { MOUNT, type ImageStorage, storageMounts } from './storage';
import { assembleLayer } from './tar-split';

/**
 * Exports layers from where the engine keeps them, through a container that has those places mounted and is never
 * started.
 * @returns the image's config
 */
export async function exportStored(
  docker: Docker,
  imageId: string,
  storage: ImageStorage,
  diffIds: readonly Digest[],
  wanted: ReadonlySet<Digest>,
  deliver: LayerSink,
  signal?: AbortSignal,
): Promise<Buffer> {
  const positions = [...diffIds.keys()].filter(
    (i) => wanted.has(diffIds[i]!) && diffIds.indexOf(diffIds[i]!) === i,
  );
  const container = await docker.createContainer({
    name: `gitops-export-${randomUUID()}`,
    Image: imageId,
    // Never run; but an image without a command is not accepted.
    Cmd: ['-'],
    NetworkDisabled: true,
    HostConfig: { NetworkMode: 'none', Mounts: storageMounts(storage, positions) },
  });
  const open = async (name: string) =>
    new ArchiveReader(
      await call(docker, 'GET', `/containers/${container.id}/archive`, {
        query: { path: `${MOUNT}/${name}` },
        signal,
      }),
    );
  try {
    const config = await readConfig(await open(`config/${storage.config.name}`), imageId);
    for (const i of positions) {
      const diffId = diffIds[i]!;
      const record = await readWhole(await open(`record-${i}/${storage.layers[i]!.record.name}`));
      const files = await open(`files-${i}/.`);
      try {
        await deliver({
          diffId,
          content: checked(assembleLayer(Readable.from([record]).pipe(createGunzip()), files), diffId),
        });
      } finally {
        files.close();
      }
    }
    return config;
  } finally {
    await container.remove({ force: true, v: true });
  }
}

async function readConfig(archive: ArchiveReader, imageId: string): Promise<Buffer> {
  const config = await readWhole(archive);
  if (sha256(config) !== `sha256:${imageId.replace(/^sha256:/, '')}`) {
    throw new LayerMismatch('the config that the engine has there is another one');
  }
  return config;
}

/**
 * The one file of an archive. It is read to its end before anything else is asked for, since Docker hands out one
 * archive of a container at a time. A record has some 20 bytes a file, compressed.
 */
async function readWhole(archive: ArchiveReader): Promise<Buffer> {
  try {
    const file = await archive.next();
    if (!file) throw new LayerMismatch('the engine has nothing where it should be');
    const parts: Buffer[] = [];
    for await (const part of file.bytes) parts.push(part);
    await archive.next();
    return Buffer.concat(parts);
  } finally {
    archive.close();
  }
}
