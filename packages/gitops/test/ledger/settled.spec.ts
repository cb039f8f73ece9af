import { Ledger } from '../../src/ledger/ledger';
import { type MemoryRepository, MemoryStore } from '../../src/oci/memory';
import { shown } from './changes';
import { RemoteRepository } from './remote-repository';
import { newTime, time } from './virtual-time';
import { Push, audit } from './writers';

jest.mock('node:timers/promises', () => ({
  setTimeout: (ms: number) => (require('./virtual-time') as typeof import('./virtual-time')).time.sleep(ms),
}));

const SETTLE_MS = 50;
const ME = { who: 'reader' };

let memory: MemoryRepository;
beforeEach(() => {
  newTime();
  memory = new MemoryStore().repository('acme/shop/ledger');
});

function remote(onRequest: (request: string) => void = () => undefined): RemoteRepository {
  return new RemoteRepository(memory, {
    delay: async (request) => {
      await time.sleep(1);
      onRequest(request);
    },
  });
}

function ledgerOf(repository = remote()): Ledger {
  return new Ledger(repository, { settleMs: SETTLE_MS, now: time.now });
}

/** Writes its entry, and dies before it is confirmed. */
async function dies(who: string, image: string): Promise<void> {
  const repository = remote((request) => {
    if (request === 'PUT latest') throw new Error('dead');
  });
  await expect(new Push(who, image).to(ledgerOf(repository))).rejects.toThrow('dead');
}

async function settled(ledger = ledgerOf()): Promise<ReturnType<Ledger['settled']>> {
  return ledger.settled(ME, await ledger.read());
}

describe('a ledger whose last writer', () => {
  it('is done is settled: nobody writes anything, or waits', () =>
    time.run(async () => {
      await new Push('one').to(ledgerOf());
      const ledger = ledgerOf();
      const view = await ledger.read();
      const before = time.now();
      expect(await ledger.settled(ME, view)).toBe(view);
      expect(time.now()).toBe(before);
      expect((await audit(memory)).entries).toHaveLength(1);
    }));

  it('has never been is settled too', () =>
    time.run(async () => {
      expect((await settled()).heads).toEqual([]);
      expect((await audit(memory)).entries).toEqual([]);
    }));

  it('died before its entry was confirmed is settled by an entry that comes after it', () =>
    time.run(async () => {
      await new Push('one').to(ledgerOf());
      await dies('dead', 'web');
      const { confirmed, heads } = await settled();
      expect(heads).toEqual([confirmed]);
      expect(shown(confirmed!.entry.state)).toBe('api: developers 0.1.0; web: developers 0.1.0');
      const { entries } = await audit(memory);
      expect(entries.map(({ entry }) => `${entry.who} ${entry.operation.kind}`)).toEqual([
        'one push',
        'dead push',
        'reader merge',
      ]);
    }));

  it('died is settled once, by however many', () =>
    time.run(async () => {
      await dies('dead', 'api');
      await settled();
      await Promise.all([settled(), settled(), settled()]);
      expect((await audit(memory)).entries).toHaveLength(2);
    }));

  it('died is settled at once where the store can lock', () =>
    time.run(async () => {
      await dies('dead', 'api');
      const before = time.now();
      expect((await settled(new Ledger(memory))).confirmed!.entry.operation).toEqual({ kind: 'merge' });
      expect(time.now()).toBe(before);
    }));

  it('lives is given the time that it needs', () =>
    time.run(async () => {
      const push = new Push('slow').to(ledgerOf());
      while ((await ledgerOf().read()).heads.length === 0) await time.sleep(1);
      expect((await settled()).confirmed!.entry.who).toBe('slow');
      await push;
      expect((await audit(memory)).entries).toHaveLength(1);
    }));

  it('has found a successor meanwhile is left to that one', () =>
    time.run(async () => {
      await dies('dead', 'api');
      const ledger = ledgerOf();
      const settling = settled(ledger);
      const next = new Push('next').to(ledgerOf());
      await settling;
      await next;
      const { entries, view } = await audit(memory);
      expect(entries.map(({ entry }) => entry.who)).toEqual(['dead', 'next']);
      expect(view.confirmed!.entry.who).toBe('next');
    }));
});
