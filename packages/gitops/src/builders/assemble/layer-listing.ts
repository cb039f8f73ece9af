import { gunzipSync, gzipSync } from 'node:zlib';
import type { TarEntry } from '../../filetree/tar/reader';
import { isDigest, sha256 } from '../../oci/digest';
import { readDocument } from '../../oci/content';
import type { BlobSource } from '../../oci/store';
import { StoreError } from '../../oci/store-error';
import type { Descriptor } from '../../oci/types';

/** What is in a layer, without the bytes of its files: all that it takes to build on it. */
export type Listing = readonly TarEntry[];

/** Changes with the form of what is written. */
const VERSION = 1;
const LISTING_TYPE = 'application/vnd.gitops.listing.v1.json+gzip';
/** On a layer's descriptor: digest and size of its listing, in the same repository. So the manifest vouches for it. */
const ANNOTATION = 'dev.gitops.listing';
const MAX_SIZE = 64 * 1024 * 1024;
const MAX_LENGTH = 512 * 1024 * 1024;

interface Written {
  readonly version: number;
  readonly entries: readonly (Omit<TarEntry, 'bytes'> & { readonly base64?: string })[];
}

/** Equal listings give equal bytes. */
export function writeListing(listing: Listing): Buffer {
  const entries = listing.map(({ bytes, ...entry }) =>
    bytes ? { ...entry, base64: bytes.toString('base64') } : entry,
  );
  return Buffer.from(JSON.stringify({ version: VERSION, entries } satisfies Written));
}

/** @returns undefined for what is damaged, or was written by another version of this: the layer itself is the truth */
export function parseListing(text: Buffer): Listing | undefined {
  try {
    const { version, entries } = JSON.parse(text.toString('utf8')) as Written;
    if (version !== VERSION) return undefined;
    return entries.map(({ base64, ...entry }) =>
      base64 === undefined ? entry : { ...entry, bytes: Buffer.from(base64, 'base64') },
    );
  } catch {
    return undefined;
  }
}

/** A listing as it travels beside its layer. */
export function packListing(listing: Listing): { descriptor: Descriptor; bytes: Buffer } {
  const bytes = gzipSync(writeListing(listing));
  return { descriptor: { mediaType: LISTING_TYPE, digest: sha256(bytes), size: bytes.length }, bytes };
}

/** The layer's descriptor, which says where its listing is. */
export function withListing(layer: Descriptor, { digest, size }: Descriptor): Descriptor {
  return { ...layer, annotations: { ...layer.annotations, [ANNOTATION]: `${digest} ${size}` } };
}

/** The layer's descriptor, where its listing is gone. */
export function withoutListing({ annotations = {}, ...layer }: Descriptor): Descriptor {
  const { [ANNOTATION]: _, ...others } = annotations;
  return Object.keys(others).length > 0 ? { ...layer, annotations: others } : layer;
}

/** The listing that a layer's descriptor speaks of. */
export function listingOf({ annotations }: Descriptor): Descriptor | undefined {
  const [digest, size, ...more] = annotations?.[ANNOTATION]?.split(' ') ?? [];
  if (digest === undefined || !isDigest(digest) || !/^[1-9]\d*$/.test(size ?? '') || more.length > 0)
    return undefined;
  return { mediaType: LISTING_TYPE, digest, size: Number(size) };
}

/** @returns undefined where there is none that can be read: it only saves reading the layer */
export async function fetchListing(source: BlobSource, layer: Descriptor): Promise<Listing | undefined> {
  const descriptor = listingOf(layer);
  if (!descriptor) return undefined;
  try {
    const bytes = await readDocument(source, descriptor, { maxSize: MAX_SIZE });
    return parseListing(gunzipSync(bytes, { maxOutputLength: MAX_LENGTH }));
  } catch (error) {
    if (error instanceof StoreError && (error.kind === 'not-found' || error.kind === 'corrupt'))
      return undefined;
    if ((error as NodeJS.ErrnoException).code?.startsWith('Z_') || error instanceof RangeError)
      return undefined;
    throw error;
  }
}
