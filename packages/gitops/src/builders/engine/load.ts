import { type EventEmitter, once } from 'node:events';
import { Readable } from 'node:stream';
import type Docker from 'dockerode';
import type { Pack } from 'tar-stream';
import { hexOf, sha256 } from '../../oci/digest';
import type { Image } from '../../oci/image';
import type { Layer } from '../../oci/layer';
import { call, type EngineError } from './call';
import type { Engine } from './connect/connect';
import { GitopsError } from '../../support/errors';
import { finished } from './progress/stream';
import { hasName } from './temporary';

/** A name of an image in an engine. */
export interface EngineName {
  readonly repo: string;
  readonly tag: string;
}

/** How Docker says which of the layers it does not have: by the file that it looked for. */
const MISSING_FILE = /([0-9a-f]{64})\.tar/;

/** How often a name is given that the engine loses at once. */
const ATTEMPTS = 3;

/**
 * Gives an image a name in the engine. One that the engine has is only named; of any other, it gets the layers that it
 * lacks. Podman may lose a name that is given while another one of the same image is: then it gets it again.
 * @throws GitopsError the engine does not take it
 */
export async function nameImage(
  { docker, kind }: Pick<Engine, 'docker' | 'kind'>,
  image: Image,
  engineName: EngineName,
  signal?: AbortSignal,
): Promise<void> {
  const config = await image.rawConfig();
  const reference = `${engineName.repo}:${engineName.tag}`;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (!(await name(docker, sha256(config), engineName)))
      await load(docker, kind, { config, layers: await image.layers(), reference }, signal);
    if (kind !== 'podman' || (await hasName(docker, { reference }))) return;
  }
  throw new GitopsError(`the engine does not keep the name ${reference}`, undefined, 'run it again');
}

/** @returns false where the engine has no such image */
async function name(docker: Docker, id: string, { repo, tag }: EngineName): Promise<boolean> {
  try {
    await docker.getImage(id).tag({ repo, tag });
    return true;
  } catch (error) {
    if ((error as EngineError).statusCode === 404) return false;
    throw error;
  }
}

interface Load {
  readonly config: Buffer;
  readonly layers: readonly Layer[];
  readonly reference: string;
}

/**
 * Docker only reads a layer that it does not have. So the config goes first, alone; what it then misses names the
 * lowest layer that is needed, and with it all those above. Podman wants all of them.
 */
async function load(docker: Docker, kind: Engine['kind'], image: Load, signal?: AbortSignal): Promise<void> {
  const { layers } = image;
  const send = async (from: number) => {
    const body = Readable.from(archive(image, from), { objectMode: false });
    const answer = await call(docker, 'POST', '/images/load', { query: { quiet: '1' }, body, signal });
    await finished(answer, 'the engine did not take the base');
  };
  if (kind === 'podman') return send(0);
  let from: number;
  try {
    return await send(layers.length);
  } catch (error) {
    if (signal?.aborted) throw error;
    const missing = MISSING_FILE.exec((error as Error).message)?.[1];
    from = Math.max(
      0,
      layers.findIndex(({ diffId }) => hexOf(diffId) === missing),
    );
  }
  try {
    return await send(from);
  } catch (error) {
    if (signal?.aborted || from === 0) throw error;
  }
  // Somebody has removed layers in between.
  await send(0);
}

/** The archive of `docker load`, without the layers below `from`. */
async function* archive(image: Load, from: number): AsyncGenerator<Buffer> {
  // Loaded where it is used: most builds have no need of it.
  const { pack } = require('tar-stream') as typeof import('tar-stream');
  const tar = pack();
  const written = write(tar, image, from).catch((error: Error) => tar.destroy(error));
  yield* tar as unknown as AsyncIterable<Buffer>;
  await written;
}

async function write(tar: Pack, { config, layers, reference }: Load, from: number): Promise<void> {
  const configName = `${hexOf(sha256(config))}.json`;
  const names = layers.map(({ diffId }) => `${hexOf(diffId)}.tar`);
  tar.entry({ name: configName }, config);
  tar.entry(
    { name: 'manifest.json' },
    JSON.stringify([{ Config: configName, RepoTags: [reference], Layers: names }]),
  );
  for (const [i, layer] of layers.entries()) {
    // The same layer twice, as of two empty steps, is one file.
    if (i >= from && !names.slice(from, i).includes(names[i]!)) await writeLayer(tar, names[i]!, layer);
  }
  tar.finalize();
}

/** Engines take layers as they are stored, compressed or not. */
async function writeLayer(tar: Pack, name: string, layer: Layer): Promise<void> {
  const entry = tar.entry({ name, size: layer.descriptor.size }) as unknown as NodeJS.WritableStream &
    EventEmitter;
  for await (const chunk of layer.open()) if (!entry.write(chunk)) await once(entry, 'drain');
  entry.end();
}
