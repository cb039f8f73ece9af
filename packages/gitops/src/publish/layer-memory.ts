import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Digest, hexOf, isDigest, sha256 } from '../oci/digest';
import { repositoryName } from '../oci/names';
import { keepUsed, used } from '../support/kept-files';
import { replaceFile } from '../support/temporary';
import type { KnownLayer } from './known-layers';

/** Of some 15,000 layers. */
const CAPACITY = 64 * 1024 ** 2;

/**
 * Which repository of a store has a layer, as far as this machine was told: a layer that another image brought there
 * in an earlier run need not be compressed and sent again. It may be wrong, for a store is pruned: what it says has to
 * be asked for. Other processes may use the directory at the same time.
 */
export class LayerMemory {
  private readonly directory: string;
  private isNew = false;

  /**
   * @param directory for all stores; made when it is needed; it may be removed at any time
   * @param store its location
   * @param capacity in bytes; what was not used for longest goes first
   */
  constructor(
    directory: string,
    store: string,
    private readonly capacity = CAPACITY,
  ) {
    this.directory = join(directory, hexOf(sha256(store)));
  }

  find(diffId: Digest): KnownLayer | undefined {
    const path = this.pathOf(diffId);
    try {
      const { descriptor, repository } = JSON.parse(readFileSync(path, 'utf8')) as KnownLayer;
      const { mediaType, digest, size } = descriptor;
      if (typeof mediaType !== 'string' || !isDigest(digest) || !Number.isSafeInteger(size)) return undefined;
      used(path);
      return { descriptor, repository: repositoryName(repository) };
    } catch {
      return undefined;
    }
  }

  remember(diffId: Digest, known: KnownLayer): void {
    try {
      replaceFile(this.pathOf(diffId), JSON.stringify(known));
      this.isNew = true;
    } catch {
      // Where there is no room for it, it is not remembered.
    }
  }

  forget(diffId: Digest): void {
    rmSync(this.pathOf(diffId), { force: true });
  }

  /** Keeps within its bounds. */
  close(): void {
    if (this.isNew) keepUsed(this.directory, this.capacity);
  }

  private pathOf(diffId: Digest): string {
    return join(this.directory, `${hexOf(diffId)}.json`);
  }
}
