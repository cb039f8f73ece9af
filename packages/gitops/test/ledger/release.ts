import { type Draft } from '../../src/ledger/ledger';
import { type View, merged } from '../../src/ledger/merge';
import { type Entry, type StoredEntry, entryTag } from '../../src/ledger/entry';
import { entryDocuments } from '../../src/ledger/entry-documents';
import type { EntryStore } from '../../src/ledger/entry-store';
import { type State, applied } from '../../src/ledger/state';
import { within } from '../../src/ledger/merge';
import { type Digest, sha256 } from '../../src/oci/digest';
import { change, published } from './changes';

/** What rings hold of images: `{ api: { developers: '1.0.0 base 1.1.0' } }`, with the versions that it was made with. */
export type Held = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** A state in which rings hold versions; each version's content is its name. */
export function stateOf(held: Held): State {
  let state: State = { images: {} };
  for (const [image, rings] of Object.entries(held))
    for (const [ring, text] of Object.entries(rings)) {
      const [version, ...needs] = text.split(' ');
      const dependencies = Object.fromEntries(
        needs.flatMap((name, i) => (i % 2 === 0 ? [[name, needs[i + 1]!]] : [])),
      );
      const described = { [version!]: published(`${image} ${text}`, dependencies) };
      const details = { images: { [image]: { rings: {}, taken: {}, versions: described } } };
      state = applied(state, { changes: [change(image, ring, '', version!)] }, details)!;
    }
  return state;
}

/** A ledger without a store: entries on top of one another. */
export class Chain {
  private readonly byDigest = new Map<Digest, StoredEntry>();

  /** @param view on top of which entries are added */
  constructor(public view: View = merged([], undefined)) {}

  /** For who only reads by digest. */
  readonly entries = { read: async (digest: string) => this.byDigest.get(digest as Digest) } as EntryStore;

  /** @param time in milliseconds */
  add({ operation, changes, holds, details }: Draft, time = 0): StoredEntry {
    const { view } = this;
    const sequence = Math.max(0, ...view.heads.map(({ entry }) => entry.sequence)) + 1;
    const entry: Entry = {
      schemaVersion: 1,
      sequence,
      previous: view.heads.map(({ digest }) => digest),
      ancestors: within(view.included, sequence),
      void: within(view.voided, sequence),
      time: new Date(time).toISOString(),
      who: 'somebody',
      operation,
      changes,
      ...(holds ? { holds } : {}),
      state: applied(view.state, { changes, holds }, details)!,
    };
    const digest = sha256(entryDocuments(entry).manifest);
    const stored = { tag: entryTag(sequence, digest), digest, entry };
    this.byDigest.set(digest, stored);
    this.view = merged([stored], stored);
    return stored;
  }

  /** Forgets an entry, as a store may. */
  forget({ digest }: StoredEntry): void {
    this.byDigest.delete(digest);
  }
}
