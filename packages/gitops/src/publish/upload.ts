import { listingOf, packListing, withListing, withoutListing } from '../builders/assemble/layer-listing';
import type { LayerTrees } from '../builders/assemble/layer-trees';
import { contentOf } from '../oci/content';
import type { Image } from '../oci/image';
import type { Layer } from '../oci/layer';
import { allOf } from '../support/parallel';
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
  layers: number;
  /** Of all that is not a manifest. */
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
    /** Knows what is in a layer. */
    private readonly trees: Pick<LayerTrees, 'listing'>,
  ) {}

  /**
   * @param images one for each platform, their layers wherever they are
   * @returns the images as the store has them; the listings of their layers; what went there
   */
  async upload(
    repository: WritableRepository,
    images: readonly Image[],
    known: KnownLayers,
    signal?: AbortSignal,
  ): Promise<{ variants: Variant[]; listings: Descriptor[]; sent: Sent }> {
    const sent: Sent = { layers: 0, bytes: 0 };
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
    const listings = [...done.values()].flatMap((descriptor) => listingOf(descriptor) ?? []);
    return { variants, listings, sent };
  }

  private async bring(
    repository: WritableRepository,
    layer: Layer,
    known: KnownLayer | undefined,
    sent: Sent,
    signal?: AbortSignal,
  ): Promise<Descriptor> {
    if (known) return this.take(repository, known, sent, signal);
    const [descriptor, listing] = await allOf(
      this.send(repository, layer, sent, signal),
      this.compressor ? this.sendListing(repository, layer, sent, signal) : undefined,
    );
    return listing ? withListing(descriptor, listing) : descriptor;
  }

  private async send(
    repository: WritableRepository,
    layer: Layer,
    sent: Sent,
    signal?: AbortSignal,
  ): Promise<Descriptor> {
    const compressed = await this.compressor?.compress(layer, signal);
    const { descriptor, open } = compressed ?? {
      descriptor: layer.descriptor,
      open: () => layer.open({ signal }),
    };
    await repository.push(descriptor, () => counted(open(), sent, true), { signal });
    return descriptor;
  }

  private async sendListing(
    repository: WritableRepository,
    layer: Layer,
    sent: Sent,
    signal?: AbortSignal,
  ): Promise<Descriptor | undefined> {
    const listing = await this.trees.listing(layer);
    if (!listing) return undefined;
    const { descriptor, bytes } = packListing(listing);
    await repository.push(descriptor, () => counted(contentOf(bytes), sent, false), { signal });
    return descriptor;
  }

  /** Takes a layer that the store has, and its listing, if that is still there. */
  private async take(
    repository: WritableRepository,
    { descriptor, repository: from }: KnownLayer,
    sent: Sent,
    signal?: AbortSignal,
  ): Promise<Descriptor> {
    const holder = this.store.repository(from);
    const isHere = from === repository.name;
    const mount = (each: Descriptor, isLayer: boolean): Promise<void> =>
      repository.push(each, () => counted(holder.open(each, { signal }), sent, isLayer), {
        mountFrom: from,
        signal,
      });
    // A version that is held has it.
    if (!isHere) await mount(descriptor, true);
    const listing = listingOf(descriptor);
    if (!listing) return descriptor;
    if (!(await holder.has(listing, { signal }))) return withoutListing(descriptor);
    if (!isHere) await mount(listing, false);
    return descriptor;
  }
}

async function* counted(content: Content, sent: Sent, isLayer: boolean): Content {
  for await (const piece of content) {
    sent.bytes += piece.length;
    yield piece;
  }
  if (isLayer) sent.layers++;
}
