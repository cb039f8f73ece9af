import { POST, type Rings } from './rings';
import { type Change, type State, holding, imageState } from './state';
import { versionIn } from './version';

/** Versions that move from ring to ring. */
export interface Move {
  readonly rings: Rings;
  /** The images that are asked for; what they depend on moves along. */
  readonly images: readonly string[];
  /** The ring that they come from, which keeps them. */
  readonly ring: string;
}

/** An image in a ring that was made with another version of a dependency than the ring holds. */
export interface Breach {
  readonly ring: string;
  readonly image: string;
  readonly version: string;
  readonly dependency: string;
  readonly needed: string;
  /** Undefined where the ring does not hold the dependency. */
  readonly held?: string;
}

/**
 * A ring gets the versions that another one holds. What the last ring held goes to `post`; what any other one held is
 * in the entries before.
 */
export function promotion(
  state: State,
  { rings, images, ring, to }: Move & { readonly to: string },
): Change[] {
  return withPost(state, rings, taken(state, images, ring, to));
}

/**
 * The whole chain moves one ring on: each ring that comes after gets what the one before it held, `post` what the last
 * one held. A ring that held nothing of an image passes nothing on.
 */
export function shift(state: State, { rings, images, ring }: Move): Change[] {
  const chain = [ring, ...rings.following(ring)];
  const changes = chain.slice(1).flatMap((to, i) => taken(state, images, chain[i]!, to));
  return withPost(state, rings, changes);
}

/**
 * Rings get back what they held before some changes, whatever was pushed to them since.
 * @param changes those of the entry that is taken back
 */
export function reversal(state: State, changes: readonly Change[]): Change[] {
  return changes.flatMap(({ image, ring, from }) => {
    const held = versionIn(imageState(state, image).rings, ring);
    return held === from ? [] : [changeOf(image, ring, held, from)];
  });
}

/** The images that a ring holds, and all that they need there. */
export function closure(state: State, ring: string, images: readonly string[]): string[] {
  const found = new Set<string>();
  const visit = (image: string): void => {
    if (found.has(image)) return;
    const held = holding(state, image, ring);
    if (!held) return;
    found.add(image);
    Object.keys(held.dependencies).forEach(visit);
  };
  images.forEach(visit);
  return [...found];
}

/**
 * What keeps rings from being whole, in which every image was made with just the versions that the ring holds: what was
 * so before does not count, nor what is in `post`, where nothing runs.
 */
export function breaches(before: State, after: State): Breach[] {
  const known = new Set(allBreaches(before).map((breach) => JSON.stringify(breach)));
  return allBreaches(after).filter((breach) => !known.has(JSON.stringify(breach)));
}

/** A change, without what is not there. */
export function changeOf(
  image: string,
  ring: string,
  from: string | undefined,
  to: string | undefined,
): Change {
  return { image, ring, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}

function taken(state: State, images: readonly string[], ring: string, to: string): Change[] {
  return closure(state, ring, images).flatMap((image) => {
    const { rings } = imageState(state, image);
    const [from, next] = [versionIn(rings, to), versionIn(rings, ring)];
    return from === next ? [] : [changeOf(image, to, from, next)];
  });
}

/** The changes, and those by which `post` gets what they displace from the last ring. */
export function withPost(state: State, rings: Rings, changes: readonly Change[]): Change[] {
  const displaced = changes.filter(({ ring, from }) => ring === rings.last && from !== undefined);
  const toPost = displaced.flatMap(({ image, from }) => {
    const held = versionIn(imageState(state, image).rings, POST);
    return held === from ? [] : [changeOf(image, POST, held, from)];
  });
  return [...changes, ...toPost];
}

function allBreaches(state: State): Breach[] {
  return Object.entries(state.images).flatMap(([image, { rings, versions }]) =>
    Object.entries(rings)
      .filter(([ring]) => ring !== POST)
      .flatMap(([ring, version]) =>
        Object.entries(versions[version]?.dependencies ?? {}).flatMap(([dependency, needed]): Breach[] => {
          const held = versionIn(imageState(state, dependency).rings, ring);
          if (held === needed) return [];
          return [{ ring, image, version, dependency, needed, ...(held ? { held } : {}) }];
        }),
      ),
  );
}
