import fc from 'fast-check';
import { gt, valid } from 'semver';
import { Rings } from './rings';
import {
  type Held,
  type Taken,
  type VersionRequest,
  heldVersion,
  isTaken,
  nextVersion,
  taking,
} from './version';

const RINGS = new Rings(['developers', 'testers', 'users']);

/** What was taken where nothing was but what rings hold. */
const takenBy = (held: Held): Taken => Object.values(held).reduce(taking, {});

function next(ring: string, held: Held, more: Partial<VersionRequest> = {}): string {
  return nextVersion({ rings: RINGS, ring, held, taken: takenBy(held), initialVersion: '0.1.0', ...more });
}

describe('the next version', () => {
  it.each<[rule: string, ring: string, held: Held, version: string]>([
    ['is the initial one where no ring holds any', 'developers', {}, '0.1.0'],
    ['is the initial one in ante too', 'ante', {}, '0.1.0'],
    ['is a minor one where the next ring is on the same line', 'developers', d('1.2.3', '1.2.0'), '1.3.0'],
    ['is a minor one where the next ring has the same version', 'testers', d('', '1.2.0', '1.2.0'), '1.3.0'],
    ['is a patch where the next ring is on another line', 'developers', d('1.3.0', '1.2.7'), '1.3.1'],
    ['is a patch where the next ring is of another major', 'developers', d('2.2.0', '1.2.0'), '2.2.1'],
    ['is a patch where the next ring is ahead', 'developers', d('1.2.0', '1.4.0'), '1.2.1'],
    ['is a patch where the next ring holds none', 'developers', d('1.3.0', '', '1.3.0'), '1.3.1'],
    ['is a patch in the last ring', 'users', d('1.4.0', '1.3.0', '1.2.0'), '1.2.1'],
    ['is a patch in the last ring, whatever post holds', 'users', { users: '1.2.0', post: '1.2.0' }, '1.2.1'],
    ['goes on from the ring itself', 'testers', d('1.4.0', '1.3.0', '1.2.0'), '1.3.1'],
    ['goes on from the next ring, on a line of its own', 'ante', d('1.2.0'), '1.3.0'],
    ['goes on from the nearest ring after', 'ante', d('', '1.3.1', '1.2.0'), '1.3.2'],
    ['goes on from a ring after rather than from one before', 'testers', d('1.9.0', '', '1.2.0'), '1.3.0'],
    ['goes on from post where no ring between holds any', 'users', { ante: '1.9.0', post: '1.2.0' }, '1.2.1'],
    ['goes on from the nearest ring before', 'users', d('1.4.0', '1.3.0'), '1.3.1'],
    ['goes on from ante where only ante holds any', 'users', { ante: '1.4.0' }, '1.4.1'],
    ['goes on from zero as from any other', 'developers', d('0.1.0', '0.1.0'), '0.2.0'],
    ['counts, and does not spell', 'developers', d('1.9.9', '1.9.9'), '1.10.0'],
  ])('%s', (_, ring, held, version) => {
    expect(next(ring, held)).toBe(version);
  });

  it.each<[rule: string, ring: string, held: Held, also: string[], version: string]>([
    [
      'a minor line that was ever taken is passed over',
      'developers',
      d('1.2.0', '1.2.0'),
      ['1.3.4'],
      '1.4.0',
    ],
    ['so are several', 'developers', d('1.2.0', '1.2.0'), ['1.3.0', '1.4.0', '1.5.0'], '1.6.0'],
    ['a line of another major is none of them', 'developers', d('1.2.0', '1.2.0'), ['2.3.0'], '1.3.0'],
    ['a patch goes beyond the highest of its line', 'developers', d('1.3.1', '1.2.0'), ['1.3.7'], '1.3.8'],
    ['a patch does not mind other lines', 'developers', d('1.3.1', '1.2.0'), ['1.4.9'], '1.3.2'],
    [
      'a lower patch that was taken does not hold it back',
      'developers',
      d('1.3.4', '1.2.0'),
      ['1.3.1'],
      '1.3.5',
    ],
    ['the initial version that was taken gives a minor one', 'developers', {}, ['0.1.0'], '0.2.0'],
    ['so does a later one of its line', 'developers', {}, ['0.1.3', '0.2.0'], '0.3.0'],
    ['another line does not take the initial version', 'developers', {}, ['0.2.0'], '0.1.0'],
  ])('%s', (_, ring, held, also, version) => {
    expect(next(ring, held, { taken: also.reduce(taking, takenBy(held)) })).toBe(version);
  });

  it.each<[rule: string, ring: string, held: Held, also: string[], version: string]>([
    ['is that after the ring’s', 'developers', d('1.2.3', '1.2.0'), [], '2.0.0'],
    ['is that after the ring’s, wherever others are', 'users', d('3.0.0', '2.0.0', '1.2.0'), [], '4.0.0'],
    ['passes over one that was ever taken', 'developers', d('1.2.3'), ['2.7.0'], '3.0.0'],
    ['goes on from zero', 'developers', d('0.4.0'), [], '1.0.0'],
    ['goes on from the ring that it reads through to', 'ante', d('1.2.0'), [], '2.0.0'],
    ['is the initial version where there is none to go on from', 'developers', {}, [], '0.1.0'],
  ])('the major version on request %s', (_, ring, held, also, version) => {
    const taken = also.reduce(taking, takenBy(held));
    expect(next(ring, held, { taken, bump: 'major' })).toBe(version);
  });

  it('starts where it is told to', () => {
    expect(next('developers', {}, { initialVersion: '1.0.0' })).toBe('1.0.0');
    expect(next('developers', {}, { initialVersion: '1.0.0', taken: { '1.0': 0 } })).toBe('1.1.0');
  });

  it('does not take the words that objects know for rings', () => {
    const rings = new Rings(['constructor', 'users']);
    const request = { rings, ring: 'constructor', taken: {}, initialVersion: '0.1.0' };
    expect(nextVersion({ ...request, held: {} })).toBe('0.1.0');
    expect(nextVersion({ ...request, ring: 'ante', held: { ante: '1.0.0' } })).toBe('1.0.1');
  });

  it('goes on from versions only', () => {
    expect(() => next('developers', { developers: 'latest' }, { taken: {} })).toThrow(
      'latest is not a version',
    );
  });
});

describe('a version', () => {
  it.each<[taken: Taken, version: string, isIt: boolean]>([
    [{}, '1.2.0', false],
    [{ '1.2': 3 }, '1.2.3', true],
    [{ '1.2': 3 }, '1.2.0', true],
    [{ '1.2': 3 }, '1.2.4', false],
    [{ '1.2': 0 }, '1.2.0', true],
    [{ '1.2': 3 }, '1.3.0', false],
    [{ '1.20': 3 }, '1.2.0', false],
  ])('of %j %s is taken: %s', (taken, version, isIt) => {
    expect(isTaken(taken, version)).toBe(isIt);
  });

  it.each<[taken: Taken, version: string, after: Taken]>([
    [{}, '1.2.0', { '1.2': 0 }],
    [{ '1.2': 3 }, '1.2.4', { '1.2': 4 }],
    [{ '1.2': 3 }, '1.2.1', { '1.2': 3 }],
    [{ '1.2': 3 }, '2.2.1', { '1.2': 3, '2.2': 1 }],
  ])('%j and %s make %j', (taken, version, after) => {
    expect(taking(taken, version)).toEqual(after);
  });
});

/** A step in the life of an image. */
type Step =
  | { readonly kind: 'build'; readonly ring: string; readonly bump?: 'major' }
  | { readonly kind: 'promote' | 'remove'; readonly ring: string };

const RING = fc.constantFrom(...RINGS.all.slice(0, -1));
const STEP: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('build' as const), ring: RING }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('build' as const),
      ring: RING,
      bump: fc.constant('major' as const),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('promote' as const), ring: RING }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), ring: RING }) },
);

interface Build extends VersionRequest {
  readonly version: string;
  readonly from: string | undefined;
}

/** All builds of a history. */
function live(steps: readonly Step[]): Build[] {
  let held: Record<string, string> = {};
  let taken: Taken = {};
  const builds: Build[] = [];
  for (const step of steps) {
    const { ring } = step;
    if (step.kind === 'build') {
      const request = { rings: RINGS, ring, held, taken, bump: step.bump, initialVersion: '0.1.0' };
      const version = nextVersion(request);
      builds.push({ ...request, version, from: heldVersion(RINGS, ring, held) });
      held = { ...held, [ring]: version };
      taken = taking(taken, version);
    } else if (step.kind === 'remove') {
      const { [ring]: _, ...others } = held;
      held = others;
    } else if (held[ring] !== undefined) {
      const to = RINGS.all[RINGS.all.indexOf(ring) + 1]!;
      held = { ...held, [to]: held[ring] };
    }
  }
  return builds;
}

const lineOf = (version: string): string => version.split('.').slice(0, 2).join('.');

describe('whatever was built and promoted before', () => {
  type Fault = (build: Build, index: number, builds: readonly Build[]) => boolean;
  const never = (isWrong: Fault) =>
    fc.assert(
      fc.property(fc.array(STEP, { minLength: 1, maxLength: 60, size: 'max' }), (steps) =>
        expect(live(steps).filter(isWrong)).toEqual([]),
      ),
      { numRuns: 400 },
    );

  it('no version is given twice', () =>
    never(({ version }, i, builds) => builds.slice(0, i).some((earlier) => earlier.version === version)));

  it('what is given is a version, greater than the one that it goes on from', () =>
    never(({ version, from }) => valid(version) !== version || (from !== undefined && !gt(version, from))));

  it('no ring gets onto the minor line of the next one', () =>
    never(({ version, ring, held }) => {
      const after = held[RINGS.after(ring) ?? ''];
      return after !== undefined && lineOf(version) === lineOf(after);
    }));

  it('the major version changes on request, and only then', () =>
    never(({ version, from, bump }) => {
      const isNewMajor = from !== undefined && version.split('.')[0] !== from.split('.')[0];
      return isNewMajor !== (from !== undefined && bump === 'major');
    }));

  it('a new line starts at 0', () =>
    never(
      ({ version, from }) =>
        from !== undefined && lineOf(version) !== lineOf(from) && !version.endsWith('.0'),
    ));
});

/** What developers, testers and users hold; '' where they hold none. */
function d(developers: string, testers = '', users = ''): Held {
  return Object.fromEntries(Object.entries({ developers, testers, users }).filter(([, version]) => version));
}
