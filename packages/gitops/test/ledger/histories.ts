import fc from 'fast-check';
import { type Entry, type StoredEntry, entryTag } from '../../src/ledger/entry';
import { entryDocuments } from '../../src/ledger/entry-documents';
import { type View, merged, within } from '../../src/ledger/merge';
import { Rings } from '../../src/ledger/rings';
import { type Change, type State, applied, imageState } from '../../src/ledger/state';
import { nextVersion } from '../../src/ledger/version';
import { sha256 } from '../../src/oci/digest';
import { change, details } from './changes';

export const RINGS = new Rings(['developers', 'testers', 'users']);

/** An entry with these changes on top of what its writer sees. */
export function entryOn(view: View, who: string, changes: readonly Change[], described: State): StoredEntry {
  const sequence = Math.max(0, ...view.heads.map(({ entry }) => entry.sequence)) + 1;
  const state = applied(view.state, { changes }, described);
  if (!state) throw new Error(`${who} cannot change that`);
  const entry: Entry = {
    schemaVersion: 1,
    sequence,
    previous: view.heads.map(({ digest }) => digest),
    ancestors: within(view.included, sequence),
    void: within(view.voided, sequence),
    time: '2026-01-01T00:00:00.000Z',
    who,
    operation: { kind: changes.length > 0 ? 'push' : 'merge' },
    changes,
    state,
  };
  const digest = sha256(entryDocuments(entry).manifest);
  return { tag: entryTag(sequence, digest), digest, entry };
}

/** A push of a new version of an image, as the writer who sees this has to make it. */
export function pushOn(view: View, who: string, image: string, ring = RINGS.first): StoredEntry {
  const { rings: held, taken } = imageState(view.state, image);
  const to = nextVersion({ rings: RINGS, ring, held, taken, initialVersion: '0.1.0' });
  const changes = [change(image, ring, held[ring] ?? '', to, true)];
  return entryOn(view, who, changes, details({ [image]: { [to]: `${image} of ${who}` } }));
}

/** The promotion of what a ring holds of an image to the next one. */
export function promotionOn(view: View, who: string, image: string, ring: string): StoredEntry {
  const { rings: held } = imageState(view.state, image);
  const to = RINGS.all[RINGS.all.indexOf(ring) + 1]!;
  const changes = held[ring] === undefined ? [] : [change(image, to, held[to] ?? '', held[ring])];
  return entryOn(view, who, changes, view.state);
}

/** What a writer does, and of which of the entries so far it has heard. */
const STEP = fc.record({
  kind: fc.constantFrom('push', 'push', 'promote', 'merge'),
  image: fc.constantFrom('api', 'web', 'job'),
  ring: fc.constantFrom('ante', 'developers', 'testers'),
  hears: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 25, maxLength: 25 }),
  confirmed: fc.option(fc.nat(), { nil: undefined }),
});

/** The entries of several honest writers, of whom each may have missed what others wrote before. */
export const HISTORY: fc.Arbitrary<StoredEntry[]> = fc
  .array(STEP, { minLength: 1, maxLength: 25, size: 'max' })
  .map((steps) =>
    steps.reduce<StoredEntry[]>((entries, { kind, image, ring, hears, confirmed }, i) => {
      const heard = withAncestors(
        entries.filter((_, at) => hears[at]! > 0),
        entries,
      );
      const hint = confirmed === undefined ? undefined : heard[confirmed % heard.length];
      const view = merged(heard, hint);
      const who = String(i);
      if (kind === 'push') entries.push(pushOn(view, who, image, ring));
      else if (kind === 'promote') entries.push(promotionOn(view, who, image, ring));
      else entries.push(entryOn(view, who, [], view.state));
      return entries;
    }, []),
  );

/** With all entries that these know of. */
export function withAncestors(
  some: readonly StoredEntry[],
  all: readonly StoredEntry[],
): readonly StoredEntry[] {
  const known = new Set(some.flatMap(({ tag, entry }) => [tag, ...entry.ancestors]));
  return all.filter(({ tag }) => known.has(tag));
}
