import { contentOf, readAll } from '../../src/oci/content';
import { canonicalJson } from '../../src/oci/json';
import { OCI } from '../../src/oci/media-types';
import type { RawManifest, WritableRepository } from '../../src/oci/store';
import type { Descriptor, ImageConfig, Platform } from '../../src/oci/types';
import { blob } from '../oci/fixtures';

export const AMD64: Platform = { os: 'linux', architecture: 'amd64' };
export const ARM64: Platform = { os: 'linux', architecture: 'arm64' };

/** Stores an image as it was built: its layers are not compressed. */
export async function storeBuilt(
  repository: WritableRepository,
  layers: readonly (Buffer | string)[],
  platform: Platform = AMD64,
  config: ImageConfig['config'] = {},
): Promise<Descriptor> {
  const blobs = layers.map((layer) => blob(layer));
  const diffIds = blobs.map(({ descriptor }) => descriptor.digest);
  const document: ImageConfig = { ...platform, config, rootfs: { type: 'layers', diff_ids: diffIds } };
  const configBlob = blob(canonicalJson(document), OCI.config);
  for (const { descriptor, bytes } of [...blobs, configBlob])
    await repository.push(descriptor, () => contentOf(bytes));
  return repository.putManifest(manifestOf(configBlob.descriptor, blobs));
}

/** Stores an index of images, each under the platform that it is for. */
export function storeIndex(
  repository: WritableRepository,
  images: readonly (Descriptor & { readonly platform: Platform })[],
): Promise<Descriptor> {
  const document = { schemaVersion: 2, mediaType: OCI.index, manifests: images };
  return repository.putManifest({ mediaType: OCI.index, bytes: canonicalJson(document) });
}

/** The JSON of a manifest, a config or an index. */
export async function documentOf<T>(repository: WritableRepository, descriptor: Descriptor): Promise<T> {
  return JSON.parse((await readAll(repository.open(descriptor))).toString()) as T;
}

function manifestOf(config: Descriptor, layers: readonly { descriptor: Descriptor }[]): RawManifest {
  const document = {
    schemaVersion: 2,
    mediaType: OCI.manifest,
    config,
    layers: layers.map(({ descriptor }) => descriptor),
  };
  return { mediaType: OCI.manifest, bytes: canonicalJson(document) };
}
