import { entryOn } from '../../test/ledger/histories';
import { RemoteRepository } from '../../test/ledger/remote-repository';
import { Releases, shownMoves } from '../../test/publish/releases';
import { Ledger } from '../ledger/ledger';
import { EMPTY_STATE, imageState } from '../ledger/state';
import { breaches } from '../ledger/transitions';

let releases: Releases;
beforeEach(async () => {
  releases = new Releases();
  await releases.push('developers', 'base 1.0.0', 'api 2.0.0 base 1.0.0', 'web 3.0.0');
});

const pushed = ['testers api - → 2.1.0', 'testers base - → 1.0.0'];

describe('where others are at work between the plan and its doing', () => {
  it('what moves is announced again, where they have changed that', async () => {
    const onPlanned = () => releases.push('developers', 'api 2.1.0 base 1.0.0');
    expect(await releases.move({}, { onPlanned })).toMatchObject({ moves: pushed, announced: [pushed] });
    expect((await releases.rings())['api']).toBe('developers 2.1.0, testers 2.1.0');
  });

  it('nothing is, where they have changed something else', async () => {
    const onPlanned = () => releases.push('developers', 'web 3.1.0');
    expect((await releases.move({}, { onPlanned })).announced).toEqual([]);
    expect((await releases.rings())['api']).toBe('developers 2.0.0, testers 2.0.0');
  });

  it('nothing is, where only time has passed', async () => {
    const onPlanned = async () => {
      releases.hour = 2;
      await releases.push('developers', 'web 3.1.0');
    };
    releases.hour = 1;
    const protections = { testers: { soakMs: 1e9 } };
    expect((await releases.move({ force: true }, { onPlanned, protections })).announced).toEqual([]);
    expect((await releases.rings())['api']).toBe('developers 2.0.0, testers 2.0.0');
  });

  it('nothing is left to do, where they have done just that', async () => {
    const { moves, announced } = await releases.move({}, { onPlanned: () => releases.move() });
    expect({ moves, announced }).toEqual({ moves: [], announced: [[]] });
    expect(await releases.count()).toBe(2);
  });

  it('it is done, where there was nothing to do at first', async () => {
    await releases.move();
    const onPlanned = () => releases.push('developers', 'api 2.1.0 base 1.0.0');
    const moves = ['testers api 2.0.0 → 2.1.0'];
    expect(await releases.move({}, { onPlanned })).toMatchObject({ moves, announced: [moves] });
  });

  it('it is refused, where something stands against it now', async () => {
    const onPlanned = () => releases.hold('testers', 'they are on holiday');
    await expect(releases.move({}, { onPlanned })).rejects.toThrow('testers is on hold: they are on holiday');
    expect((await releases.rings())['api']).toBe('developers 2.0.0');
  });

  it('it is announced again, where something stands against it now that force overrides', async () => {
    const onPlanned = () => releases.hold('testers', 'they are on holiday');
    const { plan, announced } = await releases.move({ force: true }, { onPlanned });
    expect(plan.overridden).toEqual(['testers is on hold: they are on holiday']);
    expect(announced).toHaveLength(1);
    expect((await releases.latest()).entry.operation.forced).toEqual(plan.overridden);
  });

  it('an unshift is refused, where something else was promoted last', async () => {
    await releases.move();
    const onPlanned = async () => {
      await releases.push('developers', 'api 2.1.0 base 1.0.0');
      await releases.move();
    };
    const back = releases.move({ kind: 'unshift', ring: 'testers' }, { onPlanned });
    await expect(back).rejects.toThrow('what was promoted to testers last is something else by now');
    expect((await releases.rings())['api']).toBe('developers 2.1.0, testers 2.1.0');
  });

  it('it gives up, where they always are', async () => {
    const promotion = releases.promotion();
    let patch = 0;
    const push = () => releases.push('developers', `api 2.1.${patch++} base 1.0.0`);
    const plan = await promotion.plan();
    await push();
    const doing = promotion.run(plan, push);
    await expect(doing).rejects.toThrow(
      'others change these rings, and are always faster; run it again when fewer are at work',
    );
    expect(patch).toBe(10);
    expect((await releases.rings())['api']).toBe(`developers 2.1.9`);
  });

  it('what was written at the same time as what all know is heard of too', async () => {
    // One has pushed, and what the other wrote beside that comes to light late.
    const before = await releases.ledger.read();
    const { entry } = before.heads[0]!;
    await releases.push('developers', 'other 1.0.0');
    const promotion = releases.promotion({ images: ['web'] });
    const plan = await promotion.plan();
    const late = entryOn(before, 'late', [{ image: 'web', ring: 'testers', to: '3.0.0' }], entry.state);
    await releases.ledger.entries.write(late.entry);
    const announced: string[][] = [];
    const done = await promotion.run(plan, async (next) => void announced.push(shownMoves(next)));
    expect(done.draft.changes).toEqual([]);
    expect(announced).toEqual([[]]);
  });
});

it('what another has written, and died before he had confirmed it, is settled; then the tags follow', async () => {
  const { ledger } = releases;
  const view = await ledger.read();
  const changes = [{ image: 'web', ring: 'testers', to: '3.0.0' }];
  await ledger.entries.write(entryOn(view, 'dying', changes, view.state).entry);
  expect((await releases.move({ images: ['web'] })).moves).toEqual([]);
  expect(await releases.tags('web')).toContain('testers');
  expect((await releases.ledger.read()).confirmed?.entry.operation.kind).toBe('merge');
});

describe('promotions at once, in a store that does not lock', () => {
  /** Each with a ledger of its own. */
  const ledger = () => new Ledger(new RemoteRepository(releases.repositoryOf('ledger')), { settleMs: 20 });
  const move = (images: readonly string[]) => releases.move({ images }, { ledger: ledger() });

  it('of different images all land', async () => {
    await releases.push('developers', 'one 1.0.0', 'two 1.0.0');
    await Promise.all([['api'], ['web'], ['one', 'two']].map(move));
    expect(await releases.rings()).toMatchObject({
      api: 'developers 2.0.0, testers 2.0.0',
      base: 'developers 1.0.0, testers 1.0.0',
      web: 'developers 3.0.0, testers 3.0.0',
      one: 'developers 1.0.0, testers 1.0.0',
      two: 'developers 1.0.0, testers 1.0.0',
    });
    for (const image of ['api', 'web', 'one']) expect(await releases.tags(image)).toContain('testers');
  });

  it('of the same image land once', async () => {
    await Promise.all([['api'], ['api'], ['api']].map(move));
    const { state } = await releases.ledger.read();
    expect(imageState(state, 'api').rings).toEqual({ developers: '2.0.0', testers: '2.0.0' });
  });
});

describe('promotions that are each allowed, and do not fit each other', () => {
  it('leave the ring whole: one of them is refused', async () => {
    const far = new Releases();
    const apart = () => ({
      ledger: new Ledger(new RemoteRepository(far.repositoryOf('ledger')), { settleMs: 50 }),
    });
    await far.push('developers', 'base 1.0.0');
    await far.move({ images: ['base'] });
    await far.push('developers', 'base 1.1.0', 'api 2.0.0 base 1.1.0');
    await far.move({ images: ['base'] });
    const ends = await Promise.allSettled([
      far.move({ images: ['api'] }, apart()),
      far.move({ kind: 'unshift', images: ['base'], ring: 'testers' }, apart()),
    ]);
    const { state } = await far.ledger.read();
    expect(breaches(EMPTY_STATE, state)).toEqual([]);
    expect(ends.filter(({ status }) => status === 'rejected').length).toBeLessThanOrEqual(1);
  });
});

describe('two who take back the same', () => {
  it('take it back once, and the second is told', async () => {
    await releases.move();
    await releases.push('developers', 'api 2.1.0 base 1.0.0');
    await releases.move();
    const back = { kind: 'unshift' as const, ring: 'testers' };
    await expect(releases.move(back, { onPlanned: () => releases.move(back) })).rejects.toThrow(
      'nothing was taken back: what was promoted to testers last is something else by now',
    );
    expect((await releases.rings())['api']).toBe('developers 2.1.0, testers 2.0.0');
  });
});
