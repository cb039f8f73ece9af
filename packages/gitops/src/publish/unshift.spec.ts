import { give } from '../../test/publish/copies';
import { Releases } from '../../test/publish/releases';

let releases: Releases;
beforeEach(async () => {
  releases = new Releases();
  await next('2.0.0');
});

/** A release of base and api, which testers get. */
async function next(version: string): Promise<void> {
  await releases.push('developers', `base ${version}`, `api ${version} base ${version}`);
  await releases.hold('testers', null);
  await releases.move();
}

describe('an unshift', () => {
  it('gives a ring back what it held, with all that moved along', async () => {
    await next('2.1.0');
    const { tag, digest } = await releases.latest();
    const { moves } = await releases.unshift('testers');
    expect(moves).toEqual(['testers api 2.1.0 → 2.0.0', 'testers base 2.1.0 → 2.0.0']);
    expect(await releases.rings()).toEqual({
      api: 'developers 2.1.0, testers 2.0.0',
      base: 'developers 2.1.0, testers 2.0.0',
    });
    const { entry } = await releases.latest();
    expect(entry.operation).toEqual({ kind: 'unshift', to: 'testers', undoes: digest });
    expect(entry.holds).toEqual({ testers: `${tag} was taken back by mia` });
    const api = releases.repositoryOf('api');
    expect(await api.resolve('testers')).toEqual(await api.resolve('2.0.0'));
  });

  it('says why, where that was said', async () => {
    const { tag } = await releases.latest();
    const actor = { who: 'mia', reason: 'it is slow' };
    await releases.move({ kind: 'unshift', ring: 'testers' }, { actor });
    expect((await releases.latest()).entry.state.holds).toEqual({
      testers: `${tag} was taken back by mia: it is slow`,
    });
  });

  it('twice goes one further back, until there is nothing left; the ring need not be released for that', async () => {
    await next('2.1.0');
    await next('2.2.0');
    for (const moves of [
      ['testers api 2.2.0 → 2.1.0', 'testers base 2.2.0 → 2.1.0'],
      ['testers api 2.1.0 → 2.0.0', 'testers base 2.1.0 → 2.0.0'],
      ['testers api 2.0.0 → -', 'testers base 2.0.0 → -'],
    ])
      expect((await releases.unshift('testers')).moves).toEqual(moves);
    expect(await releases.rings()).toEqual({ api: 'developers 2.2.0', base: 'developers 2.2.0' });
    expect(await releases.tags('api')).not.toContain('testers');
    const count = await releases.count();
    await expect(releases.unshift('testers')).rejects.toThrow(
      'there is nothing to take back: no promotion of api into testers is in the ledger; nx rings --log shows what is',
    );
    expect(await releases.count()).toBe(count);
  });

  it('after what was promoted since takes that back, and what came before it the next time', async () => {
    await next('2.1.0');
    await releases.unshift('testers');
    await next('2.2.0');
    expect((await releases.unshift('testers')).moves[0]).toBe('testers api 2.2.0 → 2.0.0');
    expect((await releases.unshift('testers')).moves[0]).toBe('testers api 2.0.0 → -');
  });

  it('takes back what was pushed to the ring since, too', async () => {
    await next('2.1.0');
    await releases.push('testers', 'api 2.1.1 base 2.1.0');
    expect((await releases.unshift('testers')).moves).toEqual([
      'testers api 2.1.1 → 2.0.0',
      'testers base 2.1.0 → 2.0.0',
    ]);
  });

  it('of a shift gives all rings back what they held, and holds each in which something runs', async () => {
    for (const version of ['2.1.0', '2.2.0', '2.3.0']) {
      await releases.push('developers', `base ${version}`, `api ${version} base ${version}`);
      await releases.move({ kind: 'shift' });
    }
    const held = 'developers 2.3.0, post 2.1.0, testers 2.3.0, users 2.2.0';
    expect(await releases.rings()).toEqual({ api: held, base: held });
    const { moves, plan } = await releases.unshift('users');
    expect(moves).toEqual([
      'testers api 2.3.0 → 2.2.0',
      'testers base 2.3.0 → 2.2.0',
      'users api 2.2.0 → 2.1.0',
      'users base 2.2.0 → 2.1.0',
      'post api 2.1.0 → 2.0.0',
      'post base 2.1.0 → 2.0.0',
    ]);
    expect(Object.keys(plan.draft.holds!)).toEqual(['testers', 'users']);
  });

  it('finds a release that moved for the sake of what the image depends on', async () => {
    await releases.push('developers', 'base 2.1.0', 'web 1.0.0 base 2.1.0', 'api 2.1.0 base 2.1.0');
    await releases.move({ images: ['web', 'api'] });
    const { moves } = await releases.unshift('testers', 'web');
    expect([...moves].sort()).toEqual([
      'testers api 2.1.0 → 2.0.0',
      'testers base 2.1.0 → 2.0.0',
      'testers web 1.0.0 → -',
    ]);
  });

  it('finds a release in which only what the image depends on has moved', async () => {
    await releases.push('testers', 'web 1.0.0 base 2.0.0');
    await expect(releases.unshift('testers', 'web')).rejects.toThrow(
      'nothing moves back out of testers: web 1.0.0 needs base 2.0.0, but testers would hold none; see',
    );
  });

  it('says that nothing is left to take back of what was only pushed', async () => {
    await expect(releases.unshift('developers')).rejects.toThrow(
      /^there is nothing to take back: no promotion/,
    );
    await expect(releases.unshift('testers', 'a', 'b', 'c', 'd', 'e')).rejects.toThrow(
      'no promotion of a, b, c, +2 more into testers is in the ledger',
    );
  });

  it('of what the ring has already back is recorded all the same: the next one goes further back', async () => {
    await next('2.1.0');
    for (const image of ['base', 'api']) await adopt(image, '2.0.0');
    expect((await releases.unshift('testers')).moves).toEqual([]);
    expect(Object.keys((await releases.latest()).entry.state.holds!)).toEqual(['testers']);
    expect((await releases.unshift('testers')).moves).toEqual([
      'testers api 2.0.0 → -',
      'testers base 2.0.0 → -',
    ]);
  });

  /** Somebody pushes what the ring held before. */
  async function adopt(image: string, version: string): Promise<void> {
    const { digest } = (await releases.repositoryOf(image).resolve(version))!;
    const dependencies = image === 'api' ? { base: version } : undefined;
    await give(releases, [{ image, version, digest, ring: 'testers', dependencies }], {
      isNew: false,
      operation: { kind: 'push', ring: 'testers' },
    });
  }
});

describe('an unshift has to wait', () => {
  /** Two images that have nothing to do with each other, of which one was promoted further. */
  beforeEach(async () => {
    await releases.push('developers', 'one 1.0.0', 'other 1.0.0');
    await releases.move({ images: ['one', 'other'] });
    await releases.push('developers', 'other 1.1.0');
  });

  it('for what came later and changed the same; what it is told to do first helps', async () => {
    const { tag } = await releases
      .latest()
      .then(async (push) => (await releases.ledger.entries.read(push.entry.previous[0]!))!);
    await releases.move({ images: ['other'] });
    const later = await releases.latest();
    await releases.move({ images: ['one'], ring: 'testers' });
    await expect(releases.unshift('testers', 'one')).rejects.toThrow(
      `${tag} cannot be taken back before ${later.tag}, which came later and changed the same; ` +
        'take that back first: image-promote of other with --ring=testers --unshift',
    );
    await releases.unshift('testers', 'other');
    expect((await releases.unshift('testers', 'one')).moves).toEqual([
      'testers one 1.0.0 → -',
      'testers other 1.0.0 → -',
    ]);
  });

  it('for a shift, and for a promotion from the ring that it filled', async () => {
    await releases.move({ kind: 'shift', images: ['other'] });
    const shift = await releases.latest();
    await expect(releases.unshift('testers', 'one')).rejects.toThrow(
      `before ${shift.tag}, which came later and changed the same; take that back first: image-promote of other with --ring=testers --unshift`,
    );
    await releases.move({ ring: 'testers', images: ['other'] });
    const promotion = await releases.latest();
    await expect(releases.unshift('testers', 'other')).rejects.toThrow(
      `${shift.tag} cannot be taken back before ${promotion.tag}, which came later and changed the same; take that back first: image-promote of other with --ring=users --unshift`,
    );
    expect((await releases.unshift('users', 'other')).moves).toEqual([
      'users other 1.1.0 → 1.0.0',
      'post other 1.0.0 → -',
    ]);
  });
});

describe('an unshift cannot be', () => {
  it('where the history is too short', async () => {
    await next('2.1.0');
    const promotion = await releases.latest();
    await releases.repositoryOf('ledger').delete(promotion.entry.previous[0]!);
    await expect(releases.unshift('testers')).rejects.toThrow(
      `the history is too short: what testers held before ${promotion.tag} is no longer in the ledger; promote a version that a ring holds instead`,
    );
  });

  it('where a version was deleted meanwhile, unless a ring still holds it', async () => {
    await next('2.1.0');
    const { digest } = (await releases.repositoryOf('api').resolve('2.0.0'))!;
    await releases.repositoryOf('api').delete(digest);
    const count = await releases.count();
    await expect(releases.unshift('testers')).rejects.toThrow(
      `here/acme/shop/api no longer has api 2.0.0, ${digest}; restore it from a copy of the store, or promote a version that a ring holds instead`,
    );
    expect(await releases.count()).toBe(count);
  });

  it('where the ring would not be whole, unless by force', async () => {
    await next('2.1.0');
    await releases.push('testers', 'web 1.0.0 base 2.1.0');
    await expect(releases.unshift('testers')).rejects.toThrow(
      'nothing moves back out of testers: web 1.0.0 needs base 2.1.0, but testers would hold 2.0.0; see to that first, or override it with --force --reason=…',
    );
    const { plan } = await releases.move({ kind: 'unshift', ring: 'testers', force: true });
    expect(plan.overridden).toEqual(['web 1.0.0 needs base 2.1.0, but testers would hold 2.0.0']);
    expect((await releases.latest()).entry.operation.forced).toEqual(plan.overridden);
  });
});

it('an unshift is not stopped by what protects the ring', async () => {
  await releases.hold('testers', 'it broke');
  const protections = { testers: { hold: true, soakMs: 1e9, from: 'ante' } };
  const { plan } = await releases.move({ kind: 'unshift', ring: 'testers' }, { protections });
  expect(plan.overridden).toEqual([]);
});
