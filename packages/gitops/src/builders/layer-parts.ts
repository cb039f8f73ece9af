import type { Entry } from '../filetree/entry';
import { withParents } from '../filetree/parents';
import { BLOCK, padding } from '../filetree/tar/header';

const KIB = 1024;
const MIB = 1024 * KIB;
/** What is smaller is written as it is: sending it once more costs less than a number of layers does. */
const LARGE = 32 * MIB;
/** Between two boundaries. */
const LEAST = 4 * MIB;
/** Before the first boundary and after the last one: a small `dist` is apart from the `node_modules` behind it. */
const LEAST_AT_AN_END = 64 * KIB;
const MOST_OF_A_LAYER = 16;
/**
 * With those of the base. Docker takes 125, BuildKit mounts some 70 (https://github.com/moby/buildkit/issues/4810), and
 * others build on the image.
 */
const MOST_OF_AN_IMAGE = 64;

type Entries = readonly Entry[];

/** Where a layer may be divided: before an entry. */
interface Place {
  readonly index: number;
  /** How much of the layer lies before it, in bytes. */
  readonly offset: number;
  readonly depth: number;
  readonly hash: number;
}

/**
 * The layers of an image as they are written: a large one in parts, so that a change of some files changes just the
 * parts that hold them. Together they give the files that the one layer gives.
 *
 * Where the boundaries are follows from the paths and sizes in the layer alone, so that the same part comes out
 * wherever it is built, and whatever was built before. Of all places between two entries the shallowest ranks highest
 * (between two packages rather than in one), then the one with the greatest hash of its path. A boundary is a place
 * that none outranks within LEAST bytes: what is further away than that cannot move it. Of more than the layer
 * may have, those stay that are furthest from where they are outranked.
 *
 * @param layers the entries of each as Draft gives them: parents before children, in byte order; undefined for none
 * @param below how many layers the base has; an image with many layers divides each of its own less
 * @returns the parts of each, the lowest first: of a layer that is not divided, itself
 */
export function divideLayers(
  layers: readonly (Entries | undefined)[],
  below = 0,
): readonly (readonly Entries[])[] {
  const divisible = layers.map((entries) => entries && { entries, boundaries: boundariesOf(entries) });
  const count = (most: number): number =>
    divisible.reduce((sum, layer) => sum + (layer ? Math.min(layer.boundaries.length + 1, most) : 0), below);
  let most = MOST_OF_A_LAYER;
  while (most > 1 && count(most) > MOST_OF_AN_IMAGE) most--;
  return divisible.map((layer) => (layer ? divide(layer.entries, layer.boundaries.slice(0, most - 1)) : []));
}

/** The indexes before which a layer is best divided, the best first. */
function boundariesOf(entries: Entries): number[] {
  const total = totalOf(entries);
  if (total < LARGE || entries.some(needsItsLayer)) return [];
  const places: Place[] = [];
  let offset = 0;
  entries.forEach((entry, index) => {
    if (offset >= LEAST_AT_AN_END && total - offset >= LEAST_AT_AN_END)
      places.push({ index, offset, depth: depthOf(entry.path), hash: hashOf(entry.path) });
    offset += sizeOf(entry);
  });
  const distances = distancesOf(places);
  return places
    .map(({ index }, i) => ({ index, distance: distances[i]! }))
    .filter(({ distance }) => distance >= LEAST)
    .sort((a, b) => b.distance - a.distance || a.index - b.index)
    .map(({ index }) => index);
}

function totalOf(entries: Entries): number {
  return entries.reduce((sum, entry) => sum + sizeOf(entry), 0);
}

/** In bytes of the archive, but for what a long path takes. */
function sizeOf({ content }: Entry): number {
  return BLOCK + (content ? content.size + padding(content.size) : 0);
}

/**
 * What speaks of the rest of its layer: a hard link, of its target; a whiteout, of what it is not to hide
 * (OCI image specification, layer.md, "Whiteouts"). Few layers have them.
 */
function needsItsLayer({ type, path }: Entry): boolean {
  return type === 'hardlink' || path.startsWith('.wh.') || path.includes('/.wh.');
}

function depthOf(path: string): number {
  let depth = 0;
  for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) depth++;
  return depth;
}

/** FNV-1a, and the end of MurmurHash3, which spreads the last characters over all bits. Not for secrets. */
function hashOf(path: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < path.length; i++) hash = Math.imul(hash ^ path.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** From each place to the nearest one that outranks it, in bytes; Infinity for the highest. */
function distancesOf(places: readonly Place[]): number[] {
  const distances = places.map(() => Infinity);
  const inOrder = [...places.keys()];
  for (const order of [inOrder, inOrder.toReversed()]) {
    /** Those passed that outrank all that were passed after them. */
    const higher: number[] = [];
    for (const i of order) {
      const { offset } = places[i]!;
      while (higher.length > 0 && outranks(places[i]!, places[higher.at(-1)!]!)) higher.pop();
      if (higher.length > 0)
        distances[i] = Math.min(distances[i]!, Math.abs(offset - places[higher.at(-1)!]!.offset));
      higher.push(i);
    }
  }
  return distances;
}

function outranks(a: Place, b: Place): boolean {
  if (a.depth !== b.depth) return a.depth < b.depth;
  return a.hash === b.hash ? a.index < b.index : a.hash > b.hash;
}

/**
 * The parts between boundaries. No two have a path in common but directories, in which they agree: so their order is
 * free. The largest is the lowest, for an engine unpacks anew what lies on a part that changed, and what changes often
 * is seldom large.
 */
function divide(entries: Entries, boundaries: readonly number[]): readonly Entries[] {
  if (boundaries.length === 0) return [entries];
  const directories = new Map(
    entries.filter(({ type }) => type === 'directory').map((entry) => [entry.path, entry]),
  );
  const starts = [0, ...boundaries].sort((a, b) => a - b);
  return starts
    .map((start, i) => entries.slice(start, starts[i + 1]))
    .map((part) => ({ part: withParents(part, (path) => directories.get(path)), size: totalOf(part) }))
    .sort((a, b) => b.size - a.size)
    .map(({ part }) => part);
}
