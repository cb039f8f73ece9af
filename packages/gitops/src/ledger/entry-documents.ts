import { gunzipSync, gzipSync } from 'node:zlib';
import { sha256 } from '../oci/digest';
import { canonicalJson } from '../oci/json';
import { OCI } from '../oci/media-types';
import type { Descriptor, Manifest } from '../oci/types';
import { ENTRY_TYPE, type Entry } from './entry';

/** Holds the entry, compressed by gzip and in base64, where it is small enough. */
export const ENTRY_ANNOTATION = 'dev.gitops.entry';
/** Registries take manifests of 4 MiB (OCI distribution specification, section "Pushing Manifests"). */
const MAX_ANNOTATION_LENGTH = 1024 * 1024;
/** A guard against endless answers: an entry of 10,000 images in 10 rings has some 30 MB. */
export const MAX_ENTRY_SIZE = 256 * 1024 * 1024;

export interface Blob {
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
}

/** What an entry is stored as. */
export interface EntryDocuments {
  readonly manifest: Buffer;
  /** The same blob for every entry. */
  readonly empty: Blob;
  /** The entry, where it is too large for an annotation. */
  readonly layer?: Blob;
  /** Of the entry's JSON, in bytes. */
  readonly size: number;
}

/**
 * The documents that an entry is stored as: an artifact without content (OCI image specification, "Guidelines for
 * Artifact Usage"), of which the manifest says all. So it is written by one request, and read by one.
 */
export function entryDocuments(entry: Entry): EntryDocuments {
  const json = canonicalJson(entry);
  const annotation = gzipSync(json).toString('base64');
  const empty = blob(OCI.empty, Buffer.from('{}'));
  const layer = annotation.length > MAX_ANNOTATION_LENGTH ? blob(ENTRY_TYPE, json) : undefined;
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: OCI.manifest,
    artifactType: ENTRY_TYPE,
    config: empty.descriptor,
    layers: [(layer ?? empty).descriptor],
    ...(layer ? {} : { annotations: { [ENTRY_ANNOTATION]: annotation } }),
  };
  return { manifest: canonicalJson(manifest), empty, size: json.length, ...(layer ? { layer } : {}) };
}

/** Where the JSON of an entry is: these bytes, or a blob; undefined where the manifest is that of something else. */
export function entryContent({ annotations, layers }: Manifest): Buffer | Descriptor | undefined {
  const annotation = annotations?.[ENTRY_ANNOTATION];
  if (annotation !== undefined) return unpacked(annotation);
  return layers.find(({ mediaType }) => mediaType === ENTRY_TYPE);
}

function unpacked(annotation: string): Buffer | undefined {
  try {
    return gunzipSync(Buffer.from(annotation, 'base64'), { maxOutputLength: MAX_ENTRY_SIZE });
  } catch {
    return undefined;
  }
}

function blob(mediaType: string, bytes: Buffer): Blob {
  return { descriptor: { mediaType, digest: sha256(bytes), size: bytes.length }, bytes };
}
