import { type Arrival, arrivals, objections, soaking, tooYoung } from './protection';
import { EMPTY_STATE } from './state';
import { change } from '../../test/ledger/changes';

const HOUR = 3_600_000;
const API: Arrival = { image: 'api', version: '1.2.0', ring: 'users', source: 'testers' };
const PUSHED: Arrival = { image: 'api', version: '1.2.0', ring: 'users' };

it('has to do with what comes into rings in which something runs', () => {
  const changes = [
    change('api', 'users', '1.0.0', '1.2.0'),
    change('api', 'post', '', '1.0.0'),
    change('api', 'ante', '', '1.0.0'),
    change('web', 'users', '1.0.0', ''),
  ];
  expect(arrivals(changes, () => 'testers')).toEqual([API]);
  expect(arrivals(changes, () => undefined)).toEqual([PUSHED]);
});

describe('what stands against a version', () => {
  it.each<[what: string, ...Parameters<typeof objections>, against: string[]]>([
    ['nothing, in a ring that nothing protects', EMPTY_STATE, {}, [API], []],
    ['nothing, where another ring is protected', EMPTY_STATE, { testers: { hold: true } }, [API], []],
    [
      'that the ring is on hold',
      { images: {}, holds: { users: 'it broke' } },
      {},
      [API],
      ['users is on hold: it broke'],
    ],
    [
      'that gitops.yaml holds it',
      EMPTY_STATE,
      { users: { hold: true } },
      [API],
      ['users is on hold, as gitops.yaml says'],
    ],
    ['nothing, from the right ring', EMPTY_STATE, { users: { from: 'testers' } }, [API], []],
    [
      'that it comes from another ring',
      EMPTY_STATE,
      { users: { from: 'developers' } },
      [API],
      ['users takes versions from developers only'],
    ],
    [
      'that it is pushed',
      EMPTY_STATE,
      { users: { from: 'testers', soakMs: 24 * HOUR } },
      [PUSHED],
      ['users takes versions from testers only', 'users takes only what was in the ring before it for 1d'],
    ],
    [
      'once, what stands against many',
      EMPTY_STATE,
      { users: { hold: true } },
      [API, { ...API, image: 'web' }],
      ['users is on hold, as gitops.yaml says'],
    ],
    ['nothing, of what a ring is called', EMPTY_STATE, {}, [{ ...API, ring: 'constructor' }], []],
  ])('is %s', (_, state, protections, arriving, against) => {
    expect(objections(state, protections, arriving)).toEqual(against);
  });

  it('may be its age', () => {
    const protections = { users: { soakMs: 24 * HOUR } };
    expect(soaking(protections, [API, PUSHED, { ...API, ring: 'testers' }])).toEqual([
      { arrival: API, soakMs: 24 * HOUR },
    ]);
    expect(tooYoung(API, 24 * HOUR, 0, 24 * HOUR)).toBeUndefined();
    expect(tooYoung(API, 24 * HOUR, 0, 24 * HOUR - 1)).toBe(
      'users takes only what was in testers for 1d: api 1.2.0 was for 23h59m',
    );
    expect(tooYoung(API, 24 * HOUR, undefined, 24 * HOUR)).toMatch(/was for 0s$/);
  });
});
