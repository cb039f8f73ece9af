import { type HeldVersion, stateOf, v } from '../../test/publish/states';
import { Rings } from '../ledger/rings';
import { type State, EMPTY_STATE } from '../ledger/state';
import { GitopsError } from '../support/errors';
import { type Candidate, type DecideOptions, type Decision, type Need, decide } from './decide';

const OPTIONS: DecideOptions = {
  rings: new Rings(['developers', 'testers', 'users']),
  ring: 'developers',
  initialVersion: '0.1.0',
};
const PLACE = { file: 'api/Containerfile', line: 3 };

function need(image: string, range?: string): Need {
  return { image, place: PLACE, ...(range === undefined ? {} : { range }) };
}

function candidate(image: string, revision: string, ...needs: (string | Need)[]): Candidate {
  return { image, revision, needs: needs.map((one) => (typeof one === 'string' ? need(one) : one)) };
}

/** `new 0.1.0: first` */
function shown(decision: Decision | GitopsError | undefined): string {
  if (!decision) return 'nothing';
  if (decision instanceof GitopsError) return decision.message;
  const reasons = decision.reasons.map((reason) =>
    reason.kind === 'dependency'
      ? `${reason.image} ${reason.from ?? 'none'} → ${reason.to ?? 'none'}`
      : reason.kind,
  );
  return `${decision.kind} ${decision.to}${reasons.length > 0 ? `: ${reasons.join(', ')}` : ''}`;
}

function decided(
  state: State,
  candidates: readonly Candidate[],
  options: Partial<DecideOptions> = {},
): Record<string, string> {
  const decisions = decide(candidates, state, { ...OPTIONS, ...options });
  return Object.fromEntries([...decisions].map(([image, decision]) => [image, shown(decision)]));
}

describe('an image by itself', () => {
  it.each<
    [
      name: string,
      held: Readonly<Record<string, HeldVersion>>,
      options: Partial<DecideOptions>,
      expected: string,
    ]
  >([
    ['that nobody has', {}, {}, 'new 0.1.0: first'],
    ['that nobody has, for another ring', {}, { ring: 'users' }, 'new 0.1.0: first'],
    ['that nobody has, with another first version', {}, { initialVersion: '1.0.0' }, 'new 1.0.0: first'],
    ['that nobody has, a major version asked for', {}, { bump: 'major' }, 'new 0.1.0: first'],
    ['as it is in the ring', { developers: v('1.2.0', 'now') }, {}, 'current 1.2.0'],
    [
      'as it is in the ring, a major version asked for',
      { developers: v('1.2.0', 'now') },
      { bump: 'major' },
      'current 1.2.0',
    ],
    ['changed', { developers: v('1.2.0') }, {}, 'new 1.2.1: revision'],
    [
      'changed, the next ring on the same line',
      { developers: v('1.2.0'), testers: v('1.2.0') },
      {},
      'new 1.3.0: revision',
    ],
    [
      'changed, a major version asked for',
      { developers: v('1.2.0') },
      { bump: 'major' },
      'new 2.0.0: revision',
    ],
    ['as the ring after has it', { testers: v('1.2.0', 'now') }, {}, 'adopted 1.2.0'],
    ['as the ring before has it', { developers: v('1.2.0', 'now') }, { ring: 'testers' }, 'adopted 1.2.0'],
    [
      'as the first ring has it, for ante',
      { developers: v('1.2.0', 'now') },
      { ring: 'ante' },
      'adopted 1.2.0',
    ],
    [
      'changed from what the ring after has, for ante',
      { developers: v('1.2.0') },
      { ring: 'ante' },
      'new 1.3.0: revision',
    ],
    [
      'as the nearest ring after has it, which another one is nearer before',
      { developers: v('1.3.0'), users: v('1.2.0', 'now') },
      { ring: 'testers' },
      'adopted 1.2.0',
    ],
    [
      'as a ring has it that is not the nearest',
      { testers: v('1.3.0'), users: v('1.2.0', 'now') },
      {},
      'new 1.4.0: revision',
    ],
    [
      'as another ring has it, while the ring has an older one',
      { developers: v('1.3.0'), testers: v('1.2.0', 'now') },
      {},
      'new 1.3.1: revision',
    ],
    ['as what was shifted off the last ring', { post: v('1.2.0', 'now') }, {}, 'adopted 1.2.0'],
  ])('%s', (_name, held, options, expected) => {
    expect(decided(stateOf({ api: held }), [candidate('api', 'now')], options)).toEqual({ api: expected });
  });

  it('passes over versions that were ever taken', () => {
    const state = stateOf(
      { api: { developers: v('1.2.0'), testers: v('1.2.0') } },
      { api: ['1.3.0', '1.4.7'] },
    );
    expect(decided(state, [candidate('api', 'now')])).toEqual({ api: 'new 1.5.0: revision' });
  });

  it('says what it was compared with, whether the ring itself holds it or not', () => {
    const state = stateOf({ api: { testers: v('1.2.0') }, web: { developers: v('2.0.0') } });
    const decisions = decide([candidate('api', 'now'), candidate('web', 'now')], state, OPTIONS);
    expect(decisions.get('api')).toMatchObject({ from: undefined, known: '1.2.0' });
    expect(decisions.get('web')).toMatchObject({ from: '2.0.0', known: '2.0.0' });
  });
});

describe('an image that needs another', () => {
  const base = candidate('base', 'same');
  const held = (dependencies: Record<string, string>) => ({
    base: { developers: v('1.4.0') },
    api: { developers: v('1.2.0', 'same', dependencies) },
  });

  it.each<[name: string, dependencies: Record<string, string>, needs: (string | Need)[], expected: string]>([
    ['made with the version that it has', { base: '1.4.0' }, ['base'], 'current 1.2.0'],
    ['made with another version', { base: '1.3.0' }, ['base'], 'new 1.2.1: base 1.3.0 → 1.4.0'],
    ['made without', {}, ['base'], 'new 1.2.1: base none → 1.4.0'],
    ['that it no longer does', { base: '1.4.0' }, [], 'new 1.2.1: base 1.4.0 → none'],
    ['in a range', { base: '1.4.0' }, [need('base', '^1')], 'current 1.2.0'],
    ['in any version', { base: '1.4.0' }, [need('base', '*')], 'current 1.2.0'],
    ['in any version, said by an empty text', { base: '1.4.0' }, [need('base', '')], 'current 1.2.0'],
    [
      'in a range that its version is not in',
      { base: '1.4.0' },
      [need('base', '^2')],
      'api/Containerfile:3: base has the version 1.4.0, which is not in the range ^2 of dependency.base; correct the range, or what needs it',
    ],
    [
      'in a range that is none',
      { base: '1.4.0' },
      [need('base', 'soon')],
      'api/Containerfile:3: dependency.base="soon" is not a range of versions; write one, such as ^1.2, or * for any version',
    ],
    [
      'that nobody has pushed',
      {},
      ['cache'],
      'api/Containerfile:3: it needs cache, of which no ring holds a version; push cache first',
    ],
  ])('%s', (_name, dependencies, needs, expected) => {
    const candidates = [base, candidate('api', 'same', ...needs)];
    expect(decided(stateOf(held(dependencies)), candidates)['api']).toBe(expected);
  });

  it('is made with the version that the ring holds, where the other is not pushed with it', () => {
    const decisions = decide([candidate('api', 'same', 'base')], stateOf(held({ base: '1.3.0' })), OPTIONS);
    expect([...decisions.keys()]).toEqual(['api']);
    expect(decisions.get('api')).toMatchObject({ to: '1.2.1', dependencies: { base: '1.4.0' } });
  });

  it('is made with the version that another ring holds, where this one holds none', () => {
    const state = stateOf({ base: { users: v('1.0.0'), developers: v('1.1.0') } });
    const decisions = decide([candidate('api', 'now', 'base')], state, { ...OPTIONS, ring: 'testers' });
    expect(decisions.get('api')).toMatchObject({ to: '0.1.0', dependencies: { base: '1.0.0' } });
  });

  it('is made with the version that the other is just getting, and its range holds for that', () => {
    const state = stateOf(held({ base: '1.4.0' }));
    const changed = candidate('base', 'now');
    expect(decided(state, [changed, candidate('api', 'same', 'base')])).toEqual({
      base: 'new 1.4.1: revision',
      api: 'new 1.2.1: base 1.4.0 → 1.4.1',
    });
    const ranged = decide([changed, candidate('api', 'same', need('base', '1.4.0'))], state, OPTIONS);
    expect(shown(ranged.get('api'))).toMatch(
      /^api\/Containerfile:3: base has the version 1\.4\.1, which is not/,
    );
  });

  it('may be called as what every object has', () => {
    const state = stateOf({
      constructor: { developers: v('1.0.0') },
      api: { developers: v('1.2.0') },
    });
    expect(
      decided(state, [candidate('constructor', 'same'), candidate('api', 'same', 'constructor')]),
    ).toEqual({
      constructor: 'current 1.0.0',
      api: 'new 1.2.1: constructor none → 1.0.0',
    });
    expect(decided(EMPTY_STATE, [candidate('api', 'same', 'constructor')])['api']).toContain(
      'of which no ring holds a version',
    );
  });
});

describe('images on top of one another', () => {
  const state = stateOf({
    base: { developers: v('1.0.0') },
    api: { developers: v('1.1.0', 'same', { base: '1.0.0' }) },
    web: { developers: v('1.2.0', 'same', { api: '1.1.0' }) },
    root: { developers: v('1.3.0', 'same', { api: '1.1.0', web: '1.2.0' }) },
    docs: { developers: v('1.4.0') },
  });
  const all = (changed: string, ...broken: Need[]): Candidate[] => {
    const of = (image: string, ...needs: (string | Need)[]) =>
      candidate(image, image === changed ? 'now' : 'same', ...needs);
    return [of('base'), of('docs'), of('api', 'base', ...broken), of('web', 'api'), of('root', 'api', 'web')];
  };

  it.each<[changed: string, expected: Record<string, string>]>([
    [
      'base',
      {
        base: 'new 1.0.1: revision',
        docs: 'current 1.4.0',
        api: 'new 1.1.1: base 1.0.0 → 1.0.1',
        web: 'new 1.2.1: api 1.1.0 → 1.1.1',
        root: 'new 1.3.1: api 1.1.0 → 1.1.1, web 1.2.0 → 1.2.1',
      },
    ],
    [
      'web',
      {
        base: 'current 1.0.0',
        docs: 'current 1.4.0',
        api: 'current 1.1.0',
        web: 'new 1.2.1: revision',
        root: 'new 1.3.1: web 1.2.0 → 1.2.1',
      },
    ],
    [
      'docs',
      {
        base: 'current 1.0.0',
        docs: 'new 1.4.1: revision',
        api: 'current 1.1.0',
        web: 'current 1.2.0',
        root: 'current 1.3.0',
      },
    ],
  ])('a change of %s goes all the way up, and nowhere else', (changed, expected) => {
    expect(decided(state, all(changed))).toEqual(expected);
  });

  it('a major version is for those that get a new one anyway', () => {
    expect(decided(state, all('web'), { bump: 'major' })).toEqual({
      base: 'current 1.0.0',
      docs: 'current 1.4.0',
      api: 'current 1.1.0',
      web: 'new 2.0.0: revision',
      root: 'new 2.0.0: web 1.2.0 → 2.0.0',
    });
  });

  it('what is wrong with one takes along those that need it, and no others', () => {
    const failure = expect.stringContaining('it needs api, which failed') as string;
    expect(decided(state, all('docs', need('docs', '^2')))).toEqual({
      base: 'current 1.0.0',
      docs: 'new 1.4.1: revision',
      api: expect.stringContaining('docs has the version 1.4.1, which is not in the range ^2') as string,
      web: failure,
      root: failure,
    });
  });

  it('nor does one that has failed before get a version, or those that need it', () => {
    const failed = new Map([['api', new GitopsError('api is broken')]]);
    const decisions = decide(all('base'), state, OPTIONS, failed);
    expect(Object.fromEntries([...decisions].map(([image, decision]) => [image, shown(decision)]))).toEqual({
      base: 'new 1.0.1: revision',
      docs: 'current 1.4.0',
      api: 'api is broken',
      web: 'api/Containerfile:3: it needs api, which failed',
      root: 'api/Containerfile:3: it needs api, which failed',
    });
  });

  it('the same again gives the same: it is a function', () => {
    expect(decide(all('base'), state, OPTIONS)).toEqual(decide(all('base'), state, OPTIONS));
  });

  it('a fault is no mistake of the user', () => {
    const broken = stateOf({ api: { developers: v('1.0.0') } });
    const options = {
      ...OPTIONS,
      ring: undefined as unknown as string,
      rings: undefined as unknown as Rings,
    };
    expect(() => decide([candidate('api', 'now')], broken, options)).toThrow(TypeError);
  });
});
