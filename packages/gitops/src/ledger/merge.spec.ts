import fc from 'fast-check';
import { change, details, shown } from '../../test/ledger/changes';
import { HISTORY, entryOn, promotionOn, pushOn } from '../../test/ledger/histories';
import { Chain, stateOf } from '../../test/ledger/release';
import { type StoredEntry, WINDOW } from './entry';
import { EMPTY_VIEW, type View, merged, within } from './merge';
import { isTaken } from './version';

const see = (entries: readonly StoredEntry[], confirmed?: StoredEntry): View => merged(entries, confirmed);
const whose = (view: View): string[] => view.heads.map(({ entry }) => entry.who);

/** Two in the order of their tags. */
function inOrder(a: StoredEntry, b: StoredEntry): [StoredEntry, StoredEntry] {
  return a.tag < b.tag ? [a, b] : [b, a];
}

describe('a ledger', () => {
  it('of nothing is empty', () => {
    expect(see([])).toEqual(EMPTY_VIEW);
  });

  it('of one entry is what that says', () => {
    const one = pushOn(EMPTY_VIEW, 'a', 'api');
    const view = see([one], one);
    expect(view.heads).toEqual([one]);
    expect(view.state).toEqual(one.entry.state);
    expect([...view.included]).toEqual([one.tag]);
    expect(view.confirmed).toBe(one);
  });

  it('of entries one after the other is what the last one says', () => {
    const one = pushOn(EMPTY_VIEW, 'a', 'api');
    const two = pushOn(see([one]), 'b', 'api');
    const three = promotionOn(see([two]), 'c', 'api', 'developers');
    expect(three.entry.ancestors).toEqual([one.tag, two.tag]);
    const view = see([one, two, three], two);
    expect(whose(view)).toEqual(['c']);
    expect(shown(view.state)).toBe('api: developers 0.1.1, testers 0.1.1');
  });
});

describe('a fork', () => {
  const base = pushOn(EMPTY_VIEW, 'base', 'api');
  const at = see([base], base);

  it.each<[what: string, b: StoredEntry, state: string]>([
    ['of different images', pushOn(at, 'b', 'web'), 'api: developers 0.1.1; web: developers 0.1.0'],
    ['of different rings', pushOn(at, 'b', 'api', 'ante'), 'api: ante 0.2.0, developers 0.1.1'],
    [
      'of a push and a promotion',
      promotionOn(at, 'b', 'api', 'developers'),
      'api: developers 0.1.1, testers 0.1.0',
    ],
    ['with an entry that changes nothing', entryOn(at, 'b', [], at.state), 'api: developers 0.1.1'],
  ])('%s merges by itself', (_, b, state) => {
    const a = pushOn(at, 'a', 'api');
    const view = see([a, b], base);
    expect(view.voided.size).toBe(0);
    expect(view.heads).toEqual(inOrder(a, b));
    expect(shown(view.state)).toBe(state);
  });

  it('of two versions of one image in one ring leaves the entry standing that sorts first', () => {
    const [first, second] = inOrder(pushOn(at, 'a', 'api'), pushOn(at, 'b', 'api'));
    const view = see([second, first], base);
    expect(view.heads).toEqual([first, second]);
    expect(view.state).toEqual(first.entry.state);
    expect([...view.voided]).toEqual([second.tag]);
    expect([...view.included].sort()).toEqual([base.tag, first.tag, second.tag]);
  });

  it('leaves the confirmed entry standing, whichever sorts first', () => {
    const [first, second] = inOrder(pushOn(at, 'a', 'api'), pushOn(at, 'b', 'api'));
    const view = see([first, second], second);
    expect(view.heads).toEqual([second, first]);
    expect(view.state).toEqual(second.entry.state);
    expect([...view.voided]).toEqual([first.tag]);
  });

  it('leaves what comes after the confirmed entry standing, however far another one got', () => {
    const [a, b] = [pushOn(at, 'a', 'api'), pushOn(at, 'b', 'api')];
    const far = pushOn(see([pushOn(see([a]), 'a2', 'web')]), 'a3', 'job');
    const view = see([a, far, b], b);
    expect(view.heads).toEqual([b, far]);
    expect(shown(view.state)).toBe('api: developers 0.1.1; job: developers 0.1.0');
    expect([...view.voided]).toEqual([a.tag]);
  });

  it('leaves the one of the highest sequence standing where nothing is confirmed', () => {
    const a = pushOn(see([pushOn(at, 'a', 'web')]), 'a2', 'api');
    const b = pushOn(at, 'b', 'api');
    const view = see([b, a]);
    expect(whose(view)).toEqual(['a2', 'b']);
    expect([...view.voided]).toEqual([b.tag]);
  });

  it('does not follow an entry that voids the confirmed one', () => {
    const [first, second] = inOrder(pushOn(at, 'a', 'api'), pushOn(at, 'b', 'api'));
    // Its writer had not heard yet that the second is confirmed.
    const on = pushOn(see([first, second], base), 'c', 'web');
    expect(on.entry.void).toEqual([second.tag]);
    const view = see([on, first, second], second);
    expect(view.heads).toEqual([second, on]);
    expect(shown(view.state)).toBe('api: developers 0.1.1; web: developers 0.1.0');
    expect([...view.voided]).toEqual([first.tag]);
  });

  it('makes the changes of an entry together or not at all', () => {
    const a = pushOn(at, 'a', 'api');
    const changes = [
      change('web', 'developers', '', '0.1.0', true),
      change('api', 'developers', '0.1.0', '0.1.1', true),
    ];
    const both = entryOn(at, 'b', changes, details({ api: { '0.1.1': 'b' }, web: { '0.1.0': 'b' } }));
    const view = see([a, both], a);
    expect(shown(view.state)).toBe('api: developers 0.1.1');
    expect([...view.voided]).toEqual([both.tag]);
  });

  describe('of promotions that do not fit each other', () => {
    // Each is right by itself: one takes base away that the other brings an image for.
    const before = stateOf({
      base: { developers: '1.1.0', testers: '1.1.0' },
      api: { developers: '2.0.0 base 1.1.0' },
    });
    const older = details({ base: { '1.0.0': 'older' } });
    const start = new Chain();
    start.add({
      operation: { kind: 'push', ring: 'developers' },
      changes: Object.entries(before.images).flatMap(([image, { rings }]) =>
        Object.entries(rings).map(([ring, version]) => change(image, ring, '', version)),
      ),
      details: before,
    });
    const [ground] = start.view.heads;
    const branch = (kind: 'promote' | 'unshift' | 'push', forced?: readonly string[]): StoredEntry => {
      const chain = new Chain(start.view);
      return chain.add({
        operation: { kind, ...(forced ? { forced } : {}) },
        changes:
          kind === 'promote'
            ? [change('api', 'testers', '', '2.0.0')]
            : [change('base', 'testers', '1.1.0', '1.0.0')],
        details: kind === 'promote' ? before : older,
      });
    };
    const held = ({ state }: View): string => shown({ images: state.images }).replace(/developers \S+/g, '-');

    it('leaves one of them standing', () => {
      const [first, second] = inOrder(branch('promote'), branch('unshift'));
      const view = see([first, second], ground);
      expect([...view.voided]).toEqual([second.tag]);
      expect(view.state).toEqual(first.entry.state);
    });

    it('leaves both, where it was forced, or what does not fit was pushed', () => {
      for (const others of [
        [branch('promote', ['it is known']), branch('unshift', ['it is known'])],
        [branch('push'), branch('promote', ['so what'])],
      ] as const)
        expect(see([...others], ground).voided.size).toBe(0);
      const [push, promote] = [branch('push'), branch('promote')];
      const view = see([push, promote], push);
      expect([...view.voided]).toEqual([promote.tag]);
      expect(held(see([push, promote], promote))).toContain('testers 1.0.0');
    });
  });

  it('is over with the next entry, which names all heads, the one that stands first', () => {
    const [first, second] = inOrder(pushOn(at, 'a', 'api'), pushOn(at, 'b', 'api'));
    const next = pushOn(see([first, second], base), 'c', 'api');
    expect(next.entry).toMatchObject({
      sequence: 3,
      previous: [first.digest, second.digest],
      ancestors: [base.tag, first.tag, second.tag],
      void: [second.tag],
    });
    const view = see([base, first, second, next], first);
    expect(view.heads).toEqual([next]);
    expect([...view.voided]).toEqual([second.tag]);
  });

  it('takes up what came to light late', () => {
    const late = pushOn(at, 'late', 'web');
    const after = pushOn(see([pushOn(at, 'a', 'api')]), 'b', 'api');
    const view = see([after, late], after);
    expect(view.heads).toEqual([after, late]);
    expect(shown(view.state)).toBe('api: developers 0.1.2; web: developers 0.1.0');
  });

  it('knows the confirmed entry even where its own tag is gone', () => {
    const other = pushOn(at, 'b', 'web');
    expect(whose(see([], other))).toEqual(['b']);
  });
});

describe('the window', () => {
  it('keeps the tags of the last sequences, sorted', () => {
    const tags = [5, 40, 9, 8, 39].map((sequence) => `${String(sequence).padStart(10, '0')}-3f2ab1c4d5e6`);
    expect(WINDOW).toBe(32);
    expect(within(tags, 40).map(Number.parseFloat)).toEqual([9, 39, 40]);
  });

  it('bounds what an entry names', () => {
    let view = EMPTY_VIEW;
    for (let i = 1; i <= 2 * WINDOW; i++) {
      const next = pushOn(view, String(i), 'api');
      view = see([next], next);
    }
    expect(view.heads[0]!.entry.ancestors).toHaveLength(WINDOW - 1);
  });
});

/** What all readers have to agree on. */
function essence({ heads, state, voided, included }: View): unknown {
  return [heads.map(({ tag }) => tag), state, [...voided].sort(), [...included].sort()];
}

describe('whatever several writers wrote', () => {
  const HISTORY_SEEN = fc.tuple(HISTORY, fc.option(fc.nat(), { nil: undefined })).map(([entries, at]) => ({
    entries,
    confirmed: at === undefined ? undefined : entries[at % entries.length],
  }));
  const always = (holds: (entries: readonly StoredEntry[], view: View) => void) =>
    fc.assert(
      fc.property(HISTORY_SEEN, ({ entries, confirmed }) => holds(entries, see(entries, confirmed))),
      { numRuns: 200 },
    );

  it('all see the same, in whichever order they read', () => {
    fc.assert(
      fc.property(
        HISTORY_SEEN.chain(({ entries, confirmed }) =>
          fc.record({
            entries: fc.constant(entries),
            confirmed: fc.constant(confirmed),
            mixed: fc.shuffledSubarray(entries, { minLength: entries.length }),
          }),
        ),
        ({ entries, confirmed, mixed }) => {
          expect(essence(see(mixed, confirmed))).toEqual(essence(see(entries, confirmed)));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('all see the same, however much they read of what the first head knows', () => {
    fc.assert(
      fc.property(
        HISTORY_SEEN,
        fc.array(fc.boolean(), { minLength: 25, maxLength: 25 }),
        ({ entries, confirmed }, keeps) => {
          const view = see(entries, confirmed);
          const known = new Set(view.heads[0]!.entry.ancestors);
          const some = entries.filter(({ tag }, i) => !known.has(tag) || keeps[i]);
          expect(essence(see(some, confirmed))).toEqual(essence(view));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('what is confirmed stands', () =>
    always((_, { confirmed, included, voided }) => {
      if (!confirmed) return;
      expect([included.has(confirmed.tag), voided.has(confirmed.tag)]).toEqual([true, false]);
    }));

  it('all entries are in it, and each head is one that no other knows', () =>
    always((entries, { heads, included, confirmed }) => {
      expect([...included].sort()).toEqual(entries.map(({ tag }) => tag).sort());
      const known = new Set(entries.flatMap(({ entry }) => entry.ancestors));
      const others = heads.filter(({ tag }) => tag !== confirmed?.tag);
      expect(others.filter(({ tag }) => known.has(tag))).toEqual([]);
    }));

  it('no version is claimed by two entries that stand', () =>
    always((entries, { state, voided }) => {
      const claims = entries
        .filter(({ tag }) => !voided.has(tag))
        .flatMap(({ entry }) => entry.changes)
        .filter(({ isNew }) => isNew);
      const versions = claims.map(({ image, to }) => `${image}:${to}`);
      expect(new Set(versions).size).toBe(versions.length);
      expect(claims.filter(({ image, to }) => !isTaken(state.images[image]!.taken, to!))).toEqual([]);
    }));

  it('the next entry is of the next sequence, goes on from all heads and leaves one', () =>
    always((entries, view) => {
      const next = pushOn(view, 'next', 'api');
      expect(next.entry.sequence).toBe(Math.max(...entries.map(({ entry }) => entry.sequence)) + 1);
      expect(next.entry.previous).toEqual(view.heads.map(({ digest }) => digest));
      expect(whose(see([...entries, next], view.confirmed))).toEqual(['next']);
    }));
});
