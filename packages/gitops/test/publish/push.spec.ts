import { join } from 'node:path';
import { sha256 } from '../../src/oci/digest';
import { noise } from '../oci/fixtures';
import { inEachStore, useMachine } from './each-store';
import { FILES, Shop, change, contents } from './fixture';
import { ARM64 } from './images';

const OPENCONTAINERS = 'org.opencontainers.image.';

const directory = useMachine();
const ALL_CURRENT = {
  api: '0.1.0 is up to date in developers',
  base: '0.1.0 is up to date in developers',
  root: '0.1.0 is up to date in developers',
  web: '0.1.0 is up to date in developers',
};

inEachStore('a push', directory, (newStore) => {
  let shop: Shop;
  beforeEach(() => {
    shop = new Shop(directory(), newStore());
  });

  it('publishes everything for the first time', async () => {
    const { said, table, failed } = await shop.push();
    expect(failed).toEqual({});
    expect(table).toEqual([
      'api developers - → 0.1.0 first version',
      'base developers - → 0.1.0 first version',
      'root developers - → 0.1.0 first version',
      'web developers - → 0.1.0 first version',
    ]);
    expect(said).toEqual({
      api: expect.stringMatching(/^pushed 0\.1\.0 to developers, 1 layer \(20\d kB\) sent$/),
      base: expect.stringMatching(/^pushed 0\.1\.0 to developers, 1 layer \(30\d kB\) sent$/),
      root: expect.stringMatching(/^pushed 0\.1\.0 to developers, 1 layer \([1-4] kB\) sent$/),
      web: expect.stringMatching(/^pushed 0\.1\.0 to developers, 1 layer \(10\d kB\) sent$/),
    });
    expect(await shop.shelf.tags('web')).toEqual(expect.arrayContaining(['0.1.0', 'developers']));
    expect(await shop.shelf.files('web', '0.1.0')).toEqual(contents(FILES));
  });

  it('labels each image with what it is, and what it was made with', async () => {
    await shop.push();
    const [base, api, web, root] = await Promise.all(
      ['base', 'api', 'web', 'root'].map((name) => shop.shelf.image(name)),
    );
    const revision = expect.stringMatching(/^[0-9a-f]{64}$|^sha256:/) as string;
    expect(base!.labels).toEqual({
      team: 'base',
      [`${OPENCONTAINERS}version`]: '0.1.0',
      [`${OPENCONTAINERS}revision`]: revision,
      [`${OPENCONTAINERS}ref.name`]: 'acme/shop/base',
    });
    expect(api!.labels).toEqual({
      ...base!.labels,
      [`${OPENCONTAINERS}revision`]: revision,
      [`${OPENCONTAINERS}ref.name`]: 'acme/shop/api',
      [`${OPENCONTAINERS}base.name`]: 'acme/shop/base',
      [`${OPENCONTAINERS}base.digest`]: base!.descriptor.digest,
      'dependency.base': '0.1.0',
    });
    expect(web!.labels).toMatchObject({
      [`${OPENCONTAINERS}base.digest`]: api!.descriptor.digest,
      'dependency.api': '0.1.0',
    });
    // What the base was made with is the base's affair.
    expect(web!.labels).not.toHaveProperty('dependency.base');
    expect(root!.labels).toMatchObject({ 'dependency.api': '0.1.0' });
    expect(root!.labels).not.toHaveProperty(`${OPENCONTAINERS}base.name`);
  });

  it('is one entry in the ledger for each run, and none where nothing changed', async () => {
    await shop.push({ reason: 'the start' });
    const { view, entries } = await shop.shelf.ledger();
    expect(entries).toBe(1);
    expect(view.heads[0]!.entry).toMatchObject({
      sequence: 1,
      reason: 'the start',
      operation: { kind: 'push', ring: 'developers' },
      changes: ['base', 'api', 'root', 'web'].map((image) => ({
        image,
        ring: 'developers',
        to: '0.1.0',
        isNew: true,
      })),
    });
    expect((await shop.push()).said).toEqual(ALL_CURRENT);
    expect((await shop.shelf.ledger()).entries).toBe(1);
    shop.write(change('web'));
    await shop.push();
    expect((await shop.shelf.ledger()).entries).toBe(2);
  });

  it('of a change gives new versions to what changed and all that needs it', async () => {
    await shop.push();
    shop.write(change('base'));
    const { table, said } = await shop.push();
    expect(table).toEqual([
      'api developers 0.1.0 → 0.1.1 base 0.1.0 → 0.1.1',
      'base developers 0.1.0 → 0.1.1 revision changed: base/base.bin',
      'root developers 0.1.0 → 0.1.1 api 0.1.0 → 0.1.1',
      'web developers 0.1.0 → 0.1.1 api 0.1.0 → 0.1.1',
    ]);
    expect(said['root']).toBe('pushed 0.1.1 to developers, no layer sent');
    const [base, api, root] = await Promise.all(
      ['base', 'api', 'root'].map((name) => shop.shelf.image(name)),
    );
    expect(api!.labels).toMatchObject({
      [`${OPENCONTAINERS}version`]: '0.1.1',
      [`${OPENCONTAINERS}base.digest`]: base!.descriptor.digest,
      'dependency.base': '0.1.1',
    });
    expect(root!.labels).toMatchObject({ 'dependency.api': '0.1.1' });
    expect(await shop.shelf.files('web')).toEqual(contents(FILES, change('base')));
    // What was published before stays as it was.
    expect(await shop.shelf.files('web', '0.1.0')).toEqual(contents(FILES));
  });

  it('of a change further up leaves alone what is below, which is neither made nor sent', async () => {
    await shop.push();
    shop.write(change('api'));
    const { said, made } = await shop.push();
    expect(Object.keys(made).sort()).toEqual(['api', 'root', 'web']);
    expect(said['base']).toBe('0.1.0 is up to date in developers');
    expect(made['api']).toMatchObject({ layers: 1 });
    expect((await shop.shelf.image('api')).labels).toMatchObject({ 'dependency.base': '0.1.0' });
  });

  it('from a clean checkout makes nothing that is up to date, and builds on what the store has', async () => {
    await shop.push();
    const clone = shop.clone();
    expect(await clone.push()).toMatchObject({ said: ALL_CURRENT, made: {} });
    clone.write(change('web'));
    const { said, made } = await clone.push();
    expect(Object.keys(made)).toEqual(['web']);
    expect(said['web']).toMatch(/^pushed 0\.1\.1 to developers, 1 layer \(10\d kB\) sent$/);
    const [before, after] = [await shop.shelf.image('web', '0.1.0'), await shop.shelf.image('web')];
    expect(after.layers.slice(0, 2)).toEqual(before.layers.slice(0, 2));
    expect(after.labels[`${OPENCONTAINERS}base.digest`]).toBe(before.labels[`${OPENCONTAINERS}base.digest`]);
    expect(await shop.shelf.files('web')).toEqual(contents(FILES, change('web')));
  });

  it('takes what image-build has made, and leaves that as it is', async () => {
    await shop.build('base', 'api', 'web', 'root');
    await shop.push();
    expect(await shop.shelf.files('web')).toEqual(contents(FILES));
    const clone = shop.clone();
    await clone.push();
    const other = new Shop(join(directory(), 'other'), `oci:${join(directory(), 'other-store')}`);
    await other.push();
    const [here, there] = [await shop.shelf.image('web'), await other.shelf.image('web')];
    expect(here.labels[`${OPENCONTAINERS}revision`]).toBe(there.labels[`${OPENCONTAINERS}revision`]);
  });

  it('does nothing in a dry run, and says what it would', async () => {
    expect((await shop.push({ dryRun: true })).said).toEqual({
      api: 'would push 0.1.0 to developers',
      base: 'would push 0.1.0 to developers',
      root: 'would push 0.1.0 to developers',
      web: 'would push 0.1.0 to developers',
    });
    expect(await shop.shelf.ledger()).toMatchObject({ entries: 0 });
    expect(await shop.shelf.tags('base')).toEqual([]);
    await shop.push();
    shop.write(change('web'));
    const { said } = await shop.push({ dryRun: true });
    expect(said).toEqual({ ...ALL_CURRENT, web: 'would push 0.1.1 to developers' });
    expect((await shop.push({ dryRun: true, ring: 'testers' })).said).toMatchObject({
      base: 'testers would take 0.1.0',
      web: 'would push 0.1.1 to testers',
    });
    expect(await shop.shelf.rings()).toMatchObject({ web: 'developers 0.1.0' });
  });

  it('into another ring takes over what is the same there, in one entry and without a byte', async () => {
    await shop.push();
    const { said, table, made } = await shop.push({ ring: 'testers' });
    expect(said).toEqual({
      api: 'testers takes 0.1.0',
      base: 'testers takes 0.1.0',
      root: 'testers takes 0.1.0',
      web: 'testers takes 0.1.0',
    });
    expect(made).toEqual({});
    expect(table[0]).toBe('api testers - → 0.1.0 as in developers');
    expect((await shop.shelf.ledger()).entries).toBe(2);
    expect(await shop.shelf.rings()).toMatchObject({ api: 'developers 0.1.0, testers 0.1.0' });
    expect((await shop.shelf.image('api', 'testers')).descriptor).toEqual(
      (await shop.shelf.image('api')).descriptor,
    );
    // The next change is a minor version: so the two rings have lines of their own.
    shop.write(change('web'));
    expect((await shop.push()).said['web']).toContain('pushed 0.2.0 to developers');
  });

  it('into ante is for no ring to see', async () => {
    await shop.push();
    shop.write(change('web'));
    const { said } = await shop.push({ ring: 'ante' });
    expect(said).toMatchObject({
      api: 'ante takes 0.1.0',
      web: expect.stringContaining('pushed 0.2.0 to ante'),
    });
    expect(await shop.shelf.rings()).toMatchObject({ web: 'ante 0.2.0, developers 0.1.0' });
    // The ring that comes after goes on from what it holds itself.
    expect((await shop.push()).said['web']).toBe('pushed 0.1.1 to developers, no layer sent');
  });

  it('of a major version is one of what changed, and of nothing else', async () => {
    await shop.push();
    shop.write(change('api'));
    const { said } = await shop.push({ bump: 'major' });
    expect(said).toMatchObject({
      base: '0.1.0 is up to date in developers',
      api: expect.stringContaining('pushed 1.0.0'),
      web: expect.stringContaining('pushed 1.0.0'),
      root: expect.stringContaining('pushed 1.0.0'),
    });
  });

  it('adds the labels of the target', async () => {
    await shop.push({ labels: { api: { team: 'api', seen: 'yes' } } });
    expect((await shop.shelf.image('api')).labels).toMatchObject({ team: 'api', seen: 'yes' });
    expect((await shop.shelf.image('web')).labels).toMatchObject({ team: 'base' });
    expect((await shop.shelf.image('web')).labels).not.toHaveProperty('seen');
  });

  it('of an image alone is made with the versions that the ring has', async () => {
    await shop.push();
    shop.write({ ...change('base'), ...change('web') });
    const { table } = await shop.push({ images: ['web'] });
    expect(table).toEqual(['web developers 0.1.0 → 0.1.1 revision changed: web/web.bin']);
    expect(await shop.shelf.files('web')).toEqual(contents(FILES, change('web')));
    const { failed } = await new Shop(join(directory(), 'new'), newStore()).push({ images: ['web'] });
    expect(failed).toEqual({
      web: 'web/Containerfile:1: it needs api, of which no ring holds a version; push api first',
    });
  });

  it('of two platforms publishes an index, each built on the one of its base', async () => {
    const platforms = ['linux/amd64', 'linux/arm64'];
    const many = new Shop(
      join(directory(), 'many'),
      newStore(),
      {
        'base/Containerfile': 'FROM scratch\nARG TARGETARCH\nCOPY $TARGETARCH common /\n',
        'base/amd64/word': 'amd64\n',
        'base/arm64/word': 'arm64\n',
        'base/common': noise(50_000, 7),
        'api/Containerfile': 'FROM acme/shop/base\nCOPY file /\n',
        'api/file': 'api\n',
      },
      { base: { platforms }, api: { platforms } },
    );
    const { said } = await many.push();
    expect(said['base']).toMatch(/^pushed 0\.1\.0 to developers, [23] layers \(/);
    const [amd64, arm64] = [
      await many.shelf.image('api'),
      await many.shelf.image('api', 'developers', ARM64),
    ];
    expect(amd64.descriptor).toEqual(arm64.descriptor);
    const bases = [await many.shelf.image('base'), await many.shelf.image('base', 'developers', ARM64)];
    expect([amd64, arm64].map(({ labels }) => labels[`${OPENCONTAINERS}base.digest`])).toEqual(
      bases.map(({ image }) => image.digest),
    );
    expect((await many.shelf.files('api', '0.1.0', ARM64))['word']).toBe(sha256('arm64\n'));
    const clone = many.clone().write({ 'api/file': 'changed\n' });
    expect((await clone.push()).made).toEqual({ api: expect.objectContaining({ layers: 1 }) });
    expect((await many.shelf.files('api', 'developers', ARM64))['word']).toBe(sha256('arm64\n'));
  });
});
