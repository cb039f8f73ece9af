import { type EventEmitter, once } from 'node:events';
import { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { pack, type Pack } from 'tar-stream';
import { hexOf, sha256 } from '../../oci/digest';
import type { Image } from '../../oci/image';
import type { Layer } from '../../oci/layer';
import { call, type EngineError } from './call';
import type { Engine } from './connect/connect';
import { finished } from './progress/stream';
import { inTurn, removeName, type TemporaryName, temporaryName } from './temporary';

/** An image of ours, as the engine knows it for the time of a build. */
export interface ProvidedBase {
  /** What `FROM`, `COPY --from=` and `RUN --mount=from=` have to say. */
  readonly reference: string;
  /** Takes the name back; the image goes too, unless somebody else has a use for it. */
  release(): Promise<void>;
}

/** How Docker says which of the layers it does not have: by the file that it looked for. */
const MISSING_FILE = /([0-9a-f]{64})\.tar/;

/**
 * Makes an image available to a build, under a name that nobody else uses: no tag moves, and builds at the same time
 * never see each other's bases. BuildKit does not take an id in place of a name, but its cache goes by content,
 * so that a new name costs nothing.
 *
 * An engine that has the layers from earlier builds gets the config alone.
 */
export async function provideBase(
  { docker, kind }: Pick<Engine, 'docker' | 'kind'>,
  image: Image,
  signal?: AbortSignal,
): Promise<ProvidedBase> {
  const config = await image.rawConfig();
  const id = sha256(config);
  const temporary = temporaryName('base');
  const { reference } = temporary;
  const release = () => inTurn(docker, id, () => removeName(docker, temporary));
  try {
    await inTurn(docker, id, async () => {
      if (await name(docker, id, temporary)) return;
      await load(docker, kind, { config, layers: await image.layers(), reference }, signal);
    });
  } catch (error) {
    await release();
    throw error;
  }
  return { reference, release };
}

/** @returns false where the engine has no such image */
async function name(docker: Docker, id: string, { repo, tag }: TemporaryName): Promise<boolean> {
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
