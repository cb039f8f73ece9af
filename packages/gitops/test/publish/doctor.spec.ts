import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Entry } from '../../src/ledger/entry';
import { EntryStore } from '../../src/ledger/entry-store';
import { hexOf } from '../../src/oci/digest';
import { openRegistry } from '../../src/oci/registry';
import type { WritableRepository } from '../../src/oci/store';
import { Stores } from '../../src/workspace/stores';
import { pushOn } from '../ledger/histories';
import { freePort } from '../oci/docker-registry';
import { image, store as storeImage } from '../oci/fixtures';
import { listAll, readText } from '../support/files';
import { isBad, tell } from './doctor-told';
import { inEachStore, useMachine } from './each-store';
import { Shop } from './fixture';
import { SETTINGS } from './workspaces';

const directory = useMachine();

/** Works on a repository of the shop's store, as somebody else might. */
async function by<T>(
  shop: Shop,
  name: string,
  work: (repository: WritableRepository) => Promise<T>,
): Promise<T> {
  const stores = new Stores('/nonexistent', openRegistry);
  try {
    return await work(stores.open(shop.store).repository(`${SETTINGS.project}/${name}`));
  } finally {
    await stores.close();
  }
}

/** Goes on from the ledger with an entry that is not what it has to be. */
async function forge(shop: Shop): Promise<string> {
  const { view } = await shop.shelf.ledger();
  const { entry } = pushOn(view, 'eve', 'new');
  const { web: _, ...images } = entry.state.images;
  return by(shop, 'ledger', async (repository) => {
    const entries = new EntryStore(repository);
    const forged = await entries.write({ ...entry, state: { images } } as Entry);
    await entries.confirm(forged);
    return forged.tag;
  });
}

inEachStore('the doctor', directory, (newStore) => {
  let shop: Shop;
  beforeEach(() => {
    shop = new Shop(directory(), newStore());
  });

  it('says of what was just published that all is well', async () => {
    await shop.push();
    const { success, lines, errors } = await tell(shop);
    expect(errors).toEqual([]);
    expect(lines.slice(1, -1).filter(isBad)).toEqual([]);
    expect(lines).toEqual(
      expect.arrayContaining([
        'ok moving tags a second write of a tag replaces the first',
        expect.stringMatching(/^ok ledger 1 entry, each follows .*back to 0000000001-\w+, the first$/),
        'ok rings whole, and those of gitops.yaml: developers, testers, users',
        'ok images the store has all of the 4 versions in rings',
        'ok image tags 8 tags of versions and rings name what they should',
      ]),
    );
    expect(lines.at(-1)).toMatch(/^two pushes at once: both land/);
    expect(success).toBe(true);
    // Nothing but the scratch repository was written to.
    expect((await shop.shelf.ledger()).entries).toBe(1);
    expect((await shop.push()).failed).toEqual({});
  });

  it('has nothing to say of a ledger that is not there', async () => {
    const { success, lines } = await tell(shop, { probe: false });
    expect(lines).toEqual([
      expect.any(String),
      expect.stringMatching(
        /^note ledger there is no entry in .*acme\/shop\/ledger: nothing was pushed yet$/,
      ),
      expect.stringMatching(/^two pushes at once: /),
    ]);
    expect(success).toBe(true);
  });

  it('tells it to programs', async () => {
    await shop.push();
    const { success, text } = await tell(shop, { json: true });
    expect(JSON.parse(text)).toEqual({
      store: expect.any(String),
      guarantee: expect.stringMatching(/^two pushes/),
      facts: expect.objectContaining({ movingTag: 'replaces', listedAfterMs: expect.any(Number) }),
      findings: expect.arrayContaining([
        { check: 'images', level: 'ok', what: 'the store has all of the 4 versions in rings' },
      ]),
    });
    expect(success).toBe(true);
  });

  it('finds tags that were moved, and those that are missing', async () => {
    await shop.push();
    const other = image(['other']);
    await by(shop, 'api', (repository) => storeImage(repository, other, 'developers'));
    await by(shop, 'web', (repository) => storeImage(repository, other, '0.1.0'));
    await by(shop, 'base', (repository) => storeImage(repository, other, 'users'));
    const { success, lines } = await tell(shop, { probe: false });
    const { digest } = other.descriptor;
    expect(lines.slice(1, -1).filter(isBad)).toEqual([
      expect.stringMatching(
        `^problem image tags .*/api:developers names ${digest}, but developers holds 0.1.0, sha256:\\w+; nx rings --repair$`,
      ),
      expect.stringMatching(`^problem image tags .*/web:0.1.0 was moved to other content, ${digest}; `),
      expect.stringMatching(/^warning image tags .*\/base:users is there, but users holds no base; remove/),
    ]);
    expect(success).toBe(false);
  });

  it('finds an entry that was not written by the rules', async () => {
    await shop.push();
    const tag = await forge(shop);
    const { success, lines } = await tell(shop, { probe: false });
    expect(lines).toContainEqual(
      expect.stringMatching(
        `^problem ledger the ledger entry ${tag} in .* does not match its parent: .*; it was`,
      ),
    );
    expect(success).toBe(false);
  });

  it('goes no further where the ledger cannot be read', async () => {
    await shop.push();
    await by(shop, 'ledger', (repository) => storeImage(repository, image(['no entry']), 'latest'));
    const { success, lines } = await tell(shop, { probe: false });
    expect(lines.slice(1, -1)).toEqual([
      expect.stringMatching(/^problem ledger the ledger entry .* is no ledger entry; remove its tag$/),
      'note ledger nothing else in the ledger was looked at; see to that first',
    ]);
    expect(success).toBe(false);
  });

  it('finds rings that gitops.yaml does not have, and rings that are not whole', async () => {
    await shop.push();
    await shop.push({ ring: 'testers', images: ['base', 'api'] });
    const { success, lines } = await tell(shop, { probe: false }, ['testers', 'users']);
    expect(lines.slice(1, -1).filter(isBad)).toEqual([
      expect.stringMatching(
        /^warning rings developers is not in gitops.yaml, and holds api 0.1.0, base 0.1.0/,
      ),
    ]);
    expect(success).toBe(true);
    shop.write({ 'base/base.bin': 'other' });
    await shop.push({ images: ['base'] });
    expect((await tell(shop, { probe: false })).lines.slice(1, -1).filter(isBad)).toEqual([
      'warning rings developers is not whole: api 0.1.0 was made with base 0.1.0, developers holds 0.2.0; push api',
    ]);
  });
});

describe('the doctor of a directory', () => {
  const newShop = (): Shop => new Shop(directory(), `oci:${join(directory(), 'store')}`);

  it('leaves nothing behind, and promises what locks can', async () => {
    const shop = newShop();
    await shop.push();
    const store = join(directory(), 'store');
    const before = listAll(store);
    const index = readText(store, 'acme/shop/ledger/index.json');
    const { lines } = await tell(shop);
    expect(lines).toContain('ok deletes what was written to try the store out is removed');
    expect(lines.at(-1)).toBe(
      'two pushes at once: both land, one after the other; the store is locked while the ledger is written',
    );
    expect(listAll(store)).toEqual(before);
    expect(readText(store, 'acme/shop/ledger/index.json')).toBe(index);
  });

  it('finds what was deleted or damaged', async () => {
    const shop = newShop();
    await shop.push();
    const blob = (name: string, digest: string) =>
      join(directory(), 'store/acme/shop', name, 'blobs/sha256', hexOf(digest as `sha256:${string}`));
    const { descriptor } = await shop.shelf.image('web');
    const { layers } = await shop.shelf.image('base');
    rmSync(blob('web', descriptor.digest));
    rmSync(blob('base', layers[0]!.digest));
    const { success, lines } = await tell(shop, { probe: false });
    expect(lines.slice(1, -1).filter(isBad)).toEqual([
      expect.stringMatching(
        `^problem images base 0.1.0, which is in developers, is not whole: .* does not have ${layers[0]!.digest}; restore it`,
      ),
      expect.stringMatching(
        `^problem images web 0.1.0, which is in developers, is not whole: .* does not have ${descriptor.digest}; `,
      ),
    ]);
    expect(success).toBe(false);
  });
});

it('the doctor of a registry that is not there says so in one line', async () => {
  const host = `127.0.0.1:${await freePort()}`;
  expect(await tell(new Shop(directory(), `http://${host}`))).toMatchObject({
    success: false,
    text: '',
    errors: [`${host} refuses the connection; check that it runs, and its port`],
  });
});
