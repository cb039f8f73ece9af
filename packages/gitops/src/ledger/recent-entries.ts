import type { Digest } from '../oci/types';
import type { StoredEntry } from './entry';

/** An entry that was read or written. */
export interface ReadEntry extends StoredEntry {
  /** As it is stored. */
  readonly manifest: Buffer;
  /** Of its JSON, in bytes; in memory it takes two or three times as much. */
  readonly size: number;
}

/** Of 10,000 images in one ring, some 10 entries; of ten images all that there ever are. */
const CAPACITY = 32 * 1024 * 1024;

/** The entries that were asked for last, by their digests and tags: of a long history, not all fit into memory. */
export class RecentEntries {
  private readonly byDigest = new Map<Digest, ReadEntry>();
  private readonly digests = new Map<string, Digest>();
  private size = 0;

  /** @param capacity in bytes of JSON; the last entry is held whatever it takes */
  constructor(private readonly capacity = CAPACITY) {}

  get isEmpty(): boolean {
    return this.byDigest.size === 0;
  }

  get(tagOrDigest: string): ReadEntry | undefined {
    const digest = this.digests.get(tagOrDigest) ?? (tagOrDigest as Digest);
    const found = this.byDigest.get(digest);
    if (found) {
      this.byDigest.delete(digest);
      this.byDigest.set(digest, found);
    }
    return found;
  }

  add(entry: ReadEntry): void {
    if (this.get(entry.digest)) return;
    this.byDigest.set(entry.digest, entry);
    this.digests.set(entry.tag, entry.digest);
    this.size += entry.size;
    for (const { digest, tag, size } of this.byDigest.values()) {
      if (this.size <= this.capacity || this.byDigest.size === 1) return;
      this.byDigest.delete(digest);
      this.digests.delete(tag);
      this.size -= size;
    }
  }
}
