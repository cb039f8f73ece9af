import { sha256 } from '../oci/digest';
import { MemoryStore } from '../oci/memory';
import { type Entry, entryTag } from './entry';
import { EntryStore } from './entry-store';
import { type ReadEntry, RecentEntries } from './recent-entries';

const entryOf = (sequence: number, previous: Entry['previous'] = []): Entry => ({
  schemaVersion: 1,
  sequence,
  previous,
  ancestors: [],
  void: [],
  time: '2026-01-02T03:04:05.678Z',
  who: 'mia',
  operation: { kind: 'push', ring: 'developers' },
  changes: [],
  state: { images: {} },
});

function read(sequence: number, size: number): ReadEntry {
  const digest = sha256(String(sequence));
  const tag = entryTag(sequence, digest);
  return { tag, digest, entry: entryOf(sequence), manifest: Buffer.alloc(0), size };
}

const held = (recent: RecentEntries, entries: readonly ReadEntry[]): number[] =>
  entries.filter(({ digest }) => recent.get(digest)).map(({ entry }) => entry.sequence);

describe('the entries that were asked for last', () => {
  const entries = [1, 2, 3, 4].map((sequence) => read(sequence, 10));
  const [first, second, third, fourth] = entries as [ReadEntry, ReadEntry, ReadEntry, ReadEntry];

  it('are found by tag and by digest', () => {
    const recent = new RecentEntries();
    expect(recent.isEmpty).toBe(true);
    recent.add(first);
    expect(recent.isEmpty).toBe(false);
    expect([recent.get(first.tag), recent.get(first.digest)]).toEqual([first, first]);
    expect([recent.get(second.tag), recent.get(second.digest)]).toEqual([undefined, undefined]);
  });

  it('are all that fit, those that were asked for last', () => {
    const recent = new RecentEntries(30);
    for (const entry of [first, second, third]) recent.add(entry);
    recent.get(first.tag);
    recent.add(fourth);
    expect(recent.get(second.tag)).toBeUndefined();
    expect(held(recent, entries)).toEqual([1, 3, 4]);
  });

  it('are counted once', () => {
    const recent = new RecentEntries(30);
    for (const entry of [first, first, second, second, third]) recent.add(entry);
    expect(held(recent, entries)).toEqual([1, 2, 3]);
  });

  it('are the last one at least', () => {
    const recent = new RecentEntries(5);
    for (const entry of [first, second]) recent.add(entry);
    expect(held(recent, entries)).toEqual([2]);
  });
});

describe('a store of entries that holds none but the last in memory', () => {
  it('reads the others again, and names them as before', async () => {
    const repository = new MemoryStore().repository('ledger');
    const store = new EntryStore(repository, 0);
    const one = await store.write(entryOf(1));
    const two = await store.write(entryOf(2, [one.digest]));
    expect(await store.read(one.tag)).toMatchObject({ tag: one.tag, entry: one.entry });
    expect(await store.read(two.digest)).toMatchObject({ tag: two.tag, entry: two.entry });
    await store.confirm(one);
    expect(await store.confirmed()).toMatchObject({ tag: one.tag });
    await store.follow(two);
    expect(await store.followedDigest()).toBe(two.digest);
  });

  it('says so where one is gone that is to be named', async () => {
    const repository = new MemoryStore().repository('ledger');
    const store = new EntryStore(repository, 0);
    const one = await store.write(entryOf(1));
    await store.write(entryOf(2, [one.digest]));
    await repository.delete(one.digest);
    await expect(store.confirm(one)).rejects.toThrow(
      `memory/ledger does not have the ledger entry ${one.tag}`,
    );
  });
});
