import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { extract } from 'tar-stream';
import { Layout } from '../../src/oci/layout';
import { storePrefix } from '../../src/workspace/store-location';
import { inEachStore, useMachine } from './each-store';
import { Shop, change } from './fixture';
import { ARM64 } from './images';
import type { Stored } from './shelf';

const directory = useMachine();

/** The files of an image's last layer. */
async function added({ image }: Stored): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  const layer = (await image.layers()).at(-1)!;
  for await (const entry of Readable.from(layer.uncompressed()).pipe(extract()))
    files[entry.header.name] = await text(entry);
  return files;
}

inEachStore('an image with dependency labels', directory, (newStore) => {
  let shop: Shop;
  beforeEach(() => {
    shop = new Shop(directory(), newStore());
  });

  const pins = async (tag?: string): Promise<unknown> => {
    const { 'gitops/dependencies/dependencies.json': json } = await added(
      await shop.shelf.image('root', tag),
    );
    return JSON.parse(json!);
  };
  const pinned = async (version: string) => ({
    schemaVersion: 1,
    images: {
      api: {
        name: 'acme/shop/api',
        version,
        digest: (await shop.shelf.image('api', version)).descriptor.digest,
        ...(shop.store.startsWith('oci:') ? {} : { repository: `${storePrefix(shop.store)}/acme/shop/api` }),
      },
    },
  });

  it('pins what the labels name, as the store has it', async () => {
    await shop.push();
    expect(await pins()).toEqual(await pinned('0.1.0'));
    const { 'gitops/dependencies/kustomization.yaml': component } = await added(
      await shop.shelf.image('root'),
    );
    const { digest } = (await shop.shelf.image('api')).descriptor;
    expect(component).toContain('kind: Component\nimages:\n  - name: "acme/shop/api"\n');
    expect(component).toContain(`    digest: "${digest}"\n`);
    const { config, layers } = await shop.shelf.image('root').then(async (stored) => ({
      config: await stored.image.config(),
      layers: stored.layers,
    }));
    expect(config.rootfs.diff_ids).toHaveLength(layers.length);
    expect(config.history!.filter((step) => !step.empty_layer)).toHaveLength(layers.length);
  });

  it('pins the version that it is made with next', async () => {
    await shop.push();
    await shop.write(change('api')).push();
    expect(await pins()).toEqual(await pinned('0.1.1'));
    expect(await pins('0.1.0')).toEqual(await pinned('0.1.0'));
  });

  it('pins what the ring holds, where it is pushed alone', async () => {
    await shop.push({ images: ['base', 'api'] });
    await shop.push({ images: ['root'] });
    expect(await pins()).toEqual(await pinned('0.1.0'));
  });

  it('is the only one that gets the layer', async () => {
    await shop.push();
    for (const name of ['base', 'api', 'web'])
      expect(Object.keys(await shop.shelf.files(name)).join()).not.toContain('gitops');
  });

  it('pins the same on all platforms: indexes', async () => {
    const platforms = ['linux/amd64', 'linux/arm64'];
    const many = new Shop(
      directory(),
      newStore(),
      undefined,
      Object.fromEntries(['base', 'api', 'web', 'root'].map((name) => [name, { platforms }])),
    );
    await many.push();
    const [amd, arm] = await Promise.all([
      many.shelf.image('root').then(added),
      many.shelf.image('root', 'developers', ARM64).then(added),
    ]);
    expect(amd).toEqual(arm);
    const { descriptor } = await many.shelf.image('api');
    expect(descriptor.mediaType).toContain('index');
    expect(arm['gitops/dependencies/dependencies.json']).toContain(descriptor.digest);
  });
});

it('is labelled as it is pushed: a directory', async () => {
  const shop = new Shop(directory(), `oci:${directory()}/store`);
  await shop.push();
  await shop.build('base', 'api', 'web', 'root');
  expect((await shop.label({ images: ['root'] })).failed).toEqual({});
  const [labelled] = new Layout(join(shop.root, 'dist/root/labelled-image')).entries();
  expect(labelled!.digest).toBe((await shop.shelf.image('root')).descriptor.digest);
});
