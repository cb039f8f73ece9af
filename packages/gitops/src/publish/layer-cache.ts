import { mkdirSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { verified } from '../oci/content';
import { type Digest, hexOf } from '../oci/digest';
import { mapped } from '../oci/file-errors';
import { compressLayer } from '../oci/gzip';
import { pieces } from '../oci/layout/blob-directory';
import { BlobWriter } from '../oci/layout/blob-writer';
import { OCI } from '../oci/media-types';
import type { Content, ReadOptions } from '../oci/store';
import type { Descriptor } from '../oci/types';
import { GitopsError } from '../support/errors';
import { namesIn } from '../support/directory';
import { keepUsed, used } from '../support/kept-files';

/** A layer as it travels. It is there until it is closed. */
export interface CompressedLayer {
  readonly descriptor: Descriptor;
  /** May be asked for more than once. */
  open(): Content;
  close(): Promise<void>;
}

const MIB = 1024 ** 2;
/** In MiB: two cores compress so much in about a minute, of which reading it again takes two seconds. */
const CAPACITY_MIB = 2048;
const VARIABLE = 'GITOPS_LAYER_CACHE_MIB';
/** It may be so much fuller while layers are added. */
const TOLERANCE = 1 / 8;

/**
 * Layers as they were compressed, by what they are uncompressed: so each is compressed once on a machine, whatever
 * images, rings and stores it goes to. A file for each, `<diffID>-<digest>`, which is verified before it is used. Other
 * processes may use the directory at the same time.
 */
export class LayerCache {
  private names: Map<string, string> | undefined;
  private added = 0;

  /**
   * @param directory made when it is needed; it may be removed at any time
   * @param capacity in bytes; what was not used for longest goes first
   */
  constructor(
    private readonly directory: string,
    private readonly capacity = CAPACITY_MIB * MIB,
  ) {}

  /** @returns undefined where there is none, or it is damaged */
  async find(diffId: Digest, options: ReadOptions = {}): Promise<CompressedLayer | undefined> {
    const name = this.known().get(hexOf(diffId));
    if (name === undefined) return undefined;
    let layer: CompressedLayer | undefined;
    try {
      layer = await this.opened(name, options);
      for await (const _ of layer.open());
      used(join(this.directory, name));
      return layer;
    } catch {
      await layer?.close();
      options.signal?.throwIfAborted();
      this.known().delete(hexOf(diffId));
      rmSync(join(this.directory, name), { force: true });
      return undefined;
    }
  }

  /**
   * Compresses a layer.
   * @param content the tar stream, verified against the diffID
   * @throws StoreError where there is no room for it; whatever reading the content throws
   */
  async add(diffId: Digest, content: Content, options: ReadOptions = {}): Promise<CompressedLayer> {
    const { directory } = this;
    mapped(directory, () => mkdirSync(directory, { recursive: true }));
    const nameOf = (digest: Digest): string => `${hexOf(diffId)}-${hexOf(digest)}`;
    const writer = (): BlobWriter => new BlobWriter(directory, (digest) => join(directory, nameOf(digest)));
    const { digest, size } = await compressLayer(content, { writer }, options);
    this.known().set(hexOf(diffId), nameOf(digest));
    const layer = await this.opened(nameOf(digest), options);
    this.added += size;
    if (this.added > this.capacity * TOLERANCE) this.tidy();
    return layer;
  }

  /** Keeps within its bounds. */
  close(): void {
    if (this.added > 0) this.tidy();
  }

  private tidy(): void {
    keepUsed(this.directory, this.capacity);
    this.added = 0;
  }

  /** Who has it open can read it, even when it is removed meanwhile. */
  private async opened(name: string, { signal }: ReadOptions): Promise<CompressedLayer> {
    const path = join(this.directory, name);
    const file = await open(path);
    const { size } = await file.stat();
    const descriptor = { mediaType: OCI.layerGzip, digest: digestOf(name), size };
    return {
      descriptor,
      open: () => verified(pieces(file, signal), descriptor, path),
      close: () => file.close(),
    };
  }

  private known(): Map<string, string> {
    return (this.names ??= new Map(namesIn(this.directory).map((name) => [name.split('-')[0]!, name])));
  }
}

/**
 * How much this machine is to keep, in bytes.
 * @throws GitopsError where the environment says something else than a number
 */
export function layerCapacity(env: NodeJS.ProcessEnv): number {
  const given = env[VARIABLE] || String(CAPACITY_MIB);
  if (/^\d+$/.test(given)) return Number(given) * MIB;
  throw new GitopsError(
    `${VARIABLE} is ${JSON.stringify(given)}`,
    undefined,
    'write a number of MiB, or 0 to keep no layers',
  );
}

function digestOf(name: string): Digest {
  return `sha256:${name.split('-')[1]!}`;
}
