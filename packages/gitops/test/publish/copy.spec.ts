import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { holding } from '../../src/ledger/state';
import { LayoutTree } from '../../src/oci/layout';
import { attach } from '../../src/oci/referrers';
import { openRegistry } from '../../src/oci/registry';
import type { Store } from '../../src/oci/store';
import type { Side } from '../../src/publish/copy';
import { copiedLine } from '../../src/publish/copy-report';
import { Promotion } from '../../src/publish/promote';
import type { BuildOptions } from '../../src/workspace/build-options';
import { noise } from '../oci/fixtures';
import type { ProxyRequest } from '../oci/fault-proxy';
import { answers, corrupts, cutsAnswer, cutsRequest } from '../oci/faults';
import { withProxiedRegistry } from '../oci/proxied-registry';
import { isAvailable } from '../support/available';
import type { Files } from '../support/files';
import { RINGS, copy, inventory, sideOf, stateOfSide, tagsOf } from './copies';
import { useMachine } from './each-store';
import { Shop, change } from './fixture';

const NAMES = ['api', 'base', 'root', 'web'];
const ALL = { images: ['root', 'web'] };

const directory = useMachine();

withProxiedRegistry('a copy', (at) => {
  const stores: Store[] = [];
  let count = 0;
  const opened = (store: Store): Side => {
    stores.push(store);
    return sideOf(store);
  };
  const directoryOf = (name: string): string => join(directory(), name);
  const onDisk = (name: string): Side => opened(new LayoutTree(directoryOf(name)));
  const inRegistry = (): Side => opened(openRegistry(`http://${at.proxy.host}/test-${count}`));
  const shopIn = (name: string, files?: Files, options?: Readonly<Record<string, Partial<BuildOptions>>>) =>
    new Shop(directoryOf(`shop-${name}`), `oci:${directoryOf(name)}`, files, options);

  beforeEach(() => {
    count++;
    at.proxy.heal();
  });
  afterEach(() => Promise.all(stores.splice(0).map((store) => store.close())));

  const writes = (): number =>
    ['PUT', 'POST', 'PATCH', 'DELETE'].reduce((sum, method) => sum + at.proxy.traffic.requests(method), 0);

  async function isSame(a: Side, b: Side, names = NAMES, ring = 'developers'): Promise<void> {
    const [one, other] = [await stateOfSide(a), await stateOfSide(b)];
    for (const name of names) {
      const held = holding(one, name, ring)!;
      expect(holding(other, name, ring)).toEqual(held);
      const stock = await inventory(a.repositoryOf(name), ring);
      expect(stock.top.digest).toBe(held.digest);
      expect(Object.keys(stock.attached)).not.toEqual([]);
      expect(stock.labels[0]).toMatchObject({ 'org.opencontainers.image.version': held.version });
      expect(await inventory(b.repositoryOf(name), ring)).toEqual(stock);
      expect(await inventory(b.repositoryOf(name), held.version)).toEqual(stock);
    }
  }

  const promote = async ({ ledger, repositoryOf }: Side, ring: string, to: string): Promise<void> => {
    const actor = { who: 'promoter' };
    const promotion = new Promotion(
      { ledger, rings: RINGS, protections: {}, actor, repositoryOf },
      { kind: 'promote', ...ALL, ring, to },
    );
    await promotion.run(await promotion.plan(), async () => undefined);
  };

  it('goes from a directory to a registry, to another directory, and back', async () => {
    await shopIn('here').push();
    const here = onDisk('here');
    const api = here.repositoryOf('api');
    await attach(api, (await api.resolve('0.1.0'))!, {
      artifactType: 'application/vnd.example.sbom.v1',
      mediaType: 'application/json',
      content: noise(5_000_000, 9),
    });
    const { blobs } = await copy(here, inRegistry(), ALL);
    const stock = await Promise.all(NAMES.map((name) => inventory(here.repositoryOf(name), 'developers')));
    // What several images share travels once. The entry in the ledger has the empty blob.
    const distinct = new Set(stock.flatMap((each) => Object.keys(each.blobs)));
    expect([blobs, at.proxy.traffic.blobUploads]).toEqual([distinct.size, distinct.size + 1]);
    await isSame(here, inRegistry());

    await copy(inRegistry(), onDisk('there'), ALL);
    await isSame(here, onDisk('there'));
    if (isAvailable('skopeo')) {
      const reference = `oci:${directoryOf('there')}/acme/shop/api:0.1.0`;
      const seen = JSON.parse(execFileSync('skopeo', ['inspect', reference]).toString()) as object;
      const { top, labels } = await inventory(api, 'developers');
      expect(seen).toMatchObject({ Digest: top.digest, Labels: labels[0] });
    }

    await promote(onDisk('there'), 'developers', 'testers');
    await promote(onDisk('there'), 'testers', 'users');
    await copy(onDisk('there'), inRegistry(), { ...ALL, ring: 'users' });
    const back = await copy(inRegistry(), here, { ...ALL, ring: 'users' });
    expect(back).toMatchObject({ isRecorded: true, blobs: 0, manifests: 0 });
    expect(copiedLine(back, 'here')).toBe('copied 4 images of users to here, no blob sent');
    await isSame(here, onDisk('there'), NAMES, 'users');
    expect(holding(await stateOfSide(here), 'api', 'testers')).toBeUndefined();

    const log = [];
    for (const tag of await here.ledger.entries.tags(0))
      log.push((await here.ledger.entries.read(tag))!.entry.operation);
    expect(log).toEqual([
      { kind: 'push', ring: 'developers' },
      { kind: 'copy', ring: 'users', store: `${at.proxy.host}/test-${count}` },
    ]);
  });

  it('is what the other store goes on from', async () => {
    const shop = shopIn('here');
    await shop.push();
    await copy(onDisk('here'), onDisk('there'), ALL);
    const elsewhere = shopIn('there');
    expect((await elsewhere.push()).said['web']).toBe('0.1.0 is up to date in developers');
    expect((await elsewhere.write(change('web')).push()).said['web']).toMatch(
      /^pushed 0\.1\.1 to developers/,
    );
    await copy(onDisk('there'), onDisk('here'), ALL);
    expect((await shop.write(change('web')).push()).said['web']).toBe('0.1.1 is up to date in developers');
  });

  it('has all platforms', async () => {
    const platforms = ['linux/amd64', 'linux/arm64'];
    const files = {
      'base/Containerfile': 'FROM scratch\nARG TARGETARCH\nCOPY $TARGETARCH common /\n',
      'base/amd64/word': 'amd64\n',
      'base/arm64/word': 'arm64\n',
      'base/common': noise(50_000, 7),
    };
    await shopIn('here', files, { base: { platforms } }).push();
    const base = { images: ['base'] };
    await copy(onDisk('here'), inRegistry(), base);
    await copy(inRegistry(), onDisk('there'), base);
    for (const side of [inRegistry(), onDisk('there')]) await isSame(onDisk('here'), side, ['base']);
    const { labels, top } = await inventory(onDisk('there').repositoryOf('base'), '0.1.0');
    expect(top.mediaType).toMatch(/index/);
    expect(labels).toHaveLength(2);
  });

  it('of what is there already writes nothing', async () => {
    await shopIn('here').push();
    await copy(onDisk('here'), inRegistry(), ALL);
    at.proxy.heal();
    expect((await copy(onDisk('here'), inRegistry(), ALL)).isRecorded).toBe(false);
    expect(at.proxy.traffic.requests('HEAD')).toBeGreaterThan(10);
    expect(writes()).toBe(0);
  });

  it('of a version that is something else there does nothing', async () => {
    await shopIn('here').push();
    await shopIn('there').write(change('base')).push();
    await copy(onDisk('there'), inRegistry(), { images: ['base'] });
    at.proxy.heal();
    await expect(copy(onDisk('here'), inRegistry(), ALL)).rejects.toThrow(
      /^nothing is copied to 127\.0\.0\.1:\d+\/test-\d+: base 0\.1\.0 is sha256:\w+ there and sha256:\w+ here; push to one/,
    );
    expect(writes()).toBe(0);
  });

  const puts =
    (name: string, kind: ProxyRequest['kind']) =>
    (request: ProxyRequest): boolean =>
      request.method === 'PUT' && request.kind === kind && request.repository.endsWith(`/${name}`);

  it.each([
    ['a layer', puts('web', 'upload')],
    ['a manifest', puts('web', 'manifest')],
    ['the entry', puts('ledger', 'tag')],
    ['a tag', puts('web', 'tag')],
  ])('to a registry that does not take %s is carried on', async (what, matches) => {
    await shopIn('here').push();
    // Lists of what is attached are tags as well.
    const rule = (request: ProxyRequest): boolean =>
      matches(request) && !request.reference.startsWith('sha256-');
    at.proxy.on(rule, answers(400, 'DENIED'), 99);
    await expect(copy(onDisk('here'), inRegistry(), ALL)).rejects.toThrow(/answers 400 to .*DENIED/);
    const tags = (await tagsOf(inRegistry().repositoryOf('web'))).filter((tag) => !tag.startsWith('sha256-'));
    expect(tags).toEqual([]);
    expect(await inRegistry().ledger.entries.tags(0)).toHaveLength(what === 'a tag' ? 1 : 0);
    at.proxy.heal();
    const { isRecorded } = await copy(onDisk('here'), inRegistry(), ALL);
    expect(isRecorded).toBe(what !== 'a tag');
    await isSame(onDisk('here'), inRegistry());
  });

  it('gets over a connection that breaks', async () => {
    await shopIn('here').push();
    const uploads = at.proxy.on(
      ({ kind, method }) => `${method} ${kind}` === 'PUT upload',
      cutsRequest(1000),
      2,
    );
    await copy(onDisk('here'), inRegistry(), ALL);
    const downloads = at.proxy.on('GET blob', cutsAnswer(), 3);
    await copy(inRegistry(), onDisk('there'), ALL);
    expect([uploads.hits, downloads.hits]).toEqual([2, 3]);
    await isSame(onDisk('here'), onDisk('there'));
  });

  it('of what arrives as something else records nothing', async () => {
    await shopIn('here').push();
    await copy(onDisk('here'), inRegistry(), ALL);
    const { blobs } = await inventory(onDisk('here').repositoryOf('web'), 'developers');
    const [largest] = Object.entries(blobs).sort(([, a], [, b]) => b - a)[0]!;
    at.proxy.on(({ method, reference }) => `${method} ${reference}` === `GET ${largest}`, corrupts(), 9);
    await expect(copy(inRegistry(), onDisk('there'), ALL)).rejects.toThrow(`${largest} from`);
    expect(await onDisk('there').ledger.entries.tags(0)).toEqual([]);
    at.proxy.heal();
    await copy(inRegistry(), onDisk('there'), ALL);
    await isSame(onDisk('here'), onDisk('there'));
  });
});
