import { type Digest, sha256 } from '../../../oci/digest';
import type { Engine } from '../connect/connect';
import { LayerMismatch } from './checked';
import { exportSaved } from './saved';
import { imageStorage, type Inspected } from './storage';
import { exportStored } from './stored';

/** A layer that the image has and its base lacks. */
export interface ExportedLayer {
  readonly diffId: Digest;
  /**
   * The uncompressed archive, to be taken once and to its end. Only then it is known to be the layer: until it has
   * ended without an error, its bytes must not count.
   */
  readonly content: AsyncIterable<Buffer>;
}

export interface ExportOptions {
  /** Layers that need not be exported: they are here, or the base's. */
  readonly skip: ReadonlySet<string>;
  /** A config that may be the image's: then it need not be exported either. */
  readonly config?: Buffer;
  readonly signal?: AbortSignal;
  /** Told why the quick way could not be gone, for the log. */
  readonly onDetour?: (reason: string) => void;
}

export interface ExportedImage {
  /** The config, byte for byte: its digest is the image's id. */
  readonly config: Buffer;
  /** All layers of the image, bottom first, those that were skipped included. */
  readonly diffIds: readonly Digest[];
}

/** Podman starts a process for every file that it hands out: a small image is saved as quickly. */
const SAVED_BELOW = { docker: 0, podman: 200 * 1024 * 1024 } as const;

/** Takes layers one at a time. */
export type LayerSink = (layer: ExportedLayer) => Promise<void>;

/**
 * Exports an image with just the layers that are not to be skipped.
 *
 * An engine saves only whole images: it reads, writes and sends every layer of the base too. But most keep each
 * layer as a directory, with a record from which they make its archive again. So those are fetched, of the wanted
 * layers alone, and the archive is made here. What comes out must have the digest that the engine says it has, so
 * that nothing depends on the guess of how the engine stores things; where it does not, the image is saved after all.
 */
export async function exportImage(
  engine: Pick<Engine, 'docker' | 'kind'>,
  imageId: string,
  options: ExportOptions,
  sink: LayerSink,
): Promise<ExportedImage> {
  const image = (await engine.docker.getImage(imageId).inspect()) as Inspected;
  const diffIds = (image.RootFS?.Layers ?? []) as Digest[];
  const wanted = new Set(diffIds.filter((diffId) => !options.skip.has(diffId)));
  const own = new SinkErrors();
  const deliver: LayerSink = async (layer) => {
    options.signal?.throwIfAborted();
    await own.guard(() => sink(layer));
    wanted.delete(layer.diffId);
  };

  const known = options.config && wanted.size === 0 && sha256(options.config) === imageId;
  const config =
    (known ? options.config : undefined) ??
    (await quickly(engine, image, diffIds, wanted, deliver, own, options)) ??
    (await exportSaved(engine.docker, image.Id, diffIds, wanted, deliver, options.signal));
  return { config, diffIds };
}

async function quickly(
  engine: Pick<Engine, 'docker' | 'kind'>,
  image: Inspected,
  diffIds: readonly Digest[],
  wanted: ReadonlySet<Digest>,
  deliver: LayerSink,
  own: SinkErrors,
  { signal, onDetour }: ExportOptions,
): Promise<Buffer | undefined> {
  const { docker, kind } = engine;
  if ((image.Size ?? 0) < SAVED_BELOW[kind]) return undefined;
  const storage = imageStorage(kind, await docker.info(), image);
  if (!storage) {
    onDetour?.('the engine keeps its layers in another way');
    return undefined;
  }
  try {
    return await exportStored(engine, image.Id, storage, diffIds, wanted, deliver, signal);
  } catch (error) {
    if (signal?.aborted || own.has(error)) throw error;
    onDetour?.((error as Error).message);
    return undefined;
  }
}

/** Tells the errors of the sink, which are final, from those of the way there. */
class SinkErrors {
  private readonly errors = new Set<unknown>();

  async guard(run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      if (!(error instanceof LayerMismatch)) this.errors.add(error);
      throw error;
    }
  }

  has(error: unknown): boolean {
    return this.errors.has(error);
  }
}
