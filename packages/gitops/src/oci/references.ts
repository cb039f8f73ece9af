import { readDocument } from './content';
import { isIndex, parseManifest } from './manifest';
import { isIndexType, isManifestType } from './media-types';
import type { BlobSource } from './store';
import { StoreError } from './store-error';
import type { Descriptor, Digest } from './types';

/** What the manifests of a repository are made of. Each is read once: what has a digest does not change. */
export class References {
  private readonly known = new Map<Digest, readonly Descriptor[]>();

  constructor(private readonly source: BlobSource) {}

  /**
   * The config and the layers of a manifest, the manifests of an index; nothing for what is neither, or is not there.
   * The subject is none of it: an artifact can be there before.
   * @throws StoreError `corrupt`, and what the way there may bring
   */
  async of(descriptor: Descriptor): Promise<readonly Descriptor[]> {
    if (!isDocument(descriptor)) return [];
    const known = this.known.get(descriptor.digest);
    if (known) return known;
    const references = await this.read(descriptor);
    if (references) this.known.set(descriptor.digest, references);
    return references ?? [];
  }

  /** All that these lead to, themselves too. @throws StoreError as {@link of} does */
  async reachedFrom(roots: Iterable<Descriptor>): Promise<ReadonlySet<Digest>> {
    const reached = new Set<Digest>();
    const open = [...roots];
    for (let next = open.pop(); next; next = open.pop()) {
      if (reached.has(next.digest)) continue;
      reached.add(next.digest);
      open.push(...(await this.of(next)));
    }
    return reached;
  }

  /** For what is no longer there. */
  forget(digest: Digest): void {
    this.known.delete(digest);
  }

  private async read(descriptor: Descriptor): Promise<readonly Descriptor[] | undefined> {
    try {
      const bytes = await readDocument(this.source, descriptor);
      const document = parseManifest(bytes, `${descriptor.digest} in ${this.source.where}`);
      return isIndex(document) ? document.manifests : [document.config, ...document.layers];
    } catch (error) {
      if (error instanceof StoreError && error.kind === 'not-found') return undefined;
      throw error;
    }
  }
}

/** Whether it is a manifest or an index, by its type. */
export function isDocument({ mediaType }: Descriptor): boolean {
  return isManifestType(mediaType) || isIndexType(mediaType);
}
