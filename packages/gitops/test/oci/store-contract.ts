import { contentOf, readAll, readDocument } from '../../src/oci/content';
import { sha256 } from '../../src/oci/digest';
import { imageFrom } from '../../src/oci/image';
import { parsePlatform } from '../../src/oci/platform';
import type { Store, WritableRepository } from '../../src/oci/store';
import { StoreError } from '../../src/oci/store-error';
import type { Descriptor } from '../../src/oci/types';
import { blob, image, index, noise, store as put } from './fixtures';

/** What every store does, and every caller may rely on. @param open opens an empty store; called before each test */
export function storeContract(open: () => Promise<Store> | Store): void {
  let store: Store;
  let repository: WritableRepository;
  let count = 0;

  beforeEach(async () => {
    store = await open();
    // A registry lives as long as the suite: each test has a repository of its own.
    repository = store.repository(`acme/shop/test-${++count}`);
  });
  afterEach(() => store.close());

  const failure = (kind: StoreError['kind']) => expect.objectContaining({ name: 'StoreError', kind });

  describe('blobs', () => {
    it.each([
      ['empty', Buffer.alloc(0)],
      ['small', Buffer.from('hello')],
      ['of many pieces', noise(6 * 1024 * 1024)],
    ])('%s: come out as they went in', async (_, bytes) => {
      const { descriptor } = blob(bytes);
      expect(await repository.has(descriptor)).toBe(false);
      await repository.push(descriptor, () => contentOf(bytes.subarray(0, 1000), bytes.subarray(1000)));
      expect(await repository.has(descriptor)).toBe(true);
      expect((await readAll(repository.open(descriptor))).equals(bytes)).toBe(true);
    });

    it('are not asked for when they are there', async () => {
      const { descriptor, bytes } = blob('once');
      await repository.push(descriptor, () => contentOf(bytes));
      await repository.push(descriptor, () => {
        throw new Error('opened');
      });
    });

    it('that are not there cannot be read', async () => {
      const { descriptor } = blob('nowhere');
      await expect(readAll(repository.open(descriptor))).rejects.toEqual(failure('not-found'));
    });

    it.each([
      ['too short', 'cut', 'conten'],
      ['too long', 'corrupt', 'content and more'],
      ['other bytes', 'corrupt', 'CONTENT'],
    ] as const)('%s: are refused and leave nothing', async (_, kind, wrong) => {
      const { descriptor } = blob('content');
      const pushed = repository.push(descriptor, () => contentOf(wrong));
      await expect(pushed).rejects.toEqual(failure(kind));
      expect(await repository.has(descriptor)).toBe(false);
    });

    it('whose source fails pass its error on and leave nothing', async () => {
      const { descriptor } = blob('content');
      const pushed = repository.push(descriptor, async function* () {
        yield Buffer.from('con');
        throw new StoreError('not-found', 'the source is gone');
      });
      await expect(pushed).rejects.toThrow('the source is gone');
      expect(await repository.has(descriptor)).toBe(false);
    });

    it('come from a neighbour that has them, and by themselves where it does not', async () => {
      const { descriptor, bytes } = blob(`shared ${count}`);
      const neighbour = store.repository(`acme/neighbour-${count}`);
      await neighbour.push(descriptor, () => contentOf(bytes));
      const unread = () => {
        throw new Error('opened');
      };
      await repository.push(descriptor, unread, { mountFrom: neighbour.name });
      expect((await readAll(repository.open(descriptor))).equals(bytes)).toBe(true);

      const other = blob(`other ${count}`);
      await repository.push(other.descriptor, () => contentOf(other.bytes), { mountFrom: neighbour.name });
      expect((await readAll(repository.open(other.descriptor))).equals(other.bytes)).toBe(true);
    });

    it('stop being written when the signal says so, and leave nothing', async () => {
      const { descriptor } = blob('content');
      const stop = new AbortController();
      const pushed = repository.push(
        descriptor,
        async function* () {
          yield Buffer.from('con');
          stop.abort(new Error('enough'));
          yield Buffer.from('tent');
        },
        { signal: stop.signal },
      );
      await expect(pushed).rejects.toThrow('enough');
      expect(await repository.has(descriptor)).toBe(false);
    });

    it('stop being read when the signal says so', async () => {
      const { descriptor, bytes } = blob(noise(100_000));
      await repository.push(descriptor, () => contentOf(bytes));
      const signal = AbortSignal.abort(new Error('enough'));
      await expect(readAll(repository.open(descriptor, { signal }))).rejects.toThrow('enough');
    });
  });

  describe('manifests', () => {
    it('are found by tag and by digest, byte for byte', async () => {
      const fixture = image(['one', 'two']);
      expect(await put(repository, fixture, '1.0.0')).toEqual(fixture.descriptor);
      expect(await repository.resolve('1.0.0')).toEqual(fixture.descriptor);
      expect(await repository.resolve(fixture.descriptor.digest)).toEqual(fixture.descriptor);
      const bytes = await readDocument(repository, fixture.descriptor);
      expect(bytes.equals(fixture.manifest.bytes)).toBe(true);
    });

    it('need no tag', async () => {
      const fixture = image(['untagged']);
      await put(repository, fixture);
      expect(await repository.resolve(fixture.descriptor.digest)).toEqual(fixture.descriptor);
      expect(await tagsOf(repository)).toEqual([]);
    });

    it('that are not there are undefined', async () => {
      expect(await repository.resolve('1.0.0')).toBeUndefined();
      expect(await repository.resolve(sha256('nothing'))).toBeUndefined();
      await put(repository, image(['some']), '1.0.0');
      expect(await repository.resolve('2.0.0')).toBeUndefined();
    });

    it('of an index are chosen by platform', async () => {
      const arm = image(['arm'], { os: 'linux', architecture: 'arm64' });
      const amd = image(['amd']);
      for (const one of [arm, amd]) await put(repository, one);
      const all = index(
        { ...arm.descriptor, platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } },
        { ...amd.descriptor, platform: { os: 'linux', architecture: 'amd64' } },
      );
      const descriptor = await repository.putManifest(all, 'multi');
      expect(await repository.resolve('multi')).toEqual(descriptor);
      const found = await imageFrom(repository, descriptor, parsePlatform('linux/arm64'));
      expect(found.digest).toBe(arm.descriptor.digest);
      const [layer] = await found.layers();
      expect((await readAll(layer!.uncompressed())).toString()).toBe('arm');
      expect(await repository.resolve(arm.descriptor.digest)).toEqual(arm.descriptor);
    });

    it('are not taken when they are none', async () => {
      const bytes = Buffer.from('{"schemaVersion":2}');
      const taken = repository.putManifest({ mediaType: image(['']).manifest.mediaType, bytes }, 'bad');
      await expect(taken).rejects.toEqual(failure('corrupt'));
    });
  });

  describe('tags', () => {
    it('of a repository that does not exist are none', async () => {
      expect(await tagsOf(repository)).toEqual([]);
    });

    it('are all there, or those after one', async () => {
      const fixture = image(['tagged']);
      for (const tag of ['003', '001', '002']) await put(repository, fixture, tag);
      expect(await tagsOf(repository)).toEqual(['001', '002', '003']);
      expect(await tagsOf(repository, '001')).toEqual(['002', '003']);
      expect(await tagsOf(repository, '003')).toEqual([]);
    });

    it('are sorted by code unit', async () => {
      const fixture = image(['sorted']);
      for (const tag of ['b', '_', 'a.b', 'B', 'a-b', '10', 'a', '9']) await put(repository, fixture, tag);
      expect(await tagsOf(repository)).toEqual(['10', '9', 'B', '_', 'a', 'a-b', 'a.b', 'b']);
    });

    it('move', async () => {
      const [before, after] = [image(['before']), image(['after'])];
      await put(repository, before, 'latest');
      await put(repository, after, 'latest');
      expect(await repository.resolve('latest')).toEqual(after.descriptor);
      expect(await repository.resolve(before.descriptor.digest)).toEqual(before.descriptor);
      expect(await tagsOf(repository)).toEqual(['latest']);
    });

    it.each(['', '.hidden', '../up', 'a b', 'x'.repeat(129)])('cannot be %j', async (tag) => {
      await expect(put(repository, image(['x']), tag)).rejects.toThrow('is not a tag');
    });
  });

  describe('what is deleted', () => {
    const there = async (...ones: { descriptor: Descriptor }[]) =>
      Promise.all(
        ones.map(async ({ descriptor }) => (await repository.resolve(descriptor.digest)) !== undefined),
      );

    it('goes with all its tags, and nothing else does', async () => {
      const [gone, kept] = [image(['shared', 'gone']), image(['shared', 'kept'])];
      for (const tag of ['1.0.0', 'also']) await put(repository, gone, tag);
      await put(repository, kept, '1.1.0');
      await readDocument(repository, gone.descriptor);
      await repository.delete!(gone.descriptor.digest);
      expect(await tagsOf(repository)).toEqual(['1.1.0']);
      expect(await there(gone, kept)).toEqual([false, true]);
      expect(await repository.has(gone.descriptor)).toBe(false);
      await expect(readAll(repository.open(gone.descriptor))).rejects.toEqual(failure('not-found'));
      const layers = await (await imageFrom(repository, kept.descriptor)).layers();
      const texts = layers.map(async (layer) => (await readAll(layer.uncompressed())).toString());
      expect(await Promise.all(texts)).toEqual(['shared', 'kept']);
    });

    it('takes along the blobs that nothing else names, where nobody else collects them', async () => {
      const [gone, kept] = [image(['shared', 'gone']), image(['shared', 'kept'])];
      for (const one of [gone, kept]) await put(repository, one);
      await repository.delete!(gone.descriptor.digest);
      const blobs = [...gone.blobs, ...kept.blobs].map(({ descriptor }) => repository.has(descriptor));
      // Of each image its config, the layer that they share, and its own.
      const left = store.isRemote ? [true, true, true] : [false, true, false];
      expect(await Promise.all(blobs)).toEqual([...left, true, true, true]);
    });

    it('can be stored again', async () => {
      const fixture = image(['again']);
      await put(repository, fixture, '1.0.0');
      await repository.delete!(fixture.descriptor.digest);
      await put(repository, fixture, '1.0.0');
      expect(await repository.resolve('1.0.0')).toEqual(fixture.descriptor);
      await repository.delete!(fixture.descriptor.digest);
      expect(await repository.resolve('1.0.0')).toBeUndefined();
    });

    it('may be an index: what it names stays until it is deleted itself', async () => {
      const part = image(['part']);
      await put(repository, part);
      const top = await repository.putManifest(index(part.descriptor), '1.0.0');
      await repository.delete!(top.digest);
      expect(await there({ descriptor: top }, part)).toEqual([false, true]);
      await repository.delete!(part.descriptor.digest);
      expect(await there(part)).toEqual([false]);
    });

    it('need not be there', async () => {
      await repository.delete!(sha256('nothing'));
      await repository.untag!('1.0.0');
      await put(repository, image(['some']), '1.0.0');
      await repository.delete!(sha256('nothing'));
      await repository.untag!('2.0.0');
      expect(await tagsOf(repository)).toEqual(['1.0.0']);
    });

    it('may be a tag alone, where there is such a thing', async () => {
      const fixture = image(['tagged']);
      for (const tag of ['1.0.0', 'also']) await put(repository, fixture, tag);
      const left = (await repository.untag!('1.0.0')) ? ['also'] : ['1.0.0', 'also'];
      expect(left).toHaveLength(store.isRemote ? 2 : 1);
      expect(await tagsOf(repository)).toEqual(left);
      await repository.untag!('also');
      expect(await repository.resolve(fixture.descriptor.digest)).toEqual(fixture.descriptor);
    });
  });

  it('lists all manifests, tagged or not, where it can', async () => {
    if (!repository.manifests) return expect(store.isRemote).toBe(true);
    expect(await repository.manifests()).toEqual([]);
    const [tagged, untagged] = [image(['tagged']), image(['untagged'])];
    for (const tag of ['a', 'b']) await put(repository, tagged, tag);
    await put(repository, untagged);
    const listed = await repository.manifests();
    expect(listed).toHaveLength(2);
    expect(listed).toEqual(expect.arrayContaining([tagged.descriptor, untagged.descriptor]));
  });

  it('lets one work at a time, where it can', async () => {
    if (!repository.exclusively) return expect(store.isRemote).toBe(true);
    const exclusively = <T>(work: () => Promise<T>) => store.repository(repository.name).exclusively!(work);
    const log: string[] = [];
    const work = (name: string) =>
      exclusively(async () => {
        log.push(`${name} in`);
        await put(repository, image([name]), name);
        log.push(`${name} out`);
        return name;
      });
    const failed = exclusively(() => Promise.reject(new Error('no')));
    await expect(failed).rejects.toThrow('no');
    expect(await Promise.all([work('a'), work('b'), work('c')])).toEqual(['a', 'b', 'c']);
    expect(log).toEqual(['a in', 'a out', 'b in', 'b out', 'c in', 'c out']);
    expect(await tagsOf(repository)).toEqual(['a', 'b', 'c']);
  });

  it.each(['', '/', '../up', 'a/../b', 'Upper', 'a//b', '/abs', 'a/', '.hidden'])(
    'refuses %j as the name of a repository',
    (name) => {
      expect(() => store.repository(name)).toThrow('is not a repository name');
    },
  );
}

async function tagsOf(repository: WritableRepository, after?: string): Promise<string[]> {
  const tags: string[] = [];
  for await (const tag of repository.tags({ after })) tags.push(tag);
  return tags;
}
