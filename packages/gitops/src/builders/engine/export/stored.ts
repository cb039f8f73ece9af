import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type Docker from 'dockerode';
import { type Digest, sha256 } from '../../../oci/digest';
import { call } from '../call';
import type { Engine } from '../connect/connect';
import { temporaryContainer } from '../temporary';
import { ArchiveReader, type ArchivedFile } from './archive-reader';
import { LayerMismatch, checked } from './checked';
import type { LayerSink } from './export';
import { MOUNT, type ImageStorage, place, storageMounts } from './storage';
import { type LayerFiles, assembleLayer } from './tar-split';

/**
 * Exports layers from where the engine keeps them, through a container that has those places mounted and is never
 * started.
 * @returns the image's config
 */
export async function exportStored(
  { docker, kind }: Pick<Engine, 'docker' | 'kind'>,
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
    name: temporaryContainer(),
    Image: imageId,
    // Never run; but an image without a command is not accepted.
    Cmd: ['-'],
    NetworkDisabled: true,
    HostConfig: { NetworkMode: 'none', Mounts: storageMounts(kind, storage, positions) },
  });
  const files = new ContainerFiles(docker, kind, container.id, signal);
  try {
    const config = await readConfig(await files.find(place.config, storage.config.name), imageId);
    for (const i of positions) {
      const diffId = diffIds[i]!;
      const record = await readWhole(await files.find(place.record(i), storage.layers[i]!.record.name));
      const content = assembleLayer(
        Readable.from([record]).pipe(createGunzip()),
        await files.below(place.files(i)),
      );
      await deliver({ diffId, content: checked(content, diffId) });
    }
    return config;
  } finally {
    files.close();
    await container.remove({ force: true, v: true });
  }
}

/**
 * What is mounted in the container, asked for in the order of the places' names. Docker starts a process for an
 * archive, which takes longer than a small layer: it gives all in one. Podman only gives one place at a time.
 */
class ContainerFiles {
  private reader: ArchiveReader | undefined;

  constructor(
    private readonly docker: Docker,
    private readonly kind: Engine['kind'],
    private readonly container: string,
    private readonly signal?: AbortSignal,
  ) {}

  async find(where: string, name: string): Promise<ArchivedFile | undefined> {
    if (this.kind === 'docker') return (await this.below(where)).find(name);
    return (await this.open(`${where}/${name}`)).next();
  }

  async below(where: string): Promise<LayerFiles> {
    if (this.kind === 'podman') return this.open(`${where}/.`);
    const reader = this.reader ?? (await this.open('.'));
    return { find: (name) => reader.find(`${where}/${name}`) };
  }

  close(): void {
    this.reader?.close();
  }

  private async open(path: string): Promise<ArchiveReader> {
    this.close();
    const query = { path: `${MOUNT}/${path}` };
    const answer = call(this.docker, 'GET', `/containers/${this.container}/archive`, {
      query,
      signal: this.signal,
    });
    this.reader = new ArchiveReader(await answer);
    return this.reader;
  }
}

async function readConfig(file: ArchivedFile | undefined, imageId: string): Promise<Buffer> {
  const config = await readWhole(file);
  if (sha256(config) !== `sha256:${imageId.replace(/^sha256:/, '')}`) {
    throw new LayerMismatch('the config that the engine has there is another one');
  }
  return config;
}

/** A record has some 20 bytes a file, compressed. */
async function readWhole(file: ArchivedFile | undefined): Promise<Buffer> {
  if (!file) throw new LayerMismatch('the engine has nothing where it should be');
  const parts: Buffer[] = [];
  for await (const part of file.bytes) parts.push(part);
  return Buffer.concat(parts);
}
