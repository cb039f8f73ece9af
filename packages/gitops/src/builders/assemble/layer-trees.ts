import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Content, bytes } from '../../filetree/entry';
import { FileTree } from '../../filetree/file-tree';
import { LayerIndex } from '../../filetree/layer-index';
import { Spool, fileSlice } from '../../filetree/spool';
import { toEntries } from '../../filetree/tar/entries';
import { listTarFile, listTarStream } from '../../filetree/tar/reader';
import { type Digest, hexOf, sha256 } from '../../oci/digest';
import type { Layer } from '../../oci/layer';
import { compressionOf } from '../../oci/media-types';
import type { BlobSource } from '../../oci/store';
import { GitopsError } from '../../support/errors';
import { Recent } from '../../support/recent';
import { replaceFile } from '../../support/temporary';
import { type Listing, fetchListing, parseListing, writeListing } from './layer-listing';

/** Who may own what: needed to build on an image, whatever else of it is not looked at. */
const ACCOUNTS = new Set(['etc/passwd', 'etc/group']);

/** Of so many layers the trees are in memory: of all that the images of a run lie on, however many these are. */
const KEPT = 500;

interface TreeOptions {
  readonly contents: boolean;
  readonly pathOf: (layer: Layer) => string | undefined;
  readonly listings?: BlobSource;
}

/**
 * The file trees of layers. A tree is a function of the layer's diffID, so it is looked up once and remembered on
 * disk: of an image that others are built on, the layers are read no second time.
 */
export class LayerTrees {
  private readonly indexes = new Recent<Digest, LayerIndex>(KEPT);
  private readonly contents = new Recent<Digest, LayerIndex>(KEPT);
  private readonly spools: Spool[] = [];

  /** @param directory where trees are remembered; made when it is needed */
  constructor(private readonly directory: string) {}

  /**
   * The tree of an image.
   * @param layers bottom first
   * @param options.contents whether the bytes of its files are wanted
   * @param options.pathOf the file of a layer that is on this machine
   * @param options.listings what has the listings that came with layers, where they can be trusted
   */
  async tree(layers: readonly Layer[], options: TreeOptions): Promise<FileTree> {
    let tree = FileTree.empty;
    for (const layer of layers) {
      const index = options.contents
        ? this.contents.get(layer.diffId, () => this.withContents(layer, options.pathOf(layer)))
        : this.indexes.get(layer.diffId, () => this.index(layer, options));
      tree = tree.with(await index);
    }
    return tree;
  }

  /** Lets go of temporary files. */
  close(): void {
    this.spools.splice(0).forEach((spool) => spool.close());
  }

  /**
   * What is in a layer that is on its way to others, for those who build on it; undefined where it is none that can be
   * read here.
   */
  async listing(layer: Layer): Promise<Listing | undefined> {
    try {
      return this.known(layer) ?? (await this.list(layer));
    } catch (error) {
      if (error instanceof GitopsError) return undefined;
      throw error;
    }
  }

  private async index(layer: Layer, { pathOf, listings }: TreeOptions): Promise<LayerIndex> {
    const listed =
      this.known(layer) ??
      (listings && pathOf(layer) === undefined ? await this.fetch(layer, listings) : undefined) ??
      (await this.list(layer));
    return new LayerIndex(
      toEntries(listed, ({ size, bytes: kept }) => (kept ? bytes(kept, sha256(kept)) : absent(size))),
    );
  }

  private known(layer: Layer): Listing | undefined {
    try {
      return parseListing(readFileSync(this.fileOf(layer)));
    } catch {
      return undefined;
    }
  }

  private async fetch(layer: Layer, listings: BlobSource): Promise<Listing | undefined> {
    const listing = await fetchListing(listings, layer.descriptor);
    if (listing) this.remember(layer, listing);
    return listing;
  }

  private async list(layer: Layer): Promise<Listing> {
    const listing = await listTarStream(layer.uncompressed(), `layer ${layer.diffId}`, ACCOUNTS);
    this.remember(layer, listing);
    return listing;
  }

  private remember(layer: Layer, listing: Listing): void {
    replaceFile(this.fileOf(layer), writeListing(listing));
  }

  private fileOf({ diffId }: Layer): string {
    return join(this.directory, `${hexOf(diffId)}.json`);
  }

  private async withContents(layer: Layer, path: string | undefined): Promise<LayerIndex> {
    const name = `layer ${layer.diffId}`;
    if (path !== undefined && compressionOf(layer.descriptor.mediaType) === 'none') {
      // Read to its end, so that its digest is checked before a part of it is used.
      const listed = await listTarStream(layer.uncompressed(), name);
      return new LayerIndex(
        toEntries(listed, ({ offset, size }) => fileSlice(path, offset, size, `${layer.diffId}@${offset}`)),
      );
    }
    const spool = Spool.open(this.directory);
    this.spools.push(spool);
    for await (const chunk of layer.uncompressed()) spool.write(chunk);
    const listed = listTarFile(spool.descriptor, name);
    return new LayerIndex(
      toEntries(listed, ({ offset, size }) => spool.slice(offset, size, `${layer.diffId}@${offset}`)),
    );
  }
}

/** The bytes of a file of which only the size was remembered. */
function absent(size: number): Content {
  return {
    size,
    identity: '',
    chunks: () => {
      throw new Error('the bytes of this file were not asked for');
    },
  };
}
