import { image, store as storeImage } from '../../test/oci/fixtures';
import { RemoteRepository, type Way } from '../../test/ledger/remote-repository';
import { stateOf, v } from '../../test/publish/states';
import { type StoredEntry, WINDOW } from '../ledger/entry';
import { Ledger } from '../ledger/ledger';
import { EMPTY_STATE, type State } from '../ledger/state';
import { MemoryStore } from '../oci/memory';
import { StoreError } from '../oci/store-error';
import type { Digest } from '../oci/types';
import { checkVersionTag, differences, followTags } from './follow';

describe('the tags between two states', () => {
  const shown = (before: State, now: State): string[] =>
    differences(before, now).map(
      ({ image: name, tag, digest, moves }) =>
        `${name}:${tag}${moves ? ' moves' : ''} ${digest ? names.get(digest) : 'away'}`,
    );
  const versions = [v('1.0.0'), v('1.1.0'), v('2.0.0')];
  const names = new Map(versions.map(({ digest, version }) => [digest, version]));
  const [one, two, three] = versions as [(typeof versions)[0], (typeof versions)[0], (typeof versions)[0]];

  it.each<[name: string, before: State, now: State, tags: string[]]>([
    ['nothing', EMPTY_STATE, EMPTY_STATE, []],
    ['the same', stateOf({ api: { testers: one } }), stateOf({ api: { testers: one } }), []],
    [
      'a first version',
      EMPTY_STATE,
      stateOf({ api: { testers: one } }),
      ['api:1.0.0 1.0.0', 'api:testers moves 1.0.0'],
    ],
    [
      'a new version',
      stateOf({ api: { testers: one, users: one } }),
      stateOf({ api: { testers: two, users: one } }),
      ['api:1.1.0 1.1.0', 'api:testers moves 1.1.0'],
    ],
    [
      'a version that another ring takes',
      stateOf({ api: { testers: one } }),
      stateOf({ api: { testers: one, users: one } }),
      ['api:users moves 1.0.0'],
    ],
    [
      'a version that is held again',
      stateOf({ api: { testers: two } }),
      stateOf({ api: { testers: one } }),
      ['api:1.0.0 1.0.0', 'api:testers moves 1.0.0'],
    ],
    [
      'a ring that holds nothing any more',
      stateOf({ api: { testers: one } }),
      stateOf({ api: {} }),
      ['api:testers moves away'],
    ],
    [
      'ante and post',
      EMPTY_STATE,
      stateOf({ api: { ante: two, post: one } }),
      ['api:1.1.0 1.1.0', 'api:1.0.0 1.0.0', 'api:ante moves 1.1.0', 'api:post moves 1.0.0'],
    ],
    [
      'several images, by name',
      stateOf({ api: { testers: one } }),
      stateOf({ web: { testers: three }, api: { testers: one }, base: { testers: two } }),
      ['base:1.1.0 1.1.0', 'base:testers moves 1.1.0', 'web:2.0.0 2.0.0', 'web:testers moves 2.0.0'],
    ],
    [
      'what is called as what every object has',
      EMPTY_STATE,
      stateOf({ constructor: { constructor: one } }),
      ['constructor:1.0.0 1.0.0', 'constructor:constructor moves 1.0.0'],
    ],
  ])('%s', (_name, before, now, tags) => {
    expect(shown(before, now).sort()).toEqual([...tags].sort());
  });
});

describe('the tags of images', () => {
  const memory = new MemoryStore();
  let ledger: Ledger;
  let count = 0;
  let api: string;
  beforeEach(() => {
    api = `shop${++count}/api`;
    ledger = new Ledger(memory.repository(`shop${count}/ledger`));
  });

  const repositoryOf = (name: string) => memory.repository(`shop${count}/${name}`);

  /** Another version of the image in a ring, as a push leaves it before the tags follow. */
  async function claim(ring: string, from: string | undefined, to: string): Promise<StoredEntry> {
    const { digest } = await storeImage(repositoryOf('api'), image([`${api} ${to}`]));
    const { view } = await ledger.commit({ who: 'mia' }, async () => ({
      operation: { kind: 'push', ring },
      changes: [{ image: 'api', ring, ...(from && { from }), to, isNew: true }],
      details: stateOf({ api: { [ring]: { version: to, digest, revision: to, dependencies: {} } } }),
    }));
    return view.confirmed!;
  }

  async function tags(): Promise<Record<string, string>> {
    const held = (await ledger.read()).state.images['api']!.versions;
    const known = new Map(Object.entries(held).map(([version, { digest }]) => [digest, version]));
    const found: Record<string, string> = {};
    const repository = repositoryOf('api');
    for await (const tag of repository.tags()) {
      const { digest } = (await repository.resolve(tag))!;
      found[tag] = known.get(digest) ?? 'something else';
    }
    return found;
  }

  it('follow the ledger, and that once', async () => {
    const first = await claim('developers', undefined, '0.1.0');
    expect(await followTags(ledger, first, repositoryOf)).toBe(2);
    expect(await tags()).toEqual({ '0.1.0': '0.1.0', developers: '0.1.0' });
    expect(await followTags(ledger, first, repositoryOf)).toBe(0);
    const second = await claim('developers', '0.1.0', '0.1.1');
    expect(await followTags(ledger, second, repositoryOf)).toBe(2);
    expect(await tags()).toEqual({ '0.1.0': 'something else', '0.1.1': '0.1.1', developers: '0.1.1' });
  });

  it('of all versions are made up for, however many were claimed meanwhile', async () => {
    let last = await claim('developers', undefined, '0.1.0');
    await followTags(ledger, last, repositoryOf);
    const versions = Array.from({ length: WINDOW + 8 }, (_, i) => `0.1.${i + 1}`);
    for (const [i, version] of versions.entries()) last = await claim('developers', `0.1.${i}`, version);
    expect(await followTags(ledger, last, repositoryOf)).toBe(versions.length + 1);
    expect(Object.keys(await tags()).sort()).toEqual(['0.1.0', ...versions, 'developers'].sort());
  });

  it('of what an earlier run did not come to are made up for', async () => {
    await claim('developers', undefined, '0.1.0');
    const last = await claim('testers', undefined, '0.1.1');
    expect(await followTags(ledger, last, repositoryOf)).toBe(4);
    expect(await tags()).toEqual({
      '0.1.0': '0.1.0',
      '0.1.1': '0.1.1',
      developers: '0.1.0',
      testers: '0.1.1',
    });
  });

  it('of a version that no ring holds any more, for others were faster than its tag, follow too', async () => {
    await claim('developers', undefined, '0.1.0');
    const last = await claim('developers', '0.1.0', '0.1.1');
    expect(await followTags(ledger, last, repositoryOf)).toBe(3);
    expect(Object.keys(await tags())).toEqual(['0.1.0', '0.1.1', 'developers']);
  });

  it('are none where there is no entry', async () => {
    expect(await followTags(ledger, undefined, repositoryOf)).toBe(0);
  });

  it('are no longer looked at where they have followed', async () => {
    const entry = await claim('developers', undefined, '0.1.0');
    await followTags(ledger, entry, repositoryOf);
    const asked = () => {
      throw new Error('asked');
    };
    expect(await followTags(ledger, entry, asked)).toBe(0);
  });

  it('take the manifests that are at hand', async () => {
    const entry = await claim('developers', undefined, '0.1.0');
    const { manifest, descriptor } = image([`${api} 0.1.0`]);
    const repository = new RemoteRepository(repositoryOf('api'));
    const asked = jest.spyOn(repository, 'open');
    await followTags(ledger, entry, () => repository, new Map([[descriptor.digest, manifest]]));
    expect(asked).not.toHaveBeenCalled();
    expect(await tags()).toEqual({ '0.1.0': '0.1.0', developers: '0.1.0' });
  });

  it('of a version never move; the others follow all the same, and the rest once it is out of the way', async () => {
    const other = await storeImage(repositoryOf('api'), image(['other']), '0.1.0');
    const entry = await claim('developers', undefined, '0.1.0');
    await expect(followTags(ledger, entry, repositoryOf)).rejects.toThrow(
      `memory/shop${count}/api:0.1.0 is already there with other content, ${other.digest}; ` +
        'somebody pushed it without gitops: remove that tag, then run it again',
    );
    expect(await tags()).toEqual({ '0.1.0': 'something else', developers: '0.1.0' });
    // A tag cannot be removed in memory; what is there by now is what the ledger says.
    const { manifest } = image([`${api} 0.1.0`]);
    await repositoryOf('api').putManifest(manifest, '0.1.0');
    expect(await followTags(ledger, entry, repositoryOf)).toBe(0);
    expect(await ledger.entries.followedDigest()).toBe(entry.digest);
  });

  it('that the store does not keep are written again', async () => {
    const entry = await claim('developers', undefined, '0.1.0');
    const lost = losing(2);
    expect(await followTags(ledger, entry, () => remote(lost))).toBe(2);
    expect(lost.count).toBe(2);
    expect(await tags()).toEqual({ '0.1.0': '0.1.0', developers: '0.1.0' });
  });

  it('that the store never keeps are an error, and not taken for done', async () => {
    const entry = await claim('developers', undefined, '0.1.0');
    const lost = losing(Infinity);
    await expect(followTags(ledger, entry, () => remote(lost))).rejects.toThrow(
      /^memory\/shop\d+\/api:(0\.1\.0|developers) was written 4 times, and is still something else; run it again$/,
    );
    expect(lost.count).toBe(8);
    expect(await ledger.entries.followedDigest()).toBeUndefined();
    expect(await followTags(ledger, entry, repositoryOf)).toBe(2);
  });

  it('say which manifest the store has lost', async () => {
    const entry = await claim('developers', undefined, '0.1.0');
    const { digest } = entry.entry.state.images['api']!.versions['0.1.0']!;
    const empty = new MemoryStore().repository(api);
    const following = followTags(ledger, entry, () => empty);
    await expect(following).rejects.toThrow(StoreError);
    await expect(following).rejects.toThrow(
      `memory/${api} does not have ${digest}, which a ring holds; restore it from a copy of the store`,
    );
  });

  it('come to what the ledger says, where who was slow wrote them after who was later', async () => {
    const first = await claim('developers', undefined, '0.1.0');
    const slow = remote({ delay: once(/^PUT developers/, meanwhile) });
    await followTags(ledger, first, () => slow);
    expect(await tags()).toMatchObject({ '0.1.1': '0.1.1', developers: '0.1.1' });

    async function meanwhile(): Promise<void> {
      await followTags(ledger, await claim('developers', '0.1.0', '0.1.1'), repositoryOf);
    }
  });

  it('of what was claimed meanwhile, and whose writer has died, follow too', async () => {
    const first = await claim('developers', undefined, '0.1.0');
    const slow = remote({
      delay: once(/^PUT developers/, async () => {
        await claim('developers', '0.1.0', '0.1.1');
      }),
    });
    await followTags(ledger, first, () => slow);
    expect(await tags()).toMatchObject({ '0.1.1': '0.1.1', developers: '0.1.1' });
  });

  it('a version is checked before it is claimed', async () => {
    const repository = repositoryOf('api');
    const { digest } = await storeImage(repository, image(['other']), '0.1.0');
    await checkVersionTag(repository, '0.1.0', digest);
    await checkVersionTag(repository, '0.2.0', digest);
    const another = image(['another']).descriptor.digest as Digest;
    await expect(checkVersionTag(repository, '0.1.0', another)).rejects.toThrow(
      `memory/${api}:0.1.0 is already there with other content, ${digest}`,
    );
  });

  function remote(way: Way): RemoteRepository {
    return new RemoteRepository(repositoryOf('api'), way);
  }
});

/** A store that says that it took a tag, and did not, so many times. */
function losing(times: number): Way & { count: number } {
  const way = {
    count: 0,
    loses: () => {
      if (way.count >= times) return false;
      way.count++;
      return true;
    },
  };
  return way;
}

/** Something happens while the first such request is on its way. */
function once(what: RegExp, work: () => Promise<void>): (request: string) => Promise<void> {
  let isDone = false;
  return async (request) => {
    if (isDone || !what.test(request)) return;
    isDone = true;
    await work();
  };
}
