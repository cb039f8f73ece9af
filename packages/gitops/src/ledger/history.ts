import type { Digest } from '../oci/digest';
import type { Entry, StoredEntry } from './entry';
import type { EntryStore } from './entry-store';
import type { View } from './merge';
import { POST } from './rings';
import { type Change, type ImageState, type State, imageState } from './state';

/** An entry of the past. */
export interface Past {
  readonly stored: StoredEntry;
  /** Whether its changes stand: those of an entry that met another one at the same time may not. */
  readonly stands: boolean;
  /** Whether its state is what all saw once it was settled; not so for what was merged. */
  readonly isMain: boolean;
}

/**
 * The entries of a view and all before them, the latest first, as far back as the store has them.
 * @param isKnown entries that are left out, and what came before them
 */
export async function* historyOf(
  entries: EntryStore,
  view: Pick<View, 'heads' | 'voided'>,
  isKnown: (stored: StoredEntry) => boolean = () => false,
): AsyncGenerator<Past> {
  const voided = new Set(view.voided);
  const heads = view.heads.filter((head) => !isKnown(head));
  const open = new Map<Digest, StoredEntry>(heads.map((head) => [head.digest, head]));
  // Only an entry that itself stands first knows what stands: others have voided what they lost to in the end.
  const first = new Set<Digest>(view.heads.slice(0, 1).map(({ digest }) => digest));
  while (open.size > 0) {
    const [next] = [...open.values()].sort(latestFirst);
    open.delete(next!.digest);
    const isMain = first.has(next!.digest);
    if (isMain) {
      for (const tag of next!.entry.void) voided.add(tag);
      for (const digest of next!.entry.previous.slice(0, 1)) first.add(digest);
    }
    yield { stored: next!, stands: !voided.has(next!.tag), isMain };
    for (const digest of next!.entry.previous) {
      const parent = open.get(digest) ?? (await entries.read(digest));
      if (parent && !isKnown(parent)) open.set(digest, parent);
    }
  }
}

function latestFirst(a: StoredEntry, b: StoredEntry): number {
  return b.entry.sequence - a.entry.sequence || (a.tag < b.tag ? 1 : -1);
}

/**
 * The latest entry of a time, or of a sequence, and what was settled then; undefined where the history does not go back
 * that far.
 */
export async function entryAt(
  history: AsyncIterable<Past>,
  isThen: (stored: StoredEntry) => boolean,
): Promise<StoredEntry | undefined> {
  for await (const { stored, isMain } of history) if (isMain && isThen(stored)) return stored;
  return undefined;
}

/** What an entry moved, without the state after it: of a long history, not all states fit into memory. */
export interface Move {
  readonly tag: string;
  readonly entry: Pick<Entry, 'operation' | 'changes'>;
}

/** What was found for an unshift. */
export interface Undoable {
  /** The latest promotion or shift into the ring of one of the images, that was not taken back. */
  readonly stored: StoredEntry;
  /** Those that came later, and changed in some ring what this one had changed there: they have to be taken back first. */
  readonly later: readonly Move[];
}

/** Looks for what an unshift takes back; undefined where nothing was ever promoted into the ring. */
export async function undoable(
  history: AsyncIterable<Past>,
  ring: string,
  images: readonly string[],
): Promise<Undoable | undefined> {
  const wanted = new Set(images);
  const undone = new Set<Digest>();
  const moved: Move[] = [];
  for await (const { stored, stands } of history) {
    const { operation, changes } = stored.entry;
    if (!stands) continue;
    if (operation.undoes !== undefined) undone.add(operation.undoes);
    if ((operation.kind !== 'promote' && operation.kind !== 'shift') || undone.has(stored.digest)) continue;
    if (changes.some((change) => change.ring === ring && wanted.has(change.image))) {
      const cells = new Set(changes.map(cellOf));
      return {
        stored,
        later: moved.filter(({ entry }) => entry.changes.some((one) => cells.has(cellOf(one)))),
      };
    }
    moved.push({ tag: stored.tag, entry: { operation, changes } });
  }
  return undefined;
}

/**
 * Where the versions are described that some changes bring: in the state, or in an entry of the past.
 * @returns undefined where one of them is nowhere any more
 */
export async function detailsOf(
  changes: readonly Change[],
  state: State,
  history: AsyncIterable<Past>,
): Promise<State | undefined> {
  const images: Record<string, ImageState> = {};
  const missing = new Map<string, Change>();
  const take = ({ image, to }: Change, from: State): boolean => {
    const version = to === undefined ? undefined : imageState(from, image).versions[to];
    if (!version) return to === undefined;
    images[image] = { rings: {}, taken: {}, versions: { ...images[image]?.versions, [to!]: version } };
    return true;
  };
  for (const change of changes) if (!take(change, state)) missing.set(`${change.image} ${change.to}`, change);
  if (missing.size === 0) return { images };
  for await (const { stored } of history) {
    for (const [key, change] of missing) if (take(change, stored.entry.state)) missing.delete(key);
    if (missing.size === 0) return { images };
  }
  return undefined;
}

/**
 * Since when rings hold versions, by the clocks of those who put them there.
 * @param cells image, ring and version
 * @param enough a time, in milliseconds, before which nobody needs to know more
 * @returns for each cell its time in milliseconds; undefined where the ring does not hold the version
 */
export async function heldSince(
  cells: readonly { readonly image: string; readonly ring: string; readonly version: string }[],
  history: AsyncIterable<Past>,
  enough: number,
): Promise<(number | undefined)[]> {
  const open = new Map(cells.map((cell, i) => [cellOf(cell), { ...cell, i }]));
  const since: (number | undefined)[] = cells.map(() => undefined);
  let oldest: number | undefined;
  for await (const { stored, stands } of history) {
    if (open.size === 0) return since;
    if (!stands) continue;
    oldest = Date.parse(stored.entry.time);
    for (const change of stored.entry.changes) {
      const cell = open.get(cellOf(change));
      if (!cell) continue;
      open.delete(cellOf(change));
      if (change.to === cell.version) since[cell.i] = oldest;
    }
    if (oldest < enough) break;
  }
  // What is left was there before all that was looked at.
  for (const { i } of open.values()) since[i] = oldest;
  return since;
}

function cellOf({ image, ring }: { readonly image: string; readonly ring: string }): string {
  return `${ring}/${image}`;
}

/** The rings that some changes touch, in which versions run. */
export function touched(changes: readonly Change[]): string[] {
  return [...new Set(changes.map(({ ring }) => ring))].filter((ring) => ring !== POST);
}
