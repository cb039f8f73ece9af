import { RemoteRepository } from '../../../test/ledger/remote-repository';
import { image, store } from '../../../test/oci/fixtures';
import { deskOf, said, saidJson } from '../../../test/publish/desk';
import { Releases } from '../../../test/publish/releases';
import { hold, release, repair } from './write';

let releases: Releases;
beforeEach(async () => {
  releases = new Releases();
  await releases.push('developers', 'web 1.0.0');
  await releases.move({ images: ['web'] });
});

const tagged = async (tag: string): Promise<string | undefined> =>
  (await releases.repositoryOf('web').resolve(tag))?.digest;

describe('a repair of the tags', () => {
  it('changes nothing where they are right', async () => {
    expect(await said(repair, releases)).toBe('all tags are right');
    expect(await saidJson(repair, releases)).toEqual({ repaired: [] });
    expect(await said(repair, new Releases())).toBe('all tags are right');
  });

  it.each<[what: string, spoil: () => Promise<unknown>, repaired: string]>([
    [
      'a ring that was moved',
      () => store(releases.repositoryOf('web'), image(['other']), 'testers'),
      'web:testers',
    ],
    ['a ring that was removed', () => releases.repositoryOf('web').untag('testers'), 'web:testers'],
    ['a version that was removed', () => releases.repositoryOf('web').untag('1.0.0'), 'web:1.0.0'],
  ])('puts that of %s right', async (_, spoil, repaired) => {
    await spoil();
    expect(await said(repair, releases)).toBe(`put right: ${repaired}`);
    expect(await tagged('testers')).toBe(await tagged('developers'));
    expect(await tagged('1.0.0')).toBe(await tagged('developers'));
    expect(await said(repair, releases)).toBe('all tags are right');
  });

  it.each(['users', 'ante', 'post'])(
    'removes that of a ring that holds the image no more: %s',
    async (ring) => {
      await store(releases.repositoryOf('web'), image(['other']), ring);
      expect(await saidJson(repair, releases)).toEqual({ repaired: [`web:${ring}`] });
      expect(await releases.tags('web')).toEqual(['1.0.0', 'developers', 'testers']);
    },
  );

  it('leaves alone what is not its own', async () => {
    await store(releases.repositoryOf('web'), image(['other']), 'nightly');
    expect(await said(repair, releases)).toBe('all tags are right');
    expect(await tagged('nightly')).toBeDefined();
  });

  it('puts all right that can be, and says what cannot', async () => {
    const other = await store(releases.repositoryOf('web'), image(['other']), '1.0.0');
    await releases.repositoryOf('web').untag('testers');
    await expect(said(repair, releases)).rejects.toThrow(
      `here/acme/shop/web:1.0.0 is already there with other content, ${other.digest}; somebody pushed it without gitops`,
    );
    expect(await tagged('testers')).toBe(await tagged('developers'));
    expect(await tagged('1.0.0')).toBe(other.digest);
  });

  it.each([/^HEAD developers/, /^PUT developers/])(
    'does not undo what others do meanwhile: %p',
    async (request) => {
      await store(releases.repositoryOf('web'), image(['other']), 'developers');
      let isDone = false;
      const delay = async (what: string): Promise<void> => {
        if (isDone || !request.test(what)) return;
        isDone = true;
        await releases.push('developers', 'web 1.1.0');
      };
      const slow = new RemoteRepository(releases.repositoryOf('web'), { delay });
      const desk = { ...deskOf(releases, () => undefined), repositoryOf: () => slow };
      await repair(desk, {});
      expect(isDone).toBe(true);
      expect(await tagged('developers')).toBe(await tagged('1.1.0'));
    },
  );
});

describe('a hold', () => {
  it('keeps all out of a ring until it is released, and says why', async () => {
    expect(await said(hold, releases, { hold: 'testers', reason: 'it broke' })).toMatch(
      /^testers is on hold: it broke \(\S+\)$/,
    );
    const { entry } = await releases.latest();
    expect(entry).toMatchObject({ operation: { kind: 'hold', ring: 'testers' }, reason: 'it broke' });
    expect(entry.state.holds).toEqual({ testers: `it broke (${entry.who})` });
    await releases.push('developers', 'web 1.1.0');
    await expect(releases.move({ images: ['web'] })).rejects.toThrow('testers is on hold: it broke (');

    expect(await said(release, releases, { release: 'testers', reason: 'mended' })).toBe(
      `testers is released; it was on hold: it broke (${entry.who})`,
    );
    expect((await releases.latest()).entry).toMatchObject({
      operation: { kind: 'release', ring: 'testers' },
      reason: 'mended',
      holds: { testers: null },
    });
    expect((await releases.latest()).entry.state).not.toHaveProperty('holds');
    await releases.move({ images: ['web'] });
  });

  it('of several rings is of each for itself; a second one says the new reason', async () => {
    for (const [ring, reason] of [
      ['testers', 'one'],
      ['users', 'two'],
      ['testers', 'three'],
    ])
      await said(hold, releases, { hold: ring, reason });
    await said(release, releases, { release: 'users' });
    expect(Object.values((await releases.latest()).entry.state.holds!)).toEqual([
      expect.stringMatching(/^three \(/),
    ]);
  });

  it('is a document for programs', async () => {
    const held = expect.stringMatching(/^it broke \(/) as string;
    expect(await saidJson(hold, releases, { hold: 'users', reason: 'it broke' })).toEqual({
      ring: 'users',
      hold: held,
    });
    expect(await saidJson(release, releases, { release: 'users' })).toEqual({
      ring: 'users',
      released: held,
    });
    expect(await saidJson(release, releases, { release: 'users' })).toEqual({
      ring: 'users',
      released: null,
    });
  });

  it('that there is not is released without an entry', async () => {
    const count = await releases.count();
    expect(await said(release, releases, { release: 'users' })).toBe('users is not on hold');
    expect(await releases.count()).toBe(count);
  });

  const ALL = 'there is no ring nobody; use one of ante, developers, testers, users, post';
  const NAMED = 'cannot be held: nothing runs there; use one of developers, testers, users';

  it.each<[ring: string, message: string]>([
    ['nobody', ALL],
    ['ante', `ante ${NAMED}`],
    ['post', `post ${NAMED}`],
  ])('cannot be of %s', async (ring, message) => {
    await expect(said(hold, releases, { hold: ring, reason: 'why' })).rejects.toThrow(message);
    await expect(said(release, releases, { release: ring })).rejects.toThrow(message);
  });
});
