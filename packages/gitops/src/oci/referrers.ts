import { setTimeout as sleep } from 'node:timers/promises';
import { allOf } from '../support/parallel';
import { Mutexes } from '../support/mutex';
import { contentOf, readDocument } from './content';
import type { DocumentOptions } from './content';
import { hexOf, sha256 } from './digest';
import { canonicalJson } from './json';
import { describe, isIndex, parseManifest } from './manifest';
import { OCI } from './media-types';
import type { RawManifest, ReadOptions, Repository, WritableRepository } from './store';
import { StoreError } from './store-error';
import type { Annotations, Descriptor, Digest, Index, Manifest } from './types';

/** What is attached to an image, such as its bill of materials. */
export interface Artifact {
  /** By which it is found: `application/vnd.example.sbom.v1`. */
  readonly artifactType: string;
  readonly mediaType: string;
  readonly content: Buffer;
  /** Blobs of the repository that go with it: what names them keeps them from being collected as garbage. */
  readonly attachments?: readonly Descriptor[];
  /** `org.opencontainers.image.created` tells the newest of several that are of one type. */
  readonly annotations?: Annotations;
}

/** The tag that lists referrers where the store does not (distribution-spec, "Referrers Tag Schema"). */
export function referrersTag(subject: Digest): string {
  return `sha256-${hexOf(subject)}`;
}

/**
 * Attaches an artifact to a manifest of the same repository, which need not be there yet (image-spec, manifest.md,
 * `subject`). To attach the same again changes nothing; what else is attached stays.
 * @returns the descriptor of the artifact's manifest
 * @throws StoreError
 */
export async function attach(
  repository: WritableRepository,
  subject: Descriptor,
  artifact: Artifact,
  options: ReadOptions = {},
): Promise<Descriptor> {
  const { manifest, config, layer } = manifestOf(subject, artifact);
  await allOf(
    ...[config, layer].map(([descriptor, bytes]) =>
      repository.push(descriptor, () => contentOf(bytes), options),
    ),
  );
  const raw = { mediaType: OCI.manifest, bytes: canonicalJson(manifest) };
  const descriptor = describe(raw);
  const { artifactType, annotations } = manifest;
  await putAttached(repository, subject.digest, raw, { ...descriptor, artifactType, annotations }, options);
  return descriptor;
}

/**
 * Stores the manifest of an artifact, of which all else is there, and has it listed among what is attached to another
 * manifest.
 * @param entry how the list describes it, where it is for the client to keep the list
 * @throws StoreError
 */
export async function putAttached(
  repository: WritableRepository,
  subject: Digest,
  manifest: RawManifest,
  entry: Descriptor,
  options: ReadOptions = {},
): Promise<void> {
  const isListed = repository.putReferrer
    ? await repository.putReferrer(manifest, options)
    : await repository.putManifest(manifest, undefined, options).then(() => false);
  if (!isListed) await addToTag(repository, subject, entry, options);
}

/**
 * The manifests of the artifacts of a type that are attached to a manifest, the newest first as far as they say when
 * they were made, else in the order of their digests.
 * @throws StoreError
 */
export async function attached(
  repository: Repository,
  subject: Digest,
  artifactType: string,
  options: ReadOptions = {},
): Promise<readonly Descriptor[]> {
  const listed = await repository.referrers?.(subject, artifactType, options);
  // What came into a registry before it had a list of its own may be listed by the tag still.
  const found = listed?.length
    ? [...listed]
    : (await readTag(repository, subject, options)).manifests.filter(
        (entry) => entry.artifactType === artifactType,
      );
  return found.sort((a, b) => compare(createdOf(b), createdOf(a)) || compare(a.digest, b.digest));
}

/**
 * All that is attached to a manifest, of any type, as it is listed, in the order of the digests.
 * @throws StoreError
 */
export async function allAttached(
  repository: Repository,
  subject: Digest,
  options: ReadOptions = {},
): Promise<readonly Descriptor[]> {
  const listed = (await repository.referrers?.(subject, undefined, options)) ?? [];
  // What came into a registry before it had a list of its own is listed by the tag.
  const { manifests } = await readTag(repository, subject, options);
  const found = new Map([...manifests, ...listed].map((entry) => [entry.digest, entry]));
  return [...found.values()].sort((a, b) => compare(a.digest, b.digest));
}

/**
 * The content of the newest artifact of a type that is attached to a manifest, verified; undefined when there is none.
 * @throws StoreError `corrupt` when it is not what {@link attach} attaches
 */
export async function readAttached(
  repository: Repository,
  subject: Digest,
  artifactType: string,
  options: DocumentOptions = {},
): Promise<Buffer | undefined> {
  const { maxSize: _, ...reading } = options;
  const [descriptor] = await attached(repository, subject, artifactType, reading);
  if (!descriptor) return undefined;
  const what = `${artifactType} ${descriptor.digest} in ${repository.where}`;
  const manifest = parseManifest(await readDocument(repository, descriptor, reading), what);
  if (manifest.subject?.digest !== subject || manifest.artifactType !== artifactType)
    throw new StoreError('corrupt', `${what} is not what is listed for ${subject}`);
  const [layer] = isIndex(manifest) ? [] : manifest.layers;
  if (!layer) throw new StoreError('corrupt', `${what} is not a document`);
  return readDocument(repository, layer, options);
}

interface Parts {
  readonly manifest: Manifest;
  readonly config: readonly [Descriptor, Buffer];
  readonly layer: readonly [Descriptor, Buffer];
}

/** An artifact as the manifest of an image without a config (image-spec, manifest.md, "Guidelines for Artifact Usage"). */
function manifestOf({ mediaType, digest, size }: Descriptor, artifact: Artifact): Parts {
  const config = blobOf(OCI.empty, Buffer.from('{}'));
  const layer = blobOf(artifact.mediaType, artifact.content);
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: OCI.manifest,
    artifactType: artifact.artifactType,
    config: config[0],
    layers: [layer[0], ...(artifact.attachments ?? [])],
    subject: { mediaType, digest, size },
    annotations: artifact.annotations,
  };
  return { manifest, config, layer };
}

function blobOf(mediaType: string, bytes: Buffer): readonly [Descriptor, Buffer] {
  return [{ mediaType, digest: sha256(bytes), size: bytes.length }, bytes];
}

const ATTEMPTS = 5;
const MIN_PAUSE_MS = 20;
/** Keeps this process from overwriting its own lists where the store cannot. */
const mutexes = new Mutexes();

/**
 * Adds an entry to the list under the tag. Where others may write it at the same moment, who has read it before and
 * writes it after has not seen the entry: so there is another look after as much time as that takes, and another try.
 */
function addToTag(
  repository: WritableRepository,
  subject: Digest,
  entry: Descriptor,
  options: ReadOptions,
): Promise<void> {
  const tag = referrersTag(subject);
  const add = async (): Promise<void> => {
    // What has once been seen in the list stays, even where the store answers with what it was before.
    const entries = new Map([[entry.digest, entry]]);
    for (let attempt = 1; ; attempt++) {
      const start = performance.now();
      const index = await readTag(repository, subject, options);
      if (index.manifests.some(({ digest }) => digest === entry.digest)) return;
      if (attempt > ATTEMPTS) break;
      for (const other of index.manifests) entries.set(other.digest, other);
      const manifests = [...entries.values()].sort((a, b) => compare(a.digest, b.digest));
      const bytes = canonicalJson({ ...index, mediaType: OCI.index, manifests });
      await repository.putManifest({ mediaType: OCI.index, bytes }, tag, options);
      if (repository.exclusively) return;
      const pause = Math.max(MIN_PAUSE_MS, performance.now() - start);
      await sleep(pause * (1 + Math.random()), undefined, options);
    }
    throw new StoreError(
      'unavailable',
      `${repository.where}:${tag} is overwritten all the time`,
      'try again',
    );
  };
  return repository.exclusively
    ? repository.exclusively(add, 'referrers')
    : mutexes.run(`${repository.where}:${tag}`, add);
}

/** The list under the tag; an empty one where there is none. @throws StoreError `corrupt` where the tag is no list */
async function readTag(repository: Repository, subject: Digest, options: ReadOptions): Promise<Index> {
  const tag = referrersTag(subject);
  const descriptor = await repository.resolve(tag, options);
  if (!descriptor) return { schemaVersion: 2, mediaType: OCI.index, manifests: [] };
  const what = `${repository.where}:${tag}`;
  const document = parseManifest(await readDocument(repository, descriptor, options), what);
  if (isIndex(document)) return document;
  throw new StoreError('corrupt', `${what} is not a list of referrers`);
}

function createdOf({ annotations }: Descriptor): string {
  return annotations?.['org.opencontainers.image.created'] ?? '';
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
