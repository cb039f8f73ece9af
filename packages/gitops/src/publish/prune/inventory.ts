import { isIndexType } from '../../oci/media-types';
import { References } from '../../oci/references';
import type { Repository } from '../../oci/store';
import { StoreError } from '../../oci/store-error';
import type { Descriptor, Digest } from '../../oci/types';
import { inParallel } from '../../support/parallel';
import { imagesOf } from '../version';

/** What a repository has, as far as it can be found out. */
export interface Inventory {
  readonly tags: ReadonlyMap<string, Digest>;
  /** Those that tags, the ledger or the store's own list name, and what belongs to them as far as it matters. */
  readonly manifests: ReadonlyMap<Digest, Found>;
}

export interface Found {
  /** The manifests that it names: those of an index, and of a list of what is attached to something. */
  readonly parts: readonly Digest[];
  /** What is attached to it by the store's own list, which is asked for what may go only. */
  readonly attached: readonly Digest[];
  /** Of what has no tag and was found all the same: the version that it says to be, of this very image. */
  readonly untagged?: { readonly version?: string };
}

const LABELS = 'org.opencontainers.image.';
const AT_ONCE = 8;

/**
 * Looks through a repository. Only manifests are read, and of what the ledger does not know the labels.
 * @param kept what stays, by what the ledger names
 * @param going what may go
 * @throws StoreError
 */
export async function inventoryOf(
  repository: Repository,
  kept: Iterable<Digest>,
  going: Iterable<Digest>,
): Promise<Inventory> {
  const references = new References(repository);
  const tags = new Map<string, Digest>();
  const open = new Map<Digest, Descriptor>();
  const suspects = new Set(going);

  const resolve = async (tagOrDigest: string): Promise<Descriptor | undefined> => {
    const descriptor = await repository.resolve(tagOrDigest);
    if (descriptor) open.set(descriptor.digest, descriptor);
    return descriptor;
  };
  const names: string[] = [];
  for await (const tag of repository.tags()) names.push(tag);
  await inParallel(names, AT_ONCE, async (tag) => {
    const descriptor = await resolve(tag);
    if (descriptor) tags.set(tag, descriptor.digest);
  });
  // What has no tag cannot be listed in a registry: the ledger knows some of it.
  const named = [...new Set([...kept, ...suspects])];
  await inParallel(
    named.filter((digest) => !open.has(digest)),
    AT_ONCE,
    async (digest) => void (await resolve(digest)),
  );

  const manifests = new Map<Digest, Found>();
  let hasLists = repository.referrers !== undefined;
  const attachedTo = async (digest: Digest): Promise<readonly Descriptor[]> => {
    const listed = hasLists ? await repository.referrers!(digest) : [];
    hasLists &&= listed !== undefined;
    return listed ?? [];
  };
  const visit = async (descriptor: Descriptor, isSuspect: boolean, isUntagged: boolean): Promise<void> => {
    const { digest, mediaType } = descriptor;
    if (manifests.has(digest)) return;
    const parts = isIndexType(mediaType) ? await references.of(descriptor) : [];
    const attached = isSuspect ? await attachedTo(digest) : [];
    manifests.set(digest, {
      parts: parts.map((part) => part.digest),
      attached: attached.map((one) => one.digest),
      ...(isUntagged ? { untagged: await versionOf(repository, descriptor) } : {}),
    });
    for (const part of parts)
      if (isSuspect || isIndexType(part.mediaType)) await visit(part, isSuspect, false);
    for (const one of attached) await visit(one, isSuspect, false);
  };
  await inParallel([...open.values()], AT_ONCE, (root) => visit(root, suspects.has(root.digest), false));
  const parts = new Set([...manifests.values()].flatMap((found) => found.parts));
  for (const descriptor of (await repository.manifests?.()) ?? [])
    if (!parts.has(descriptor.digest)) await visit(descriptor, false, true);
  return { tags, manifests };
}

/** The version that the labels say, where they are of this image. */
async function versionOf(repository: Repository, descriptor: Descriptor): Promise<{ version?: string }> {
  try {
    const [image] = await imagesOf(repository, descriptor);
    const labels = (await image?.config())?.config?.Labels ?? {};
    const version = labels[`${LABELS}version`];
    return version !== undefined && labels[`${LABELS}ref.name`] === repository.name ? { version } : {};
  } catch (error) {
    // What is no image, or not whole, says nothing.
    if (error instanceof StoreError) return {};
    throw error;
  }
}
