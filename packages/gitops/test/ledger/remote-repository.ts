import type { MemoryRepository } from '../../src/oci/memory';
import type { Content, PushOptions, RawManifest, TagOptions, WritableRepository } from '../../src/oci/store';
import type { Descriptor } from '../../src/oci/types';

export interface Way {
  /** How long a request is on its way there, and how long its answer is on its way back. */
  readonly delay?: (request: string) => Promise<void>;
  /** Whether what the store says it has written, under a tag, is lost. */
  readonly loses?: (tag: string) => boolean;
  /** Whether a tag that was there is not there any more. */
  readonly forgets?: (tag: string) => boolean;
}

/** A repository as a client has it before it: far away, and without a way to lock. */
export class RemoteRepository implements WritableRepository {
  readonly name: string;
  readonly where: string;
  /** How many requests were made. */
  requests = 0;

  constructor(
    private readonly repository: MemoryRepository,
    private readonly way: Way = {},
  ) {
    this.name = repository.name;
    this.where = repository.where;
  }

  has(descriptor: Descriptor): Promise<boolean> {
    return this.request(`HEAD ${descriptor.digest}`, () => this.repository.has(descriptor));
  }

  async *open(descriptor: Descriptor): Content {
    yield* await this.request(`GET ${descriptor.digest}`, async () => this.repository.open(descriptor));
  }

  resolve(tagOrDigest: string): Promise<Descriptor | undefined> {
    return this.request(`HEAD ${tagOrDigest}`, async () =>
      this.way.forgets?.(tagOrDigest) ? undefined : this.repository.resolve(tagOrDigest),
    );
  }

  async *tags(options?: TagOptions): AsyncIterable<string> {
    yield* await this.request('GET tags', async () => {
      const tags: string[] = [];
      for await (const tag of this.repository.tags(options)) if (!this.way.forgets?.(tag)) tags.push(tag);
      return tags;
    });
  }

  push(descriptor: Descriptor, content: () => Content, options?: PushOptions): Promise<void> {
    return this.request(`PUT ${descriptor.digest}`, () => this.repository.push(descriptor, content, options));
  }

  putManifest(manifest: RawManifest, tag?: string): Promise<Descriptor> {
    return this.request(`PUT ${tag}`, () =>
      this.repository.putManifest(manifest, tag !== undefined && this.way.loses?.(tag) ? undefined : tag),
    );
  }

  private async request<T>(what: string, work: () => Promise<T>): Promise<T> {
    this.requests++;
    await this.way.delay?.(what);
    const answer = await work();
    await this.way.delay?.(what);
    return answer;
  }
}
