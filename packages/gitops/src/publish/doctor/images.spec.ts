import { type ImageFixture, image, index, store as storeImage } from '../../../test/oci/fixtures';
import { RINGS } from '../../../test/ledger/histories';
import { stateOf } from '../../../test/publish/states';
import type { State } from '../../ledger/state';
import { contentOf } from '../../oci/content';
import { describe as describeManifest } from '../../oci/manifest';
import { MemoryStore } from '../../oci/memory';
import type { RawManifest } from '../../oci/store';
import type { Digest } from '../../oci/types';
import { checkImages, checkTags } from './images';

const ONE = image(['one']);
const TWO = image(['two']);
const OTHER = image(['other']);

const held = (version: string, digest: Digest) => ({ version, digest, revision: 'r', dependencies: {} });
const STATE: State = stateOf({
  api: { developers: held('1.1.0', TWO.descriptor.digest), testers: held('1.0.0', ONE.descriptor.digest) },
});

let memory: MemoryStore;
const repositoryOf = (name: string) => memory.repository(`shop/${name}`);
const api = () => repositoryOf('api');
beforeEach(() => {
  memory = new MemoryStore();
});

/** The versions and tags as a push leaves them. */
async function publish(): Promise<void> {
  for (const tag of ['1.1.0', 'developers']) await storeImage(api(), TWO, tag);
  for (const tag of ['1.0.0', 'testers']) await storeImage(api(), ONE, tag);
}

async function putBlobs({ blobs }: ImageFixture, but = -1): Promise<void> {
  for (const [i, { descriptor, bytes }] of blobs.entries())
    if (i !== but) await api().push(descriptor, () => contentOf(bytes));
}

describe('the images that rings hold', () => {
  const found = async (state: State) =>
    (await checkImages(state, repositoryOf)).map(({ level, what }) => `${level}: ${what}`);

  it('are there', async () => {
    await publish();
    expect(await found(STATE)).toEqual(['ok: the store has all of the 2 versions in rings']);
  });

  it('or their manifest is not', async () => {
    await storeImage(api(), TWO);
    expect(await found(STATE)).toEqual([
      `problem: api 1.0.0, which is in testers, is not whole: memory/shop/api does not have ${ONE.descriptor.digest}`,
    ]);
  });

  it.each([
    ['their config', 0],
    ['a layer', 1],
  ])('or %s is not', async (_name, missing) => {
    await storeImage(api(), TWO);
    await putBlobs(ONE, missing);
    await api().putManifest(ONE.manifest);
    expect(await found(STATE)).toEqual([
      `problem: api 1.0.0, which is in testers, is not whole: memory/shop/api does not have ${ONE.blobs[missing]!.descriptor.digest}`,
    ]);
  });

  it('or one of their platforms is not', async () => {
    const both: RawManifest = index(ONE.descriptor, TWO.descriptor);
    const { digest } = describeManifest(both);
    const state = stateOf({ api: { developers: held('1.0.0', digest), users: held('1.0.0', digest) } });
    await storeImage(api(), ONE);
    await api().putManifest(both);
    expect(await found(state)).toEqual([
      `problem: api 1.0.0, which is in developers, users, is not whole: memory/shop/api does not have ${TWO.descriptor.digest}`,
    ]);
    await storeImage(api(), TWO);
    expect(await found(state)).toEqual(['ok: the store has all of the 1 version in rings']);
  });
});

describe('the tags of images', () => {
  const found = async (isAtRest = true) =>
    (await checkTags(STATE, RINGS, repositoryOf, async () => isAtRest)).map(
      ({ level, what, remedy }) => `${level}: ${what}${remedy ? `; ${remedy}` : ''}`,
    );
  const [one, other] = [ONE.descriptor.digest, OTHER.descriptor.digest];

  it('name what the ledger says', async () => {
    await publish();
    expect(await found()).toEqual(['ok: 4 tags of versions and rings name what they should']);
  });

  it('of a ring were moved', async () => {
    await publish();
    await storeImage(api(), OTHER, 'testers');
    expect(await found()).toEqual([
      `problem: memory/shop/api:testers names ${other}, but testers holds 1.0.0, ${one}; nx rings --repair`,
    ]);
  });

  it('of a version were moved', async () => {
    await publish();
    await storeImage(api(), OTHER, '1.0.0');
    expect(await found()).toEqual([
      `problem: memory/shop/api:1.0.0 was moved to other content, ${other}; somebody did so without gitops: remove that tag, then nx rings --repair`,
    ]);
  });

  it('are missing', async () => {
    await storeImage(api(), ONE, '1.0.0');
    await storeImage(api(), TWO, 'developers');
    expect(await found()).toEqual([
      'warning: memory/shop/api:1.1.0 is not there; nx rings --repair',
      'warning: memory/shop/api:testers is not there; nx rings --repair',
    ]);
  });

  it('are there, although the ring holds nothing', async () => {
    await publish();
    await storeImage(api(), ONE, 'users');
    expect(await found()).toEqual([
      'warning: memory/shop/api:users is there, but users holds no api; remove that tag',
    ]);
  });

  it('have yet to follow', async () => {
    await publish();
    await storeImage(api(), OTHER, 'testers');
    expect(await found(false)).toEqual([
      'note: tags have yet to follow the ledger: a push is under way, or was cut off; wait for it, or nx rings --repair',
      expect.stringMatching(/^warning: .*:testers names /),
    ]);
  });
});
