import fc from 'fast-check';
import { change, shown } from '../../test/ledger/changes';
import { RINGS } from '../../test/ledger/histories';
import { Chain, type Held, stateOf } from '../../test/ledger/release';
import { detailsOf, historyOf, undoable } from './history';
import { POST, Rings } from './rings';
import { type State, applied, imageState } from './state';
import { breaches, closure, promotion, reversal, shift } from './transitions';
import { nextVersion } from './version';

const CHAIN: Held = { api: { developers: '1.3.0', testers: '1.2.0', users: '1.1.0', post: '1.0.0' } };

/** `users api 1.0.0 → 1.1.0` */
const lines = (changes: ReturnType<typeof promotion>): string[] =>
  changes.map(({ image, ring, from, to }) => `${ring} ${image} ${from ?? '-'} → ${to ?? '-'}`);

describe('a promotion', () => {
  const promote = (held: Held, ring: string, to: string, images = ['api']): string[] =>
    lines(promotion(stateOf(held), { rings: RINGS, images, ring, to }));

  it.each<[what: string, held: Held, ring: string, to: string, changes: string[]]>([
    [
      'to an empty ring',
      { api: { developers: '1.0.0' } },
      'developers',
      'testers',
      ['testers api - → 1.0.0'],
    ],
    ['to a ring in the middle', CHAIN, 'developers', 'testers', ['testers api 1.2.0 → 1.3.0']],
    [
      'to the last ring: what that held goes to post',
      CHAIN,
      'testers',
      'users',
      ['users api 1.1.0 → 1.2.0', 'post api 1.0.0 → 1.1.0'],
    ],
    ['over a ring', CHAIN, 'developers', 'users', ['users api 1.1.0 → 1.3.0', 'post api 1.0.0 → 1.1.0']],
    ['from ante', { api: { ante: '1.0.0' } }, 'ante', 'developers', ['developers api - → 1.0.0']],
    ['of what is there', { api: { developers: '1.0.0', testers: '1.0.0' } }, 'developers', 'testers', []],
    ['of what the ring does not hold', { api: { testers: '1.0.0' } }, 'developers', 'testers', []],
    [
      'into the last ring that holds what post does',
      { api: { testers: '1.2.0', users: '1.1.0', post: '1.1.0' } },
      'testers',
      'users',
      ['users api 1.1.0 → 1.2.0'],
    ],
  ])('%s', (_, held, ring, to, changes) => {
    expect(promote(held, ring, to)).toEqual(changes);
  });

  const RELEASE: Held = {
    base: { developers: '1.1.0', testers: '1.0.0' },
    api: { developers: '2.1.0 base 1.1.0', testers: '2.0.0 base 1.0.0' },
    root: { developers: '3.1.0 api 2.1.0', testers: '3.0.0 api 2.0.0' },
    other: { developers: '1.0.0' },
  };

  it('takes along what the image depends on, and nothing else', () => {
    expect(promote(RELEASE, 'developers', 'testers', ['root'])).toEqual([
      'testers root 3.0.0 → 3.1.0',
      'testers api 2.0.0 → 2.1.0',
      'testers base 1.0.0 → 1.1.0',
    ]);
    expect(promote(RELEASE, 'developers', 'testers', ['api'])).toHaveLength(2);
    expect(closure(stateOf(RELEASE), 'developers', ['api', 'root'])).toEqual(['api', 'base', 'root']);
  });
});

describe('a shift', () => {
  const shifted = (held: Held, ring: string): string[] =>
    lines(shift(stateOf(held), { rings: RINGS, images: ['api'], ring }));

  it.each<[what: string, held: Held, ring: string, changes: string[]]>([
    [
      'moves the whole chain',
      CHAIN,
      'developers',
      ['testers api 1.2.0 → 1.3.0', 'users api 1.1.0 → 1.2.0', 'post api 1.0.0 → 1.1.0'],
    ],
    [
      'from the middle leaves what comes before',
      CHAIN,
      'testers',
      ['users api 1.1.0 → 1.2.0', 'post api 1.0.0 → 1.1.0'],
    ],
    [
      'from ante fills the first ring',
      { api: { ante: '2.0.0', ...CHAIN['api'] } },
      'ante',
      [
        'developers api 1.3.0 → 2.0.0',
        'testers api 1.2.0 → 1.3.0',
        'users api 1.1.0 → 1.2.0',
        'post api 1.0.0 → 1.1.0',
      ],
    ],
    [
      'passes nothing on from an empty ring',
      { api: { developers: '1.3.0', users: '1.1.0' } },
      'developers',
      ['testers api - → 1.3.0'],
    ],
    [
      'moves on what the ring before has, too',
      { api: { developers: '1.3.0', testers: '1.3.0', users: '1.1.0' } },
      'developers',
      ['users api 1.1.0 → 1.3.0', 'post api - → 1.1.0'],
    ],
  ])('%s', (_, held, ring, changes) => {
    expect(shifted(held, ring)).toEqual(changes);
  });
});

describe('a ring that is not whole', () => {
  const whole: Held = {
    base: { developers: '1.1.0', testers: '1.0.0' },
    api: { developers: '2.1.0 base 1.1.0', testers: '2.0.0 base 1.0.0' },
  };
  const after = (held: Held, changes: ReturnType<typeof promotion>): State =>
    applied(stateOf(held), { changes }, stateOf(held))!;

  it('is what a promotion of a dependency alone would leave', () => {
    const state = stateOf(whole);
    const changes = promotion(state, { rings: RINGS, images: ['base'], ring: 'developers', to: 'testers' });
    expect(breaches(state, after(whole, changes))).toEqual([
      { ring: 'testers', image: 'api', version: '2.0.0', dependency: 'base', needed: '1.0.0', held: '1.1.0' },
    ]);
  });

  it('is what an image leaves that was made before its dependency', () => {
    const held = { ...whole, base: { developers: '1.2.0', testers: '1.0.0' } };
    const state = stateOf(held);
    const changes = promotion(state, { rings: RINGS, images: ['api'], ring: 'developers', to: 'testers' });
    expect(breaches(state, after(held, changes))).toEqual([
      { ring: 'testers', image: 'api', version: '2.1.0', dependency: 'base', needed: '1.1.0', held: '1.2.0' },
    ]);
  });

  it('says what is missing, and not what was so before, nor what is in post', () => {
    const before = stateOf({ api: { developers: '2.1.0 base 1.1.0', post: '1.0.0 base 1.0.0' } });
    expect(breaches(before, before)).toEqual([]);
    expect(breaches(stateOf({}), before)).toEqual([
      { ring: 'developers', image: 'api', version: '2.1.0', dependency: 'base', needed: '1.1.0' },
    ]);
  });
});

describe('what was done can be taken back', () => {
  it('whatever was pushed since', () => {
    const before = stateOf(CHAIN);
    const changes = shift(before, { rings: RINGS, images: ['api'], ring: 'developers' });
    const shiftedState = applied(before, { changes }, before)!;
    const patched = applied(
      shiftedState,
      { changes: [change('api', 'testers', '1.3.0', '1.3.1', true)] },
      stateOf({ api: { testers: '1.3.1' } }),
    )!;
    const back = reversal(patched, changes);
    expect(lines(back)).toContain('testers api 1.3.1 → 1.2.0');
    expect(shown(applied(patched, { changes: back }, before)!)).toBe(shown(before));
    expect(reversal(before, changes)).toEqual([]);
  });

  const rings = new Rings(['a', 'b', 'c', 'd']);
  const step = fc.oneof(
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('push' as const), image: fc.nat(2) }) },
    fc.record({ kind: fc.constant('promote' as const), image: fc.nat(2), from: fc.nat(3), by: fc.nat(3) }),
    fc.record({ kind: fc.constant('shift' as const), image: fc.nat(2), from: fc.nat(3) }),
  );

  /** What all rings but the one hold to which is pushed. */
  const beyond = ({ images }: State): unknown =>
    Object.fromEntries(
      Object.entries(images).map(([name, { rings: held }]) => {
        const { a: _, ...others } = held;
        return [name, others];
      }),
    );

  it('exactly, step by step, after any sequence of pushes, promotions and shifts', async () => {
    let unshifts = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 16, size: 'max' }), async (steps) => {
        const chain = new Chain();
        /** The state before each entry that can be taken back, and what it moved. */
        const done: { before: State; ring: string; image: string }[] = [];
        const all = [...[0, 1, 2].map((image) => ({ kind: 'push' as const, image })), ...steps];
        all.forEach((one) => {
          const { state } = chain.view;
          const image = `image-${one.image}`;
          if (one.kind === 'push') {
            const { rings: held, taken } = imageState(state, image);
            const to = nextVersion({ rings, ring: 'a', held, taken, initialVersion: '0.1.0' });
            // Each is made with the one before it.
            const below = imageState(state, `image-${one.image - 1}`).rings['a'];
            const needs = below === undefined ? '' : ` image-${one.image - 1} ${below}`;
            const details = stateOf({ [image]: { a: `${to}${needs}` } });
            const changes = [change(image, 'a', held['a'] ?? '', to, true)];
            chain.add({ operation: { kind: 'push', ring: 'a' }, changes, details });
            return;
          }
          const chosen = rings.named;
          const ring = chosen[one.from]!;
          const move = { rings, images: [image], ring };
          const to = chosen[Math.min(3, one.from + 1 + (one.kind === 'promote' ? one.by : 0))]!;
          if (ring === rings.last) return;
          const changes = one.kind === 'shift' ? shift(state, move) : promotion(state, { ...move, to });
          if (changes.length === 0) return;
          chain.add({ operation: { kind: one.kind, ring, to }, changes, details: state });
          const into = changes.find((made) => made.ring !== POST)!.ring;
          done.push({ before: state, ring: into, image });
        });
        for (const { before, ring, image } of done.reverse()) {
          const release = [image, ...closure(chain.view.state, ring, [image])];
          const found = await undoable(historyOf(chain.entries, chain.view), ring, release);
          expect(found?.later).toEqual([]);
          const { state } = chain.view;
          const changes = reversal(state, found!.stored.entry.changes);
          const details = await detailsOf(changes, state, historyOf(chain.entries, chain.view));
          expect(details).toBeDefined();
          const operation = { kind: 'unshift' as const, to: ring, undoes: found!.stored.digest };
          chain.add({ operation, changes, details: details! });
          expect(beyond(chain.view.state)).toEqual({
            ...(beyond(chain.view.state) as object),
            ...(beyond(before) as object),
          });
          unshifts++;
        }
        for (const { rings: held } of Object.values(chain.view.state.images))
          expect(Object.keys(held).filter((ring) => ring !== 'a')).toEqual([]);
      }),
      { numRuns: 300 },
    );
    expect(unshifts).toBeGreaterThan(300);
  });
});
