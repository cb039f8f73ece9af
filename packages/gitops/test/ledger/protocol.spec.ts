import { join } from 'node:path';
import { Ledger } from '../../src/ledger/ledger';
import { type MemoryRepository, MemoryStore } from '../../src/oci/memory';
import { useDirectory } from '../support/files';
import { shown } from './changes';
import { RemoteRepository, type Way } from './remote-repository';
import { newTime, seeded, time } from './virtual-time';
import { Push, audit, faults, report } from './writers';

jest.mock('node:timers/promises', () => ({
  setTimeout: (ms: number) => (require('./virtual-time') as typeof import('./virtual-time')).time.sleep(ms),
}));

const SETTLE_MS = 50;
/** Short enough for three requests to come within the settling time. */
const WAY_MS = 6;

let memory: MemoryRepository;
let random: () => number;

beforeEach(() => start(1));
afterEach(() => jest.restoreAllMocks());

/** A store with nothing in it, at the start of a new time. */
function start(seed: number): void {
  newTime();
  memory = new MemoryStore().repository('acme/shop/ledger');
  random = seeded(seed);
  jest.spyOn(Math, 'random').mockImplementation(random);
}

function remote(
  delay: (request: string) => number = () => WAY_MS * random(),
  way: Way = {},
): RemoteRepository {
  return new RemoteRepository(memory, { ...way, delay: (request) => time.sleep(delay(request)) });
}

function ledgerOf(repository = remote()): Ledger {
  return new Ledger(repository, { settleMs: SETTLE_MS, now: time.now });
}

/** A push by a writer who sees the store for the first time. */
async function push(who: string, image = 'api', ring = 'developers'): Promise<Push> {
  const one = new Push(who, image, ring);
  await one.to(ledgerOf());
  return one;
}

describe('a writer alone', () => {
  it('writes one entry after the other, and confirms each', () =>
    time.run(async () => {
      const ledger = ledgerOf();
      for (const who of ['a', 'b', 'c']) {
        const { view, tries } = await new Push(who).to(ledger);
        expect(tries).toBe(1);
        expect(view.heads.map(({ entry }) => entry.who)).toEqual([who]);
        expect(view.confirmed).toBe(view.heads[0]);
      }
      const { entries, view } = await audit(memory);
      expect(entries.map(({ entry }) => entry.sequence)).toEqual([1, 2, 3]);
      expect(shown(view.state)).toBe('api: developers 0.1.2');
    }));

  it('waits for the settling time, and longer where the store is slow', async () => {
    const waited = (delay: number) => {
      start(1);
      const before = time.now();
      return time.run(async () => {
        const repository = remote(() => delay);
        await new Push('a').to(ledgerOf(repository));
        return time.now() - before - repository.requests * 2 * delay;
      });
    };
    expect(await waited(0)).toBe(SETTLE_MS);
    // Two requests to write the first entry, there and back: nine times that, instead of the settling time.
    expect(await waited(20)).toBe(9 * 2 * 40);
  });

  it('writes once, however old the list of tags is', () =>
    time.run(async () => {
      const repository = remote();
      const tags = repository.tags.bind(repository);
      const listed = new Map<string, number>();
      repository.tags = async function* (options) {
        for await (const tag of tags(options)) {
          listed.set(tag, listed.get(tag) ?? time.now());
          if (time.now() - listed.get(tag)! >= 30 * SETTLE_MS) yield tag;
        }
      };
      const { tries, view } = await new Push('a').to(ledgerOf(repository));
      expect(tries).toBe(1);
      expect(shown(view.state)).toBe('api: developers 0.1.0');
      expect((await audit(memory)).entries).toHaveLength(1);
    }));

  it('writes nothing where there is nothing to do', () =>
    time.run(async () => {
      await push('a');
      const repository = remote();
      const { tries, view } = await ledgerOf(repository).commit({ who: 'b' }, async () => undefined);
      expect(tries).toBe(0);
      expect(shown(view.state)).toBe('api: developers 0.1.0');
      expect((await audit(memory)).entries).toHaveLength(1);
    }));

  it('writes nothing where it cannot decide', () =>
    time.run(async () => {
      const decide = () => Promise.reject(new Error('cannot decide'));
      await expect(ledgerOf().commit({ who: 'a' }, decide)).rejects.toThrow('cannot decide');
      expect((await audit(memory)).entries).toEqual([]);
    }));
});

describe('a reader', () => {
  it('makes at most four requests, and one where nothing has changed', () =>
    time.run(async () => {
      for (let i = 0; i < 40; i++) await push(String(i));
      const repository = remote();
      const ledger = ledgerOf(repository);
      expect(shown((await ledger.read()).state)).toBe('api: developers 0.1.39');
      expect(repository.requests).toBeLessThanOrEqual(4);
      const before = repository.requests;
      await ledger.read();
      expect(repository.requests - before).toBe(1);
    }));
});

describe('a writer who is slow to hear of its own entry', () => {
  /** Its entries are there at once, but it takes so long until it is told. */
  function slow(ms: number): RemoteRepository {
    const asked = new Set<string>();
    return remote((request) => {
      if (!/^PUT \d{10}-/.test(request)) return WAY_MS * random();
      const isAnswer = asked.has(request);
      asked.add(request);
      return isAnswer ? ms : WAY_MS * random();
    });
  }
  const standing = async (who: string) =>
    (await audit(memory)).standing.filter(({ entry }) => entry.who === who);

  it('finds that it stands, even when it is out of sight', () =>
    time.run(async () => {
      await push('first', 'web');
      const late = new Push('late');
      const done = late.to(ledgerOf(slow(20_000)));
      for (let i = 0; i < 40; i++) await push(`other ${i}`, 'web');
      const { draft } = await done;
      expect(time.now()).toBeGreaterThan(20_000);
      expect(await standing('late')).toHaveLength(1);
      expect(late.decided).toBe(1);
      expect(draft?.changes).toEqual([expect.objectContaining({ image: 'api', to: '0.1.0' })]);
    }));

  it('decides anew once it knows that it does not', () =>
    time.run(async () => {
      const late = new Push('late');
      const done = late.to(ledgerOf(slow(20_000)));
      // Seen by nobody before another one is confirmed, or seen and merged: either way it stands once in the end.
      for (let i = 0; i < 40; i++) await push(`other ${i}`);
      await done;
      expect(await standing('late')).toHaveLength(1);
      expect((await audit(memory)).standing).toHaveLength(41);
    }));

  it.each([
    ['fails', () => Promise.reject(new Error('overtaken'))],
    ['has nothing to do any more', () => Promise.resolve(undefined)],
  ])('waits for what becomes of it where it %s', (_, second) =>
    time.run(async () => {
      // Of two at once, the one that is voided at first sight.
      const [a, b] = [new Push('a'), new Push('b')];
      const deciding = (one: Push) => {
        const ledger = ledgerOf();
        let asked = 0;
        return ledger.commit({ who: one.who }, async ({ state }) =>
          ++asked === 1 ? one.draft(state) : second(),
        );
      };
      const ends = await Promise.allSettled([deciding(a), deciding(b)]);
      const done = ends.flatMap((end, i) =>
        end.status === 'fulfilled' && end.value.draft ? [['a', 'b'][i]!] : [],
      );
      // Who is told that it is done is the one that stands, and nobody else does.
      expect((await audit(memory)).standing.map(({ entry }) => entry.who)).toEqual(done);
      expect(done).toHaveLength(1);
    }),
  );
});

describe('several writers at once', () => {
  /** Each commits so many times, one after the other. */
  async function write(
    writers: number,
    commits: number,
    image: (writer: number, commit: number) => string,
    delay?: (request: string) => number,
  ): Promise<Push[]> {
    const each = Array.from({ length: writers }, async (_, writer) => {
      const ledger = ledgerOf(remote(delay));
      const pushes: Push[] = [];
      for (let i = 0; i < commits; i++) {
        await time.sleep(2 * SETTLE_MS * random());
        pushes.push(new Push(`writer ${writer}, commit ${i}`, image(writer, i)));
        await pushes[i]!.to(ledger);
      }
      return pushes;
    });
    return (await Promise.all(each)).flat();
  }

  it.each([
    [2, 10],
    [5, 6],
    [8, 6],
  ])('%i × %i commits on one image: all versions differ, and none is lost', async (writers, commits) => {
    for (const seed of [1, 2]) {
      start(seed);
      const pushes = await time.run(() => write(writers, commits, () => 'api'));
      const found = await time.run(() => audit(memory));
      expect(faults(found, pushes)).toEqual([]);
      expect(found.standing).toHaveLength(writers * commits);
      expect(found.view.heads).toHaveLength(1);
      report(`${writers} writers, one image, seed ${seed}`, found, pushes);
    }
  });

  it('on an image each: all stands as it was written', async () => {
    const pushes = await time.run(() => write(6, 6, (writer) => `image-${writer}`));
    const found = await time.run(() => audit(memory));
    expect(faults(found, pushes)).toEqual([]);
    expect(found.voided.size).toBe(0);
    expect(pushes.filter(({ decided }) => decided > 1)).toEqual([]);
    report('6 writers, an image each', found, pushes);
  });

  it('some of whose requests are far slower than others: nothing is given twice', async () => {
    let [commits, entries] = [0, 0];
    for (let seed = 1; seed <= 12; seed++) {
      start(seed);
      const delay = () => (random() < 0.03 ? 10 * SETTLE_MS : WAY_MS) * random();
      const pushes = await time.run(() => write(3, 4, (_, i) => ['api', 'web'][i % 2]!, delay));
      const found = await time.run(() => audit(memory));
      const given = pushes.map(({ image, version }) => `${image}:${version}`);
      expect(new Set(given).size).toBe(given.length);
      commits += pushes.length;
      entries += found.entries.length;
    }
    process.stdout.write(`ledger: slow requests among fast ones: ${commits} commits, ${entries} entries\n`);
  });

  it('what stood for its writer stands for all readers ever after, and all readers see the same', async () => {
    const done: Push[] = [];
    let looks = 0;
    await time.run(async () => {
      const writing = Promise.all(
        Array.from({ length: 4 }, async (_, writer) => {
          const ledger = ledgerOf();
          for (let i = 0; i < 5; i++) {
            const one = new Push(`writer ${writer}, commit ${i}`, writer < 3 ? 'api' : 'web');
            await one.to(ledger);
            done.push(one);
          }
        }),
      );
      let isDone = false;
      void writing.then(() => (isDone = true));
      const [old, ...others] = [new Ledger(memory), new Ledger(memory)];
      for (; !isDone; looks++) {
        await time.sleep(SETTLE_MS * random());
        const finished = [...done];
        const [seen, ...same] = await Promise.all(
          [old!, ...others, new Ledger(memory)].map((one) => one.read()),
        );
        for (const view of same) expect(view).toEqual(seen);
        const standing = await Promise.all(
          [...seen!.included].filter((tag) => !seen!.voided.has(tag)).map((tag) => old!.entries.read(tag)),
        );
        const whose = standing.map((stored) => stored!.entry.who);
        expect(finished.filter(({ who }) => !whose.includes(who)).map(({ who }) => who)).toEqual([]);
      }
      await writing;
    });
    expect(looks).toBeGreaterThan(30);
    process.stdout.write(`ledger: 3 readers looked ${looks} times while 4 wrote ${done.length} versions\n`);
  });
});

describe('a writer that is late', () => {
  it('with its entry, after another one was confirmed, decides anew', () =>
    time.run(async () => {
      await push('before');
      const late = new Push('late');
      const { tries } = await late.to(ledgerOf(), async (turn) => {
        if (turn > 1) return;
        await push('other');
        await push('another');
      });
      expect(tries).toBe(2);
      expect(late.version).toBe('0.1.3');
      const found = await audit(memory);
      expect(found.voided.size).toBe(1);
      expect(shown(found.view.state)).toBe('api: developers 0.1.3');
    }));

  it('with an entry for another image stands all the same, once a later entry says so', () =>
    time.run(async () => {
      await push('before');
      const late = new Push('late', 'web');
      const { tries, view } = await late.to(ledgerOf(), async () => void (await push('other')));
      expect(late.decided).toBe(1);
      expect(tries).toBe(2);
      expect(view.confirmed!.entry.operation).toEqual({ kind: 'merge' });
      expect(shown(view.state)).toBe('api: developers 0.1.1; web: developers 0.1.0');
      expect((await audit(memory)).voided.size).toBe(0);
    }));

  it('leaves it to the next writer to say so, where there is one', () =>
    time.run(async () => {
      await push('before');
      const late = new Push('late', 'web');
      const committed = late.to(ledgerOf(), () => push('other').then(() => undefined));
      await time.sleep(8 * SETTLE_MS);
      const next = await push('next', 'job');
      await committed;
      const found = await audit(memory);
      expect(faults(found, [late, next])).toEqual([]);
    }));

  // Whoever sorts first: the other had seen it, or had not.
  it.each([1, 2, 3, 4, 5, 6])(
    'with its confirmation gives way to who was confirmed meanwhile (%i)',
    async (seed) => {
      start(seed);
      await time.run(async () => {
        const slow = (what: RegExp, ms: number) => {
          let isFirst = true;
          return remote((request) => {
            if (!isFirst || !what.test(request)) return WAY_MS * random();
            isFirst = false;
            return ms;
          });
        };
        const pushes = [new Push(`confirms late ${seed}`), new Push(`writes late ${seed}`)];
        await Promise.all([
          pushes[0]!.to(ledgerOf(slow(/^PUT latest/, 16 * SETTLE_MS))),
          pushes[1]!.to(ledgerOf(slow(/^PUT 0/, 3 * SETTLE_MS))),
        ]);
        pushes.push(await push('after'));
        const found = await audit(memory);
        expect(faults(found, pushes)).toEqual([]);
        expect(new Set(pushes.map(({ version }) => version)).size).toBe(3);
      });
    },
  );
});

describe('a writer that dies', () => {
  class Death extends Error {}

  /** A push that makes no request any more after one of these. */
  async function dying(what: RegExp, who = 'dead', image = 'api'): Promise<void> {
    const fatal = new RemoteRepository(memory, {
      delay: async (request) => {
        await time.sleep(WAY_MS * random());
        if (what.test(request)) throw new Death();
      },
    });
    await expect(new Push(who, image).to(ledgerOf(fatal))).rejects.toThrow(Death);
  }

  it('before its entry is written leaves nothing', () =>
    time.run(async () => {
      await push('before');
      await dying(/^PUT 0/);
      const next = await push('next');
      expect(next.version).toBe('0.1.1');
      expect((await audit(memory)).entries).toHaveLength(2);
    }));

  it('after its entry is written, before it is confirmed, has written it', () =>
    time.run(async () => {
      await push('before');
      await dying(/^PUT latest/);
      expect(shown((await ledgerOf().read()).state)).toBe('api: developers 0.1.1');
      const next = await push('next');
      expect(next.version).toBe('0.1.2');
      const found = await audit(memory);
      expect(found.standing.map(({ entry }) => entry.who)).toEqual(['before', 'dead', 'next']);
      expect(found.view.confirmed!.entry.who).toBe('next');
    }));

  it('as one of several leaves the others at their work', () =>
    time.run(async () => {
      const pushes = [new Push('a'), new Push('b'), new Push('c', 'web')];
      await Promise.all([
        ...pushes.map((one) => one.to(ledgerOf())),
        dying(/^PUT latest|^HEAD latest/, 'dead', 'job'),
      ]);
      const found = await audit(memory);
      expect(faults(found, pushes)).toEqual([]);
    }));

  it('as the first ever leaves a ledger without a confirmed entry', () =>
    time.run(async () => {
      await dying(/^PUT latest/);
      const view = await ledgerOf().read();
      expect(view.confirmed).toBeUndefined();
      expect(shown(view.state)).toBe('api: developers 0.1.0');
      expect((await push('next')).version).toBe('0.1.1');
    }));
});

describe('writers of one machine', () => {
  const directory = useDirectory();

  it('wait for each other: no entry is written in vain', () =>
    time.run(async () => {
      const lockFile = join(directory(), 'lock');
      const pushes = Array.from({ length: 5 }, (_, i) => new Push(`writer ${i}`));
      const ledger = (): Ledger => new Ledger(remote(), { settleMs: SETTLE_MS, now: time.now, lockFile });
      await Promise.all(pushes.map((one) => one.to(ledger())));
      const found = await audit(memory);
      expect(faults(found, pushes)).toEqual([]);
      expect(found.entries).toHaveLength(pushes.length);
    }));
});
