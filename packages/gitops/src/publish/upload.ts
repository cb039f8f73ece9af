import type { Image } from '../oci/image';
import type { Layer } from '../oci/layer';
import type { Compressor } from './compressor';
import type { Content, Store, WritableRepository } from '../oci/store';
import type { Descriptor, Digest } from '../oci/types';
import { type Variant, platformOf } from './version';

/** Layers that the store has, by their diffIDs. */
export type KnownLayers = ReadonlyMap<Digest, KnownLayer>;

export interface KnownLayer {
  readonly descriptor: Descriptor;
  /** The name of the repository that has it. */
  readonly repository: string;
}

/** What travelled to the store. */
export interface Sent {
  blobs: number;
  bytes: number;
}

/** The layers of what a store has, as those who share them need them. */
export function knownLayers(repository: string, variants: readonly Variant[]): [Digest, KnownLayer][] {
  return variants.flatMap(({ config, layers }) =>
    layers.map((descriptor, i): [Digest, KnownLayer] => [
      config.rootfs.diff_ids[i]!,
      { descriptor, repository },
    ]),
  );
}

/** Brings the layers of images to a repository: those that it lacks, and of these the ones that no neighbour has. */
export class Uploader {
  constructor(
    private readonly store: Store,
    /** For a store to which bytes travel. */
    private readonly compressor: Compressor | undefined,
  ) {}

  /**
   * @param images one for each platform, their layers wherever they are
   * @returns the images as the store has them; what went there
   */
  async upload(
    repository: WritableRepository,
    images: readonly Image[],
    known: KnownLayers,
    signal?: AbortSignal,
  ): Promise<{ variants: Variant[]; sent: Sent }> {
    const sent: Sent = { blobs: 0, bytes: 0 };
    const done = new Map<Digest, Descriptor>();
    const variants: Variant[] = [];
    for (const image of images) {
      const layers: Descriptor[] = [];
      for (const layer of await image.layers()) {
        let descriptor = done.get(layer.diffId);
        if (!descriptor) {
          descriptor = await this.bring(repository, layer, known.get(layer.diffId), sent, signal);
          done.set(layer.diffId, descriptor);
        }
        layers.push(descriptor);
      }
      const config = await image.config();
      variants.push({ platform: platformOf(config), config, layers });
    }
    return { variants, sent };
  }

  private async bring(
    repository: WritableRepository,
    layer: Layer,
    known: KnownLayer | undefined,
    sent: Sent,
    signal?: AbortSignal,
  ): Promise<Descriptor> {
    if (known) {
      const { descriptor } = known;
      // A version that is held has it.
      if (known.repository === repository.name) return descriptor;
      const holder = this.store.repository(known.repository);
      const content = (): Content => counted(holder.open(descriptor, { signal }), sent);
      await repository.push(descriptor, content, { mountFrom: known.repository, signal });
      return descriptor;
    }
    const compressed = await this.compressor?.compress(layer, signal);
    const { descriptor, open } = compressed ?? {
      descriptor: layer.descriptor,
      open: () => layer.open({ signal }),
    };
    await repository.push(descriptor, () => counted(open(), sent), { signal });
    return descriptor;
  }
}

async function* counted(content: Content, sent: Sent): Content {
  for await (const piece of content) {
    sent.bytes += piece.length;
    yield piece;
  }
  sent.blobs++;
}
