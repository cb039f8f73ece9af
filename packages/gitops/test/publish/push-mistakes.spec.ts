import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LayoutTree } from '../../src/oci/layout';
import type { Index } from '../../src/oci/types';
import { image, store } from '../oci/fixtures';
import { complaints } from './complaints';
import { useMachine } from './each-store';
import { FILES, Shop, contents } from './fixture';

const directory = useMachine();
let shop: Shop;
beforeEach(() => {
  shop = new Shop(directory(), `oci:${join(directory(), 'store')}`);
});

const NEEDS_API = {
  web: 'web/Containerfile:1: it needs api, which failed',
  root: 'root/Containerfile:3: it needs api, which failed',
};

describe('a push in which something is wrong with an image', () => {
  it('an image that does not build stops those that need it, and no others', async () => {
    shop.write({ 'api/Containerfile': 'FROM acme/shop/base\n\nCOPY nothing /\n' });
    const { said, failed } = await shop.push();
    expect(Object.keys(said)).toEqual(['base']);
    expect(failed).toEqual({
      api: expect.stringMatching(/^api\/Containerfile:3: COPY source nothing does not exist/),
      web: 'web/Containerfile:1: it needs api, which failed',
      root: 'root/Containerfile:3: it needs api, which failed',
    });
    expect(await shop.shelf.rings()).toEqual({ base: 'developers 0.1.0' });
    shop.write({ 'api/nothing': 'something\n' });
    expect((await shop.push()).failed).toEqual({});
    expect(await shop.shelf.rings()).toMatchObject({ root: 'developers 0.1.0' });
  });

  it('an image whose Containerfile cannot be read stops those that need it, and no others', async () => {
    shop.write({ 'api/Containerfile': 'FROM acme/shop/base\nCOPYY x /\n' });
    const { said, failed } = await shop.push();
    expect(Object.keys(said)).toEqual(['base']);
    expect(failed).toMatchObject({
      api: expect.stringMatching(/^api\/Containerfile:2: /),
      web: expect.stringContaining('it needs api, which failed'),
    });
  });

  it('an image that breaks in the middle of its build stops those that need it, and no others', async () => {
    shop.write({
      'api/Containerfile': 'FROM acme/shop/base\nRUN true\n',
      'other/Containerfile': 'FROM scratch\n',
    });
    const { said, failed } = await new Shop(
      directory(),
      shop.store,
      {},
      { api: { builder: 'assemble' } },
    ).push();
    expect(Object.keys(said).sort()).toEqual(['base', 'other']);
    expect(failed).toEqual({
      api: expect.stringMatching(/^api\/Containerfile:2: RUN needs a container engine/),
      web: 'web/Containerfile:1: it needs api, which failed',
      root: 'root/Containerfile:3: it needs api, which failed',
    });
    expect((await shop.shelf.ledger()).entries).toBe(1);
  });

  it('a version that is not in the range of a label stops the image that has it', async () => {
    shop.write({ 'root/Containerfile': 'FROM scratch\nLABEL dependency.api="^2"\n' });
    const { said, failed } = await shop.push();
    expect(Object.keys(said)).toEqual(['api', 'base', 'web']);
    expect(failed).toEqual({
      root: 'root/Containerfile:2: api has the version 0.1.0, which is not in the range ^2 of dependency.api; correct the range, or what needs it',
    });
    expect(await shop.push({ images: ['api', 'root'], bump: 'major' })).toMatchObject({ said: {}, failed });
  });

  it('images that need each other stop the run, which says how', async () => {
    shop.write({ 'base/Containerfile': 'FROM scratch\nLABEL dependency.root="*"\n' });
    expect(await complaints(shop.push())).toEqual({
      all: expect.stringMatching(
        /^\w+\/Containerfile: no version can be decided, for the images need each other: (\w+ → ){3}\w+; take one of these out of the circle$/,
      ),
    });
    expect(await shop.shelf.rings()).toEqual({});
  });

  it('an image cannot be called as the ledger', async () => {
    shop.write({ 'ledger/Containerfile': 'FROM scratch\n' });
    expect(await complaints(shop.push())).toEqual({
      all: 'ledger/Containerfile: an image cannot be called ledger: that is where the state store keeps the ledger; give it another name, by the option image',
    });
  });

  it.each([
    ['nobody', 'there is no ring nobody; use one of ante, developers, testers, users'],
    [
      'post',
      'nothing is built for the ring post: it holds what was shifted off the last one; use one of ante, developers, testers, users',
    ],
  ])('a ring that nothing can be pushed to: %s', async (ring, text) => {
    expect(await complaints(shop.push({ ring }))).toEqual({ all: text });
  });

  it('a tag that somebody wrote without gitops stays what it is, and stops the image until it is removed', async () => {
    const tree = new LayoutTree(join(directory(), 'store'));
    const other = await store(tree.repository('acme/shop/api'), image(['other']), '0.1.0');
    const { said, failed } = await shop.push();
    expect(Object.keys(said)).toEqual(['base']);
    expect(failed).toEqual({
      ...NEEDS_API,
      api: `api/Containerfile: oci:${join(directory(), 'store')}/acme/shop/api:0.1.0 is already there with other content, ${other.digest}; somebody pushed it without gitops: remove that tag, then run it again`,
    });
    expect(await tree.repository('acme/shop/api').resolve('0.1.0')).toEqual(other);
    expect(await shop.shelf.rings()).toEqual({ base: 'developers 0.1.0' });
    // Nor does it help to try again.
    expect((await shop.push()).failed).toEqual(failed);

    removeTag('api', '0.1.0');
    expect((await shop.push()).failed).toEqual({});
    expect(await shop.shelf.rings()).toMatchObject({ api: 'developers 0.1.0', root: 'developers 0.1.0' });
    expect(await shop.shelf.files('web')).toEqual(contents(FILES));
  });

  it('a tag that somebody moved is not moved back, and said to be wrong', async () => {
    await shop.push();
    const tree = new LayoutTree(join(directory(), 'store'));
    const other = await store(tree.repository('acme/shop/api'), image(['other']), '0.1.0');
    removeTag('ledger', 'followed');
    expect((await complaints(shop.push()))['all']).toContain(
      `/api:0.1.0 is already there with other content, ${other.digest}`,
    );
    expect(await tree.repository('acme/shop/api').resolve('0.1.0')).toEqual(other);
  });

  it('a version whose manifest the store has lost is said to be so', async () => {
    await shop.push();
    const { descriptor } = await shop.shelf.image('base');
    rmSync(join(directory(), 'store/acme/shop/base'), { recursive: true });
    const clone = shop.clone().write({ 'api/Containerfile': 'FROM acme/shop/base\nLABEL a=b\n' });
    const text = `api/Containerfile: oci:${join(directory(), 'store')}/acme/shop/base does not have ${descriptor.digest}, which a ring holds; restore it from a copy of the store`;
    expect(await complaints(clone.push())).toEqual({ ...NEEDS_API, api: text });
  });
});

/** As somebody does it who has the store's files before them. */
function removeTag(name: string, tag: string): void {
  const file = join(directory(), 'store/acme/shop', name, 'index.json');
  const index = JSON.parse(readFileSync(file, 'utf8')) as Index;
  const manifests = index.manifests.filter(
    ({ annotations }) => annotations?.['org.opencontainers.image.ref.name'] !== tag,
  );
  writeFileSync(file, JSON.stringify({ ...index, manifests }));
}
