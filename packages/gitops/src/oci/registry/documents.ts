import type { Digest } from '../digest';
import { MAX_DOCUMENT_SIZE } from '../content';
import { DOCKER, OCI, isIndexType, isManifestType } from '../media-types';
import type { Descriptor } from '../types';

const CONFIGS: ReadonlySet<string> = new Set([OCI.config, DOCKER.config]);
const CAPACITY = 32 * 1024 * 1024;

/**
 * The manifests and configs that a store was asked for, verified. What has a digest does not change: it is fetched once
 * in a run, and known to be in its repository.
 */
export class Documents {
  private readonly held = new Map<string, Buffer>();
  private size = 0;

  /** @param capacity bytes that may be held; what was not used for longest goes first */
  constructor(private readonly capacity = CAPACITY) {}

  get(repository: string, digest: Digest): Buffer | undefined {
    const key = `${repository}@${digest}`;
    const bytes = this.held.get(key);
    if (bytes) {
      this.held.delete(key);
      this.held.set(key, bytes);
    }
    return bytes;
  }

  /** @param bytes that have this digest */
  add(repository: string, digest: Digest, bytes: Buffer): void {
    const key = `${repository}@${digest}`;
    if (this.held.has(key)) return;
    this.held.set(key, bytes);
    this.size += bytes.length;
    for (const [oldest, { length }] of this.held) {
      if (this.size <= this.capacity) return;
      this.held.delete(oldest);
      this.size -= length;
    }
  }

  /** For what is no longer there. */
  remove(repository: string, digest: Digest): void {
    const key = `${repository}@${digest}`;
    this.size -= this.held.get(key)?.length ?? 0;
    this.held.delete(key);
  }
}

/** Whether it is one that is looked at more than once, and small. */
export function isDocument({ mediaType, size }: Descriptor): boolean {
  const isOne = isManifestType(mediaType) || isIndexType(mediaType) || CONFIGS.has(mediaType);
  return isOne && size <= MAX_DOCUMENT_SIZE;
}
