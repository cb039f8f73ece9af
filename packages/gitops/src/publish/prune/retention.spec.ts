import { change } from '../../../test/ledger/changes';
import { stateOf, v } from '../../../test/publish/states';
import { type Entry, type StoredEntry, entryTag } from '../../ledger/entry';
import type { Change, State } from '../../ledger/state';
import { sha256 } from '../../oci/digest';
import { type Retention, isKept, knownVersions, namingAlone } from './retention';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 5, 1);
const NONE: Retention = { days: 0, entries: 0 };

/** An entry of so many days ago. */
function entry(sequence: number, days: number, changes: readonly Change[], state: State): StoredEntry {
  const digest = sha256(`entry ${sequence}`);
  const all: Entry = {
    schemaVersion: 1,
    sequence,
    previous: [],
    ancestors: [],
    void: [],
    time: new Date(NOW - days * DAY).toISOString(),
    who: 'mia',
    operation: { kind: 'push', ring: 'developers' },
    changes,
    state,
  };
  return { tag: entryTag(sequence, digest), digest, entry: all };
}

/** Three pushes to developers, the first of them promoted to users, and another push; the latest first. */
function past(...days: readonly [number, number, number, number, number]): StoredEntry[] {
  const [one, two, three, four] = ['0.1.0', '0.2.0', '0.2.1', '0.2.2'].map((version) => v(version));
  return [
    entry(
      1,
      days[0],
      [change('api', 'developers', '', '0.1.0', true)],
      stateOf({ api: { developers: one! } }),
    ),
    entry(
      2,
      days[1],
      [change('api', 'users', '', '0.1.0')],
      stateOf({ api: { developers: one!, users: one! } }),
    ),
    entry(
      3,
      days[2],
      [change('api', 'developers', '0.1.0', '0.2.0', true)],
      stateOf({ api: { developers: two!, users: one! } }),
    ),
    entry(
      4,
      days[3],
      [change('api', 'developers', '0.2.0', '0.2.1', true)],
      stateOf({ api: { developers: three!, users: one! } }),
    ),
    entry(
      5,
      days[4],
      [change('api', 'developers', '0.2.1', '0.2.2', true)],
      stateOf({ api: { developers: four!, users: one! } }),
    ),
  ].reverse();
}

const LONG_AGO = past(50, 40, 30, 20, 10);
const ALL = ['0.1.0', '0.2.0', '0.2.1', '0.2.2'];
const known = (entries: readonly StoredEntry[], retention: Retention, followed = entries[0]!.digest) =>
  knownVersions(entries[0]!.entry.state, entries, followed, retention, NOW).get('api')!;
const kept = (...all: Parameters<typeof known>): string[] =>
  [...known(...all).values()]
    .filter(isKept)
    .map(({ version }) => version)
    .sort();

describe('the versions that stay', () => {
  it.each<[name: string, entries: readonly StoredEntry[], retention: Retention, versions: string[]]>([
    ['are those that rings hold', LONG_AGO, NONE, ['0.1.0', '0.2.2']],
    [
      'and what the last entry took from a ring',
      LONG_AGO,
      { days: 0, entries: 1 },
      ['0.1.0', '0.2.1', '0.2.2'],
    ],
    ['and what the two before it name', LONG_AGO, { days: 0, entries: 2 }, ALL],
    [
      'and what younger entries took from a ring',
      LONG_AGO,
      { days: 15, entries: 0 },
      ['0.1.0', '0.2.1', '0.2.2'],
    ],
    ['and what still younger ones name', LONG_AGO, { days: 20, entries: 1 }, ALL],
    ['whichever is more', LONG_AGO, { days: 15, entries: 2 }, ALL],
    ['and all of the last hour in any case', past(50, 40, 30, 20, 0.04), NONE, ['0.1.0', '0.2.1', '0.2.2']],
    ['but not what is older than that', past(50, 40, 30, 20, 0.05), NONE, ['0.1.0', '0.2.2']],
    ['and what came after an entry of now by its sequence', past(50, 40, 30, 0, 20), NONE, ALL],
    [
      'and what is of tomorrow, by a clock that goes wrong',
      past(50, 40, 30, 20, -1),
      NONE,
      ['0.1.0', '0.2.1', '0.2.2'],
    ],
  ])('%s', (_, entries, retention, versions) => {
    expect(kept(entries, retention)).toEqual(versions);
  });

  it('are all of those that are to have their tags yet', () => {
    expect(kept(LONG_AGO, NONE, LONG_AGO[1]!.digest)).toEqual(['0.1.0', '0.2.1', '0.2.2']);
    expect(kept(LONG_AGO, NONE, sha256('unknown'))).toEqual(ALL);
    expect(
      [...knownVersions(LONG_AGO[0]!.entry.state, LONG_AGO, undefined, NONE, NOW).get('api')!.values()].every(
        isKept,
      ),
    ).toBe(true);
  });
});

describe('entries without what later ones say too', () => {
  it('say the same of all versions together', () => {
    const other = entry(4, 20, [], stateOf({ api: { developers: v('0.2.1', 'other') } }));
    const entries = [LONG_AGO[0]!, other, ...LONG_AGO.slice(1)];
    const named = new Set<string>();
    const alone = entries.map((one) => namingAlone(one, named));
    const shown = (all: readonly StoredEntry[]) =>
      [...known(all, { days: 15, entries: 1 }).values()].map(({ last, ...one }) => [last.tag, one]);
    expect(shown(alone)).toEqual(shown(entries));
    // The version that users hold is in all of them.
    const has = ({ entry: { state } }: StoredEntry) => Object.keys(state.images['api']?.versions ?? {});
    expect(entries.map((one) => has(one).length)).toEqual([2, 1, 2, 2, 1, 1]);
    expect(alone.map((one) => has(one).length)).toEqual([2, 1, 1, 1, 0, 0]);
  });
});

describe('a version', () => {
  it('is known with its digests, its rings and the entry that named it last', () => {
    expect(known(LONG_AGO, NONE).get('0.1.0')).toMatchObject({ rings: ['users'], last: LONG_AGO[0] });
    expect(known(LONG_AGO, NONE).get('0.2.0')).toMatchObject({
      digests: new Set([v('0.2.0').digest]),
      rings: [],
      last: LONG_AGO[1],
      isRecent: false,
    });
  });

  it('that two claimed at once is known by what both made of it', () => {
    const other = entry(
      4,
      20,
      [change('api', 'developers', '0.2.0', '0.2.1', true)],
      stateOf({ api: { developers: v('0.2.1', 'other') } }),
    );
    const entries = [LONG_AGO[0]!, other, ...LONG_AGO.slice(1)];
    expect(known(entries, NONE).get('0.2.1')!.digests).toEqual(
      new Set([v('0.2.1', 'other').digest, v('0.2.1').digest]),
    );
  });

  it('of an image that is called as what every object has', () => {
    const state = stateOf({ constructor: { developers: v('0.1.0') } });
    const entries = [entry(1, 50, [change('constructor', 'developers', '', '0.1.0', true)], state)];
    const versions = knownVersions(stateOf({}), entries, entries[0]!.digest, NONE, NOW).get('constructor')!;
    expect([...versions.values()].map(isKept)).toEqual([false]);
  });
});
