import { Mutexes } from '../support/mutex';
import { contentOf, readAll, verified } from './content';
import { isDigest } from './digest';
import type { Digest } from './digest';
import { describe, parseManifest } from './manifest';
import { repositoryName, tagName } from './names';
import { References, isDocument } from './references';
import type {
  Content,
  PushOptions,
  RawManifest,
  ReadOptions,
  Store,
  TagOptions,
  WritableRepository,
} from './store';
import { contentNotFound } from './store-error';
import type { Descriptor } from './types';

/** A store that lives as long as the process: for tests. */
export class MemoryStore implements Store {
  readonly isRemote = false;
  private readonly repositories = new Map<string, MemoryRepository>();

  constructor(readonly where = 'memory') {}

  repository(name: string): MemoryRepository {
    const known = this.repositories.get(repositoryName(name));
    if (known) return known;
    const repository = new MemoryRepository(this, name);
    this.repositories.set(name, repository);
    return repository;
  }

  async close(): Promise<void> {}
}

/** One repository in memory. */
export class MemoryRepository implements WritableRepository {
  readonly where: string;
  private readonly blobs = new Map<Digest, Buffer>();
  private readonly manifestsByDigest = new Map<Digest, Descriptor>();
  private readonly tagged = new Map<string, Descriptor>();
  private readonly mutexes = new Mutexes();
  private readonly references = new References(this);

  constructor(
    private readonly store: MemoryStore,
    readonly name: string,
  ) {
    this.where = `${store.where}/${name}`;
  }

  async has({ digest, size }: Descriptor): Promise<boolean> {
    return this.blobs.get(digest)?.length === size;
  }

  open(descriptor: Descriptor, options?: ReadOptions): Content {
    return verified(this.read(descriptor, options), descriptor, this.where);
  }

  async resolve(tagOrDigest: string): Promise<Descriptor | undefined> {
    return isDigest(tagOrDigest) ? this.manifestsByDigest.get(tagOrDigest) : this.tagged.get(tagOrDigest);
  }

  async *tags({ after = '' }: TagOptions = {}): AsyncIterable<string> {
    for (const tag of [...this.tagged.keys()].sort()) if (tag > after) yield tag;
  }

  async push(descriptor: Descriptor, content: () => Content, options: PushOptions = {}): Promise<void> {
    if (await this.has(descriptor)) return;
    const neighbour = options.mountFrom === undefined ? undefined : this.store.repository(options.mountFrom);
    const bytes =
      neighbour?.blobs.get(descriptor.digest) ??
      (await readAll(verified(content(), descriptor, 'what was pushed')));
    options.signal?.throwIfAborted();
    this.blobs.set(descriptor.digest, bytes);
  }

  async putManifest(manifest: RawManifest, tag?: string): Promise<Descriptor> {
    if (tag !== undefined) tagName(tag);
    parseManifest(manifest.bytes, 'the manifest to store');
    const descriptor = describe(manifest);
    this.blobs.set(descriptor.digest, manifest.bytes);
    this.manifestsByDigest.set(descriptor.digest, descriptor);
    if (tag !== undefined) this.tagged.set(tag, descriptor);
    return descriptor;
  }

  async manifests(): Promise<readonly Descriptor[]> {
    return [...this.manifestsByDigest.values()];
  }

  async delete(digest: Digest): Promise<void> {
    const descriptor = this.manifestsByDigest.get(digest);
    if (!descriptor) return;
    const parts = await this.references.of(descriptor);
    this.manifestsByDigest.delete(digest);
    for (const [tag, named] of this.tagged) if (named.digest === digest) this.tagged.delete(tag);
    this.blobs.delete(digest);
    this.references.forget(digest);
    const named = await this.references.reachedFrom(this.manifestsByDigest.values());
    for (const part of parts)
      if (!isDocument(part) && !named.has(part.digest)) this.blobs.delete(part.digest);
  }

  async untag(tag: string): Promise<boolean> {
    this.tagged.delete(tag);
    return true;
  }

  exclusively<T>(work: () => Promise<T>, purpose = 'work'): Promise<T> {
    return this.mutexes.run(purpose, work);
  }

  private async *read({ digest }: Descriptor, { signal }: ReadOptions = {}): Content {
    signal?.throwIfAborted();
    const bytes = this.blobs.get(digest);
    if (!bytes) throw contentNotFound(digest, this.where);
    yield* contentOf(bytes);
  }
}
