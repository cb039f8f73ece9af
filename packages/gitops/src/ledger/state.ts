import type { Digest } from '../oci/digest';
import { type Held, type Taken, isTaken, taking, versionIn } from './version';

/** One version of an image, as it was published. */
export interface PublishedVersion {
  /** Of the manifest, or of the index where there are several platforms. */
  readonly digest: Digest;
  readonly revision: string;
  /** The versions of the images of the workspace that it was made with, by their names. */
  readonly dependencies: Readonly<Record<string, string>>;
}

export interface ImageState {
  /** The version that each ring holds; a ring that holds none is not there. */
  readonly rings: Held;
  /** The versions that some ring holds. */
  readonly versions: Readonly<Record<string, PublishedVersion>>;
  /** Never forgets. */
  readonly taken: Taken;
}

/** What all rings hold. */
export interface State {
  readonly images: Readonly<Record<string, ImageState>>;
  /** The rings that nothing may enter for now, and why. */
  readonly holds?: Readonly<Record<string, string>>;
}

/** A ring gets another version of an image. */
export interface Change {
  readonly image: string;
  readonly ring: string;
  /** What the ring held before; undefined where it held none. */
  readonly from?: string;
  /** What it holds now; undefined where it holds none any more. */
  readonly to?: string;
  /** Whether the version is claimed by this very change. */
  readonly isNew?: boolean;
}

/** What one entry changes: all of it, or nothing. */
export interface Changes {
  readonly changes: readonly Change[];
  /** The rings that are put on hold, and why; null for those that are released. */
  readonly holds?: Readonly<Record<string, string | null>>;
}

export const EMPTY_STATE: State = { images: {} };
const NO_IMAGE: ImageState = { rings: {}, versions: {}, taken: {} };

/** What is known of an image; one that was never pushed is in no ring. */
export function imageState({ images }: State, image: string): ImageState {
  // An image may be called `constructor`.
  return Object.hasOwn(images, image) ? images[image]! : NO_IMAGE;
}

/** The version of an image that a ring holds. */
export function holding(
  state: State,
  image: string,
  ring: string,
): (PublishedVersion & { readonly version: string }) | undefined {
  const { rings, versions } = imageState(state, image);
  const version = versionIn(rings, ring);
  return version === undefined ? undefined : { version, ...versions[version]! };
}

/**
 * The state after all of the changes; undefined where one of them does not fit: the ring holds another version than the
 * change says, or the version is taken. Changes are made together or not at all.
 *
 * @param details where the versions that the changes bring are described: the state of the entry that has them
 */
export function applied(state: State, { changes, holds }: Changes, details: State): State | undefined {
  const images: Record<string, ImageState> = { ...state.images };
  for (const change of changes) {
    const before = imageState({ images }, change.image);
    const after = withChange(before, change, imageState(details, change.image));
    if (!after) return undefined;
    images[change.image] = after;
  }
  const held = holds ? withHolds(state.holds, holds) : state.holds;
  return {
    images: withoutUnheld(images, new Set(changes.map(({ image }) => image))),
    ...(held && Object.keys(held).length > 0 ? { holds: held } : {}),
  };
}

/** Why nothing may enter a ring; undefined where it may. */
export function holdOf({ holds = {} }: State, ring: string): string | undefined {
  return Object.hasOwn(holds, ring) ? holds[ring] : undefined;
}

function withHolds(
  before: State['holds'] = {},
  holds: NonNullable<Changes['holds']>,
): Readonly<Record<string, string>> {
  const all = Object.entries({ ...before, ...holds });
  return Object.fromEntries(all.filter((entry): entry is [string, string] => entry[1] !== null));
}

function withChange(
  { rings, versions, taken }: ImageState,
  { ring, from, to, isNew }: Change,
  details: ImageState,
): ImageState | undefined {
  if (versionIn(rings, ring) !== from) return undefined;
  if (to === undefined) {
    const { [ring]: _, ...others } = rings;
    return { rings: others, versions, taken };
  }
  const version = details.versions[to] ?? versions[to];
  if (!version || (isNew && isTaken(taken, to))) return undefined;
  const known = versions[to];
  if (known && known.digest !== version.digest) return undefined;
  return {
    rings: { ...rings, [ring]: to },
    versions: { ...versions, [to]: version },
    taken: taking(taken, to),
  };
}

/** Versions that no ring holds any more are found in the entries before. */
function withoutUnheld(
  images: Readonly<Record<string, ImageState>>,
  changed: ReadonlySet<string>,
): Record<string, ImageState> {
  return Object.fromEntries(
    Object.entries(images).map(([name, image]) => {
      if (!changed.has(name)) return [name, image];
      const held = new Set(Object.values(image.rings));
      const versions = Object.entries(image.versions).filter(([version]) => held.has(version));
      return [name, { ...image, versions: Object.fromEntries(versions) }];
    }),
  );
}
