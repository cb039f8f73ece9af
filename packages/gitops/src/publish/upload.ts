import { listingOf, packListing, withListing, withoutListing } from '../builders/assemble/layer-listing';
import type { LayerTrees } from '../builders/assemble/layer-trees';
import { contentOf } from '../oci/content';
import type { Image } from '../oci/image';
import type { Layer } from '../oci/layer';
import { allOf } from '../support/parallel';
import type { Content, Repository, Store, WritableRepository } from '../oci/store';
import { StoreError } from '../oci/store-error';
import type { Descriptor, Digest } from '../oci/types';
import { type Compressor, SMALL } from './compressor';
import type { KnownLayer, KnownLayers } from './known-layers';
import type { LayerMemory } from './layer-memory';
import { type Variant, platformOf } from './version';

/** What travelled to the store. */
export interface Sent {
  layers: number;
  /** Of all that is not a manifest. */
  bytes: number;
}

/** What an uploader works with besides the store. */
export interface UploaderContext {
  /** For a store to which bytes travel. */
  readonly compressor?: Compressor;
  /** What earlier runs have brought there. */
  readonly memory?: LayerMemory;
  /** Knows what is in a layer. */
  readonly trees: Pick<LayerTrees, 'listing'>;
}

/** Where a layer is to go, and what is counted of it. */
interface Upload {
  readonly repository: WritableRepository;
  readonly sent: Sent;
  readonly signal?: AbortSignal;
}

/**
 * Brings the layers of images to a repository: those that it lacks, and of these the ones that no neighbour has. A layer
 * that several images have is compressed and sent once, and each further repository gets it from the first.
 */
export class Uploader {
  /** The layers that were brought to the store in this run, and those that are on their way. */
  private readonly brought = new Map<Digest, Promise<KnownLayer>>();

  constructor(
    private readonly store: Store,
    private readonly context: UploaderContext,
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
          descriptor = await this.bring(layer, known.get(layer.diffId), { repository, sent, signal });
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

  private async bring(layer: Layer, known: KnownLayer | undefined, to: Upload): Promise<Descriptor> {
    const { diffId } = layer;
    let there = known;
    // Another image may have brought it, or be about to; where that fails, the next one tries.
    for (let arrival; !there && (arrival = this.brought.get(diffId));)
      there = await arrival.catch(() => undefined);
    const bringing = there ? this.take(layer, there, to) : this.bringFirst(layer, to);
    const arrival = bringing.then((descriptor) => ({ descriptor, repository: to.repository.name }));
    if (!this.brought.has(diffId)) this.brought.set(diffId, arrival);
    try {
      return (await arrival).descriptor;
    } catch (error) {
      if (this.brought.get(diffId) === arrival) this.brought.delete(diffId);
      throw error;
    }
  }

  private async bringFirst(layer: Layer, to: Upload): Promise<Descriptor> {
    const remembered = await this.remembered(layer.diffId, to.signal);
    const descriptor = remembered ? await this.take(layer, remembered, to) : await this.sendAll(layer, to);
    if (!remembered && descriptor.size > SMALL)
      this.context.memory?.remember(layer.diffId, { descriptor, repository: to.repository.name });
    return descriptor;
  }

  /** What an earlier run has brought, if it is still there. */
  private async remembered(diffId: Digest, signal?: AbortSignal): Promise<KnownLayer | undefined> {
    const { memory } = this.context;
    const known = memory?.find(diffId);
    if (!known) return undefined;
    try {
      const { descriptor, repository } = known;
      if (await this.store.repository(repository).has(descriptor, { signal })) return known;
    } catch (error) {
      // One may be allowed to push here, and not to read there.
      if (!(error instanceof StoreError)) throw error;
    }
    memory!.forget(diffId);
    return undefined;
  }

  /** Sends a layer, and what is in it. */
  private async sendAll(layer: Layer, to: Upload): Promise<Descriptor> {
    const [descriptor, listing] = await allOf(
      this.send(layer, to),
      this.context.compressor ? this.sendListing(layer, to) : undefined,
    );
    return listing ? withListing(descriptor, listing) : descriptor;
  }

  private async send(layer: Layer, { repository, sent, signal }: Upload): Promise<Descriptor> {
    const compressed = await this.context.compressor?.compress(layer, signal);
    const { descriptor, open } = compressed ?? {
      descriptor: layer.descriptor,
      open: () => layer.open({ signal }),
    };
    const file = compressed ? undefined : layer.file();
    try {
      await repository.push(descriptor, () => counted(open(), sent, true), { file, signal });
    } finally {
      await compressed?.close();
    }
    return descriptor;
  }

  private async sendListing(
    layer: Layer,
    { repository, sent, signal }: Upload,
  ): Promise<Descriptor | undefined> {
    const listing = await this.context.trees.listing(layer);
    if (!listing) return undefined;
    const { descriptor, bytes } = packListing(listing);
    await repository.push(descriptor, () => counted(contentOf(bytes), sent, false), { signal });
    return descriptor;
  }

  /** Takes a layer that the store has, and its listing, if that is still there. */
  private async take(
    layer: Layer,
    { descriptor, repository: from }: KnownLayer,
    { repository, sent, signal }: Upload,
  ): Promise<Descriptor> {
    const holder = this.store.repository(from);
    const isHere = from === repository.name;
    const mount = (each: Descriptor, isLayer: boolean, content: () => Content): Promise<void> =>
      repository.push(each, () => counted(content(), sent, isLayer), { mountFrom: from, signal });
    // A version that is held has it.
    if (!isHere) await mount(descriptor, true, () => this.bytes(layer, descriptor, holder, signal));
    const listing = listingOf(descriptor);
    if (!listing) return descriptor;
    if (!(await holder.has(listing, { signal }))) return withoutListing(descriptor);
    if (!isHere) await mount(listing, false, () => holder.open(listing, { signal }));
    return descriptor;
  }

  /** The bytes of a layer that cannot be mounted: those that are on this machine, else those of the store. */
  private async *bytes(
    { diffId }: Layer,
    descriptor: Descriptor,
    holder: Repository,
    signal?: AbortSignal,
  ): Content {
    const compressed = await this.context.compressor?.find(diffId, descriptor, signal);
    try {
      yield* compressed ? compressed.open() : holder.open(descriptor, { signal });
    } finally {
      await compressed?.close();
    }
  }
}

async function* counted(content: Content, sent: Sent, isLayer: boolean): Content {
  for await (const piece of content) {
    sent.bytes += piece.length;
    yield piece;
  }
  if (isLayer) sent.layers++;
}
