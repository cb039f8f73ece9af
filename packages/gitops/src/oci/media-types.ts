/** Media types of the OCI image-spec (media-types.md). */
export const OCI = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
  layerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  layerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  /** An artifact without a config (image-spec 1.1, "Guidance for an Empty Descriptor"). */
  empty: 'application/vnd.oci.empty.v1+json',
} as const;

/** Media types of Docker's image manifest, version 2, schema 2. */
export const DOCKER = {
  index: 'application/vnd.docker.distribution.manifest.list.v2+json',
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
  layer: 'application/vnd.docker.image.rootfs.diff.tar',
  layerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
} as const;

const INDEXES: ReadonlySet<string> = new Set([OCI.index, DOCKER.index]);
const MANIFESTS: ReadonlySet<string> = new Set([OCI.manifest, DOCKER.manifest]);

/** All that a registry serves under `/manifests/`, in the order in which it is asked for. */
export const MANIFEST_TYPES: readonly string[] = [...MANIFESTS, ...INDEXES];

/** An image index or Docker's manifest list. */
export function isIndexType(mediaType: string): boolean {
  return INDEXES.has(mediaType);
}

/** A manifest of one image or artifact. */
export function isManifestType(mediaType: string): boolean {
  return MANIFESTS.has(mediaType);
}

export type Compression = 'none' | 'gzip' | 'zstd';

/** How a layer of this media type is compressed; undefined when it is not a tar layer at all. */
export function compressionOf(mediaType: string): Compression | undefined {
  const match = /^application\/vnd\.(?:oci\.image\.layer|docker\.image\.rootfs)\.(.+)$/.exec(mediaType);
  // Non-distributable and "foreign" layers are tar layers like any other once their bytes are at hand.
  switch (match?.[1]?.replace(/^nondistributable\.|^foreign\./, '')) {
    case 'v1.tar':
    case 'diff.tar':
      return 'none';
    case 'v1.tar+gzip':
    case 'diff.tar.gzip':
      return 'gzip';
    case 'v1.tar+zstd':
    case 'diff.tar.zstd':
      return 'zstd';
    default:
      return undefined;
  }
}
