import { RemoteRepository, type Way } from '../../test/ledger/remote-repository';
import { Releases } from '../../test/publish/releases';
import type { WritableRepository } from '../oci/store';

let releases: Releases;
beforeEach(async () => {
  releases = new Releases();
  await releases.push('developers', 'web 1.0.0');
  await releases.move({ images: ['web'] });
});

const ALL = ['1.0.0', 'developers', 'testers'];
const unshift = (repositoryOf: (image: string) => WritableRepository = releases.repositoryOf) =>
  releases.move({ kind: 'unshift', ring: 'testers', images: ['web'] }, { repositoryOf });

/** A repository far away, which removes tags if it is told how. */
function remote(way: Way, untag?: WritableRepository['untag']): () => WritableRepository {
  const repository: WritableRepository = new RemoteRepository(releases.repositoryOf('web'), way);
  return () => (untag ? Object.assign(repository, { untag }) : repository);
}

const isFollowed = async (): Promise<boolean> =>
  (await releases.ledger.entries.followedDigest()) === (await releases.latest()).digest;

describe('the tag of a ring that holds an image no more', () => {
  it('is removed, and no other', async () => {
    await unshift();
    expect(await releases.tags('web')).toEqual(['1.0.0', 'developers']);
    expect(await isFollowed()).toBe(true);
  });

  it('may be gone already', async () => {
    await releases.repositoryOf('web').untag('testers');
    await unshift();
    expect(await isFollowed()).toBe(true);
  });

  it.each<[what: string, untag: WritableRepository['untag']]>([
    ['that can remove none', undefined],
    ['that does not do so', async () => false],
  ])('stays in a store %s', async (_, untag) => {
    await unshift(remote({}, untag));
    expect(await releases.tags('web')).toEqual(ALL);
    expect(await isFollowed()).toBe(true);
  });

  it('is made up for, where its removal has failed', async () => {
    const failing = async () => {
      throw new Error('the store is away');
    };
    await expect(unshift(remote({}, failing))).rejects.toThrow('the store is away');
    expect(await releases.tags('web')).toEqual(ALL);
    await releases.push('developers', 'other 1.0.0');
    expect(await releases.tags('web')).toEqual(['1.0.0', 'developers']);
  });

  it.each(['before', 'while'])('stays where the ring gets the image again %s it is removed', async (when) => {
    let isDone = false;
    const again = async (): Promise<void> => {
      if (isDone) return;
      isDone = true;
      await releases.hold('testers', null);
      await releases.move({ images: ['web'] });
    };
    const delay = async (request: string): Promise<void> => {
      if (when === 'before' && request === 'HEAD testers') await again();
    };
    const untag = async (tag: string): Promise<boolean> => {
      await again();
      return releases.repositoryOf('web').untag(tag);
    };
    await unshift(remote({ delay }, untag));
    expect(isDone).toBe(true);
    expect(await releases.tags('web')).toEqual(ALL);
  });
});
