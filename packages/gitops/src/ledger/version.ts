import { parse } from 'semver';
import type { SemVer } from 'semver';
import type { Rings } from './rings';

/** The highest patch that was ever taken of each minor line: `{"1.2": 4}`. A line that is not there is free. */
export type Taken = Readonly<Record<string, number>>;

/** Which version each ring holds of an image. */
export type Held = Readonly<Record<string, string>>;

export interface VersionRequest {
  readonly rings: Rings;
  /** The ring that the image is built for. */
  readonly ring: string;
  readonly held: Held;
  readonly taken: Taken;
  /** A new major version happens on request only. */
  readonly bump?: 'major';
  /** The version of an image that no ring holds. */
  readonly initialVersion: string;
}

/**
 * The version that a changed image gets in a ring: a new minor one where the next ring is on the same minor line, so
 * that each ring has a line of its own; a patch on the ring's own line otherwise. A ring that does not hold the image
 * goes on from the version that it reads through to. A version that was ever taken is passed over for the next one of
 * the same kind.
 */
export function nextVersion(request: VersionRequest): string {
  const { rings, ring, held, taken, bump, initialVersion } = request;
  const found = heldVersion(rings, ring, held);
  if (found === undefined) return firstVersion(initialVersion, taken);
  const current = parseVersion(found);
  if (bump === 'major') return newMajor(current.major, taken);
  const next = rings.after(ring);
  const after = next === undefined ? undefined : versionIn(held, next);
  return after !== undefined && lineOf(parseVersion(after)) === lineOf(current)
    ? newMinor(current, taken)
    : newPatch(current, taken);
}

/** The version that a ring itself holds. */
export function versionIn(held: Held, ring: string): string | undefined {
  // A ring may be called `constructor`.
  return Object.hasOwn(held, ring) ? held[ring] : undefined;
}

/** The version that a ring holds; where it holds none, that of the nearest ring after it that does, else before it. */
export function heldVersion(rings: Rings, ring: string, held: Held): string | undefined {
  return rings
    .readingThrough(ring)
    .map((other) => versionIn(held, other))
    .find((version) => version !== undefined);
}

/** With one more version that nobody can take again. */
export function taking(taken: Taken, version: string): Taken {
  const parsed = parseVersion(version);
  const line = lineOf(parsed);
  return { ...taken, [line]: Math.max(taken[line] ?? 0, parsed.patch) };
}

/** Whether the version, or a later one of its line, was ever taken. */
export function isTaken(taken: Taken, version: string): boolean {
  const parsed = parseVersion(version);
  return (taken[lineOf(parsed)] ?? -1) >= parsed.patch;
}

function firstVersion(initialVersion: string, taken: Taken): string {
  return isTaken(taken, initialVersion) ? newMinor(parseVersion(initialVersion), taken) : initialVersion;
}

function newMajor(major: number, taken: Taken): string {
  const majors = new Set(Object.keys(taken).map((line) => Number(line.split('.')[0])));
  let next = major + 1;
  while (majors.has(next)) next++;
  return `${next}.0.0`;
}

function newMinor({ major, minor }: SemVer, taken: Taken): string {
  let next = minor + 1;
  while (taken[`${major}.${next}`] !== undefined) next++;
  return `${major}.${next}.0`;
}

function newPatch(current: SemVer, taken: Taken): string {
  const line = lineOf(current);
  return `${line}.${Math.max(current.patch, taken[line] ?? 0) + 1}`;
}

function lineOf({ major, minor }: SemVer): string {
  return `${major}.${minor}`;
}

function parseVersion(text: string): SemVer {
  const version = parse(text);
  if (!version) throw new Error(`${text} is not a version`);
  return version;
}
