import type { Digest } from '../oci/digest';
import type { Changes, State } from './state';

export const ENTRY_TYPE = 'application/vnd.gitops.ledger.v1+json';

/** How many sequence numbers an entry looks back: what came to light later than that is not waited for. */
export const WINDOW = 32;

/** What was done, in the words of the one who did it. */
export interface Operation {
  /** A merge changes nothing: it settles what others have written at the same time. */
  readonly kind: 'push' | 'promote' | 'shift' | 'unshift' | 'hold' | 'release' | 'copy' | 'merge';
  /** Of a push, a hold, a release and a copy the ring; of a promotion and a shift the ring that versions came from. */
  readonly ring?: string;
  /** Of a promotion the ring that versions went to; of an unshift the ring that they were taken from. */
  readonly to?: string;
  /** The entry that an unshift takes back. */
  readonly undoes?: Digest;
  /** Of a copy the store that versions came from. */
  readonly store?: string;
  /** What stood against it, and was overridden. */
  readonly forced?: readonly string[];
}

/** Who did it, as far as the surroundings tell. */
export interface Actor {
  readonly who: string;
  /** The address of the CI run. */
  readonly run?: string;
  readonly commit?: string;
  readonly reason?: string;
}

/** One write to the ledger. Every entry holds all of the state after it. */
export interface Entry extends Actor, Changes {
  readonly schemaVersion: 1;
  /** One more than the highest of the entries before; the first is 1. */
  readonly sequence: number;
  /** The manifests of the entries before. The first is the one whose state this one goes on from. */
  readonly previous: readonly Digest[];
  /** The tags of all entries that came before this one, as far as {@link WINDOW} goes back. */
  readonly ancestors: readonly string[];
  /** Those of the ancestors whose changes did not stand: they had met others that stood before them. */
  readonly void: readonly string[];
  /** RFC 3339, by the clock of the writer: for people, nothing is decided by it. */
  readonly time: string;
  readonly operation: Operation;
  readonly state: State;
}

/** An entry as it is stored. */
export interface StoredEntry {
  readonly tag: string;
  readonly digest: Digest;
  readonly entry: Entry;
}

/** The tag of an entry: no two writers ever write the same one. It sorts by sequence. */
export function entryTag(sequence: number, digest: Digest): string {
  return `${sequencePrefix(sequence)}-${digest.slice('sha256:'.length, 'sha256:'.length + 12)}`;
}

/** Sorts before every tag of the sequence, and after all tags of those before. */
export function sequencePrefix(sequence: number): string {
  return String(Math.max(0, sequence)).padStart(10, '0');
}

/** The sequence of an entry's tag; undefined for any other tag. */
export function sequenceOf(tag: string): number | undefined {
  const match = /^(\d{10})-[0-9a-f]{12}$/.exec(tag);
  return match ? Number(match[1]) : undefined;
}
