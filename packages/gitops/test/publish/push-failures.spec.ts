import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { listingOf } from '../../src/builders/assemble/layer-listing';
import { startDockerRegistry } from '../oci/docker-registry';
import type { ProxyRequest } from '../oci/fault-proxy';
import { answers, corrupts, delays, losesTag } from '../oci/faults';
import { withProxiedRegistry } from '../oci/proxied-registry';
import { itUnless } from '../support/available';
import { isRoot } from '../support/unprivileged';
import { NEEDS_BASE, complaints, succeeds } from './complaints';
import { useMachine } from './each-store';
import { FILES, Shop, change, contents } from './fixture';

const directory = useMachine();
const gets =
  (digest: string) =>
  ({ method, reference }: ProxyRequest): boolean =>
    method === 'GET' && reference === digest;
const shopAt = (location: string): Shop => new Shop(directory(), location);

withProxiedRegistry('a push to a registry in trouble', (at) => {
  let shop: Shop;
  let count = 0;
  beforeEach(() => {
    at.proxy.heal();
    shop = shopAt(`http://${at.proxy.host}/test-${++count}`);
  });

  const puts =
    (name: string, tag: string) =>
    ({ method, repository, reference }: ProxyRequest): boolean =>
      method === 'PUT' && repository.endsWith(`/${name}`) && reference === tag;

  it('that only gives says that it is read-only', async () => {
    await shop.push();
    const readOnly = await startDockerRegistry({ readOnlyOf: at.registry });
    try {
      const other = new Shop(join(directory(), 'other'), `http://${readOnly.host}/test-${count}`);
      expect((await other.push()).failed).toEqual({});
      const failed = await complaints(other.write(change('base')).push());
      expect(failed).toEqual({
        ...NEEDS_BASE,
        base: expect.stringMatching(
          new RegExp(
            `^base/Containerfile: ${readOnly.host} does not take .*; it may be read-only: ask its owner$`,
          ),
        ),
      });
    } finally {
      await readOnly.stop();
    }
    await succeeds(shop);
  });

  it('that does not take a layer stops those that need it', async () => {
    at.proxy.on(
      ({ kind, repository }) => kind === 'upload' && repository.endsWith('/api'),
      answers(400, 'DENIED'),
      9,
    );
    const { said, failed } = await shop.push();
    expect(Object.keys(said)).toEqual(['base']);
    expect(failed).toEqual({
      api: expect.stringMatching(
        /^api\/Containerfile: 127\.0\.0\.1:\d+ answers 400 to .*api@sha256:.* \(DENIED: denied\)/,
      ),
      web: NEEDS_BASE.web,
      root: NEEDS_BASE.root,
    });
    at.proxy.heal();
    await succeeds(shop, 2);
  });

  it('that does not take an entry of the ledger has taken no version', async () => {
    at.proxy.on(
      ({ method, kind, repository }) => `${method} ${kind}` === 'PUT tag' && repository.endsWith('/ledger'),
      answers(400, 'DENIED'),
      9,
    );
    expect(await complaints(shop.push())).toEqual({
      all: expect.stringMatching(
        /^127\.0\.0\.1:\d+ answers 400 to .*\/ledger:0000000001-\w+ \(DENIED: denied\)$/,
      ),
    });
    expect(await shop.shelf.tags('base')).toEqual([]);
    at.proxy.heal();
    await succeeds(shop);
  });

  it('that does not take the tags has all the rest, and gets them with the next push', async () => {
    at.proxy.on(puts('web', 'developers'), answers(400, 'DENIED'), 9);
    expect(Object.values(await complaints(shop.push()))).toEqual([
      expect.stringMatching(/answers 400 to .*\/web:developers \(DENIED: denied\)$/),
    ]);
    expect(await shop.shelf.rings()).toMatchObject({ web: 'developers 0.1.0' });
    expect(await shop.shelf.tags('api')).toEqual(expect.arrayContaining(['0.1.0', 'developers']));
    at.proxy.heal();
    await succeeds(shop);
  });

  it.each(['0.1.0', 'developers'])('that loses the tag %s once is given it once more', async (tag) => {
    const lost = at.proxy.on(puts('api', tag), losesTag(), 1);
    await succeeds(shop);
    expect(lost.hits).toBe(1);
  });

  it.each(['0.1.0', 'developers'])('that never keeps the tag %s is said not to', async (tag) => {
    const lost = at.proxy.on(puts('api', tag), losesTag(), Infinity);
    expect(Object.values(await complaints(shop.push()))).toEqual([
      `${at.proxy.host}/test-${count}/acme/shop/api:${tag} was written 4 times, and is still something else; run it again`,
    ]);
    expect(lost.hits).toBe(4);
    expect(await shop.shelf.rings()).toMatchObject({ api: 'developers 0.1.0' });
    at.proxy.heal();
    await succeeds(shop);
  });

  it('that gives a wrong list of what is in a layer is not believed: the layer is read', async () => {
    await shop.push();
    const [layer] = (await shop.shelf.image('base')).layers;
    const { digest } = listingOf(layer!)!;
    const corrupt = at.proxy.on(gets(digest), corrupts(), Infinity);
    const read = at.proxy.on(gets(layer!.digest), delays(0), Infinity);
    expect((await shop.clone().write(change('api')).push()).failed).toEqual({});
    expect([corrupt.hits, read.hits]).toEqual([1, 1]);
    expect(await shop.shelf.files('web')).toEqual(contents(FILES, change('api')));
  });

  it('that gives a layer with a wrong byte in it stops what is built on it', async () => {
    await shop.push();
    const clone = shop.clone().write(change('api'));
    const { layers } = await shop.shelf.image('base');
    const [layer] = layers;
    for (const digest of [layer!.digest, listingOf(layer!)!.digest])
      at.proxy.on(gets(digest), corrupts(), Infinity);
    expect(await complaints(clone.push())).toEqual({
      api: expect.stringMatching(
        new RegExp(`^api/Containerfile:2: ${layer!.digest} from .* is corrupt: its digest is `),
      ),
      web: NEEDS_BASE.web,
      root: NEEDS_BASE.root,
    });
    expect(await shop.shelf.rings()).toMatchObject({ api: 'developers 0.1.0' });
    at.proxy.heal();
    expect((await clone.push()).failed).toEqual({});
    expect(await shop.shelf.files('web')).toEqual(contents(FILES, change('api')));
  });

  it('that gives an entry of the ledger with a wrong byte in it stops the run, and nothing is lost', async () => {
    await shop.push();
    at.proxy.on(
      ({ kind, method, repository }) =>
        ['GET tag', 'GET manifest'].includes(`${method} ${kind}`) && repository.endsWith('/ledger'),
      corrupts(),
      Infinity,
    );
    const failed = await complaints(shop.write(change('web')).push());
    expect(Object.keys(failed)).toEqual(['all']);
    expect(failed['all']).toMatch(/\/ledger:latest is corrupt: its digest is sha256:\w+$/);
    at.proxy.heal();
    expect((await shop.push()).failed).toEqual({});
    expect((await shop.shelf.ledger()).entries).toBe(2);
  });
});

describe('a push on a full disk', () => {
  itUnless(whyNoSmallDisk(), 'of the store says so, and goes well when there is room', async () => {
    await fills(join(directory(), 'small'), (small) => shopAt(`oci:${small}`));
  });

  itUnless(whyNoSmallDisk(), 'of what is on its way says so, and goes well when there is room', async () => {
    const small = join(directory(), 'cache');
    await fills(small, () => shopAt(`oci:${join(directory(), 'store')}`));
  });

  async function fills(small: string, shop: (small: string) => Shop): Promise<void> {
    mkdirSync(small, { recursive: true });
    mount(small, 'size=400k');
    try {
      const one = shop(small);
      const failed = await complaints(one.push());
      expect(Object.values(failed)[0]).toMatch(/^\w+\/Containerfile(:\d+)?: .*(no space left|ENOSPC|full)/);
      mount(small, 'remount,size=20m');
      await succeeds(one, Object.keys(failed).length === 4 ? 1 : 2);
    } finally {
      spawnSync('umount', [small]);
    }
  }
});

function mount(at: string, options: string): void {
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', at], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
}

/** Why no small disk can be had here. */
function whyNoSmallDisk(): string | undefined {
  if (!isRoot) return 'only root mounts a small disk';
  const { status } = spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']);
  return status === 0 ? undefined : 'a small disk cannot be mounted';
}
