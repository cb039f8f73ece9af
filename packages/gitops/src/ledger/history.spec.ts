import { change } from '../../test/ledger/changes';
import { Chain, stateOf } from '../../test/ledger/release';
import { entryOn } from '../../test/ledger/histories';
import { type Past, detailsOf, entryAt, heldSince, historyOf, undoable } from './history';
import { EMPTY_VIEW, merged } from './merge';

const PUSH = { kind: 'push', ring: 'developers' } as const;
const HOUR = 3_600_000;

let chain: Chain;
beforeEach(() => {
  chain = new Chain();
});

/** A push of a version, its number of hours after the start. */
function push(version: string, from = '', image = 'api') {
  const hours = Number(version.split('.')[2]);
  return chain.add(
    {
      operation: PUSH,
      changes: [change(image, 'developers', from, version, true)],
      details: stateOf({ [image]: { developers: version } }),
    },
    hours * HOUR,
  );
}

function promote(
  from: string,
  to: string,
  image = 'api',
  kind: 'promote' | 'shift' = 'promote',
  ring = 'testers',
) {
  return chain.add({
    operation: { kind, ring: 'developers', to: ring },
    changes: [change(image, ring, from, to)],
    details: chain.view.state,
  });
}

const history = () => historyOf(chain.entries, chain.view);

async function all(past: AsyncIterable<Past>): Promise<string[]> {
  const found: string[] = [];
  for await (const { stored, stands } of past)
    found.push(`${stored.entry.sequence} ${stored.entry.who}${stands ? '' : ' void'}`);
  return found;
}

describe('the history', () => {
  it('has all entries, the latest first', async () => {
    push('1.0.0');
    push('1.0.1', '1.0.0');
    promote('', '1.0.1');
    expect(await all(history())).toEqual(['3 somebody', '2 somebody', '1 somebody']);
    expect(await all(historyOf(chain.entries, EMPTY_VIEW))).toEqual([]);
  });

  it('ends where the store has no more', async () => {
    const first = push('1.0.0');
    push('1.0.1', '1.0.0');
    chain.forget(first);
    expect(await all(history())).toEqual(['2 somebody']);
  });

  it('has both branches of a fork, and says which does not stand', async () => {
    const first = push('1.0.0');
    const details = stateOf({ api: { developers: '1.0.1' }, web: { developers: '1.0.0' } });
    const branch = (who: string, image: string, from: string, to: string) =>
      entryOn(chain.view, who, [change(image, 'developers', from, to, true)], details);
    const [one, other, third] = [
      branch('one', 'api', '1.0.0', '1.0.1'),
      branch('other', 'api', '1.0.0', '1.0.1'),
      branch('third', 'web', '', '1.0.0'),
    ];
    const byDigest = new Map([first, one, other, third].map((entry) => [entry.digest as string, entry]));
    const entries = { read: async (digest: string) => byDigest.get(digest) } as typeof chain.entries;
    const fork = merged([one, other, third], first);
    const loser = [one, other].sort((a, b) => (a.tag < b.tag ? -1 : 1))[1]!;
    const found = await all(historyOf(entries, fork));
    expect([...found].sort()).toEqual(
      [
        '1 somebody',
        ...[one, other, third].map(({ entry, tag }) => `2 ${entry.who}${tag === loser.tag ? ' void' : ''}`),
      ].sort(),
    );
    const head = entryOn(fork, 'merger', [], fork.state);
    expect([...(await all(historyOf(entries, merged([head], head))))].sort()).toEqual(
      [...found, '3 merger'].sort(),
    );
  });
});

it('does not believe an entry that does not stand itself', async () => {
  const first = push('1.0.0');
  const details = stateOf({ api: { developers: '1.0.1' }, web: { developers: '1.0.0' } });
  const branch = (who: string) =>
    entryOn(chain.view, who, [change('api', 'developers', '1.0.0', '1.0.1', true)], details);
  const [winner, loser] = [branch('one'), branch('other')].sort((a, b) => (a.tag < b.tag ? -1 : 1));
  // Its writer has seen both, and thought that the other one stands.
  const misled = entryOn(
    { ...merged([loser!], first), heads: [loser!, winner!], voided: new Set([winner!.tag]) },
    'misled',
    [change('web', 'developers', '', '1.0.0', true)],
    details,
  );
  const ahead = entryOn(merged([winner!, loser!], first), 'ahead', [], chain.view.state);
  const both = merged([ahead, misled], ahead);
  const head = entryOn({ ...both, heads: [ahead, misled] }, 'head', [], both.state);
  const byDigest = new Map([first, winner!, loser!, misled, ahead].map((one) => [one.digest as string, one]));
  const entries = { read: async (digest: string) => byDigest.get(digest) } as typeof chain.entries;
  const found = await all(historyOf(entries, merged([head], head)));
  expect(found).toContain(`2 ${winner!.entry.who}`);
  expect(found).toContain(`2 ${loser!.entry.who} void`);
});

describe('the entry of a time', () => {
  it('is the latest that fits; none before the start', async () => {
    push('1.0.0');
    const second = push('1.0.1', '1.0.0');
    push('1.0.2', '1.0.1');
    const until = (time: number) =>
      entryAt(history(), ({ entry }) => Date.parse(entry.time) <= time).then((found) => found?.tag);
    expect(await until(1.5 * HOUR)).toBe(second.tag);
    expect(await until(9 * HOUR)).toBe(chain.view.heads[0]!.tag);
    expect(await until(-1)).toBeUndefined();
  });

  it('is none that was merged: nobody saw the rings so', async () => {
    const first = push('1.0.0');
    const details = stateOf({ web: { developers: '1.0.0' }, job: { developers: '1.0.0' } });
    const branches = ['web', 'job'].map((image) =>
      entryOn(chain.view, image, [change(image, 'developers', '', '1.0.0', true)], details),
    );
    const fork = merged(branches, first);
    const head = entryOn(fork, 'merger', [], fork.state);
    const byDigest = new Map([first, ...branches].map((one) => [one.digest as string, one]));
    const entries = { read: async (digest: string) => byDigest.get(digest) } as typeof chain.entries;
    const asked: string[] = [];
    const found = await entryAt(historyOf(entries, merged([head], head)), ({ entry, tag }) => {
      asked.push(tag);
      return entry.sequence < 2;
    });
    expect(found?.tag).toBe(first.tag);
    expect(asked).toEqual([head.tag, fork.heads[0]!.tag, first.tag]);
  });
});

describe('what an unshift takes back', () => {
  it('is the latest promotion into the ring', async () => {
    push('1.0.0');
    const first = promote('', '1.0.0');
    push('1.0.1', '1.0.0');
    const second = promote('1.0.0', '1.0.1');
    push('1.0.2', '1.0.1');
    expect((await undoable(history(), 'testers', ['api']))?.stored.tag).toBe(second.tag);
    chain.add({
      operation: { kind: 'unshift', to: 'testers', undoes: second.digest },
      changes: [change('api', 'testers', '1.0.1', '1.0.0')],
      details: chain.view.state,
    });
    expect((await undoable(history(), 'testers', ['api']))?.stored.tag).toBe(first.tag);
  });

  it('is no push, nothing in another ring, and nothing of another image', async () => {
    push('1.0.0');
    promote('', '1.0.0');
    expect(await undoable(history(), 'developers', ['api'])).toBeUndefined();
    expect(await undoable(history(), 'users', ['api'])).toBeUndefined();
    expect(await undoable(history(), 'testers', ['web'])).toBeUndefined();
  });

  it('comes after what came later and changed the same', async () => {
    push('1.0.0');
    push('1.0.0', '', 'web');
    chain.add({
      operation: { kind: 'promote', ring: 'developers', to: 'testers' },
      changes: [change('api', 'testers', '', '1.0.0'), change('web', 'testers', '', '1.0.0')],
      details: chain.view.state,
    });
    push('1.0.1', '1.0.0', 'web');
    const later = promote('1.0.0', '1.0.1', 'web');
    promote('', '1.0.0', 'api', 'promote', 'users');
    const found = await undoable(history(), 'testers', ['api']);
    expect(found?.later.map(({ tag }) => tag)).toEqual([later.tag]);
  });
});

describe('what versions are', () => {
  it('is found in the past, where no ring holds them any more', async () => {
    push('1.0.0');
    push('1.0.1', '1.0.0');
    push('1.0.2', '1.0.1');
    const wanted = [change('api', 'users', '', '1.0.0'), change('api', 'testers', '', '1.0.2')];
    const details = await detailsOf(wanted, chain.view.state, history());
    expect(Object.keys(details!.images['api']!.versions).sort()).toEqual(['1.0.0', '1.0.2']);
    expect(
      await detailsOf([change('api', 'users', '', '9.9.9')], chain.view.state, history()),
    ).toBeUndefined();
    expect(await detailsOf([change('api', 'users', '1.0.0', '')], chain.view.state, history())).toEqual({
      images: {},
    });
  });

  it('is not, where the past is gone', async () => {
    const first = push('1.0.0');
    push('1.0.1', '1.0.0');
    chain.forget(first);
    expect(
      await detailsOf([change('api', 'users', '', '1.0.0')], chain.view.state, history()),
    ).toBeUndefined();
  });
});

describe('since when a ring holds a version', () => {
  const since = (version: string, ring = 'developers', enough = -1) =>
    heldSince([{ image: 'api', ring, version }], history(), enough).then(([time]) => time);

  beforeEach(() => {
    push('1.0.0');
    push('1.0.1', '1.0.0');
    push('1.0.3', '', 'web');
  });

  it('is when it came', async () => {
    expect(await since('1.0.1')).toBe(HOUR);
    expect(await since('1.0.0')).toBeUndefined();
  });

  it('is before all that was looked at, where that is enough', async () => {
    expect(await since('1.0.1', 'developers', 2 * HOUR)).toBe(HOUR);
    expect(await since('1.0.1', 'testers', 2 * HOUR)).toBe(HOUR);
    expect(await since('1.0.1', 'testers')).toBe(0);
  });
});
