import { type Entry, type StoredEntry, WINDOW } from './entry';
import { EMPTY_STATE, type State, applied } from './state';
import { breaches } from './transitions';

/** What a reader sees: mostly one entry; after a fork several, merged. */
export interface View {
  /** The one that stands whatever the others say; then all others that none has among its ancestors, by their tags. */
  readonly heads: readonly StoredEntry[];
  /** The state with all changes that stand. */
  readonly state: State;
  /** The tags of the entries in the window whose changes do not stand. */
  readonly voided: ReadonlySet<string>;
  /** The tags of all entries in it, as far as {@link WINDOW} goes back. */
  readonly included: ReadonlySet<string>;
  /** The entry that `latest` names: it, and all that came before it, are settled for good. */
  readonly confirmed: StoredEntry | undefined;
}

export const EMPTY_VIEW: View = {
  heads: [],
  state: EMPTY_STATE,
  voided: new Set(),
  included: new Set(),
  confirmed: undefined,
};

/**
 * Of entries the one that stands first: of those that came after the confirmed one, or are it, the one of the highest
 * sequence; of several, the one with the smallest tag.
 */
export function firstOf(
  entries: readonly StoredEntry[],
  confirmed: StoredEntry | undefined,
): StoredEntry | undefined {
  const heads = headsOf(entries);
  const following = confirmed ? heads.filter((head) => goesOnFrom(head, confirmed)) : heads;
  // The order of tags stays among those of the same sequence.
  const [first] = [...following].sort((a, b) => b.entry.sequence - a.entry.sequence);
  return first ?? confirmed;
}

/** Who voids an entry that is confirmed had not heard of that: it is not what comes after it. */
function goesOnFrom({ tag, entry }: StoredEntry, confirmed: StoredEntry): boolean {
  return (
    tag === confirmed.tag || (entry.ancestors.includes(confirmed.tag) && !entry.void.includes(confirmed.tag))
  );
}

function compareTags(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The entries that none of the others has among its ancestors, in the order of their tags. */
function headsOf(entries: readonly StoredEntry[]): StoredEntry[] {
  const ancestors = new Set(entries.flatMap(({ entry }) => entry.ancestors));
  return entries.filter(({ tag }) => !ancestors.has(tag)).sort((a, b) => compareTags(a.tag, b.tag));
}

/**
 * Merges entries, the same way for every reader. The state of the first head stands; the changes of all entries that
 * it does not know of are made on top of it, in the order of their tags, each entry's together or not at all.
 *
 * @param entries the first head, and at least all entries that it does not have among its ancestors
 */
export function merged(entries: readonly StoredEntry[], confirmed: StoredEntry | undefined): View {
  const first = firstOf(entries, confirmed);
  if (!first) return EMPTY_VIEW;
  const heads = [first, ...headsOf(entries).filter(({ tag }) => tag !== first.tag)];
  return { heads, ...folded(first, entries), confirmed };
}

/** The state of an entry, with the changes of those made on top that it does not know of. */
export function folded(
  first: StoredEntry,
  entries: readonly StoredEntry[],
): Pick<View, 'state' | 'voided' | 'included'> {
  const known = new Set([first.tag, ...first.entry.ancestors]);
  const others = entries.filter(({ tag }) => !known.has(tag)).sort((a, b) => compareTags(a.tag, b.tag));
  const voided = new Set(first.entry.void);
  let { state } = first.entry;
  for (const { tag, entry } of others) {
    const after = applied(state, entry, entry.state);
    if (after && !tearsApart(entry, state, after)) state = after;
    else voided.add(tag);
  }
  return { state, voided, included: new Set([...known, ...others.map(({ tag }) => tag)]) };
}

/**
 * Whether versions that were moved together do not fit what others have moved at the same time: each was allowed by
 * itself. A push is not asked: what is to follow it is pushed next.
 */
function tearsApart({ operation: { kind, forced } }: Entry, before: State, after: State): boolean {
  const isMove = kind === 'promote' || kind === 'shift' || kind === 'unshift' || kind === 'copy';
  return isMove && !forced && breaches(before, after).length > 0;
}

/** The tags that are near enough to a sequence to be kept in an entry of it. */
export function within(tags: Iterable<string>, sequence: number): string[] {
  return [...tags].filter((tag) => Number(tag.slice(0, 10)) > sequence - WINDOW).sort();
}
