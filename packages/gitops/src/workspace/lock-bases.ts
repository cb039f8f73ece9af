import { closest } from '../containerfile/text';
import type { Digest } from '../oci/digest';
import { parseReference } from '../oci/reference';
import { GitopsError, type Place } from '../support/errors';
import { inParallel } from '../support/parallel';
import { type BaseLock, lockName } from './base-lock';
import type { Bases } from './bases';
import type { WorkspaceImage } from './image';
import type { Workspace } from './workspace';

const CONCURRENCY = 8;

/** An external base image that images of the workspace use. */
export interface UsedBase {
  /** As it is written. */
  readonly reference: string;
  /** The first place where it is. */
  readonly place: Place;
}

/** The external bases in use, by their names in the lock. */
export type UsedBases = ReadonlyMap<string, UsedBase>;

/** What a lock says otherwise than another one. */
export interface LockChange {
  readonly name: string;
  /** Undefined where it was not locked. */
  readonly from?: Digest;
  /** Undefined where it is not to be locked. */
  readonly to?: Digest;
}

/**
 * The bases that images use and a lock is for, in the order of their names.
 * @param images of the workspace, by default as it has them
 * @throws GitopsError where a container file cannot be read, or names what is no reference
 */
export function basesInUse(
  workspace: Workspace,
  images: readonly WorkspaceImage[] = workspace.images,
): UsedBases {
  const used = new Map<string, UsedBase>();
  for (const image of images)
    for (const { reference: locked, written: reference = locked, line } of workspace.externalBases(image)) {
      const name = lockName(reference);
      const before = used.get(name);
      // A directory may stand in for a registry that is not named: what is found in one that is holds for both.
      if (before && (hasHost(before.reference) || !hasHost(reference))) continue;
      used.set(name, { reference, place: { file: image.options.containerfile, line } });
    }
  return new Map([...used].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function hasHost(reference: string): boolean {
  return parseReference(reference).host !== undefined;
}

/** What is in use and not locked, and what is locked and not in use: known without asking a registry. */
export function lockGaps(used: UsedBases, lock: BaseLock): { missing: string[]; unused: string[] } {
  return {
    missing: [...used.keys()].filter((name) => !lock.has(name)),
    unused: [...lock.keys()].filter((name) => !used.has(name)).sort(),
  };
}

/**
 * Asks the registries what bases mean now.
 * @returns the digests by name, and why there is none of the others
 */
export async function resolveBases(
  bases: Pick<Bases, 'lookUp'>,
  used: UsedBases,
): Promise<{ resolved: BaseLock; failures: ReadonlyMap<string, GitopsError> }> {
  const found = new Map<string, Digest | GitopsError>();
  await inParallel([...used], CONCURRENCY, async ([name, { reference, place }]) => {
    try {
      found.set(name, await bases.lookUp(reference, place));
    } catch (error) {
      if (!(error instanceof GitopsError)) throw error;
      found.set(name, error.place ? error : error.placedAt(place));
    }
  });
  const resolved = new Map<string, Digest>();
  const failures = new Map<string, GitopsError>();
  for (const name of used.keys()) {
    const what = found.get(name)!;
    if (what instanceof GitopsError) failures.set(name, what);
    else resolved.set(name, what);
  }
  return { resolved, failures };
}

/** What of a lock is to be made anew; all of it by default. */
export interface LockScope {
  /** These references alone, in whatever form. */
  readonly names?: readonly string[];
  /** Only what is in use and not locked. */
  readonly missing?: boolean;
}

/**
 * The bases of a scope.
 * @throws GitopsError for a name that no image uses
 */
export function basesInScope(used: UsedBases, lock: BaseLock, { names = [], missing }: LockScope): UsedBases {
  if (names.length > 0) return new Map(names.map((name) => named(name, used)));
  return missing ? new Map(lockGaps(used, lock).missing.map((name) => [name, used.get(name)!])) : used;
}

function named(reference: string, used: UsedBases): [string, UsedBase] {
  const name = lockName(reference);
  const base = used.get(name);
  if (base) return [name, base];
  const near = closest(name, [...used.keys()]);
  throw new GitopsError(
    `no image of this workspace uses ${name} as a base that is to be locked`,
    undefined,
    near ? `did you mean ${near}?` : 'leave the name out to lock all that are in use',
  );
}

/**
 * The lock with what its registries say now. What is not in use any more is left out, unless the scope is less than all;
 * what could not be looked up is left as it was.
 * @throws GitopsError for a name that no image uses
 */
export async function refreshLock(
  bases: Pick<Bases, 'lookUp'>,
  used: UsedBases,
  lock: BaseLock,
  scope: LockScope,
): Promise<{ refreshed: BaseLock; failures: readonly GitopsError[] }> {
  const wanted = basesInScope(used, lock, scope);
  const { resolved, failures } = await resolveBases(bases, wanted);
  const isPart = scope.missing || (scope.names ?? []).length > 0;
  const kept = [...lock].filter(([name]) => isPart || failures.has(name));
  return { refreshed: new Map([...kept, ...resolved]), failures: [...failures.values()] };
}

/** In what two locks differ, in the order of the names. */
export function lockChanges(before: BaseLock, after: BaseLock): LockChange[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  return names
    .map((name) => ({ name, from: before.get(name), to: after.get(name) }))
    .filter(({ from, to }) => from !== to)
    .map(({ name, from, to }) => ({ name, ...(from && { from }), ...(to && { to }) }));
}

/** `node:22 sha256:ab12… → sha256:cd34…` */
export function describeChange({ name, from, to }: LockChange): string {
  if (!to) return `${name} is no longer used`;
  return from ? `${name} ${short(from)} → ${short(to)}` : `${name} ${short(to)} (new)`;
}

/** The same as what is wrong with a lock. */
export function describeDifference({ name, from, to }: LockChange): string {
  if (!to) return `${name} is locked and no longer used`;
  return from ? `${name} is ${short(to)} now, locked is ${short(from)}` : `${name} is not locked`;
}

function short(digest: Digest): string {
  return `${digest.slice(0, 'sha256:'.length + 12)}…`;
}
