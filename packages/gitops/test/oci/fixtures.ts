import { gzipSync } from 'node:zlib';
import { contentOf } from '../../src/oci/content';
import { sha256 } from '../../src/oci/digest';
import { canonicalJson } from '../../src/oci/json';
import { describe as describeManifest } from '../../src/oci/manifest';
import { OCI } from '../../src/oci/media-types';
import type { RawManifest, WritableRepository } from '../../src/oci/store';
import type { Descriptor, Digest, Index, Platform } from '../../src/oci/types';

/** A piece of content with its descriptor. */
export interface Blob {
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
}

export function blob(bytes: Buffer | string, mediaType: string = OCI.layer): Blob {
  const all = Buffer.from(bytes);
  return { descriptor: { mediaType, digest: sha256(all), size: all.length }, bytes: all };
}

// Looking up a global takes long in tests: with it for each byte, noise takes a second for a megabyte.
const { imul } = Math;

/** Bytes that differ with the seed and do not compress. */
export function noise(size: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  let state = seed >>> 0 || 1;
  for (let i = 0; i < size; i++) {
    state = (imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

export interface ImageFixture {
  readonly blobs: readonly Blob[];
  readonly manifest: RawManifest;
  readonly descriptor: Descriptor;
  readonly diffIds: readonly Digest[];
}

/** An image of layers with these bytes; their form does not matter to a store. */
export function image(
  layers: readonly (Buffer | string)[],
  platform: Platform = { os: 'linux', architecture: 'amd64' },
): ImageFixture {
  const plain = layers.map((layer) => Buffer.from(layer));
  const diffIds = plain.map((layer) => sha256(layer));
  const layerBlobs = plain.map((layer) => blob(gzipSync(layer), OCI.layerGzip));
  const config = blob(
    canonicalJson({ ...platform, config: {}, rootfs: { type: 'layers', diff_ids: diffIds } }),
    OCI.config,
  );
  const manifest = {
    mediaType: OCI.manifest,
    bytes: canonicalJson({
      schemaVersion: 2,
      mediaType: OCI.manifest,
      config: config.descriptor,
      layers: layerBlobs.map(({ descriptor }) => descriptor),
    }),
  };
  return { blobs: [config, ...layerBlobs], manifest, descriptor: describeManifest(manifest), diffIds };
}

/** An index of these images. */
export function index(...manifests: Descriptor[]): RawManifest {
  const document: Index = { schemaVersion: 2, mediaType: OCI.index, manifests };
  return { mediaType: OCI.index, bytes: canonicalJson(document) };
}

/** Stores all of an image. */
export async function store(
  repository: WritableRepository,
  { blobs, manifest }: ImageFixture,
  tag?: string,
): Promise<Descriptor> {
  for (const { descriptor, bytes } of blobs) await repository.push(descriptor, () => contentOf(bytes));
  return repository.putManifest(manifest, tag);
}
