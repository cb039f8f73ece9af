import { compare } from 'semver';
import { referrersTag } from '../../oci/referrers';
import type { Digest } from '../../oci/types';
import type { Inventory } from './inventory';
import { type KnownVersion, type KnownVersions, isKept } from './retention';

/** Something that goes. */
export interface Going {
  readonly image: string;
  readonly version: string;
  /** Of the image, or of the index of its platforms. */
  readonly digest: Digest;
  readonly why: string;
  /** What is deleted for it, in this order: each before what it names, so that nothing that is cut short is in use. */
  readonly manifests: readonly Doomed[];
}

export interface Doomed {
  readonly digest: Digest;
  /** All that name it. */
  readonly tags: readonly string[];
}

/** Something that stays. */
export interface Staying {
  readonly image: string;
  readonly version: string;
  readonly why: string;
}

export interface Kept extends Staying {
  /** Whether a ring holds it. */
  readonly isHeld: boolean;
}

export interface ImagePlan {
  readonly going: readonly Going[];
  readonly kept: readonly Kept[];
  /** Tags that look like versions, and are none of the ledger's: they are not touched. */
  readonly unknown: readonly Staying[];
}

const VERSION = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$/;

/**
 * What of an image goes: the versions that the ledger knows and does not keep, with what they consist of and what is
 * attached to them. Whatever anything else leads to stays: another tag, a version that is kept, a manifest that nobody
 * here knows.
 */
export function planOf(image: string, known: KnownVersions, inventory: Inventory): ImagePlan {
  const { tags, manifests } = inventory;
  const belongings = new Belongings(inventory);
  const leaving = leavingOf(known, inventory);
  const stays = belongings.reachedFrom(staying(known, inventory, belongings.reachedFrom(leaving.keys())));

  const done = new Set<Digest>(stays);
  const going = [...leaving].flatMap(([digest, { version, last }]): Going[] => {
    if (done.has(digest) || !belongings.isThere(digest)) return [];
    const doomed = belongings.inOrder(digest).filter((one) => !done.has(one));
    for (const one of doomed) done.add(one);
    const why = `no ring holds it since ${last.tag} (${last.entry.time.slice(0, 10)})`;
    return [{ image, version, digest, why, manifests: doomed.map((one) => belongings.named(one)) }];
  });

  const kept = inOrder(known).flatMap((one): Kept[] => {
    const there = [...one.digests].filter((digest) => manifests.has(digest) && stays.has(digest));
    const why = reasonToKeep(one, there, tags);
    return why === undefined ? [] : [{ image, version: one.version, why, isHeld: one.rings.length > 0 }];
  });
  const unknown = [...tags].flatMap(([tag, digest]): Staying[] => {
    if (!VERSION.test(tag) || known.get(tag)?.digests.has(digest)) return [];
    const why = known.has(tag) ? 'it is not what the ledger says' : 'the ledger does not know it';
    return [{ image, version: tag, why }];
  });
  return { going, kept, unknown };
}

/** What may go, unless something else leads to it. */
function leavingOf(known: KnownVersions, { manifests }: Inventory): ReadonlyMap<Digest, KnownVersion> {
  const leaving = inOrder(known).filter((one) => !isKept(one));
  const found = new Map(leaving.flatMap((one) => [...one.digests].map((digest) => [digest, one] as const)));
  for (const [digest, { untagged }] of manifests) {
    const one = leaving.find(({ version }) => version === untagged?.version);
    // A push that was overtaken had made it so: the version is another's, and nobody will claim this one.
    if (one && !found.has(digest)) found.set(digest, one);
  }
  return found;
}

function inOrder(known: KnownVersions): KnownVersion[] {
  return [...known.values()].sort((a, b) => compare(a.version, b.version));
}

/** What stays, and all that it leads to with it. @param candidates what may go, with all that belongs to it */
function staying(
  known: KnownVersions,
  { tags, manifests }: Inventory,
  candidates: ReadonlySet<Digest>,
): Digest[] {
  const lists = new Set([...candidates].map(referrersTag));
  const goes = (tag: string, digest: Digest): boolean => {
    const version = VERSION.test(tag) ? known.get(tag) : undefined;
    return version ? !isKept(version) && version.digests.has(digest) : lists.has(tag);
  };
  return [
    ...[...tags].flatMap(([tag, digest]) => (goes(tag, digest) ? [] : [digest])),
    ...[...known.values()].filter(isKept).flatMap(({ digests }) => [...digests]),
    ...[...manifests].flatMap(([digest, { untagged }]) =>
      untagged && !candidates.has(digest) ? [digest] : [],
    ),
  ];
}

/** @param there of the version what stays */
function reasonToKeep(
  { version, rings, isRecent, last }: KnownVersion,
  there: readonly Digest[],
  tags: ReadonlyMap<string, Digest>,
): string | undefined {
  if (rings.length > 0) return `held by ${rings.join(', ')}`;
  if (isRecent) return `named by ${last.tag} (${last.entry.time.slice(0, 10)})`;
  if (there.length === 0) return undefined;
  const others = [...tags].filter(([tag, digest]) => tag !== version && there.includes(digest));
  return others.length > 0
    ? `tagged ${others.map(([tag]) => tag).join(', ')}`
    : 'named by a manifest that is kept';
}

/** What goes along with a manifest: the parts of an index, and what is attached to it. */
class Belongings {
  private readonly tagsOf = new Map<Digest, string[]>();

  constructor(private readonly inventory: Inventory) {
    for (const [tag, digest] of inventory.tags)
      this.tagsOf.set(digest, [...(this.tagsOf.get(digest) ?? []), tag]);
  }

  named(digest: Digest): Doomed {
    return { digest, tags: this.tagsOf.get(digest) ?? [] };
  }

  /** Whether it is, or anything of it: what is attached may be all that is left. */
  isThere(digest: Digest): boolean {
    return this.inventory.manifests.has(digest) || this.attachedTo(digest).length > 0;
  }

  reachedFrom(roots: Iterable<Digest>): Set<Digest> {
    const reached = new Set<Digest>();
    const open = [...roots];
    for (let next = open.pop(); next; next = open.pop()) {
      if (reached.has(next)) continue;
      reached.add(next);
      open.push(...this.attachedTo(next), ...this.partsOf(next));
    }
    return reached;
  }

  /**
   * All of it in the order of deletion. What is attached is found by what it is attached to, and parts by what names
   * them: so the one goes before; the other after it, for many registries delete nothing that an index names.
   */
  inOrder(digest: Digest, done = new Set<Digest>()): Digest[] {
    if (done.has(digest)) return [];
    done.add(digest);
    const before = this.attachedTo(digest).flatMap((one) => this.inOrder(one, done));
    return [...before, digest, ...this.partsOf(digest).flatMap((one) => this.inOrder(one, done))];
  }

  private attachedTo(digest: Digest): Digest[] {
    const list = this.inventory.tags.get(referrersTag(digest));
    return [...(list ? [list] : []), ...(this.inventory.manifests.get(digest)?.attached ?? [])];
  }

  private partsOf(digest: Digest): readonly Digest[] {
    return this.inventory.manifests.get(digest)?.parts ?? [];
  }
}
