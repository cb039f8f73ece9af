import { contentOf, readDocument } from '../oci/content';
import { type Image, imageFrom } from '../oci/image';
import { canonicalJson } from '../oci/json';
import { describe, parseManifest } from '../oci/manifest';
import { OCI, isIndexType } from '../oci/media-types';
import { type Platform, formatPlatform, normalizePlatform } from '../oci/platform';
import type { BlobSource, RawManifest, WritableRepository } from '../oci/store';
import type { Descriptor, Digest, ImageConfig, Index } from '../oci/types';
import { type Identity, type Stamped, stamp } from './stamp';

/** What an image is on one platform, its layers as they are in the store. */
export interface Variant {
  readonly platform: Platform;
  readonly config: ImageConfig;
  readonly layers: readonly Descriptor[];
}

/** A version of an image, ready to be stored. */
export interface Version {
  /** The manifest; of several platforms the index. */
  readonly top: RawManifest;
  readonly descriptor: Descriptor;
  readonly parts: readonly Stamped[];
  /** The manifest of each platform. */
  readonly digests: ReadonlyMap<string, Digest>;
}

/** The same variants with an identity: equal arguments give equal bytes. */
export function versionOf(
  variants: readonly Variant[],
  identityOn: (platform: Platform, config: ImageConfig) => Identity,
): Version {
  const parts = variants.map(({ platform, config, layers }) =>
    stamp(config, layers, identityOn(platform, config)),
  );
  const manifests = parts.map(({ descriptor }, i) => ({
    ...descriptor,
    platform: normalizePlatform(variants[i]!.platform),
  }));
  const index: Index = { schemaVersion: 2, mediaType: OCI.index, manifests };
  const top = parts.length === 1 ? parts[0]!.manifest : { mediaType: OCI.index, bytes: canonicalJson(index) };
  const digests = new Map(
    parts.map(({ descriptor }, i) => [formatPlatform(variants[i]!.platform), descriptor.digest]),
  );
  return { top, descriptor: describe(top), parts, digests };
}

/** Stores a version whose layers are there, without a tag. */
export async function putVersion(repository: WritableRepository, { top, parts }: Version): Promise<void> {
  for (const { config, manifest } of parts) {
    await repository.push(describe(config), () => contentOf(config.bytes));
    await repository.putManifest(manifest);
  }
  if (parts.length > 1) await repository.putManifest(top);
}

/** The image of each platform that a descriptor names. */
export async function imagesOf(source: BlobSource, descriptor: Descriptor): Promise<Image[]> {
  if (!isIndexType(descriptor.mediaType)) return [await imageFrom(source, descriptor)];
  const bytes = await readDocument(source, descriptor);
  const index = parseManifest(bytes, `${descriptor.digest} from ${source.where}`) as Index;
  const entries = index.manifests.filter(({ platform }) => platform?.os !== 'unknown');
  return Promise.all(entries.map((entry) => imageFrom(source, entry)));
}

/** The variants of an image as a store has them. */
export async function variantsOf(
  source: BlobSource,
  descriptor: Descriptor,
): Promise<readonly StoredVariant[]> {
  const images = await imagesOf(source, descriptor);
  return Promise.all(
    images.map(async (image) => {
      const config = await image.config();
      return {
        platform: platformOf(config),
        config,
        layers: (await image.manifest()).layers,
        digest: image.digest,
      };
    }),
  );
}

export interface StoredVariant extends Variant {
  readonly digest: Digest;
}

/** The platform that an image's configuration says it is for. */
export function platformOf({ os, architecture, variant }: ImageConfig): Platform {
  return normalizePlatform({ os, architecture, ...(variant ? { variant } : {}) });
}
