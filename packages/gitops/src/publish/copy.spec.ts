import {
  copy,
  give,
  inventory,
  publish,
  put,
  ringsIn,
  sideOf,
  stateOfSide,
  tagsOf,
  watch,
} from '../../test/publish/copies';
import { MemoryStore } from '../oci/memory';
import type { Side } from './copy';
import { copiedLine, copyRows } from './copy-report';

let stores: { here: MemoryStore; there: MemoryStore };
let here: Side;
let there: Side;
beforeEach(() => {
  stores = { here: new MemoryStore('here'), there: new MemoryStore('there') };
  here = sideOf(stores.here);
  there = sideOf(stores.there);
});

describe('a copy', () => {
  it('brings what a ring holds, and what that needs, to the same ring of another store', async () => {
    await publish(here);
    const copied = await copy(here, there);
    const { plan, isRecorded, blobs, manifests, log } = copied;
    expect(plan.items.map(({ image: name, version, state }) => `${name} ${version} ${state}`)).toEqual([
      'api 2.1.0 missing',
      'base 1.0.0 missing',
    ]);
    expect({ isRecorded, blobs, manifests }).toEqual({ isRecorded: true, blobs: 4, manifests: 2 });
    expect(copiedLine(copied, 'there')).toBe('copied 2 images of developers to there, 4 blobs (1 kB) sent');
    expect(log).toContainEqual(expect.stringMatching(/^there\/acme\/shop\/api@sha256:\w{64}: 1 kB sent$/));
    expect(await ringsIn(there)).toEqual({ api: 'developers 2.1.0', base: 'developers 1.0.0' });
    for (const [name, version] of [
      ['api', '2.1.0'],
      ['base', '1.0.0'],
    ] as const) {
      const found = await inventory(there.repositoryOf(name), 'developers');
      expect(found).toEqual(await inventory(here.repositoryOf(name), version));
      expect(await tagsOf(there.repositoryOf(name))).toEqual([version, 'developers']);
    }
    expect(await tagsOf(there.repositoryOf('web'))).toEqual([]);
  });

  it('is one entry, which says where it comes from', async () => {
    await publish(here);
    const before = await tagsOf(here.ledger.entries.repository);
    await copy(here, there, {}, { actor: { who: 'ann', reason: 'for the ship' } });
    const [head] = (await there.ledger.read()).heads;
    expect(head!.entry).toMatchObject({
      sequence: 1,
      who: 'ann',
      reason: 'for the ship',
      operation: { kind: 'copy', ring: 'developers', store: 'here' },
      changes: [
        { image: 'api', ring: 'developers', to: '2.1.0', isNew: true },
        { image: 'base', ring: 'developers', to: '1.0.0', isNew: true },
      ],
    });
    const [source, target] = [await stateOfSide(here), await stateOfSide(there)];
    for (const name of ['api', 'base']) expect(target.images[name]).toEqual(source.images[name]);
    expect(await tagsOf(here.ledger.entries.repository)).toEqual(before);
  });

  it('of what is there already writes nothing at all', async () => {
    await publish(here);
    await copy(here, there);
    const written = watch(stores.there);
    const again = await copy(here, sideOf(stores.there));
    expect(written).toEqual([]);
    expect(again).toMatchObject({ isRecorded: false, blobs: 0, bytes: 0, manifests: 0 });
    expect(copiedLine(again, 'there')).toBe('2 images of developers up to date in there');
  });

  it('is carried on where an earlier one has ended in the middle', async () => {
    await publish(here);
    const broken = stores.there.repository('acme/shop/base');
    const { putManifest } = broken;
    broken.putManifest = async () => {
      throw new Error('gone');
    };
    await expect(copy(here, there)).rejects.toThrow('gone');
    expect((await there.ledger.read()).heads).toEqual([]);
    expect(await tagsOf(there.repositoryOf('api'))).toEqual([]);
    broken.putManifest = putManifest;
    const { blobs, plan } = await copy(here, there);
    expect(blobs).toBe(0);
    expect(plan.items.map(({ state }) => state)).toContain('missing');
    expect(await ringsIn(there)).toEqual({ api: 'developers 2.1.0', base: 'developers 1.0.0' });
  });

  it('whose entry stands, but not the tags, is carried on', async () => {
    await publish(here);
    const broken = stores.there.repository('acme/shop/api');
    const { putManifest } = broken;
    broken.putManifest = async (manifest, tag) => {
      if (tag) throw new Error('gone');
      return putManifest.call(broken, manifest, tag);
    };
    await expect(copy(here, there)).rejects.toThrow('gone');
    broken.putManifest = putManifest;
    expect((await copy(here, there)).isRecorded).toBe(false);
    expect(await tagsOf(there.repositoryOf('api'))).toEqual(['2.1.0', 'developers']);
  });

  it('whose entry was written, but not confirmed, is carried on', async () => {
    await publish(here);
    const broken = stores.there.repository('acme/shop/ledger');
    const { putManifest } = broken;
    broken.putManifest = async (manifest, tag) => {
      if (tag === 'latest') throw new Error('gone');
      return putManifest.call(broken, manifest, tag);
    };
    await expect(copy(here, there)).rejects.toThrow('gone');
    broken.putManifest = putManifest;
    const later = sideOf(stores.there);
    expect((await copy(here, later)).isRecorded).toBe(false);
    expect(await tagsOf(later.repositoryOf('api'))).toEqual(['2.1.0', 'developers']);
  });
});

describe('a copy to a store that has other versions', () => {
  beforeEach(() => publish(here));

  it('says what each ring held, and keeps the other rings', async () => {
    const old = await put(there, 'api', 'old');
    await give(there, [{ image: 'api', version: '1.0.0', digest: old }]);
    await give(there, [
      { image: 'api', version: '1.0.1', digest: await put(there, 'api', 'other'), ring: 'testers' },
    ]);
    const { plan } = await copy(here, there);
    expect(copyRows(plan).map((row) => Object.values(row).join(' '))).toEqual([
      'api developers 1.0.0 2.1.0 is sent to the other store',
      'base developers - 1.0.0 is sent to the other store',
    ]);
    expect(await ringsIn(there)).toEqual({
      api: 'developers 2.1.0, testers 1.0.1',
      base: 'developers 1.0.0',
    });
  });

  it('keeps in post what the last ring held', async () => {
    await give(here, [{ image: 'web', version: '0.1.0', digest: await put(here, 'web'), ring: 'users' }], {
      isNew: false,
    });
    await give(there, [
      { image: 'web', version: '0.0.9', digest: await put(there, 'web', 'old'), ring: 'users' },
    ]);
    await copy(here, there, { ring: 'users', images: ['web'] });
    expect(await ringsIn(there)).toEqual({ web: 'post 0.0.9, users 0.1.0' });
    expect(await there.repositoryOf('web').resolve('post')).toEqual(
      await there.repositoryOf('web').resolve('0.0.9'),
    );
  });

  it('takes a version again that it knows, and one that is older than what it knows', async () => {
    await copy(here, there, { images: ['web'] });
    const patched = await put(here, 'web', 'patched');
    await give(here, [{ image: 'web', version: '0.1.5', digest: patched }]);
    await copy(here, there, { images: ['web'] });
    await give(here, [{ image: 'web', version: '0.1.0', digest: await put(here, 'web') }], { isNew: false });
    const { plan } = await copy(here, there, { images: ['web'] });
    expect(plan.items).toEqual([expect.objectContaining({ state: 'stored', before: '0.1.5' })]);
    expect(plan.draft.changes).toEqual([{ image: 'web', ring: 'developers', from: '0.1.5', to: '0.1.0' }]);
    expect(copyRows(plan)[0]!.why).toBe('is in the other store already');
    expect(copyRows((await copy(here, there, { images: ['web'] })).plan)[0]!.why).toBe('up to date');

    const between = await put(here, 'web', 'between');
    await give(here, [{ image: 'web', version: '0.1.3', digest: between }], { isNew: false });
    await copy(here, there, { images: ['web'] });
    expect(await ringsIn(there)).toEqual({ web: 'developers 0.1.3' });
    expect(await there.repositoryOf('web').resolve('0.1.3')).toMatchObject({ digest: between });
  });
});

it('a copy that others come before is announced anew', async () => {
  await publish(here);
  const onPlanned = async (): Promise<void> =>
    give(there, [{ image: 'base', version: '0.9.0', digest: await put(there, 'base', 'old') }]);
  const { announced, plan } = await copy(here, there, {}, { onPlanned });
  expect(announced).toEqual([plan]);
  expect(plan.items.map(({ before }) => before)).toEqual([undefined, '0.9.0']);
  expect(await ringsIn(there)).toEqual({ api: 'developers 2.1.0', base: 'developers 1.0.0' });
});

it('a copy is of what the ring held when it was announced', async () => {
  await publish(here);
  const next = await put(here, 'web', 'next');
  const onPlanned = async (): Promise<void> => give(here, [{ image: 'web', version: '0.2.0', digest: next }]);
  await copy(here, there, { images: ['web'] }, { onPlanned });
  expect(await ringsIn(there)).toEqual({ web: 'developers 0.1.0' });
});
