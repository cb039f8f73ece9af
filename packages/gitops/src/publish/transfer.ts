import { readDocument } from '../oci/content';
import { isIndex, parseManifest } from '../oci/manifest';
import { isIndexType, isManifestType } from '../oci/media-types';
import { allAttached, putAttached } from '../oci/referrers';
import type { Content, RawManifest, ReadOptions, Repository, WritableRepository } from '../oci/store';
import { StoreError } from '../oci/store-error';
import type { Descriptor, Digest } from '../oci/types';
import { sizeOf } from '../support/size';
import { inParallel } from '../support/parallel';

/** A manifest or an index, byte for byte. */
interface Document extends RawManifest {
  readonly descriptor: Descriptor;
}

/** An entry in the list of what is attached to a manifest. */
interface Attachment {
  readonly subject: Digest;
  readonly entry: Descriptor;
}

/** All that an image consists of, on every platform, and all that is attached to any of it. */
export interface Contents {
  readonly top: RawManifest;
  /** Each after what it refers to, by their digests. */
  readonly documents: ReadonlyMap<Digest, Document>;
  /** Those of the documents that are attached to others. */
  readonly attachments: ReadonlyMap<Digest, Attachment>;
  /** What is no document: configurations, layers, what artifacts hold. */
  readonly blobs: ReadonlyMap<Digest, Descriptor>;
}

/**
 * Finds out what an image consists of. Only its manifests are read.
 * @param digest of its manifest, or of its index
 * @throws StoreError `not-found` where some of it is missing; `corrupt` where it is not what it should be
 */
export async function contentsOf(
  source: Repository,
  digest: Digest,
  options: ReadOptions = {},
): Promise<Contents> {
  const documents = new Map<Digest, Document>();
  const attachments = new Map<Digest, Attachment>();
  const blobs = new Map<Digest, Descriptor>();

  const visit = async (descriptor: Descriptor): Promise<void> => {
    if (documents.has(descriptor.digest)) return;
    const { mediaType } = descriptor;
    const bytes = await readDocument(source, descriptor, options);
    const document = parseManifest(bytes, `${descriptor.digest} in ${source.where}`);
    const parts = isIndex(document) ? document.manifests : [document.config, ...document.layers];
    for (const part of parts) {
      if (isIndex(document) && isDocumentType(part)) await visit(part);
      else blobs.set(part.digest, part);
    }
    documents.set(descriptor.digest, { mediaType, bytes, descriptor });
    for (const entry of await allAttached(source, descriptor.digest, options)) {
      const artifact = await source.resolve(entry.digest, options);
      // A list under a tag may name what was removed since.
      if (!artifact) continue;
      attachments.set(entry.digest, { subject: descriptor.digest, entry });
      await visit(artifact);
    }
  };

  await visit(await resolved(source, digest, options));
  return { top: documents.get(digest)!, documents, attachments, blobs };
}

/**
 * What a ring holds of an image, which is to be there.
 * @throws StoreError `not-found` where it is not
 */
export async function resolved(
  source: Repository,
  digest: Digest,
  options?: ReadOptions,
): Promise<Descriptor> {
  const descriptor = await source.resolve(digest, options);
  if (descriptor) return descriptor;
  throw new StoreError(
    'not-found',
    `${source.where} does not have ${digest}, which a ring holds`,
    'restore it from a copy of the store',
  );
}

/** An image on its way from one repository to another. */
export interface Shipment {
  readonly contents: Contents;
  readonly from: Repository;
  readonly to: WritableRepository;
}

export interface TransferOptions extends ReadOptions {
  /** How many blobs travel at once. */
  readonly concurrency: number;
  /** Is told of each blob that has travelled. */
  readonly log: (line: string) => void;
}

/** What was stored that was not there. */
export interface Transferred {
  /** Those whose bytes travelled. */
  blobs: number;
  bytes: number;
  manifests: number;
}

/**
 * Brings images to other repositories, by digest, byte for byte and verified: what is missing there, each part before
 * what refers to it. No image gets a tag; only a list of what is attached does, where the store keeps none itself.
 * @param shipments all to repositories of one store: what several of them have in common travels once
 * @throws StoreError
 */
export async function transfer(
  shipments: readonly Shipment[],
  options: TransferOptions,
): Promise<Transferred> {
  const { concurrency, signal } = options;
  const done: Transferred = { blobs: 0, bytes: 0, manifests: 0 };
  await inParallel([...byBlob(shipments)], concurrency, ([digest, sharing]) => {
    signal?.throwIfAborted();
    return bring(digest, sharing, done, options);
  });
  await inParallel(shipments, concurrency, async (shipment) => {
    signal?.throwIfAborted();
    await putDocuments(shipment, done, { signal });
  });
  return done;
}

function byBlob(shipments: readonly Shipment[]): Map<Digest, Shipment[]> {
  const sharing = new Map<Digest, Shipment[]>();
  for (const shipment of shipments)
    for (const digest of shipment.contents.blobs.keys())
      sharing.set(digest, [...(sharing.get(digest) ?? []), shipment]);
  return sharing;
}

/** Brings a blob to all repositories that are to have it. */
async function bring(
  digest: Digest,
  sharing: readonly Shipment[],
  done: Transferred,
  { signal, log }: TransferOptions,
): Promise<void> {
  const lacking: Shipment[] = [];
  let holder: WritableRepository | undefined;
  for (const shipment of sharing) {
    if (await shipment.to.has(shipment.contents.blobs.get(digest)!, { signal })) holder ??= shipment.to;
    else lacking.push(shipment);
  }
  for (const { contents, from, to } of lacking) {
    const descriptor = contents.blobs.get(digest)!;
    let travelled = false;
    const content = async function* (): Content {
      yield* from.open(descriptor, { signal });
      travelled = true;
    };
    await to.push(descriptor, content, { mountFrom: holder?.name, signal });
    holder ??= to;
    if (!travelled) continue;
    done.blobs++;
    done.bytes += descriptor.size;
    log(`${to.where}@${digest}: ${sizeOf(descriptor.size)} sent`);
  }
}

async function putDocuments(
  { contents, to }: Shipment,
  done: Transferred,
  options: ReadOptions,
): Promise<void> {
  const listed = await listedIn(to, contents, options);
  for (const [digest, document] of contents.documents) {
    const attachment = contents.attachments.get(digest);
    const isThere = await to.has(document.descriptor, options);
    if (isThere && (!attachment || listed.has(digest))) continue;
    if (attachment) await putAttached(to, attachment.subject, document, attachment.entry, options);
    else await to.putManifest(document, undefined, options);
    done.manifests++;
  }
}

/** What is attached to the same manifests there already. */
async function listedIn(
  repository: WritableRepository,
  { attachments }: Contents,
  options: ReadOptions,
): Promise<ReadonlySet<Digest>> {
  const listed = new Set<Digest>();
  for (const subject of new Set([...attachments.values()].map((attachment) => attachment.subject)))
    for (const { digest } of await allAttached(repository, subject, options)) listed.add(digest);
  return listed;
}

function isDocumentType({ mediaType }: Descriptor): boolean {
  return isManifestType(mediaType) || isIndexType(mediaType);
}
