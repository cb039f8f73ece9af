import { RemoteRepository, type Way } from '../../../test/ledger/remote-repository';
import { MemoryStore } from '../../oci/memory';
import { describe as describeManifest } from '../../oci/manifest';
import type { RawManifest, WritableRepository } from '../../oci/store';
import { StoreError } from '../../oci/store-error';
import type { Descriptor } from '../../oci/types';
import { type StoreFacts, StoreProbe } from './probe';
import type { Scratch } from './scratch';

const USABLE: Partial<StoreFacts> = { movingTag: 'replaces', versionTag: 'replaces', mounts: true };

function scratchOf(repository: WritableRepository, more: Partial<Scratch> = {}): Scratch {
  const neighbour = store.repository('shop/neighbour');
  return { repository, neighbour, remove: async () => 0, close: async () => undefined, ...more };
}

function probe(scratch: Scratch): StoreProbe {
  return new StoreProbe(scratch, { ring: 'developers', patienceMs: 200 });
}

let store: MemoryStore;
beforeEach(() => {
  store = new MemoryStore();
});

/** A registry that does something else where a tag is put. */
function putting(
  put: (repository: WritableRepository, manifest: RawManifest, tag: string) => Promise<Descriptor>,
  way?: Way,
): WritableRepository {
  const repository = new RemoteRepository(store.repository('shop/scratch'), way);
  const putManifest = repository.putManifest.bind(repository);
  return Object.assign(Object.create(repository) as WritableRepository, {
    putManifest: (manifest: RawManifest, tag?: string) =>
      tag === undefined ? putManifest(manifest) : put(repository, manifest, tag),
  });
}

describe('a probe of a store', () => {
  it('sees what a store can that does all it should', async () => {
    const facts = await probe(scratchOf(store.repository('shop/scratch'))).run();
    expect(facts).toMatchObject({ ...USABLE, listedAfterMs: 0, referrers: 'tag' });
    expect(facts.conditions).toBeUndefined();
  });

  it('knows all that it has written, to have it removed', async () => {
    const repository = store.repository('shop/scratch');
    const trying = probe(scratchOf(repository));
    await trying.run();
    for await (const tag of repository.tags()) {
      expect(trying.tags).toContain(tag);
      expect(trying.digests).toContain((await repository.resolve(tag))!.digest);
    }
    // The first ones of two tags, the subject and what is attached to it have no tag any more.
    expect(trying.digests.size).toBe(2 * 2 + 3 + 1 + 1 + 1);
    for (const digest of trying.digests) expect(await repository.resolve(digest)).toBeDefined();
  });

  it('sees that tags are lost', async () => {
    const repository = new RemoteRepository(store.repository('shop/scratch'), { loses: () => true });
    const facts = await probe(scratchOf(repository)).run();
    expect(facts).toMatchObject({ movingTag: 'never there', versionTag: 'never there' });
    expect(facts).not.toHaveProperty('listedAfterMs');
    expect(facts.referrers).toBeUndefined();
  });

  it('sees that second writes are refused, of some tags', async () => {
    const repository = putting(async (there, manifest, tag) => {
      if (/^\d/.test(tag) && (await there.resolve(tag))) throw new StoreError('rejected', 'it is there');
      return there.putManifest(manifest, tag);
    });
    expect(await probe(scratchOf(repository)).run()).toMatchObject({
      movingTag: 'replaces',
      versionTag: 'refused',
    });
  });

  it('sees that second writes are confirmed and lost', async () => {
    const repository = putting(async (there, manifest, tag) =>
      there.putManifest(manifest, (await there.resolve(tag)) ? undefined : tag),
    );
    expect(await probe(scratchOf(repository)).run()).toMatchObject({
      movingTag: 'lost',
      versionTag: 'lost',
    });
  });

  it('sees how late a list is', async () => {
    const born = new Map<string, number>();
    const repository = putting(async (there, manifest, tag) => {
      const descriptor = await there.putManifest(manifest, tag);
      born.set(tag, performance.now());
      return descriptor;
    }, {});
    const tags = repository.tags.bind(repository);
    repository.tags = async function* (options) {
      for await (const tag of tags(options)) if (performance.now() - born.get(tag)! > 100) yield tag;
    };
    const { listedAfterMs } = await probe(scratchOf(repository)).run();
    expect(listedAfterMs).toBeGreaterThan(90);
    expect(listedAfterMs).toBeLessThan(300);
  });

  it.each([
    [412, 'honoured'],
    [201, 'ignored'],
    [400, undefined],
  ])('asks for a write on a condition, and is answered %d', async (status, seen) => {
    const asked: string[] = [];
    const putUnlessThere = async (manifest: RawManifest, tag: string): Promise<number> => {
      expect(await store.repository('shop/scratch').resolve(tag)).toBeDefined();
      asked.push(describeManifest(manifest).digest);
      return status;
    };
    const trying = probe(scratchOf(store.repository('shop/scratch'), { putUnlessThere }));
    expect((await trying.run()).conditions).toBe(seen);
    expect(asked.map((digest) => trying.digests.has(digest as `sha256:${string}`))).toEqual([status === 201]);
  });

  it('sees that blobs have to be sent again', async () => {
    const neighbour = new MemoryStore().repository('elsewhere');
    const facts = await probe(scratchOf(store.repository('shop/scratch'), { neighbour })).run();
    expect(facts.mounts).toBe(false);
  });

  it('throws what the store has against it', async () => {
    const repository = putting(async () => {
      throw new StoreError('forbidden', 'not for you');
    });
    await expect(probe(scratchOf(repository)).run()).rejects.toThrow('not for you');
  });
});
