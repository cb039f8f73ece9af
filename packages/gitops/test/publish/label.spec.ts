import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { imageFrom } from '../../src/oci/image';
import { Layout } from '../../src/oci/layout';
import { type Descriptor } from '../../src/oci/types';
import { listFiles } from '../support/files';
import { useMachine } from './each-store';
import { FILES, Shop, change } from './fixture';
import { AMD64, ARM64 } from './images';

const OPENCONTAINERS = 'org.opencontainers.image.';
const ALL = ['base', 'api', 'web', 'root'];

const directory = useMachine();
let shop: Shop;
beforeEach(() => {
  shop = new Shop(directory(), `oci:${join(directory(), 'store')}`);
});

const layoutOf = (name: string, kind = 'labelled-image'): Layout =>
  new Layout(join(shop.root, 'dist', name, kind));

/** What an image is labelled with. */
async function labelled(name: string, platform = AMD64, kind?: string) {
  const layout = layoutOf(name, kind);
  const [descriptor, ...others] = layout.entries();
  expect(others).toEqual([]);
  const image = await imageFrom(layout, descriptor!, platform);
  const config = await image.config();
  return {
    descriptor: descriptor!,
    digest: image.digest,
    config,
    labels: config.config!.Labels!,
    layers: (await image.manifest()).layers,
  };
}

const blobs = (name: string): string[] => readdirSync(join(layoutOf(name).directory, 'blobs/sha256')).sort();
const inode = (name: string, kind: string, layer: Descriptor): number =>
  statSync(layoutOf(name, kind).path(layer)!).ino;

async function labelAll(options?: Parameters<Shop['label']>[0]): ReturnType<Shop['label']> {
  await shop.build(...ALL);
  return shop.label(options);
}

describe('image-label', () => {
  it('gives what was built its version, and publishes nothing', async () => {
    const { said, table, failed } = await labelAll();
    expect(failed).toEqual({});
    expect(said).toEqual(
      Object.fromEntries(ALL.map((name) => [name, `labelled 0.1.0 in dist/${name}/labelled-image`])),
    );
    expect(table).toHaveLength(4);
    const [base, api, root] = await Promise.all(['base', 'api', 'root'].map((name) => labelled(name)));
    expect(base!.labels).toMatchObject({ [`${OPENCONTAINERS}version`]: '0.1.0', team: 'base' });
    expect(api!.labels).toMatchObject({
      [`${OPENCONTAINERS}version`]: '0.1.0',
      [`${OPENCONTAINERS}base.digest`]: base!.digest,
      'dependency.base': '0.1.0',
    });
    expect(root!.labels).toMatchObject({ 'dependency.api': '0.1.0' });
    expect(api!.descriptor.annotations).toEqual({ [`${OPENCONTAINERS}ref.name`]: '0.1.0' });
    expect(await shop.shelf.ledger()).toMatchObject({ entries: 0 });
    expect(listFiles(directory()).filter((path) => path.startsWith('store/'))).toEqual([]);
  });

  it('changes labels, and nothing else', async () => {
    await labelAll();
    for (const name of ['base', 'api', 'web']) {
      const [built, now] = [await labelled(name, AMD64, 'image'), await labelled(name)];
      expect(now.layers).toEqual(built.layers);
      const { Labels: _, ...before } = built.config.config!;
      const { Labels: __, ...after } = now.config.config!;
      expect({ ...now.config, config: after }).toEqual({ ...built.config, config: before });
    }
  });

  it('adds a layer where dependencies are declared by label', async () => {
    await labelAll();
    const [built, now] = [await labelled('root', AMD64, 'image'), await labelled('root')];
    expect(now.layers.slice(0, -1)).toEqual(built.layers);
    expect(now.config.rootfs.diff_ids.slice(0, -1)).toEqual(built.config.rootfs.diff_ids);
  });

  it('takes no more room: its layers are those of the build', async () => {
    await labelAll();
    const { layers } = await labelled('web');
    // Those of its bases are with the bases.
    expect(layers.map((layer) => layoutOf('web').path(layer) !== undefined)).toEqual([false, false, true]);
    expect(inode('web', 'labelled-image', layers[2]!)).toBe(inode('web', 'image', layers[2]!));
  });

  it('says the same labels as the push after it', async () => {
    await labelAll({ labels: { api: { seen: 'yes' } } });
    await shop.push({ labels: { api: { seen: 'yes' } } });
    for (const name of ALL) {
      const [{ labels: here }, { labels: there }] = [await labelled(name), await shop.shelf.image(name)];
      const { [`${OPENCONTAINERS}base.digest`]: _, ...ours } = here;
      const { [`${OPENCONTAINERS}base.digest`]: __, ...theirs } = there;
      expect(ours).toEqual(theirs);
    }
  });

  it('gives the same bytes once more, and keeps nothing of what it gave before', async () => {
    await labelAll();
    const [before, files] = [await labelled('api'), blobs('api')];
    await shop.label();
    expect([await labelled('api'), blobs('api')]).toEqual([before, files]);
    shop.write(change('api'));
    await shop.push();
    await labelAll({ ring: 'testers' });
    expect((await labelled('api')).descriptor).not.toEqual(before.descriptor);
    expect(blobs('api')).toHaveLength(files.length);
  });

  it('gives the version that is up to date in the ring, or the next one', async () => {
    await shop.push();
    expect((await labelAll()).table).toEqual([
      'api developers 0.1.0 → 0.1.0 up to date',
      'base developers 0.1.0 → 0.1.0 up to date',
      'root developers 0.1.0 → 0.1.0 up to date',
      'web developers 0.1.0 → 0.1.0 up to date',
    ]);
    shop.write(change('api'));
    expect((await labelAll()).said).toMatchObject({
      base: 'labelled 0.1.0 in dist/base/labelled-image',
      api: 'labelled 0.1.1 in dist/api/labelled-image',
      root: 'labelled 0.1.1 in dist/root/labelled-image',
    });
    expect((await labelled('root')).labels).toMatchObject({ 'dependency.api': '0.1.1' });
    expect((await labelAll({ bump: 'major' })).said['api']).toContain('labelled 1.0.0');
    expect((await labelAll({ ring: 'ante' })).said['api']).toContain('labelled 0.2.0');
  });

  it('gives an image alone the versions that what it needs would get', async () => {
    await shop.push();
    shop.write(change('base'));
    await shop.build(...ALL);
    const { said, table } = await shop.label({ images: ['api'] });
    expect(table).toEqual(['api developers 0.1.0 → 0.1.1 base 0.1.0 → 0.1.1']);
    expect(said).toEqual({ api: 'labelled 0.1.1 in dist/api/labelled-image' });
    expect((await labelled('api')).labels).toMatchObject({ 'dependency.base': '0.1.1' });
  });

  it('does nothing in a dry run, and says what it would', async () => {
    await shop.push();
    shop.write(change('web'));
    const { said } = await labelAll({ dryRun: true });
    expect(said).toEqual({ api: 'is 0.1.0', base: 'is 0.1.0', root: 'is 0.1.0', web: 'would be 0.1.1' });
    expect(listFiles(shop.root).filter((path) => path.includes('labelled'))).toEqual([]);
  });

  it('of what is not built says how to, and labels the rest', async () => {
    await shop.build('base');
    const { said, failed } = await shop.label();
    expect(Object.keys(said)).toEqual(['base']);
    expect(failed).toEqual({
      api: 'api/Containerfile: api is not built; run nx run api:image-build',
      web: 'web/Containerfile:1: it needs api, which failed',
      root: expect.stringMatching(/^root\/Containerfile/) as string,
    });
  });

  it('of what cannot be read says so, and labels the rest', async () => {
    await shop.build(...ALL);
    shop.write({ 'api/Containerfile': 'FRUM acme/shop/base\n' });
    const { said, failed } = await shop.label();
    expect(Object.keys(said)).toEqual(['base']);
    expect(failed).toMatchObject({
      api: expect.stringMatching(/^api\/Containerfile:1: /),
      web: 'web/Containerfile:1: it needs api, which failed',
    });
  });

  it('of two platforms labels each with the digest of its base', async () => {
    const platforms = ['linux/amd64', 'linux/arm64'];
    const many = { base: { platforms }, api: { platforms } };
    shop = new Shop(directory(), shop.store, FILES, many);
    await shop.build('base', 'api');
    const { failed } = await shop.label({ images: ['base', 'api'] });
    expect(failed).toEqual({});
    for (const platform of [AMD64, ARM64]) {
      const [base, api] = [await labelled('base', platform), await labelled('api', platform)];
      expect(api.labels).toMatchObject({
        [`${OPENCONTAINERS}base.digest`]: base.digest,
        'dependency.base': '0.1.0',
      });
      expect(layoutOf('api').path(api.layers[1]!)).toBeDefined();
    }
  });
});
