import { stateOf, v } from '../../test/publish/states';
import type { StoredEntry } from '../ledger/entry';
import { EMPTY_VIEW } from '../ledger/merge';
import { Rings } from '../ledger/rings';
import { EMPTY_STATE, type State } from '../ledger/state';
import { sha256 } from '../oci/digest';
import { type Board, boardOf, boardTable, voidLine } from './board';

const RINGS = new Rings(['developers', 'testers', 'users']);

function board(state: State, names: readonly string[] = [], rings = RINGS): Board {
  return boardOf({ ...EMPTY_VIEW, state }, rings, names);
}

const lines = (...all: Parameters<typeof board>): string[] => boardTable(board(...all)).split('\n');

describe('the board', () => {
  it('has the rings in their order, ante and post only where they hold something', () => {
    expect(board(EMPTY_STATE).rings).toEqual(['developers', 'testers', 'users']);
    expect(board(stateOf({ api: { ante: v('1.0.0') } })).rings).toEqual([
      'ante',
      'developers',
      'testers',
      'users',
    ]);
    expect(board(stateOf({ api: { post: v('1.0.0') } })).rings).toEqual([
      'developers',
      'testers',
      'users',
      'post',
    ]);
  });

  it('has all images that a ring holds, or that are there to be held, by name', () => {
    const state = stateOf({ web: { testers: v('1.0.0') }, gone: { users: v('1.0.0') } });
    expect(Object.keys(board(state, ['web', 'api', 'api']).images)).toEqual(['api', 'gone', 'web']);
  });

  it('says what each ring holds, and whether that differs from the ring before', () => {
    const state = stateOf({
      api: {
        developers: v('1.1.0', 'r2', { base: '1.0.0' }),
        testers: v('1.0.0', 'r1'),
        users: v('1.0.0', 'r1'),
      },
    });
    expect(board(state)).toEqual({
      rings: ['developers', 'testers', 'users'],
      images: {
        api: {
          developers: {
            version: '1.1.0',
            revision: 'r2',
            digest: sha256('1.1.0 r2'),
            dependencies: { base: '1.0.0' },
            differs: false,
          },
          testers: {
            version: '1.0.0',
            revision: 'r1',
            digest: sha256('1.0.0 r1'),
            dependencies: {},
            differs: true,
          },
          users: {
            version: '1.0.0',
            revision: 'r1',
            digest: sha256('1.0.0 r1'),
            dependencies: {},
            differs: false,
          },
        },
      },
    });
  });

  it('is a table', () => {
    const state = stateOf({
      api: { developers: v('1.1.0'), testers: v('1.0.0'), users: v('1.0.0') },
      base: { testers: v('10.20.30') },
    });
    expect(lines(state, ['web'])).toEqual([
      'IMAGE  developers  testers     users',
      'api    1.1.0       1.0.0 *     1.0.0',
      'base   -           10.20.30 *  -',
      'web    -           -           -',
      '* another version than in the ring before',
    ]);
  });

  it('does not explain the star where there is none', () => {
    expect(lines(stateOf({ api: { developers: v('1.1.0') } }))).toEqual([
      'IMAGE  developers  testers  users',
      'api    1.1.0       -        -',
    ]);
  });

  it('has its headings alone where there is nothing', () => {
    expect(lines(EMPTY_STATE)).toEqual(['IMAGE  developers  testers  users']);
  });

  it('takes rings and images that are called as what every object has', () => {
    const rings = new Rings(['constructor', 'users']);
    expect(lines(stateOf({ constructor: { users: v('1.0.0') } }), ['toString'], rings)).toEqual([
      'IMAGE        constructor  users',
      'constructor  -            1.0.0 *',
      'toString     -            -',
      '* another version than in the ring before',
    ]);
  });
});

describe('the line of an entry that does not stand', () => {
  it('says what its writer wanted', () => {
    const stored = {
      tag: '0000000012-3f2ab1c4d5e6',
      entry: {
        who: 'mia',
        changes: [
          { image: 'api', ring: 'developers', from: '1.0.0', to: '1.1.0', isNew: true },
          { image: 'web', ring: 'developers', from: '1.0.0' },
        ],
      },
    } as unknown as StoredEntry;
    expect(voidLine(stored)).toBe(
      'void: 0000000012-3f2ab1c4d5e6 by mia, another entry came first: api 1.1.0 in developers, web none in developers',
    );
  });
});
