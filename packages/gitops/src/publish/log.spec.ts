import { change } from '../../test/ledger/changes';
import type { Entry } from '../ledger/entry';
import type { Past } from '../ledger/history';
import { EMPTY_STATE } from '../ledger/state';
import { sha256 } from '../oci/digest';
import { concerns, logDocument, logText } from './log';

const DIGEST = sha256('an entry');
const TAG = '0000000007-0123456789ab';

function past(more: Partial<Entry> = {}, stands = true): Past {
  const entry: Entry = {
    schemaVersion: 1,
    sequence: 7,
    previous: [],
    ancestors: [],
    void: [],
    time: '2026-01-31T12:34:56.789Z',
    who: 'mia',
    operation: { kind: 'push', ring: 'developers' },
    changes: [],
    state: EMPTY_STATE,
    ...more,
  };
  return { stored: { tag: TAG, digest: DIGEST, entry }, stands, isMain: true };
}

describe('an entry in words', () => {
  it.each<[operation: Entry['operation'], words: string]>([
    [{ kind: 'push', ring: 'developers' }, 'push to developers'],
    [{ kind: 'promote', ring: 'developers', to: 'users' }, 'promote developers → users'],
    [{ kind: 'shift', ring: 'developers' }, 'shift on from developers'],
    [{ kind: 'unshift', to: 'users', undoes: DIGEST }, `unshift users (${DIGEST.slice(7, 19)})`],
    [{ kind: 'copy', ring: 'users', store: 'a.b/c' }, 'copy of users from a.b/c'],
    [{ kind: 'merge' }, 'merge'],
    [{ kind: 'hold', ring: 'users' }, 'hold users'],
    [{ kind: 'release', ring: 'users' }, 'release users'],
  ])('%j', (operation, words) => {
    expect(logText(past({ operation }))).toBe(`${TAG}  2026-01-31T12:34:56Z  ${words}  by mia`);
  });

  it('has what has changed, why, and all that is known besides', () => {
    const entry = past({
      operation: { kind: 'promote', ring: 'developers', to: 'users', forced: ['users is on hold: a', 'b'] },
      reason: 'sprint 7',
      run: 'https://ci/7',
      commit: 'abc',
      changes: [change('api', 'users', '1.0.0', '1.1.0'), change('web', 'users', '', '1.0.0')],
      holds: { users: 'it broke', testers: null },
    });
    expect(logText(entry).split('\n').slice(1)).toEqual([
      '  why: sprint 7',
      '  run: https://ci/7',
      '  commit: abc',
      '  users api 1.0.0 → 1.1.0',
      '  users web - → 1.0.0',
      '  users on hold',
      '  testers released',
      '  overridden: users is on hold: a',
      '  overridden: b',
    ]);
  });

  it('says where it does not stand', () => {
    expect(logText(past({}, false))).toMatch(/ {2}by mia {2}\(void: another entry came first\)$/);
  });

  it('lists ten changes, and how many more there are; of a ring only its own', () => {
    const changes = [...Array(12).keys()].flatMap((i) => [
      change(`app${i}`, 'users', '1.0.0', ''),
      change(`app${i}`, 'post', '', '1.0.0'),
    ]);
    const lines = (ring?: string): string[] => logText(past({ changes }), ring).split('\n').slice(1);
    expect(lines()).toHaveLength(11);
    expect(lines()[10]).toBe('  and 14 more');
    expect(lines('users')).toHaveLength(11);
    expect(lines('users')[9]).toBe('  users app9 1.0.0 → -');
    expect(lines('users')[10]).toBe('  and 2 more');
    expect(lines('testers')).toEqual([]);
  });
});

it('an entry for programs has no state, which is all that there is', () => {
  const changes = [change('api', 'users', '1.0.0', '1.1.0')];
  expect(logDocument(past({ changes, reason: 'why' }, false))).toEqual({
    tag: TAG,
    digest: DIGEST,
    stands: false,
    sequence: 7,
    previous: [],
    time: '2026-01-31T12:34:56.789Z',
    who: 'mia',
    reason: 'why',
    operation: { kind: 'push', ring: 'developers' },
    changes,
  });
});

describe('an entry has to do with a ring', () => {
  it.each<[what: string, entry: Partial<Entry>, ring: string, does: boolean]>([
    ['that it is pushed to', {}, 'developers', true],
    ['that versions come from', { operation: { kind: 'promote', ring: 'ante', to: 'users' } }, 'ante', true],
    ['that versions go to', { operation: { kind: 'promote', ring: 'ante', to: 'users' } }, 'users', true],
    ['that it changes', { changes: [change('api', 'post', '', '1.0.0')] }, 'post', true],
    ['that it holds', { holds: { users: 'why' } }, 'users', true],
    ['that it releases', { holds: { users: null } }, 'users', true],
    ['not with others', {}, 'users', false],
    ['not with what every object has', { holds: { users: 'why' } }, 'constructor', false],
    ['not where it only merges', { operation: { kind: 'merge' } }, 'users', false],
  ])('%s', (_, entry, ring, does) => {
    expect(concerns(past(entry), ring)).toBe(does);
  });
});
