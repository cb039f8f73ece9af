import type { ValidateFunction } from 'ajv';
import { setTimeout as sleep } from 'node:timers/promises';
import { contentOf, readAll, readDocument } from '../oci/content';
import { type Digest, sha256 } from '../oci/digest';
import { isIndex, parseManifest } from '../oci/manifest';
import { OCI } from '../oci/media-types';
import type { PushOptions, WritableRepository } from '../oci/store';
import { StoreError, contentNotFound } from '../oci/store-error';
import type { Descriptor } from '../oci/types';
import { schemaCheck } from '../support/schemas';
import { type Entry, type StoredEntry, entryTag, sequenceOf, sequencePrefix } from './entry';
import { type Blob, MAX_ENTRY_SIZE, entryContent, entryDocuments } from './entry-documents';
import { type ReadEntry, RecentEntries } from './recent-entries';

/** Names the entry that is known to stand. */
const CONFIRMED = 'latest';
/** Names the entry up to which the tags of the images have followed. */
const FOLLOWED = 'followed';
/** A tag that a list shows may not be there yet for who asks for it. */
const PAUSES_MS = [20, 100, 400, 1000];

let check: ValidateFunction | undefined;

/** Where a ledger keeps its entries: one repository of the state store, each entry under a tag of its own. */
export class EntryStore {
  private readonly recent: RecentEntries;
  private hasEmpty = false;
  /** How many times an entry was asked for; it only grows. */
  reads = 0;

  /** @param capacity for entries that are held in memory, in bytes of their JSON */
  constructor(
    readonly repository: WritableRepository,
    capacity?: number,
  ) {
    this.recent = new RecentEntries(capacity);
  }

  /** The entry that was last said to stand; undefined where there is none. */
  confirmed(): Promise<StoredEntry | undefined> {
    return this.named(CONFIRMED);
  }

  confirm(stored: StoredEntry): Promise<void> {
    return this.name(stored, CONFIRMED);
  }

  /** The digest of the confirmed entry: whether there is a new one costs one request. */
  async confirmedDigest(): Promise<Digest | undefined> {
    return (await this.repository.resolve(CONFIRMED))?.digest;
  }

  /** The digest of the entry up to which the tags of the images have followed. */
  async followedDigest(): Promise<Digest | undefined> {
    return (await this.repository.resolve(FOLLOWED))?.digest;
  }

  follow(stored: StoredEntry): Promise<void> {
    return this.name(stored, FOLLOWED);
  }

  /** The tags of all entries of a sequence or a later one, sorted. */
  async tags(sequence: number): Promise<string[]> {
    const tags: string[] = [];
    for await (const tag of this.repository.tags({ after: sequencePrefix(sequence) }))
      if (sequenceOf(tag) !== undefined) tags.push(tag);
    return tags.sort();
  }

  /**
   * The entry of a tag, or of a digest; undefined where there is none.
   * @throws StoreError `corrupt` for what is no entry
   */
  async read(tagOrDigest: string): Promise<StoredEntry | undefined> {
    const recent = this.recent.get(tagOrDigest);
    if (recent) return recent;
    for (const pause of [...PAUSES_MS, undefined]) {
      const found = await this.named(tagOrDigest);
      if (found || pause === undefined) return this.checkTag(found, tagOrDigest);
      await sleep(pause);
    }
    return undefined;
  }

  /** Stores an entry under a tag that nobody else writes. */
  async write(entry: Entry): Promise<StoredEntry> {
    const { manifest, empty, layer, size } = entryDocuments(entry);
    // An entry that is there names it too.
    if (!this.hasEmpty && this.recent.isEmpty) await this.push(empty);
    this.hasEmpty = true;
    // It has the time in it, and who came before.
    if (layer) await this.push(layer, { isNew: true });
    const digest = sha256(manifest);
    const stored = { tag: entryTag(entry.sequence, digest), digest, entry, manifest, size };
    await this.repository.putManifest({ mediaType: OCI.manifest, bytes: manifest }, stored.tag);
    this.recent.add(stored);
    return stored;
  }

  /** Whether the store has the entry, though its list of tags may not show it yet. */
  async isThere({ tag, digest }: StoredEntry): Promise<boolean> {
    return (await this.repository.resolve(tag))?.digest === digest;
  }

  private async push({ descriptor, bytes }: Blob, options?: PushOptions): Promise<void> {
    await this.repository.push(descriptor, () => contentOf(bytes), options);
  }

  private async name({ digest, tag: own }: StoredEntry, tag: string): Promise<void> {
    const stored = this.recent.get(digest) ?? (await this.named(digest));
    if (!stored) throw contentNotFound(`the ledger entry ${own}`, this.repository.where);
    await this.repository.putManifest({ mediaType: OCI.manifest, bytes: stored.manifest }, tag);
  }

  private async named(tagOrDigest: string): Promise<ReadEntry | undefined> {
    this.reads++;
    const descriptor = await this.repository.resolve(tagOrDigest, { isRead: true });
    if (!descriptor) return undefined;
    const recent = this.recent.get(descriptor.digest);
    if (recent) return recent;
    const stored = await this.readEntry(descriptor);
    this.recent.add(stored);
    return stored;
  }

  private async readEntry(descriptor: Descriptor): Promise<ReadEntry> {
    const { digest } = descriptor;
    const where = `the ledger entry ${digest} in ${this.repository.where}`;
    const bytes = await readDocument(this.repository, descriptor);
    const manifest = parseManifest(bytes, where);
    const content = isIndex(manifest) ? undefined : entryContent(manifest);
    if (!content) throw new StoreError('corrupt', `${where} is no ledger entry`, 'remove its tag');
    if (!Buffer.isBuffer(content) && content.size > MAX_ENTRY_SIZE)
      throw new StoreError('corrupt', `${where} has ${content.size} bytes, too many for an entry`);
    const json = Buffer.isBuffer(content) ? content : await readAll(this.repository.open(content));
    const entry = this.parse(json, where);
    return { tag: entryTag(entry.sequence, digest), digest, entry, manifest: bytes, size: json.length };
  }

  private parse(bytes: Buffer, where: string): Entry {
    let value: unknown;
    try {
      value = JSON.parse(bytes.toString('utf8'));
    } catch {
      throw new StoreError('corrupt', `${where} is not JSON`);
    }
    const { schemaVersion } = (value ?? {}) as { schemaVersion?: unknown };
    if (typeof schemaVersion === 'number' && schemaVersion > 1)
      throw new StoreError(
        'corrupt',
        `${where} is of version ${schemaVersion}, which this version of gitops does not know`,
        'update gitops',
      );
    check ??= schemaCheck('ledger-entry');
    if (check(value)) return value as Entry;
    const [error] = check.errors!;
    throw new StoreError(
      'corrupt',
      `${where} is not as its schema says: ${error!.instancePath} ${error!.message}`,
    );
  }

  /** A registry may have let somebody move an entry's tag. */
  private checkTag(stored: StoredEntry | undefined, tagOrDigest: string): StoredEntry | undefined {
    if (!stored || sequenceOf(tagOrDigest) === undefined || stored.tag === tagOrDigest) return stored;
    throw new StoreError(
      'corrupt',
      `the tag ${tagOrDigest} in ${this.repository.where} names the ledger entry ${stored.tag}`,
      'somebody has moved it: remove the tag',
    );
  }
}
