import { isDigest, sha256 } from './digest';
import { DOCKER, OCI, isIndexType, isManifestType } from './media-types';
import type { RawManifest } from './store';
import { StoreError } from './store-error';
import type { Descriptor, ImageConfig, Index, Manifest } from './types';

/** Whether it is an index of manifests rather than one manifest. */
export function isIndex(document: Manifest | Index): document is Index {
  return 'manifests' in document;
}

/** The descriptor of a manifest as it is stored. */
export function describe({ mediaType, bytes }: RawManifest): Descriptor {
  return { mediaType, digest: sha256(bytes), size: bytes.length };
}

/**
 * Reads a manifest or index of the OCI or of Docker's schema 2. Fields that this code does not know stay in the result.
 * @param where where it was read from, for the message
 * @throws StoreError `corrupt` when it is neither, or its descriptors are malformed
 */
export function parseManifest(bytes: Buffer, where: string): Manifest | Index {
  const document = parseObject(bytes, where);
  if (document['schemaVersion'] === 1) {
    throw malformed(
      where,
      'is a manifest of Docker schema 1',
      'push the image again with a present-day tool',
    );
  }
  if (document['schemaVersion'] !== 2) throw malformed(where, 'has no schemaVersion 2');
  if (Array.isArray(document['manifests'])) {
    if ('layers' in document) throw malformed(where, 'has both manifests and layers');
    document['manifests'].forEach((entry, i) => checkDescriptor(entry, `manifest ${i + 1} in ${where}`));
    return document as unknown as Index;
  }
  if (!Array.isArray(document['layers'])) throw malformed(where, 'is neither a manifest nor an index');
  checkDescriptor(document['config'], `the config in ${where}`);
  document['layers'].forEach((entry, i) => checkDescriptor(entry, `layer ${i + 1} in ${where}`));
  return document as unknown as Manifest;
}

/** The media type of a manifest of which only the content is known. */
export function mediaTypeOf(document: Manifest | Index): string {
  const { mediaType } = document;
  if (isIndex(document)) return mediaType && isIndexType(mediaType) ? mediaType : OCI.index;
  if (mediaType && isManifestType(mediaType)) return mediaType;
  return document.config.mediaType === DOCKER.config ? DOCKER.manifest : OCI.manifest;
}

/**
 * Reads the config of an image.
 * @throws StoreError `corrupt` when it is not one
 */
export function parseImageConfig(bytes: Buffer, where: string): ImageConfig {
  const config = parseObject(bytes, where);
  const rootfs = config['rootfs'] as Partial<ImageConfig['rootfs']> | undefined;
  if (typeof config['os'] !== 'string' || typeof config['architecture'] !== 'string') {
    throw malformed(where, 'is no image config: os or architecture is missing');
  }
  // Docker writes null for the list of an image without layers.
  const diffIds = rootfs?.diff_ids ?? [];
  if (!Array.isArray(diffIds)) throw malformed(where, 'is no image config: rootfs.diff_ids is not a list');
  diffIds.forEach((id, i) => checkDigest(id, `diff_id ${i + 1} in ${where}`));
  return { ...config, rootfs: { type: 'layers', diff_ids: diffIds } } as unknown as ImageConfig;
}

function parseObject(bytes: Buffer, where: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw malformed(where, 'is not JSON');
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw malformed(where, 'is not a JSON object');
  }
  return value as Record<string, unknown>;
}

function checkDescriptor(value: unknown, what: string): asserts value is Descriptor {
  const entry = (value ?? {}) as Partial<Descriptor>;
  checkDigest(entry.digest, what);
  if (typeof entry.mediaType !== 'string') throw malformed(what, 'has no mediaType');
  if (!Number.isSafeInteger(entry.size) || entry.size! < 0) throw malformed(what, 'has no valid size');
}

function checkDigest(value: unknown, what: string): void {
  if (!isDigest(value))
    throw malformed(what, `has no sha256 digest but ${JSON.stringify(value) ?? 'nothing'}`);
}

function malformed(where: string, what: string, remedy?: string): StoreError {
  return new StoreError('corrupt', `${where} ${what}`, remedy);
}
