import { RemoteRepository } from '../../test/ledger/remote-repository';
import { image, store as storeImage } from '../../test/oci/fixtures';
import { copy, give, publish, put, sideOf, tagsOf, watch } from '../../test/publish/copies';
import { type Entry, entryTag } from '../ledger/entry';
import { entryDocuments } from '../ledger/entry-documents';
import { sha256 } from '../oci/digest';
import { MemoryStore } from '../oci/memory';
import type { Digest } from '../oci/types';
import type { Side } from './copy';

let stores: { here: MemoryStore; there: MemoryStore };
let here: Side;
let there: Side;
beforeEach(() => {
  stores = { here: new MemoryStore('here'), there: new MemoryStore('there') };
  here = sideOf(stores.here);
  there = sideOf(stores.there);
});

/** A first entry, by which web has 0.1.0. */
function claim(who: string, digest: Digest): Entry {
  const described = { digest, revision: 'r', dependencies: {} };
  const web = { rings: { developers: '0.1.0' }, versions: { '0.1.0': described }, taken: { '0.1': 0 } };
  return {
    schemaVersion: 1,
    sequence: 1,
    previous: [],
    ancestors: [],
    void: [],
    time: '2026-01-01T00:00:00.000Z',
    who,
    operation: { kind: 'push', ring: 'developers' },
    changes: [{ image: 'web', ring: 'developers', to: '0.1.0', isNew: true }],
    state: { images: { web } },
  };
}

const tagOf = (entry: Entry): string => entryTag(entry.sequence, sha256(entryDocuments(entry).manifest));

describe('a copy of a version that is something else there', () => {
  beforeEach(() => publish(here));

  const nothingDone = async (work: () => Promise<unknown>): Promise<void> => {
    const written = watch(stores.there);
    const { digest } = (await here.repositoryOf('web').resolve('0.1.0'))!;
    await expect(work()).rejects.toThrow(
      new RegExp(
        `^nothing is copied to there: web 0\\.1\\.0 is sha256:\\w{64} there and ${digest} here; push to one of`,
      ),
    );
    expect(written).toEqual([]);
  };

  /** The other store, of which somebody has removed a tag. */
  const forgetful = (isGone = (): boolean => true): Side => ({
    ...sideOf(stores.there),
    repositoryOf: (name) =>
      new RemoteRepository(stores.there.repository(`acme/shop/${name}`), {
        forgets: (tag) => tag === '0.1.0' && isGone(),
      }),
  });

  it('is refused where the ring holds it', async () => {
    await give(there, [{ image: 'web', version: '0.1.0', digest: await put(there, 'web', 'other') }]);
    await nothingDone(() => copy(here, sideOf(stores.there), { images: ['web', 'api'] }));
  });

  it('is refused where another ring holds it', async () => {
    await copy(here, there, { images: ['api'] });
    await give(there, [
      { image: 'web', version: '0.1.0', digest: await put(there, 'web', 'other'), ring: 'users' },
    ]);
    await nothingDone(() => copy(here, sideOf(stores.there), { images: ['web', 'api'] }));
  });

  it('is refused where somebody has tagged it', async () => {
    await storeImage(there.repositoryOf('web'), image(['other']), '0.1.0');
    await nothingDone(() => copy(here, sideOf(stores.there), { images: ['web'] }));
  });

  it('is refused where only the history knows', async () => {
    await give(there, [{ image: 'web', version: '0.1.0', digest: await put(there, 'web', 'other') }]);
    await give(there, [{ image: 'web', version: '0.2.0', digest: await put(there, 'web', 'next') }]);
    await nothingDone(() => copy(here, forgetful(), { images: ['web'] }));
  });

  it('is not, where what says so does not stand', async () => {
    const digest = await put(there, 'web');
    const { entries } = there.ledger;
    // Two at once. The one with the smaller tag stands.
    const first = claim('one', digest);
    const others = [...Array(50).keys()].map((i) => claim(`other ${i}`, sha256('other')));
    const later = others.find((other) => tagOf(other) > tagOf(first))!;
    for (const entry of [first, later]) await entries.write(entry);
    await give(there, [{ image: 'web', version: '0.2.0', digest: await put(there, 'web', 'next') }]);
    expect((await there.ledger.read()).heads[0]!.entry.void).toEqual([tagOf(later)]);
    let isGone = true;
    const onPlanned = async (): Promise<void> => void (isGone = false);
    const to = forgetful(() => isGone);
    const { plan } = await copy(here, to, { images: ['web'] }, { onPlanned });
    expect(plan.draft.changes).toEqual([{ image: 'web', ring: 'developers', from: '0.2.0', to: '0.1.0' }]);
  });
});

describe('a copy is refused', () => {
  beforeEach(() => publish(here));

  const hold = () =>
    there.ledger.commit({ who: 'ann' }, async ({ state }) => ({
      operation: { kind: 'hold', ring: 'developers' },
      changes: [],
      holds: { developers: 'they are on holiday' },
      details: state,
    }));

  it('while the ring there is on hold, unless by force, which is recorded', async () => {
    await hold();
    await expect(copy(here, there)).rejects.toThrow(
      'nothing is copied to the ring developers of there: developers is on hold: they are on holiday; see to that first, or override it with --force --reason=…',
    );
    expect(await tagsOf(there.repositoryOf('api'))).toEqual([]);
    const { plan } = await copy(here, there, { force: true });
    expect(plan.overridden).toEqual(['developers is on hold: they are on holiday']);
    const [head] = (await there.ledger.read()).heads;
    expect(head!.entry.operation.forced).toEqual(plan.overridden);
    // What changes nothing is in nobody's way.
    expect((await copy(here, there)).isRecorded).toBe(false);
  });

  it('while gitops.yaml holds the ring; how long a version was where is not asked', async () => {
    const protections = { developers: { hold: true, soakMs: 1000, from: 'ante' } };
    await expect(copy(here, there, {}, { protections })).rejects.toThrow(
      'of there: developers is on hold, as gitops.yaml says; see to that',
    );
    const others = { developers: { soakMs: 1000, from: 'ante' }, users: { hold: true } };
    expect((await copy(here, there, {}, { protections: others })).plan.overridden).toEqual([]);
  });

  it('where others there need what it replaces', async () => {
    await give(there, [
      { image: 'base', version: '0.9.0', digest: await put(there, 'base', 'old') },
      {
        image: 'tool',
        version: '0.1.0',
        digest: await put(there, 'tool'),
        dependencies: { base: '0.9.0' },
      },
    ]);
    await expect(copy(here, there)).rejects.toThrow(
      'of there: tool 0.1.0 needs base 0.9.0, but developers would hold 1.0.0; see to',
    );
  });

  it('where the ring does not hold what is asked for', async () => {
    await expect(copy(here, there, { images: ['api', 'new', 'old'] })).rejects.toThrow(
      'the ring developers of here does not hold new, old; push or promote them there first',
    );
  });

  it.each([
    ['post', 'nothing is copied from post: it holds what was shifted off the last ring; use one of ante, '],
    ['none', 'there is no ring none; use one of ante, developers, testers, users'],
  ])('from %s', async (ring, message) => {
    await expect(copy(here, there, { ring })).rejects.toThrow(message);
  });

  it('where the ledger was forged', async () => {
    const { digest } = await storeImage(here.repositoryOf('web'), image(['other']));
    const forged = sideOf(new MemoryStore('forged'));
    const { entries } = forged.ledger;
    await entries.confirm(await entries.write({ ...claim('somebody', digest), changes: [] }));
    await expect(copy(forged, there, { images: ['web'] })).rejects.toThrow('does not match its parent');
    await expect(copy(here, forged, { images: ['web'] })).rejects.toThrow('does not match its parent');
  });

  it('once it is interrupted, to the very last', async () => {
    const interrupted = new AbortController();
    const { signal } = interrupted;
    const last = stores.there.repository('acme/shop/web');
    const { putManifest } = last;
    last.putManifest = async (...args) => {
      interrupted.abort(new Error('interrupted'));
      return putManifest.call(last, ...args);
    };
    await expect(copy(here, there, { images: ['web'] }, { signal })).rejects.toThrow('interrupted');
    expect((await there.ledger.read()).heads).toEqual([]);
  });

  it('once it is interrupted', async () => {
    const interrupted = new AbortController();
    const onPlanned = async (): Promise<void> => interrupted.abort(new Error('interrupted'));
    const { signal } = interrupted;
    await expect(copy(here, there, {}, { onPlanned, signal })).rejects.toThrow('interrupted');
    expect((await there.ledger.read()).heads).toEqual([]);
  });
});
