import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Content, bytes } from '../../filetree/entry';
import { FileTree } from '../../filetree/file-tree';
import { LayerIndex } from '../../filetree/layer-index';
import { Spool, fileSlice } from '../../filetree/spool';
import { toEntries } from '../../filetree/tar/entries';
import { type TarEntry, listTarFile, listTarStream } from '../../filetree/tar/reader';
import { type Digest, hexOf, sha256 } from '../../oci/digest';
import type { Layer } from '../../oci/layer';
import { compressionOf } from '../../oci/media-types';
import { replaceFile } from '../../support/temporary';

/** Who may own what: needed to build on an image, whatever else of it is not looked at. */
const ACCOUNTS = new Set(['etc/passwd', 'etc/group']);

/**
 * The file trees of layers. A tree is a function of the layer's diffID, so it is looked up once and remembered on
 * disk: of an image that others are built on, the layers are read no second time.
 */
export class LayerTrees {
  private readonly indexes = new Map<Digest, Promise<LayerIndex>>();
  private readonly contents = new Map<Digest, Promise<LayerIndex>>();
  private readonly spools: Spool[] = [];

  /** @param directory where trees are remembered; made when it is needed */
  constructor(private readonly directory: string) {}

  /**
   * The tree of an image.
   * @param layers bottom first
   * @param options.contents whether the bytes of its files are wanted
   * @param options.pathOf the file of a layer that is on this machine
   */
  async tree(
    layers: readonly Layer[],
    options: { contents: boolean; pathOf: (layer: Layer) => string | undefined },
  ): Promise<FileTree> {
    let tree = FileTree.empty;
    for (const layer of layers) {
      const index = options.contents
        ? once(this.contents, layer.diffId, () => this.withContents(layer, options.pathOf(layer)))
        : once(this.indexes, layer.diffId, () => this.index(layer));
      tree = tree.with(await index);
    }
    return tree;
  }

  /** Lets go of temporary files. */
  close(): void {
    this.spools.splice(0).forEach((spool) => spool.close());
  }

  private async index(layer: Layer): Promise<LayerIndex> {
    const file = join(this.directory, `${hexOf(layer.diffId)}.json`);
    const listed = readListing(file) ?? (await this.list(layer, file));
    return new LayerIndex(
      toEntries(listed, ({ size, bytes: kept }) => (kept ? bytes(kept, sha256(kept)) : absent(size))),
    );
  }

  private async list(layer: Layer, file: string): Promise<TarEntry[]> {
    const listed = await listTarStream(layer.uncompressed(), `layer ${layer.diffId}`, ACCOUNTS);
    writeListing(file, listed);
    return listed;
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

async function once<K, V>(map: Map<K, Promise<V>>, key: K, make: () => Promise<V>): Promise<V> {
  let value = map.get(key);
  if (!value) {
    value = make();
    map.set(key, value);
    // What failed may work the next time: a registry that was not there.
    value.catch(() => map.delete(key));
  }
  return value;
}

/** Changes with the form of what is written here. */
const LISTING_VERSION = 1;

interface Listing {
  readonly version: number;
  readonly entries: readonly (Omit<TarEntry, 'bytes'> & { readonly base64?: string })[];
}

function readListing(file: string): TarEntry[] | undefined {
  try {
    const { version, entries } = JSON.parse(readFileSync(file, 'utf8')) as Listing;
    if (version !== LISTING_VERSION) return undefined;
    return entries.map(({ base64, ...entry }) =>
      base64 === undefined ? entry : { ...entry, bytes: Buffer.from(base64, 'base64') },
    );
  } catch {
    // Missing or damaged: the layer itself is the truth.
    return undefined;
  }
}

function writeListing(file: string, listed: readonly TarEntry[]): void {
  const entries = listed.map(({ bytes: kept, ...entry }) =>
    kept ? { ...entry, base64: kept.toString('base64') } : entry,
  );
  replaceFile(file, JSON.stringify({ version: LISTING_VERSION, entries } satisfies Listing));
}
