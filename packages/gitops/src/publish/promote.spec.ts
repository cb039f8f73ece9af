import { RINGS, watch } from '../../test/publish/copies';
import { Releases } from '../../test/publish/releases';
import { thrownBy } from '../../test/support/thrown';
import { GitopsError } from '../support/errors';
import { promotionRings } from './promote';

let releases: Releases;
beforeEach(async () => {
  releases = new Releases();
  await releases.push('developers', 'base 1.0.0', 'api 2.0.0 base 1.0.0', 'web 3.0.0');
});

describe('a promotion', () => {
  it('moves an image and all that it depends on to the next ring, and their tags', async () => {
    const { moves, announced } = await releases.move();
    expect(moves).toEqual(['testers api - → 2.0.0', 'testers base - → 1.0.0']);
    expect(announced).toEqual([]);
    expect(await releases.rings()).toEqual({
      api: 'developers 2.0.0, testers 2.0.0',
      base: 'developers 1.0.0, testers 1.0.0',
      web: 'developers 3.0.0',
    });
    const [developers, testers] = await Promise.all(
      ['developers', 'testers'].map((tag) => releases.repositoryOf('base').resolve(tag)),
    );
    expect(testers).toEqual(developers);
    expect(await releases.tags('web')).toEqual(['3.0.0', 'developers']);
  });

  it('is one entry, which says what was done', async () => {
    await releases.move();
    const { entry } = await releases.latest();
    expect(entry).toMatchObject({ sequence: 2, who: 'mia', changes: [{ image: 'api' }, { image: 'base' }] });
    expect(entry.operation).toEqual({ kind: 'promote', ring: 'developers', to: 'testers' });
    expect(entry).not.toHaveProperty('holds');
  });

  it('of several images moves what they share once', async () => {
    const { moves } = await releases.move({ images: ['api', 'base', 'web'] });
    expect(moves).toEqual(['testers api - → 2.0.0', 'testers base - → 1.0.0', 'testers web - → 3.0.0']);
  });

  it('skips rings, where it is told to', async () => {
    expect((await releases.move({ to: 'users' })).moves).toEqual([
      'users api - → 2.0.0',
      'users base - → 1.0.0',
    ]);
  });

  it('puts what the last ring held into post, and no other ring', async () => {
    await releases.move({ to: 'testers', images: ['web'] });
    await releases.move({ to: 'users', images: ['web'] });
    await releases.push('developers', 'web 3.1.0');
    expect((await releases.move({ images: ['web'] })).moves).toEqual(['testers web 3.0.0 → 3.1.0']);
    expect((await releases.move({ images: ['web'], ring: 'testers' })).moves).toEqual([
      'users web 3.0.0 → 3.1.0',
      'post web - → 3.0.0',
    ]);
    expect(await releases.tags('web')).toEqual(['3.0.0', '3.1.0', 'developers', 'post', 'testers', 'users']);
  });

  it('that is only planned writes nothing', async () => {
    const written = watch(releases.store);
    const plan = await releases.promotion().plan();
    expect(plan.draft.changes).toHaveLength(2);
    expect(written).toEqual([]);
    expect(await releases.count()).toBe(1);
  });

  it('of what is there already writes no entry, and lets the tags follow that did not', async () => {
    await releases.move();
    const { repository } = releases.ledger.entries;
    for (const [name, tag] of [
      ['ledger', 'followed'],
      ['api', 'testers'],
    ] as const)
      await releases.repositoryOf(name).untag(tag);
    const written = watch(releases.store);
    const { moves } = await releases.move();
    expect(moves).toEqual([]);
    expect(written).toEqual(['api testers', 'ledger followed']);
    expect(await repository.resolve('followed')).toEqual(await repository.resolve('latest'));
  });

  it('of several images moves those that the ring holds, and names the others', async () => {
    const { plan, moves } = await releases.move({ images: ['lost', 'web', 'new'] });
    expect(moves).toEqual(['testers web - → 3.0.0']);
    expect(plan.missing).toEqual(['lost', 'new']);
  });

  it.each(['promote', 'shift'] as const)('of nothing that the ring holds is an error: %s', async (kind) => {
    await expect(releases.move({ kind, images: ['lost', 'new'] })).rejects.toThrow(
      /^the ring developers does not hold lost, new; push it there first, with --ring=developers, or promote it to there$/,
    );
    expect(await releases.count()).toBe(1);
  });

  it('of an image that is called as what every object has', async () => {
    await releases.push('developers', 'constructor 1.0.0');
    expect((await releases.move({ images: ['constructor'] })).moves).toEqual([
      'testers constructor - → 1.0.0',
    ]);
  });
});

describe('a shift', () => {
  it('moves the whole chain on, in one entry', async () => {
    await releases.move({ kind: 'shift', images: ['web'] });
    await releases.push('developers', 'web 3.1.0');
    await releases.move({ kind: 'shift', images: ['web'] });
    await releases.push('developers', 'web 3.2.0');
    const { moves } = await releases.move({ kind: 'shift', images: ['web'] });
    expect(moves).toEqual(['testers web 3.1.0 → 3.2.0', 'users web 3.0.0 → 3.1.0', 'post web - → 3.0.0']);
    expect((await releases.latest()).entry.operation).toEqual({ kind: 'shift', ring: 'developers' });
    expect(await releases.tags('web')).toEqual(expect.arrayContaining(['post', 'testers', 'users']));
  });

  it('of a chain that is all the same moves nothing', async () => {
    for (let i = 0; i < 2; i++) await releases.move({ kind: 'shift', images: ['web'] });
    await releases.move({ kind: 'shift', images: ['web'], ring: 'testers' });
    const count = await releases.count();
    expect((await releases.move({ kind: 'shift', images: ['web'] })).moves).toEqual([]);
    expect(await releases.count()).toBe(count);
  });
});

describe('the ring that a promotion goes to', () => {
  type Given = Parameters<typeof promotionRings>[1];

  it.each<[given: Given, to: string | undefined]>([
    [{ kind: 'promote', ring: 'ante' }, 'developers'],
    [{ kind: 'promote', ring: 'developers' }, 'testers'],
    [{ kind: 'promote', ring: 'developers', to: 'users' }, 'users'],
    [{ kind: 'promote', ring: 'ante', to: 'users' }, 'users'],
    [{ kind: 'shift', ring: 'testers' }, undefined],
    [{ kind: 'shift', ring: 'ante' }, undefined],
    [{ kind: 'unshift', ring: 'developers' }, undefined],
    [{ kind: 'unshift', ring: 'users' }, undefined],
  ])('%j', (given, to) => {
    expect(promotionRings(RINGS, given)).toBe(to);
  });

  const ALL = 'use one of ante, developers, testers, users';
  const FROM_POST = 'nothing is promoted from post: it holds what was shifted off; --unshift brings it back';
  const LAST = 'users is the last ring: there is none after it; name the ring that versions come from, with';

  it.each<[given: Given, message: string]>([
    [{ kind: 'promote', ring: 'nobody' }, `there is no ring nobody; ${ALL}`],
    [{ kind: 'unshift', ring: 'nobody' }, `there is no ring nobody; ${ALL}`],
    [{ kind: 'promote', ring: 'constructor' }, `there is no ring constructor; ${ALL}`],
    [{ kind: 'promote', ring: '' }, `there is no ring ; ${ALL}`],
    [{ kind: 'promote', ring: 'post' }, `${FROM_POST}; ${ALL}`],
    [{ kind: 'shift', ring: 'post' }, `${FROM_POST}; ${ALL}`],
    [{ kind: 'promote', ring: 'users' }, `${LAST} --ring=testers`],
    [{ kind: 'promote', ring: 'users', to: 'testers' }, `${LAST} --ring=testers`],
    [{ kind: 'shift', ring: 'users' }, `${LAST} --ring=testers`],
    [
      { kind: 'promote', ring: 'developers', to: 'nobody' },
      'there is no ring nobody; use one of testers, users',
    ],
    [
      { kind: 'promote', ring: 'developers', to: 'post' },
      'nothing is promoted to post: what the last ring held goes there by itself; use one of testers, users',
    ],
    [
      { kind: 'promote', ring: 'testers', to: 'testers' },
      'testers does not come after testers; use one of users',
    ],
    [{ kind: 'promote', ring: 'testers', to: 'ante' }, 'ante does not come after testers; use one of users'],
  ])('is none: %j', (given, message) => {
    const error = thrownBy(() => promotionRings(RINGS, given));
    expect(error).toBeInstanceOf(GitopsError);
    expect((error as GitopsError).message).toBe(message);
  });
});
