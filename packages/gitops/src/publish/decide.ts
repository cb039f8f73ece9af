import { satisfies, validRange } from 'semver';
import type { Rings } from '../ledger/rings';
import { type State, imageState } from '../ledger/state';
import { heldVersion, nextVersion } from '../ledger/version';
import { GitopsError, type Place } from '../support/errors';

/** An image that is to have a version, as far as its sources tell. */
export interface Candidate {
  readonly image: string;
  readonly revision: string;
  readonly needs: readonly Need[];
}

/** Another image of the workspace that an image needs, whatever version that has. */
export interface Need {
  readonly image: string;
  /** What `LABEL dependency.<image>` allows. */
  readonly range?: string;
  readonly place: Place;
}

/** Why an image gets another version. */
export type Reason =
  | { readonly kind: 'first' }
  | { readonly kind: 'revision' }
  | { readonly kind: 'dependency'; readonly image: string; readonly from?: string; readonly to?: string };

export interface Decision {
  readonly image: string;
  readonly revision: string;
  /** What the ring holds. */
  readonly from?: string;
  /** What the image is compared with: what the ring holds, or reads through to. */
  readonly known?: string;
  readonly to: string;
  /**
   * `new`: the version is claimed; `adopted`: the ring takes the version that another ring holds, for it is the same;
   * `current`: the ring holds it.
   */
  readonly kind: 'new' | 'adopted' | 'current';
  readonly dependencies: Readonly<Record<string, string>>;
  /** None where nothing changed. */
  readonly reasons: readonly Reason[];
}

export interface DecideOptions {
  readonly rings: Rings;
  readonly ring: string;
  readonly bump?: 'major';
  readonly initialVersion: string;
}

/** What became of each candidate: its version, or why it gets none. */
export type Decisions = ReadonlyMap<string, Decision | GitopsError>;

/**
 * Decides the version of each candidate in a ring. An image is up to date there if the ring's version has its revision
 * and was made with the versions that its dependencies have now.
 *
 * @param candidates each after those that it needs; what is not among them has the version that the ring holds
 * @param failed images that get no version, and why
 */
export function decide(
  candidates: readonly Candidate[],
  state: State,
  options: DecideOptions,
  failed: ReadonlyMap<string, GitopsError> = new Map(),
): Decisions {
  const decisions = new Map<string, Decision | GitopsError>(failed);
  for (const candidate of candidates) {
    if (failed.has(candidate.image)) continue;
    try {
      decisions.set(candidate.image, decideOne(candidate, state, decisions, options));
    } catch (error) {
      if (!(error instanceof GitopsError)) throw error;
      decisions.set(candidate.image, error);
    }
  }
  return decisions;
}

function decideOne(
  { image, revision, needs }: Candidate,
  state: State,
  decisions: Decisions,
  { rings, ring, bump, initialVersion }: DecideOptions,
): Decision {
  const dependencies: Record<string, string> = {};
  for (const need of needs) dependencies[need.image] = versionOf(need);
  const { rings: held, versions, taken } = imageState(state, image);
  const from = held[ring];
  const known = heldVersion(rings, ring, held);
  const before = known === undefined ? undefined : versions[known];
  const reasons: Reason[] = before
    ? [
        ...(before.revision === revision ? [] : [{ kind: 'revision' } as const]),
        ...changedDependencies(before.dependencies, dependencies),
      ]
    : [{ kind: 'first' }];
  const common = { image, revision, from, known, dependencies, reasons };
  if (reasons.length === 0)
    return { ...common, to: known!, kind: from === undefined ? 'adopted' : 'current' };
  return { ...common, to: nextVersion({ rings, ring, held, taken, bump, initialVersion }), kind: 'new' };

  function versionOf(need: Need): string {
    const decision = decisions.get(need.image);
    if (decision instanceof GitopsError)
      throw new GitopsError(`it needs ${need.image}, which failed`, need.place);
    const version = decision?.to ?? heldVersion(rings, ring, imageState(state, need.image).rings);
    if (version === undefined)
      throw new GitopsError(
        `it needs ${need.image}, of which no ring holds a version`,
        need.place,
        `push ${need.image} first`,
      );
    checkRange(need, version);
    return version;
  }
}

function checkRange({ image, range = '', place }: Need, version: string): void {
  if (validRange(range) === null)
    throw new GitopsError(
      `dependency.${image}="${range}" is not a range of versions`,
      place,
      'write one, such as ^1.2, or * for any version',
    );
  if (!satisfies(version, range))
    throw new GitopsError(
      `${image} has the version ${version}, which is not in the range ${range} of dependency.${image}`,
      place,
      'correct the range, or what needs it',
    );
}

function changedDependencies(
  before: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): Reason[] {
  // An image may be called `constructor`.
  const [then, since] = [new Map(Object.entries(before)), new Map(Object.entries(now))];
  const images = [...new Set([...then.keys(), ...since.keys()])].sort();
  return images
    .filter((image) => then.get(image) !== since.get(image))
    .map((image) => ({ kind: 'dependency', image, from: then.get(image), to: since.get(image) }));
}
