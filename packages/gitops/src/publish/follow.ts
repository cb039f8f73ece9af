import { readDocument } from '../oci/content';
import type { RawManifest, WritableRepository } from '../oci/store';
import { StoreError } from '../oci/store-error';
import type { Digest } from '../oci/types';
import { type StoredEntry, WINDOW } from '../ledger/entry';
import type { EntryStore } from '../ledger/entry-store';
import { historyOf } from '../ledger/history';
import type { Ledger } from '../ledger/ledger';
import { EMPTY_STATE, type State, imageState } from '../ledger/state';
import { GitopsError } from '../support/errors';
import { phase } from '../support/phases';
import { inParallel } from '../support/parallel';

/** A tag that an image is to have. */
interface Tag {
  readonly image: string;
  readonly tag: string;
  /** Undefined for the tag of a ring that holds the image no more. */
  readonly digest?: Digest;
  /** Whether it may name something else by now: a ring's does, a version's never. */
  readonly moves: boolean;
}

/** How often a tag is written that the store does not keep. */
const MAX_WRITES = 4;
const AT_ONCE = 8;

/**
 * Lets the tags of the images follow the ledger: each version gets its tag, which never moves again; each ring's tag
 * moves to the version that the ring holds. What an earlier run did not come to do is made up for.
 *
 * @param start the confirmed entry, as far as it is known
 * @param manifests those that are at hand, by digest
 * @returns how many tags were written
 * @throws GitopsError where a version's tag names something else, or a store does not keep what it takes
 */
export async function followTags(
  { entries }: Ledger,
  start: StoredEntry | undefined,
  repositoryOf: (image: string) => WritableRepository,
  manifests: ReadonlyMap<Digest, RawManifest> = new Map(),
): Promise<number> {
  const written = new Set<string>();
  /** The states that tags may be in: as they were followed before, and here. */
  const passed: State[] = [];
  let followed: StoredEntry | undefined;
  for (let confirmed = start; confirmed;) {
    const { digest, entry } = confirmed;
    if (passed.length === 0) {
      const last = await entries.followedDigest();
      if (last === digest) break;
      followed = last && (await entries.read(last));
      passed.push(followed?.entry.state ?? EMPTY_STATE);
    }
    const tags = [
      ...(await claimedBetween(entries, followed, confirmed)),
      ...passed.flatMap((before) => differences(before, entry.state)),
    ].map((tag): [string, Tag] => [`${tag.image}:${tag.tag}`, tag]);
    const isCurrent = async (): Promise<boolean> => (await entries.confirmedDigest()) === digest;
    const failures: unknown[] = [];
    await putTags(new Map(tags), written, failures, (tag) =>
      putTag(repositoryOf(tag.image), tag, manifests, isCurrent),
    );
    const now = await entries.confirmed();
    if (!now || now.digest === digest) {
      if (failures.length > 0) throw failures[0];
      await entries.follow(confirmed);
      break;
    }
    // Others have gone on meanwhile, and ours may have come after theirs.
    passed.push(entry.state);
    confirmed = now;
  }
  return written.size;
}

/**
 * Puts every tag right that the state of an entry speaks of, whatever was followed before: somebody may have moved it.
 *
 * @param start the confirmed entry
 * @param rings all that there are
 * @returns the tags that were not right, as `image:tag`
 * @throws GitopsError as {@link followTags} does
 */
export async function repairTags(
  { entries }: Ledger,
  start: StoredEntry,
  repositoryOf: (image: string) => WritableRepository,
  rings: readonly string[],
): Promise<string[]> {
  const written = new Set<string>();
  for (let confirmed = start; ;) {
    const {
      digest,
      entry: { state },
    } = confirmed;
    const isCurrent = async (): Promise<boolean> => (await entries.confirmedDigest()) === digest;
    const stale = Object.entries(state.images).flatMap(([image, { rings: held }]): Tag[] =>
      rings.filter((ring) => !Object.hasOwn(held, ring)).map((tag) => ({ image, tag, moves: true })),
    );
    const tags = [...differences(EMPTY_STATE, state), ...stale];
    const failures: unknown[] = [];
    await putTags(new Map(tags.map((tag) => [`${tag.image}:${tag.tag}`, tag])), written, failures, (tag) =>
      putTag(repositoryOf(tag.image), tag, new Map(), isCurrent),
    );
    const now = await entries.confirmed();
    if (!now || now.digest === digest) {
      if (failures.length > 0) throw failures[0];
      return [...written].sort();
    }
    // Others have gone on meanwhile, and ours may have come after theirs.
    confirmed = now;
  }
}

/** @param put whether it had to be put right */
async function putTags(
  tags: ReadonlyMap<string, Tag>,
  written: Set<string>,
  failures: unknown[],
  put: (tag: Tag) => Promise<boolean>,
): Promise<void> {
  await phase('move tags', () =>
    inParallel([...tags], AT_ONCE, async ([name, tag]) => {
      try {
        if (await put(tag)) written.add(name);
      } catch (error) {
        failures.push(error);
      }
    }),
  );
}

/** The tags of the versions that were claimed after one entry and before another: no ring may hold them any more. */
async function claimedBetween(
  entries: EntryStore,
  after: StoredEntry | undefined,
  confirmed: StoredEntry,
): Promise<Tag[]> {
  // What did not stand there may stand by now.
  const voided = new Set(after?.entry.void);
  const before = new Set(after && [after.tag, ...after.entry.ancestors.filter((tag) => !voided.has(tag))]);
  const oldest = after ? after.entry.sequence - WINDOW : 0;
  const isFollowed = ({ tag, entry }: StoredEntry): boolean => before.has(tag) || entry.sequence <= oldest;
  const tags: Tag[] = [];
  const view = { heads: [confirmed], voided: new Set<string>() };
  for await (const { stored, stands } of historyOf(entries, view, isFollowed)) {
    const { changes, state } = stored.entry;
    for (const { image, to, isNew } of stands ? changes : []) {
      const version = isNew && to ? imageState(state, image).versions[to] : undefined;
      if (version) tags.push({ image, tag: to!, digest: version.digest, moves: false });
    }
  }
  return tags;
}

/** The tags that are to be written to get from one state to another. */
export function differences(before: State, now: State): Tag[] {
  return Object.keys(now.images)
    .sort()
    .flatMap((image) => {
      const then = imageState(before, image);
      const { rings, versions } = imageState(now, image);
      const tag = (name: string, version: string, moves: boolean): Tag[] => {
        const held = versions[version];
        return held ? [{ image, tag: name, digest: held.digest, moves }] : [];
      };
      return [
        ...Object.keys(versions)
          .filter((version) => !then.versions[version])
          .flatMap((version) => tag(version, version, false)),
        ...Object.entries(rings)
          .filter(([ring, version]) => then.rings[ring] !== version)
          .flatMap(([ring, version]) => tag(ring, version, true)),
        ...Object.keys(then.rings)
          .filter((ring) => !Object.hasOwn(rings, ring))
          .map((ring) => ({ image, tag: ring, moves: true })),
      ];
    });
}

/**
 * Makes sure that a version can have its tag.
 * @throws GitopsError where the tag names something else
 */
export async function checkVersionTag(
  repository: WritableRepository,
  version: string,
  digest: Digest,
): Promise<void> {
  const there = await repository.resolve(version);
  if (there && there.digest !== digest) throw alreadyThere(repository, version, there.digest);
}

/**
 * @param isCurrent whether the tags that move are still to name what they are to name here
 * @returns whether there was anything to do
 */
async function putTag(
  repository: WritableRepository,
  { tag, digest, moves }: Tag,
  manifests: ReadonlyMap<Digest, RawManifest>,
  isCurrent: () => Promise<boolean>,
): Promise<boolean> {
  for (let writes = 0; ; writes++) {
    const there = await repository.resolve(tag);
    // Where a store removes no tags, it stays: nothing is decided by it.
    if (digest === undefined)
      return there !== undefined && (await isCurrent()) && ((await repository.untag?.(tag)) ?? false);
    if (there?.digest === digest) return writes > 0;
    if (there && !moves) throw alreadyThere(repository, tag, there.digest);
    // Not to be in the way of who has moved it on.
    if (writes > 0 && moves && !(await isCurrent())) return true;
    if (writes === MAX_WRITES) break;
    await repository.putManifest(manifests.get(digest) ?? (await readManifest(repository, digest)), tag);
  }
  throw new StoreError(
    'unavailable',
    `${repository.where}:${tag} was written ${MAX_WRITES} times, and is still something else`,
    'run it again',
  );
}

async function readManifest(repository: WritableRepository, digest: Digest): Promise<RawManifest> {
  const descriptor = await repository.resolve(digest);
  if (!descriptor)
    throw new StoreError(
      'not-found',
      `${repository.where} does not have ${digest}, which a ring holds`,
      'restore it from a copy of the store',
    );
  return { mediaType: descriptor.mediaType, bytes: await readDocument(repository, descriptor) };
}

function alreadyThere(repository: WritableRepository, version: string, digest: Digest): GitopsError {
  return new GitopsError(
    `${repository.where}:${version} is already there with other content, ${digest}`,
    undefined,
    'somebody pushed it without gitops: remove that tag, then run it again',
  );
}
