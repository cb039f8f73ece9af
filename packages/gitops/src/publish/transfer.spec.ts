import { RemoteRepository } from '../../test/ledger/remote-repository';
import { blob, image, index, noise, store as storeImage } from '../../test/oci/fixtures';
import { copy, give, inventory, publish, sbom, sideOf, tagsOf, watch } from '../../test/publish/copies';
import { AMD64, ARM64, storeIndex } from '../../test/publish/images';
import { contentOf, verified } from '../oci/content';
import { sha256 } from '../oci/digest';
import { MemoryStore } from '../oci/memory';
import { attach, referrersTag } from '../oci/referrers';
import type { PushOptions, RawManifest } from '../oci/store';
import type { Descriptor, Digest } from '../oci/types';
import type { Side } from './copy';
import { copiedLine } from './copy-report';

let stores: { here: MemoryStore; there: MemoryStore };
let here: Side;
let there: Side;
beforeEach(() => {
  stores = { here: new MemoryStore('here'), there: new MemoryStore('there') };
  here = sideOf(stores.here);
  there = sideOf(stores.there);
});

describe('a copy', () => {
  it('stores each part before what refers to it, and tags nothing before the entry stands', async () => {
    const repository = here.repositoryOf('api');
    const platforms = [AMD64, ARM64];
    const manifests = await Promise.all(
      platforms.map((platform) => storeImage(repository, image([platform.architecture], platform))),
    );
    const entries = manifests.map((entry, i) => ({ ...entry, platform: platforms[i]! }));
    const { digest } = await storeIndex(repository, entries);
    await give(here, [{ image: 'api', version: '1.0.0', digest }]);
    const written = watch(stores.there);
    await copy(here, sideOf(stores.there));
    expect(written).toEqual([
      ...Array<string>(4).fill('api blob'),
      'api manifest',
      'api manifest',
      'api index',
      'ledger blob',
      expect.stringMatching(/^ledger 0000000001-/),
      'ledger latest',
      expect.stringMatching(/^api (1\.0\.0|developers)$/),
      expect.stringMatching(/^api (1\.0\.0|developers)$/),
      'ledger followed',
    ]);
  });

  it('sends only what is missing, and what several images share once', async () => {
    const layers = { base: ['shared'], api: ['shared', 'own'] };
    for (const [name, own] of Object.entries(layers))
      await give(here, [
        {
          image: name,
          version: '1.0.0',
          digest: (await storeImage(here.repositoryOf(name), image(own))).digest,
          dependencies: name === 'api' ? { base: '1.0.0' } : {},
        },
      ]);
    const mounts: (string | undefined)[] = [];
    const target = sideOf(stores.there);
    for (const name of ['api', 'base']) {
      const repository = stores.there.repository(`acme/shop/${name}`);
      const { push } = repository;
      repository.push = (descriptor: Descriptor, content, options: PushOptions = {}) => {
        mounts.push(options.mountFrom);
        return push.call(repository, descriptor, content, options);
      };
    }
    // Two configurations, the shared layer, and the own one.
    expect(await copy(here, target)).toMatchObject({ blobs: 4 });
    expect(mounts.filter((mount) => mount !== undefined)).toEqual(['acme/shop/api']);
    expect(mounts).toHaveLength(5);
  });

  it('takes from a neighbour what that has already', async () => {
    for (const [name, layers] of [
      ['base', ['shared']],
      ['api', ['shared', 'own']],
    ] as const) {
      const { digest } = await storeImage(here.repositoryOf(name), image([...layers]));
      await give(here, [{ image: name, version: '1.0.0', digest }]);
    }
    await copy(here, there, { images: ['base'] });
    // Its configuration, and its own layer.
    expect(await copy(here, there, { images: ['api', 'base'] })).toMatchObject({ blobs: 2 });
  });

  it('of what is damaged records nothing', async () => {
    await publish(here);
    const repository = stores.here.repository('acme/shop/api');
    const { open } = repository;
    const [layer] = image(['api']).blobs.slice(1);
    repository.open = (descriptor, options) =>
      descriptor.digest === layer!.descriptor.digest
        ? verified(contentOf(noise(descriptor.size)), descriptor, 'here')
        : open.call(repository, descriptor, options);
    await expect(copy(here, there)).rejects.toThrow(/sha256:\w{64} .*is corrupt/);
    expect((await there.ledger.read()).heads).toEqual([]);
    expect(await there.repositoryOf('api').has(layer!.descriptor)).toBe(false);
  });

  it('of what is not in its store says what is missing', async () => {
    const digest = sha256('nothing');
    await here.ledger.commit({ who: 'pusher' }, async () => ({
      operation: { kind: 'push' },
      changes: [{ image: 'api', ring: 'developers', to: '1.0.0', isNew: true }],
      details: {
        images: {
          api: { rings: {}, taken: {}, versions: { '1.0.0': { digest, revision: 'r', dependencies: {} } } },
        },
      },
    }));
    await expect(copy(here, there)).rejects.toThrow(
      `here/acme/shop/api does not have ${digest}, which a ring holds; restore it from a copy of the store`,
    );
  });
});

describe('what is attached comes along', () => {
  const find = async (side: Side) => inventory(side.repositoryOf('web'), 'developers');
  let web: Descriptor;
  beforeEach(async () => {
    await publish(here);
    web = (await here.repositoryOf('web').resolve('developers'))!;
  });

  it('of all types, with what is attached to it in turn', async () => {
    const repository = here.repositoryOf('web');
    const first = await attach(repository, web, sbom('a bill'));
    await attach(repository, web, sbom('notes', 'application/vnd.example.notes.v1'));
    await attach(repository, first, sbom('signature', 'application/vnd.example.signature.v1'));
    await copy(here, there, { images: ['web'] });
    expect(await find(there)).toEqual(await find(here));
    expect(Object.values((await find(there)).attached).map((all) => all.length)).toEqual([2, 1]);
  });

  it('later too, without an entry', async () => {
    await copy(here, there, { images: ['web'] });
    await attach(here.repositoryOf('web'), web, sbom('late'));
    const copied = await copy(here, there, { images: ['web'] });
    expect(copied.isRecorded).toBe(false);
    expect(copiedLine(copied, 'there')).toBe('1 image of developers completed in there, 2 blobs (1 kB) sent');
    expect(await find(there)).toEqual(await find(here));
    expect(await copy(here, there, { images: ['web'] })).toMatchObject({ blobs: 0, manifests: 0 });
  });

  it('beside what is attached there, and is listed where it only was not', async () => {
    await copy(here, there, { images: ['web'] });
    await attach(there.repositoryOf('web'), web, sbom('theirs'));
    const mine = await attach(here.repositoryOf('web'), web, sbom('mine'));
    // As by a run that ended before it was listed.
    const bytes = Buffer.from((await find(here)).documents[mine.digest]!);
    await there.repositoryOf('web').putManifest({ mediaType: mine.mediaType, bytes });
    await copy(here, there, { images: ['web'] });
    expect((await find(there)).attached[web.digest]).toHaveLength(2);
  });

  it('but for what the list names and is gone', async () => {
    const repository = here.repositoryOf('web');
    const gone = { ...blob('gone').descriptor, mediaType: web.mediaType };
    await repository.putManifest(index(gone), referrersTag(web.digest));
    await attach(repository, web, sbom('there'));
    await copy(here, there, { images: ['web'] });
    expect((await find(there)).attached[web.digest]).toHaveLength(1);
  });

  it('from and to stores that list by themselves', async () => {
    const types = ['application/vnd.example.sbom.v1', 'application/vnd.example.notes.v1'];
    const [source, target] = [listing(stores.here), listing(stores.there)];
    // One that was there before the store kept the list.
    const tagged = await attach(new RemoteRepository(source.repository), web, sbom('tagged'));
    for (const type of types) await attach(source.repository, web, sbom(type, type));
    await copy(here, there, { images: ['web'] });
    const digests = source.listed.map(({ digest }) => digest);
    expect(digests).toHaveLength(2);
    expect(target.listed.map(({ digest }) => digest).sort()).toEqual([...digests, tagged.digest].sort());
    expect(await tagsOf(target.repository)).toEqual(['0.1.0', 'developers']);
    expect(await copy(here, there, { images: ['web'] })).toMatchObject({ blobs: 0, manifests: 0 });
  });

  /** Makes of web's repository one that keeps the list of what is attached to one manifest. */
  function listing(store: MemoryStore) {
    const repository = store.repository('acme/shop/web');
    const listed: Descriptor[] = [];
    Object.assign(repository, {
      async putReferrer(manifest: RawManifest) {
        const { artifactType } = JSON.parse(manifest.bytes.toString()) as { artifactType: string };
        listed.push({ ...(await repository.putManifest(manifest)), artifactType });
        return true;
      },
      referrers: async (subject: Digest, type?: string) =>
        subject === web.digest ? listed.filter(({ artifactType }) => !type || artifactType === type) : [],
    });
    return { repository, listed };
  }
});
