import { withProxiedRegistry } from '../oci/proxied-registry';
import type { Files } from '../support/files';
import { useMachine } from './each-store';
import { Shop } from './fixture';

jest.setTimeout(120_000);

const SIZE = 100_000;
const COUNT = 2000;
const BYTES = Buffer.alloc(SIZE, 'gitops ');
/** 200 MB in 2,000 files. */
const FILES: Files = {
  'api/Containerfile': 'FROM scratch\nCOPY files /app\nCOPY small /\n',
  'api/small': 'small',
  ...Object.fromEntries(
    Array.from({ length: COUNT }, (_, i) => [`api/files/m${100 + (i % 100)}/${i}`, BYTES]),
  ),
};

const directory = useMachine();

const CHANGES: readonly { readonly files: Files; readonly most: number }[] = [
  { files: { 'api/files/m150/50': Buffer.alloc(SIZE, 'another ') }, most: 1 },
  { files: { 'api/files/m120/20': 'another size' }, most: 3 },
  { files: { 'api/files/m180/new': 'one more' }, most: 3 },
];

withProxiedRegistry('a layer in parts', (at) => {
  it('is sent in parts: of a change those that it is in', async () => {
    const shop = new Shop(directory(), `http://${at.proxy.host}/test`, FILES);
    const first = await shop.push();
    expect(first.failed).toEqual({});
    let before = (await shop.shelf.image('api')).layers;
    expect(before.length).toBeGreaterThan(8);
    expect(first.made['api']!.layers).toBe(before.length);

    for (const { files, most } of CHANGES) {
      at.proxy.heal();
      const { made } = await shop.write(files).push();
      const after = (await shop.shelf.image('api')).layers;
      const changed = after.filter(({ digest }) => !before.some((layer) => layer.digest === digest));
      expect(changed.length).toBeGreaterThan(0);
      expect(changed.length).toBeLessThanOrEqual(most);
      expect(made['api']!.layers).toBe(changed.length);
      // Each with its listing, and the documents of the image.
      expect(at.proxy.traffic.blobUploads).toBeLessThanOrEqual(2 * changed.length + 4);
      const bytes = changed.reduce((sum, { size }) => sum + size, 0);
      expect(made['api']!.bytes).toBeLessThan(bytes + 10_000 * changed.length);
      before = after;
    }
  });
});
