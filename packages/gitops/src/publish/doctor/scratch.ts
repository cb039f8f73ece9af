import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mapped } from '../../oci/file-errors';
import { Layout } from '../../oci/layout';
import { RegistryProbe } from '../../oci/registry/probe';
import type { RawManifest, Store, WritableRepository } from '../../oci/store';
import { StoreError, type StoreFailure } from '../../oci/store-error';
import type { Digest } from '../../oci/types';
import { referenceName } from '../../workspace/image';
import type { Settings } from '../../workspace/settings';

const REFUSALS: ReadonlySet<StoreFailure> = new Set(['rejected', 'forbidden', 'unauthenticated']);

/** What was written to the scratch repository, as far as it has to be deleted. */
export interface Written {
  readonly digests: ReadonlySet<Digest>;
  readonly tags: ReadonlySet<string>;
}

/** Where a store is tried out: two repositories that nothing else uses. */
export interface Scratch {
  readonly repository: WritableRepository;
  /** Takes blobs from the first. */
  readonly neighbour: WritableRepository;
  /** Asks for a write on a condition, and gives the status of the answer; absent where that cannot be asked for. */
  putUnlessThere?(manifest: RawManifest, tag: string): Promise<number>;
  /**
   * Removes what was written, as far as the store lets it.
   * @returns how many manifests are left
   */
  remove(written: Written): Promise<number>;
  close(): Promise<void>;
}

/**
 * Repositories of a store for trying it out, `<project>/doctor-<random>` and another one beside it. No I/O.
 * @param store that of the settings
 * @throws GitopsError where the project's name makes no repository
 */
export function openScratch(store: Store, settings: Settings): Scratch {
  const name = `doctor-${randomBytes(5).toString('hex')}`;
  const repositories = [name, `${name}-mount`].map((one) =>
    store.repository(referenceName({ name: one }, settings)),
  ) as [WritableRepository, WritableRepository];
  const [repository, neighbour] = repositories;
  const remove = (written: Written) => removed(repositories, written);
  if (!store.isRemote) return { repository, neighbour, remove, close: async () => undefined };
  const probe = new RegistryProbe(settings.store);
  return {
    repository,
    neighbour,
    remove,
    putUnlessThere: (manifest, tag) => probe.putUnlessThere(repository.name, manifest, tag),
    close: () => probe.close(),
  };
}

async function removed(
  repositories: readonly [WritableRepository, WritableRepository],
  { digests, tags }: Written,
): Promise<number> {
  const [repository] = repositories;
  // There are registries that delete nothing that has a tag, and others that delete no tags.
  for (const tag of tags) await allowed(async () => repository.untag?.(tag));
  let left = 0;
  for (const digest of digests)
    if (!repository.delete || !(await allowed(async () => repository.delete!(digest)))) left++;
  for (const one of repositories)
    if (one instanceof Layout)
      mapped(one.directory, () => rmSync(one.directory, { recursive: true, force: true }));
  return left;
}

/** Whether the store lets it be done. */
async function allowed(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (error instanceof StoreError && REFUSALS.has(error.kind)) return false;
    throw error;
  }
}
