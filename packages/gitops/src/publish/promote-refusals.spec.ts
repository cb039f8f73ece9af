import { Releases } from '../../test/publish/releases';
import type { Protections } from '../ledger/protection';
import type { Transition } from './promote';

const HOUR_MS = 3_600_000;
const SEE_TO = '; see to that first, or override it with --force --reason=…';

let releases: Releases;
beforeEach(async () => {
  releases = new Releases();
  await releases.push('developers', 'base 1.0.0', 'api 2.0.0 base 1.0.0', 'web 3.0.0');
});

/** Refused with these words, which leaves all as it was; done by force, which the ledger keeps. */
async function objectsTo(
  transition: Partial<Transition>,
  protections: Protections,
  what: string,
  against: readonly string[],
): Promise<void> {
  const [rings, count] = [await releases.rings(), await releases.count()];
  await expect(releases.move(transition, { protections })).rejects.toThrow(
    `${what}: ${against.join('; ')}${SEE_TO}`,
  );
  expect(await releases.rings()).toEqual(rings);
  expect(await releases.count()).toBe(count);
  const { plan } = await releases.move({ ...transition, force: true }, { protections });
  expect(plan.overridden).toEqual(against);
  expect((await releases.latest()).entry.operation).toMatchObject({
    kind: transition.kind ?? 'promote',
    forced: against,
  });
}

describe('a promotion is refused, unless by force, which is recorded', () => {
  it.each<
    [
      why: string,
      transition: Partial<Transition>,
      protections: Protections,
      what: string,
      against: readonly string[],
    ]
  >([
    [
      'that gitops.yaml holds',
      {},
      { testers: { hold: true } },
      'nothing moves to testers',
      ['testers is on hold, as gitops.yaml says'],
    ],
    [
      'that takes versions from another ring',
      { to: 'users' },
      { users: { from: 'testers' } },
      'nothing moves to users',
      ['users takes versions from testers only'],
    ],
    [
      'with more than one protection',
      { to: 'users' },
      { users: { from: 'testers', hold: true, soakMs: HOUR_MS } },
      'nothing moves to users',
      [
        'users is on hold, as gitops.yaml says',
        'users takes versions from testers only',
        'users takes only what was in developers for 1h: api 2.0.0 was for 0s',
        'users takes only what was in developers for 1h: base 1.0.0 was for 0s',
      ],
    ],
    [
      'that a shift would enter',
      { kind: 'shift', images: ['web'] },
      { testers: { hold: true }, users: { hold: true } },
      'nothing moves on from developers',
      ['testers is on hold, as gitops.yaml says'],
    ],
  ])('to a ring %s', (_, ...given) => objectsTo(...given));

  it('to a ring that somebody holds, until it is released', async () => {
    await releases.hold('testers', 'they are on holiday');
    await objectsTo({ images: ['web'] }, {}, 'nothing moves to testers', [
      'testers is on hold: they are on holiday',
    ]);
    await releases.hold('testers', null);
    expect((await releases.move()).plan.overridden).toEqual([]);
  });

  it('to a ring that others would no longer be whole in', async () => {
    await releases.move();
    await releases.push('developers', 'base 1.1.0', 'api 2.1.0 base 1.1.0');
    await objectsTo({ images: ['base'] }, {}, 'nothing moves to testers', [
      'api 2.0.0 needs base 1.0.0, but testers would hold 1.1.0',
    ]);
    // Nobody is stopped by what was broken before.
    expect((await releases.move({ images: ['web'] })).plan.overridden).toEqual([]);
  });

  it('where what it needs is not in the ring that it comes from', async () => {
    await releases.push('developers', 'lone 1.0.0 lost 1.0.0');
    await objectsTo({ images: ['lone'] }, {}, 'nothing moves to testers', [
      'lone 1.0.0 needs lost 1.0.0, but testers would hold none',
    ]);
  });

  it('with no more reasons than anybody reads', async () => {
    const names = [...Array(25).keys()].map((i) => `app${i}`);
    await releases.push('developers', ...names.map((name) => `${name} 1.0.0`));
    const protections = { testers: { soakMs: HOUR_MS } };
    await expect(releases.move({ images: names }, { protections })).rejects.toThrow(
      /^nothing moves to testers: (testers takes only .{40,60}; ){20}and 5 more; see to/,
    );
  });
});

it('nothing moves by a forged ledger, not even by force', async () => {
  const { entries } = releases.ledger;
  const { entry } = await releases.latest();
  await entries.confirm(await entries.write({ ...entry, who: 'somebody', changes: [] }));
  const forged = 'does not match its parent';
  await expect(releases.promotion().plan()).rejects.toThrow(forged);
  await expect(releases.move({ force: true })).rejects.toThrow(forged);
});

describe('a promotion is not stopped', () => {
  it.each<[what: string, transition: Partial<Transition>, protections: Protections]>([
    ['by what protects another ring', {}, { developers: { hold: true }, users: { hold: true } }],
    ['from the ring that versions are to come from', {}, { testers: { from: 'developers' } }],
    [
      'to a ring that is called as what every object has',
      {},
      JSON.parse('{"__proto__":{"hold":true}}') as Protections,
    ],
    ['in its wake: post takes what it gets', { to: 'users' }, { post: { hold: true } }],
  ])('%s', async (_, transition, protections) => {
    expect((await releases.move(transition, { protections })).plan.overridden).toEqual([]);
  });

  it('where the ring holds just that, whatever protects it', async () => {
    await releases.move();
    const { moves } = await releases.move({}, { protections: { testers: { hold: true } } });
    expect(moves).toEqual([]);
  });
});

describe('a version that has to soak', () => {
  const protections = { testers: { soakMs: 24 * HOUR_MS }, users: { soakMs: 48 * HOUR_MS } };
  const soaks = (image: string, version: string, age: string, ring = 'testers', source = 'developers') =>
    `${ring} takes only what was in ${source} for ${ring === 'users' ? 2 : 1}d: ${image} ${version} was for ${age}`;
  const againstMove = (transition?: Partial<Transition>): Promise<string> =>
    releases.move(transition, { protections }).then(
      () => 'nothing',
      (error: Error) => error.message,
    );

  it('moves on when the time is over, and not before', async () => {
    releases.hour = 23.5;
    expect(await againstMove()).toBe(
      `nothing moves to testers: ${soaks('api', '2.0.0', '23h30m')}; ${soaks('base', '1.0.0', '23h30m')}${SEE_TO}`,
    );
    releases.hour = 24;
    expect(await againstMove()).toBe('nothing');
  });

  it('counts from when it entered the ring, each for itself', async () => {
    releases.hour = 10;
    await releases.push('developers', 'api 2.1.0 base 1.0.0');
    releases.hour = 25;
    expect(await againstMove()).toBe(`nothing moves to testers: ${soaks('api', '2.1.0', '15h')}${SEE_TO}`);
    expect(await againstMove({ images: ['base'] })).toBe('nothing');
    releases.hour = 34;
    expect(await againstMove()).toBe('nothing');
  });

  it('counts from when it came back', async () => {
    releases.hour = 24;
    await releases.move({ images: ['web'] });
    releases.hour = 30;
    await releases.push('testers', 'web 3.1.0');
    releases.hour = 90;
    await releases.unshift('testers', 'web');
    releases.hour = 100;
    expect(await againstMove({ images: ['web'] })).toContain('testers is on hold');
    await releases.hold('testers', null);
    releases.hour = 24 + 90;
    await releases.move({ images: ['web'] });
    releases.hour += 47;
    expect(await againstMove({ images: ['web'], ring: 'testers' })).toBe(
      `nothing moves to users: ${soaks('web', '3.0.0', '1d23h', 'users', 'testers')}${SEE_TO}`,
    );
  });

  it('of a shift has to have been in the ring before, whichever that is', async () => {
    releases.hour = 24;
    await releases.move({ images: ['web'] });
    await releases.push('developers', 'web 3.1.0');
    releases.hour = 49;
    expect(await againstMove({ kind: 'shift', images: ['web'] })).toBe(
      `nothing moves on from developers: ${soaks('web', '3.0.0', '1d1h', 'users', 'testers')}${SEE_TO}`,
    );
    releases.hour = 72;
    expect(await againstMove({ kind: 'shift', images: ['web'] })).toBe('nothing');
  });

  it('moves by force, of which the ledger keeps how old it was', async () => {
    releases.hour = 1;
    const { plan } = await releases.move({ images: ['web'], force: true }, { protections });
    expect(plan.overridden).toEqual([soaks('web', '3.0.0', '1h')]);
    expect((await releases.latest()).entry.operation.forced).toEqual(plan.overridden);
  });
});
