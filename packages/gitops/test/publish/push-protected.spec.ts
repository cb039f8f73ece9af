import { join } from 'node:path';
import { Ledger } from '../../src/ledger/ledger';
import { LayoutTree } from '../../src/oci/layout';
import { complaints } from './complaints';
import { useMachine } from './each-store';
import { Shop, change } from './fixture';

const directory = useMachine();
let shop: Shop;
beforeEach(async () => {
  shop = new Shop(directory(), `oci:${join(directory(), 'store')}`);
  await shop.push();
  shop.write(change('web'));
});

const HOUR_MS = 3_600_000;
const TO_FORCE = '; push to a ring before it and promote, or override it with --force --reason=…';

async function hold(ring: string): Promise<void> {
  const tree = new LayoutTree(join(directory(), 'store'));
  await new Ledger(tree.repository('acme/shop/ledger')).commit({ who: 'ann' }, async ({ state }) => ({
    operation: { kind: 'hold', ring },
    changes: [],
    holds: { [ring]: 'it broke' },
    details: state,
  }));
}

describe('a push to a protected ring', () => {
  it.each<[what: string, protection: object, against: string]>([
    [
      'that takes versions from another one',
      { from: 'developers' },
      'testers takes versions from developers only',
    ],
    ['that is held', { hold: true }, 'testers is on hold, as gitops.yaml says'],
    [
      'in which nothing is new',
      { soakMs: 24 * HOUR_MS },
      'testers takes only what was in the ring before it for 1d',
    ],
    [
      'with more than one protection',
      { hold: true, from: 'developers' },
      'testers is on hold, as gitops.yaml says; testers takes versions from developers only',
    ],
  ])('%s is refused before anything is built, and in a dry run', async (_, protection, against) => {
    const options = { ring: 'testers', settings: { protections: { testers: protection } } };
    const all = `nothing is pushed to testers: ${against}${TO_FORCE}`;
    expect(await complaints(shop.push({ ...options, dryRun: true }))).toEqual({ all });
    const onCommit = jest.fn(async () => undefined);
    expect(await complaints(shop.push({ ...options, onCommit }))).toEqual({ all });
    expect(onCommit).not.toHaveBeenCalled();
    expect((await shop.shelf.ledger()).entries).toBe(1);
    expect(await shop.shelf.tags('web')).not.toContain('testers');
  });

  it('is done by force, which is recorded', async () => {
    const settings = { protections: { testers: { hold: true } } };
    const options = { ring: 'testers', settings, force: true, reason: 'it burns' };
    expect((await shop.push({ ...options, dryRun: true })).said).toMatchObject({
      web: expect.stringMatching(/^would push \S+ to testers$/) as string,
    });
    expect((await shop.push(options)).failed).toEqual({});
    const { operation, reason } = (await shop.shelf.ledger()).view.heads[0]!.entry;
    expect(operation).toEqual({
      kind: 'push',
      ring: 'testers',
      forced: ['testers is on hold, as gitops.yaml says'],
    });
    expect(reason).toBe('it burns');
  });

  it('is not in the way of what is up to date, nor of other rings', async () => {
    const settings = { protections: { testers: { hold: true }, users: { soakMs: HOUR_MS } } };
    await shop.push({ ring: 'testers', settings, force: true });
    const { entries } = await shop.shelf.ledger();
    expect((await shop.push({ ring: 'testers', settings })).said['web']).toMatch(
      / is up to date in testers$/,
    );
    expect((await shop.shelf.ledger()).entries).toBe(entries);
    expect((await shop.push({ settings })).failed).toEqual({});
  });

  it('is no such thing to ante', async () => {
    const settings = { protections: { ante: { hold: true, from: 'post', soakMs: HOUR_MS } } };
    await hold('ante');
    expect((await shop.push({ ring: 'ante', settings, dryRun: true })).failed).toEqual({});
    expect((await shop.push({ ring: 'ante', settings })).failed).toEqual({});
  });

  it('may be one to the first ring, while somebody holds it', async () => {
    await hold('developers');
    const all = `nothing is pushed to developers: developers is on hold: it broke${TO_FORCE}`;
    expect(await complaints(shop.push({ dryRun: true }))).toEqual({ all });
    expect(await complaints(shop.push())).toEqual({ all });
    expect((await shop.push({ force: true, reason: 'it burns' })).failed).toEqual({});
    expect((await shop.shelf.ledger()).view.heads[0]!.entry.operation.forced).toEqual([
      'developers is on hold: it broke',
    ]);
  });

  it('is refused where somebody holds the ring while it is built', async () => {
    const { entries } = await shop.shelf.ledger();
    const all = `nothing is pushed to developers: developers is on hold: it broke${TO_FORCE}`;
    expect(await complaints(shop.push({ onCommit: () => hold('developers') }))).toEqual({ all });
    expect((await shop.shelf.ledger()).entries).toBe(entries + 1);
    expect(await shop.shelf.rings()).toMatchObject({ web: 'developers 0.1.0' });
  });
});
