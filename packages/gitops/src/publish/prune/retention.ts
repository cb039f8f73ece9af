import type { StoredEntry } from '../../ledger/entry';
import type { State } from '../../ledger/state';
import type { Digest } from '../../oci/types';

/** How far back what the ledger names is kept, whichever of the two is more. */
export interface Retention {
  readonly days: number;
  readonly entries: number;
}

/** What the ledger knows of a version that was claimed. */
export interface KnownVersion {
  readonly version: string;
  /** Of several who claimed it at once each has one. */
  readonly digests: ReadonlySet<Digest>;
  /** The rings that hold it, and the sites that run it. */
  readonly rings: readonly string[];
  /** The latest entry that names it. */
  readonly last: StoredEntry;
  /** Whether that entry is so young that what it names is kept. */
  readonly isRecent: boolean;
}

/** By their names. */
export type KnownVersions = ReadonlyMap<string, KnownVersion>;

const DAY_MS = 86_400_000;
/**
 * What was named in the last hour is kept in any case: who is writing to the ledger just now may have read it before
 * the version left its ring, and build on it, or promote it.
 */
const AT_WORK_MS = 3_600_000;

/**
 * The versions that the ledger names, by image. One that no ring holds, and no young entry names, is in no use, and does
 * not come back, unless a site runs it: no version is ever claimed twice; a push, a promotion and a shift take
 * what a ring holds, and an unshift what the entry names that it takes back, of which the young ones remain possible.
 *
 * @param state what all rings hold
 * @param past all entries, the latest first
 * @param followed the entry up to which the tags of the images have followed: what came after it is to have its tags yet
 */
export function knownVersions(
  state: State,
  past: readonly StoredEntry[],
  followed: Digest | undefined,
  retention: Retention,
  now: number,
): ReadonlyMap<string, KnownVersions> {
  const settled = past.findIndex(({ digest }) => digest === followed);
  const young = Math.max(recent(past, retention, now), settled === -1 ? past.length : settled);
  const known = new Map<string, Map<string, Naming>>();
  const name = (image: string, version: string, last: StoredEntry, at: number): Naming => {
    const versions = known.get(image) ?? new Map<string, Naming>();
    known.set(image, versions);
    const found = versions.get(version) ?? {
      version,
      digests: new Set<Digest>(),
      rings: ringsOf(state, image, version),
      last,
      isRecent: at < young,
    };
    versions.set(version, found);
    return found;
  };
  for (const [at, stored] of past.entries()) {
    const { changes, state: after } = stored.entry;
    for (const { image, from, to } of changes)
      for (const version of [from, to]) if (version !== undefined) name(image, version, stored, at);
    for (const [image, { versions }] of Object.entries(after.images))
      for (const [version, { digest }] of Object.entries(versions))
        name(image, version, stored, at).digests.add(digest);
  }
  return known;
}

/**
 * An entry without what later ones say of versions, too: of a long history, not all states fit into memory.
 * @param named what was said by those; gets what this one adds to it
 */
export function namingAlone(stored: StoredEntry, named: Set<string>): StoredEntry {
  const isNew = (image: string, version: string, digest: Digest): boolean => {
    const { size } = named;
    return named.add(`${image}:${version}@${digest}`).size > size;
  };
  const images = Object.entries(stored.entry.state.images).flatMap(([image, state]) => {
    const versions = Object.entries(state.versions).filter(([version, { digest }]) =>
      isNew(image, version, digest),
    );
    return versions.length > 0 ? [[image, { ...state, versions: Object.fromEntries(versions) }]] : [];
  });
  return { ...stored, entry: { ...stored.entry, state: { images: Object.fromEntries(images) } } };
}

interface Naming extends KnownVersion {
  readonly digests: Set<Digest>;
}

/** Whether a version stays. */
export function isKept({ rings, isRecent }: KnownVersion): boolean {
  return rings.length > 0 || isRecent;
}

/** How many of the entries keep what they name. What is older by sequence is older, whatever clock a writer had. */
function recent(past: readonly StoredEntry[], { days, entries }: Retention, now: number): number {
  const since = now - Math.max(days * DAY_MS, AT_WORK_MS);
  return Math.max(entries, past.findLastIndex(({ entry }) => !(Date.parse(entry.time) < since)) + 1);
}

function ringsOf({ images }: State, image: string, version: string): string[] {
  // An image may be called `constructor`.
  const held = Object.hasOwn(images, image) ? Object.entries(images[image]!.rings) : [];
  return held.filter(([, one]) => one === version).map(([ring]) => ring);
}
