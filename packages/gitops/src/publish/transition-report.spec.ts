import { change } from '../../test/ledger/changes';
import { image, store } from '../../test/oci/fixtures';
import { type HeldVersion, stateOf, v } from '../../test/publish/states';
import type { Change, State } from '../ledger/state';
import { MemoryStore } from '../oci/memory';
import type { Commits } from '../workspace/git-log';
import type { Sources } from './explain';
import { putSources } from './sources';
import { type TransitionReportContext, commitLines, movedBy, movedRows } from './transition-report';

const [HERE, THERE] = ['a'.repeat(40), 'b'.repeat(40)];
const commits = (range: string, count: number, back = false): Commits => ({
  range,
  back,
  lines: [...Array(count).keys()].map((i) => `abc${i} Subject ${i}`),
});

const memory = new MemoryStore();
let count = 0;
let context: TransitionReportContext;
beforeEach(() => {
  const shop = `shop${++count}`;
  context = {
    states: [],
    repositoryOf: (name) => memory.repository(`${shop}/${name}`),
    containerfileOf: () => undefined,
    commitsBetween: async () => undefined,
    explained: 25,
  };
});

/** A version that is stored, with what it was made from, where that is known. */
async function stored(version: string, revision: string, sources?: Sources): Promise<HeldVersion> {
  const repository = context.repositoryOf('api');
  const descriptor = await store(repository, image([`${version} ${revision}`]));
  if (sources) await putSources(repository, descriptor, sources);
  return { version, revision, dependencies: {}, digest: descriptor.digest };
}

const sources = (file: string, commit?: string, instructions = 'same'): Sources => ({
  instructions,
  files: { 'api/main.js': file },
  ...(commit ? { commit } : {}),
});

async function why(
  changes: readonly Change[],
  more: Partial<TransitionReportContext> = {},
): Promise<string[]> {
  return (await movedBy(changes, { ...context, ...more })).map((moved) => moved.why);
}

/** Of what one version of the image has become another, both of which rings hold. */
const states = (before: HeldVersion, after: HeldVersion): State[] => [
  stateOf({ api: { users: before, developers: after } }),
];
const UP = [change('api', 'users', '1.0.0', '1.1.0')];

describe('why a version moves', () => {
  it.each<[what: string, change: Change, why: string]>([
    ['a first one', change('api', 'users', '', '1.1.0'), 'the ring holds none'],
    ['what is taken back to nothing', change('api', 'users', '1.1.0', ''), 'the ring held none'],
    ['what the last ring held', change('api', 'post', '', '1.0.0'), 'what the last ring held'],
    ['to another that nobody knows', change('api', 'users', '0.9.0', '1.1.0'), ''],
  ])('%s', async (_, one, text) => {
    expect(await why([one], { states: states(v('1.0.0'), v('1.1.0')) })).toEqual([text]);
  });

  it.each<[what: string, before: HeldVersion, after: HeldVersion, why: string]>([
    ['it was changed', v('1.0.0', 'a'), v('1.1.0', 'b'), 'revision changed'],
    [
      'what it depends on is another one',
      v('1.0.0', 'a', { base: '1.0.0', cache: '1.0.0', old: '1.0.0' }),
      v('1.1.0', 'a', { base: '1.2.0', cache: '1.0.0', young: '3.0.0' }),
      'base 1.0.0 → 1.2.0; no longer needs old; needs young 3.0.0 now',
    ],
    [
      'both',
      v('1.0.0', 'a', { base: '1.0.0' }),
      v('1.1.0', 'b', { base: '1.2.0' }),
      'revision changed; base 1.0.0 → 1.2.0',
    ],
    ['neither', v('1.0.0', 'a'), v('1.1.0', 'a'), 'made from the same'],
  ])('that %s', async (_, before, after, text) => {
    expect(await why(UP, { states: states(before, after) })).toEqual([text]);
  });

  it('is found in any of the states', async () => {
    const one = stateOf({ api: { users: v('1.0.0', 'a') } });
    const other = stateOf({ api: { users: v('1.1.0', 'b') } });
    expect(await why(UP, { states: [one, other] })).toEqual(['revision changed']);
  });

  it('is said of each in the order of the changes', async () => {
    const changes = [...Array(20).keys()].map((i) => change('api', `ring${i}`, '1.0.0', '1.1.0'));
    const rings = (await movedBy(changes, context)).map(({ ring }) => ring);
    expect(rings).toEqual(changes.map(({ ring }) => ring));
  });
});

describe('what a version brings', () => {
  let both: State[];
  beforeEach(async () => {
    both = states(
      await stored('1.0.0', 'a', sources('1', HERE)),
      await stored('1.1.0', 'b', sources('2', THERE, 'other')),
    );
  });

  it('are files and commits', async () => {
    const asked: string[] = [];
    const [moved] = await movedBy(UP, {
      ...context,
      states: both,
      containerfileOf: (name) => `${name}/Containerfile`,
      commitsBetween: async (from, to) => {
        asked.push(`${from[0]}..${to[0]}`);
        return commits('a..b', 2);
      },
    });
    expect(asked).toEqual(['a..b']);
    expect(moved).toEqual({
      ...UP[0],
      why: 'revision changed: api/Containerfile, +1 more; 2 commits a..b',
      files: ['api/Containerfile', 'api/main.js'],
      commits: commits('a..b', 2),
    });
  });

  it.each<[what: string, found: Commits | undefined, said: string]>([
    ['one commit', commits('a..b', 1), '; 1 commit a..b'],
    ['commits back', commits('a..b', 2, true), '; 2 commits back a..b'],
    ['no commit', commits('a..b', 0), ''],
    ['commits that git does not know', undefined, ''],
  ])('%s', async (_, found, said) => {
    expect(await why(UP, { states: both, commitsBetween: async () => found })).toEqual([
      `revision changed: its Containerfile, +1 more${said}`,
    ]);
  });

  it('is not asked where there is too much of it', async () => {
    const repositoryOf = () => {
      throw new Error('asked');
    };
    const some = { states: both, repositoryOf, explained: 1 };
    expect(await why([...UP, change('web', 'users', '', '1.0.0')], some)).toEqual([
      'revision changed',
      'the ring holds none',
    ]);
    await expect(why(UP, some)).rejects.toThrow('asked');
  });

  it('is not known where the store does not say', async () => {
    const before = await stored('1.0.0', 'x');
    const after = both[0]!.images['api']!.versions['1.1.0']!;
    const commitsBetween = async () => {
      throw new Error('asked');
    };
    const some = { states: states(before, { version: '1.1.0', ...after }), commitsBetween };
    const [moved] = await movedBy(UP, { ...context, ...some });
    expect(moved).toEqual({ ...UP[0], why: 'revision changed' });
  });

  it('has no commits where it is not known which one it was made from', async () => {
    const after = await stored('1.1.0', 'c', sources('3'));
    const before = both[0]!.images['api']!.versions['1.0.0']!;
    const some = { states: states({ version: '1.0.0', ...before }, after) };
    const [moved] = await movedBy(UP, { ...context, ...some });
    expect(moved).toEqual({ ...UP[0], why: 'revision changed: api/main.js', files: ['api/main.js'] });
  });
});

it('the rows have a dash for what is not there', () => {
  const [up, gone] = [change('api', 'users', '', '1.0.0'), change('api', 'post', '1.0.0', '')];
  expect(
    movedRows([
      { ...up, why: 'a' },
      { ...gone, why: 'b' },
    ]),
  ).toEqual([
    { image: 'api', ring: 'users', from: '-', to: '1.0.0', why: 'a' },
    { image: 'api', ring: 'post', from: '1.0.0', to: '-', why: 'b' },
  ]);
});

it('the commits are listed once for each range, and not all of many', () => {
  const moved = (found?: Commits) => ({ ...UP[0]!, why: '', ...(found ? { commits: found } : {}) });
  const few = commits('a..b', 1, true);
  expect(commitLines([few, few, undefined, commits('b..c', 0), commits('c..d', 12)].map(moved))).toEqual([
    '1 commit back a..b:',
    '  abc0 Subject 0',
    '12 commits c..d:',
    ...[...Array(10).keys()].map((i) => `  abc${i} Subject ${i}`),
    '  and 2 more',
  ]);
});
