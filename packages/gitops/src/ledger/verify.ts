import { canonicalJson } from '../oci/json';
import { StoreError } from '../oci/store-error';
import type { StoredEntry } from './entry';
import type { EntryStore } from './entry-store';
import { folded, within } from './merge';
import { EMPTY_STATE, type State, applied } from './state';

/**
 * Makes sure that an entry is what its writer had to make of the entries before it: their state, with its changes.
 * What is no longer in the store cannot be compared.
 *
 * @throws StoreError `corrupt` where it is something else
 */
export async function checkAgainstParents(store: EntryStore, stored: StoredEntry): Promise<void> {
  const { entry, tag } = stored;
  const fail = (what: string): never => {
    throw new StoreError(
      'corrupt',
      `the ledger entry ${tag} in ${store.repository.where} does not match its parent: ${what}`,
      'it was not written by gitops: remove its tag, and the tag latest if it is the same',
    );
  };
  const parents = await Promise.all(entry.previous.map((digest) => store.read(digest)));
  const found = parents.filter((parent) => parent !== undefined);
  if (found.length < parents.length) return;
  const sequence = Math.max(0, ...found.map((parent) => parent.entry.sequence)) + 1;
  if (entry.sequence !== sequence) fail(`its sequence is ${entry.sequence}, not ${sequence}`);

  const before = found[0] && (await stateAfter(store, found[0], entry.ancestors));
  if (found[0] && !before) return;
  const state = applied(before?.state ?? EMPTY_STATE, entry, entry.state);
  if (!state) return fail('its changes do not fit');
  const image = difference(state, entry.state);
  if (image !== undefined) fail(`the state of ${image} is another one`);
  if (!canonicalJson(state.holds ?? {}).equals(canonicalJson(entry.state.holds ?? {})))
    fail('other rings are on hold');
  if (within(before?.voided ?? [], sequence).join() !== [...entry.void].sort().join())
    fail('it voids other entries');
}

/** Undefined where one of the ancestors is no longer there. */
async function stateAfter(
  store: EntryStore,
  first: StoredEntry,
  ancestors: readonly string[],
): Promise<ReturnType<typeof folded> | undefined> {
  const known = new Set([first.tag, ...first.entry.ancestors]);
  const others = await Promise.all(ancestors.filter((tag) => !known.has(tag)).map((tag) => store.read(tag)));
  return others.every((other) => other !== undefined) ? folded(first, [first, ...others]) : undefined;
}

/** The first image of which the two say something else. */
function difference(a: State, b: State): string | undefined {
  const names = [...new Set([...Object.keys(a.images), ...Object.keys(b.images)])].sort();
  // What has not changed is mostly written in the same order, too: looking at that is much faster.
  return names.find(
    (name) =>
      JSON.stringify(a.images[name]) !== JSON.stringify(b.images[name]) &&
      !canonicalJson(a.images[name]).equals(canonicalJson(b.images[name])),
  );
}
