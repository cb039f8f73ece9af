import fc from 'fast-check';
import { change, details, published, shown } from '../../test/ledger/changes';
import {
  type Change,
  EMPTY_STATE,
  type State,
  applied as appliedAll,
  holdOf,
  holding,
  imageState,
} from './state';
import { isTaken } from './version';

const DETAILS = details({
  api: { '1.0.0': 'a', '1.0.1': 'b', '1.1.0': 'c' },
  web: { '2.0.0': 'd', '2.1.0': 'e' },
});
const NEW_API = change('api', 'developers', '', '1.0.0', true);
const NEW_WEB = change('web', 'developers', '', '2.0.0', true);

const applied = (state: State, changes: readonly Change[], described: State): State | undefined =>
  appliedAll(state, { changes }, described);

/** The state that changes make, one after the other. */
function after(...steps: (Change | readonly Change[])[]): State {
  return steps.reduce<State>((state, step) => applied(state, [step].flat(), DETAILS)!, EMPTY_STATE);
}

describe('a change', () => {
  const before = after(NEW_API, NEW_WEB);

  it.each<[what: string, changes: Change[], state: string]>([
    ['brings a new version', [change('api', 'developers', '1.0.0', '1.0.1', true)], 'developers 1.0.1'],
    [
      'brings one to another ring',
      [change('api', 'testers', '', '1.0.0')],
      'developers 1.0.0, testers 1.0.0',
    ],
    ['takes one away', [change('api', 'developers', '1.0.0', '')], 'none'],
    [
      'goes on from another',
      [change('api', 'testers', '', '1.0.0'), change('api', 'users', '', '1.0.0')],
      'developers 1.0.0, testers 1.0.0, users 1.0.0',
    ],
    ['may leave a version as it is', [change('api', 'developers', '1.0.0', '1.0.0')], 'developers 1.0.0'],
  ])('%s', (_, changes, state) => {
    expect(shown(applied(before, changes, DETAILS)!)).toBe(`api: ${state}; web: developers 2.0.0`);
  });

  it.each<[why: string, change: Change]>([
    ['the ring holds another version', change('api', 'developers', '1.0.1', '1.1.0', true)],
    ['the ring holds one', change('api', 'developers', '', '1.1.0', true)],
    ['the ring holds none', change('api', 'testers', '1.0.0', '1.1.0', true)],
    ['there is nothing to take away', change('api', 'testers', '1.0.0', '')],
    ['no ring holds the image', change('job', 'developers', '1.0.0', '')],
    ['the version is taken', change('api', 'testers', '', '1.0.0', true)],
    ['nobody describes the version', change('api', 'developers', '1.0.0', '9.9.9', true)],
    ['nobody describes the image', change('job', 'developers', '', '1.0.0', true)],
  ])('does not fit where %s', (_, one) => {
    expect(applied(before, [one], DETAILS)).toBeUndefined();
  });

  it('does not fit where the version is held with other content', () => {
    const other = details({ api: { '1.0.0': 'other' } });
    expect(applied(before, [change('api', 'testers', '', '1.0.0')], other)).toBeUndefined();
  });

  it('does not fit where the version was taken, and is held no more', () => {
    const gone = after(NEW_API, change('api', 'developers', '1.0.0', ''));
    expect(applied(gone, [NEW_API], DETAILS)).toBeUndefined();
    expect(shown(applied(gone, [change('api', 'developers', '', '1.0.0')], DETAILS)!)).toBe(
      'api: developers 1.0.0',
    );
  });

  it('needs no description of what is held already', () => {
    expect(applied(before, [change('api', 'testers', '', '1.0.0')], EMPTY_STATE)).toBeDefined();
  });

  it('may be of an image or a ring with a name that objects know', () => {
    const told = details({ constructor: { '1.0.0': 'x' } });
    const state = applied(EMPTY_STATE, [change('constructor', 'constructor', '', '1.0.0', true)], told)!;
    expect(holding(state, 'constructor', 'constructor')).toEqual({ version: '1.0.0', ...published('x') });
    expect(holding(EMPTY_STATE, 'constructor', 'developers')).toBeUndefined();
    expect(holding(after(NEW_API), 'api', 'constructor')).toBeUndefined();
  });
});

describe('several changes', () => {
  it('are made together', () => {
    expect(shown(applied(EMPTY_STATE, [NEW_API, NEW_WEB], DETAILS)!)).toBe(
      'api: developers 1.0.0; web: developers 2.0.0',
    );
  });

  it.each([
    ['first', [change('api', 'users', '1.0.0', '1.0.1'), NEW_WEB]],
    ['last', [NEW_WEB, change('api', 'users', '1.0.0', '1.0.1')]],
  ])('are not made at all where the %s does not fit', (_, changes) => {
    expect(applied(after(NEW_API), changes, DETAILS)).toBeUndefined();
  });

  it('leave what they go on from as it was', () => {
    const before = after(NEW_API);
    const text = JSON.stringify(before);
    applied(before, [change('api', 'developers', '1.0.0', '1.0.1', true), NEW_WEB], DETAILS);
    expect(JSON.stringify(before)).toBe(text);
  });

  it('of nothing change nothing', () => {
    expect(applied(after(NEW_API), [], DETAILS)).toEqual(after(NEW_API));
  });
});

describe('a version', () => {
  it('that no ring holds any more is not described any more, and stays taken', () => {
    const state = after(NEW_API, change('api', 'developers', '1.0.0', '1.1.0', true));
    expect(imageState(state, 'api')).toEqual({
      rings: { developers: '1.1.0' },
      versions: { '1.1.0': published('c') },
      taken: { '1.0': 0, '1.1': 0 },
    });
  });

  it('that another ring still holds stays described', () => {
    const state = after(
      NEW_API,
      change('api', 'testers', '', '1.0.0'),
      change('api', 'developers', '1.0.0', '1.1.0', true),
    );
    expect(Object.keys(imageState(state, 'api').versions)).toEqual(['1.0.0', '1.1.0']);
  });

  it('is what a ring holds', () => {
    expect(holding(after(NEW_API), 'api', 'developers')).toEqual({ version: '1.0.0', ...published('a') });
    expect(holding(after(NEW_API), 'api', 'testers')).toBeUndefined();
    expect(holding(after(NEW_API), 'web', 'developers')).toBeUndefined();
  });
});

const IMAGES = ['api', 'web', 'job'];
const RINGS = ['developers', 'testers', 'post'];
const VERSIONS = ['1.0.0', '1.0.1', '1.1.0', '2.0.0'];
const ALL = details(
  Object.fromEntries(
    IMAGES.map((image) => [image, Object.fromEntries(VERSIONS.map((version) => [version, image + version]))]),
  ),
);

/** A change as people make them: most of them fit. */
const WISH = fc.record({
  image: fc.constantFrom(...IMAGES),
  ring: fc.constantFrom(...RINGS),
  to: fc.constantFrom('', ...VERSIONS),
  isNew: fc.boolean(),
  isMistaken: fc.integer({ min: 0, max: 9 }).map((one) => one === 0),
});
type Wish = typeof WISH extends fc.Arbitrary<infer T> ? T : never;

function changeOf({ image, ring, to, isNew, isMistaken }: Wish, state: State): Change {
  const from = imageState(state, image).rings[ring] ?? '';
  return change(image, ring, isMistaken ? '9.9.9' : from, to, isNew && to !== '');
}

/** The states that wishes come to, one after the other. What does not fit is left out. */
function course(wishes: readonly Wish[]): State[] {
  const states: State[] = [EMPTY_STATE];
  for (const wish of wishes) {
    const state = states.at(-1)!;
    states.push(applied(state, [changeOf(wish, state)], ALL) ?? state);
  }
  return states;
}

describe('whatever was changed', () => {
  const WISHES = fc.array(WISH, { maxLength: 40, size: 'max' });

  it('the versions that are described are those that some ring holds', () => {
    fc.assert(
      fc.property(WISHES, (wishes) => {
        for (const { rings, versions } of Object.values(course(wishes).at(-1)!.images))
          expect(Object.keys(versions).sort()).toEqual([...new Set(Object.values(rings))].sort());
      }),
    );
  });

  it('what is taken is never less, and has all that is held', () => {
    fc.assert(
      fc.property(WISHES, (wishes) => {
        const states = course(wishes);
        for (const [i, state] of states.slice(1).entries()) {
          for (const [image, { taken: before }] of Object.entries(states[i]!.images)) {
            const { taken, rings } = imageState(state, image);
            const less = Object.entries(before).filter(([line, patch]) => !(taken[line]! >= patch));
            expect([less, Object.values(rings).filter((version) => !isTaken(taken, version))]).toEqual([
              [],
              [],
            ]);
          }
        }
      }),
    );
  });

  it('several changes are made as one by one, or none is', () => {
    fc.assert(
      fc.property(WISHES, fc.array(WISH, { maxLength: 6 }), (wishes, more) => {
        const before = course(wishes).at(-1)!;
        const changes = more.map((wish) => changeOf(wish, before));
        let state: State | undefined = before;
        for (const one of changes) state = state && applied(state, [one], ALL);
        expect(applied(before, changes, ALL)).toEqual(state);
      }),
    );
  });

  it('the order of changes of different images does not matter', () => {
    fc.assert(
      fc.property(
        WISHES,
        fc.array(WISH, { maxLength: 8 }),
        fc.infiniteStream(fc.nat()),
        (wishes, more, picks) => {
          const before = course(wishes).at(-1)!;
          const changes = more.map((wish) => changeOf(wish, before));
          // Those of one image stay in their order.
          const byImage = IMAGES.map((image) => changes.filter((one) => one.image === image));
          const mixed: Change[] = [];
          while (mixed.length < changes.length) {
            const left = byImage.filter((all) => all.length > 0);
            mixed.push(left[picks.next().value! % left.length]!.shift()!);
          }
          expect(applied(before, mixed, ALL)).toEqual(applied(before, changes, ALL));
        },
      ),
    );
  });
});

describe('a ring on hold', () => {
  const put = (state: State, holds: Record<string, string | null>): State =>
    appliedAll(state, { changes: [], holds }, EMPTY_STATE)!;

  it('is so until it is released', () => {
    const held = put(put(EMPTY_STATE, { users: 'broken' }), { testers: 'too' });
    expect([holdOf(held, 'users'), holdOf(held, 'testers'), holdOf(held, 'constructor')]).toEqual([
      'broken',
      'too',
      undefined,
    ]);
    expect(put(held, { users: null }).holds).toEqual({ testers: 'too' });
    expect(put(put(held, { users: null }), { testers: null })).toEqual(EMPTY_STATE);
  });

  it('stays so whatever changes', () => {
    const held = put(EMPTY_STATE, { users: 'broken' });
    const changed = applied(held, [], EMPTY_STATE)!;
    expect(changed).toEqual(held);
  });
});
