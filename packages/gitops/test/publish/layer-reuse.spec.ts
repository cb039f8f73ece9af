import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LayerCache } from '../../src/publish/layer-cache';
import { noise } from '../oci/fixtures';
import { answers, hangsUp } from '../oci/faults';
import { withProxiedRegistry } from '../oci/proxied-registry';
import type { Files } from '../support/files';
import { useMachine } from './each-store';
import { Shop } from './fixture';

const SHARED = 1_000_000;
const OWN = 100_000;
/** What documents, and what is in the layers, take. */
const SMALL = 30_000;

/** An image that has a layer in common with others which have nothing to do with it. */
const image = (name: string, seed: number): Files => ({
  [`${name}/Containerfile`]: `FROM scratch\nCOPY shared.bin /\nCOPY ${name}.bin /\n`,
  [`${name}/shared.bin`]: noise(SHARED, 9),
  [`${name}/${name}.bin`]: noise(OWN, seed),
});
const LEFT = image('left', 7);
const RIGHT = image('right', 8);

const directory = useMachine();

withProxiedRegistry('a layer that several images have', (at) => {
  let store: string;
  let count = 0;
  let compressed: jest.SpyInstance;
  beforeEach(() => {
    store = `test-${++count}`;
    compressed = jest.spyOn(LayerCache.prototype, 'add');
  });
  afterEach(() => compressed.mockRestore());

  const shopOf = (files: Files, where = store): Shop =>
    new Shop(directory(), `http://${at.proxy.host}/${where}`, files);

  /** What a push sends, in bytes and layers; how many layers it compresses, and what it asks for to bring blobs. */
  async function pushed(
    what: string,
    shop: Shop,
  ): Promise<{ bytes: number; layers: number; made: number; asked: number }> {
    at.proxy.traffic.reset();
    compressed.mockClear();
    const { failed, made } = await shop.push();
    expect(failed).toEqual({});
    const { traffic } = at.proxy;
    const layers = Object.values(made).reduce((sum, sent) => sum + sent.layers, 0);
    const times = compressed.mock.calls.length;
    process.stdout.write(`layer reuse: ${what}: ${times} compressed, ${layers} layers sent; ${traffic}\n`);
    const asked = traffic.requests('blob') + traffic.requests('upload');
    return { bytes: traffic.sent, layers, made: times, asked };
  }

  /** The shared layer, as a repository has it. */
  async function shared(name: string): Promise<string> {
    const [layer] = (await shopOf({}).shelf.image(name)).layers;
    return `/v2/${store}/acme/shop/${name}/blobs/${layer!.digest}`;
  }

  const cached = (...path: string[]): string => join(directory(), 'cache', ...path);

  it('is compressed once and sent once, though both come at the same time', async () => {
    const { bytes, layers, made } = await pushed('two images at once', shopOf({ ...LEFT, ...RIGHT }));
    expect([made, layers]).toEqual([3, 3]);
    expect(bytes).toBeLessThan(SHARED + 2 * OWN + SMALL);
    expect(await shared('left')).toBe((await shared('right')).replace('/right/', '/left/'));
    expect(Object.keys(await shopOf({}).shelf.files('right'))).toEqual(['shared.bin', 'right.bin']);
  });

  it('that one of them does not get there is brought by the other', async () => {
    at.proxy.on(
      ({ kind, repository }) => kind === 'upload' && repository.endsWith('/left'),
      answers(400, 'DENIED'),
      Infinity,
    );
    const { said, failed } = await shopOf({ ...LEFT, ...RIGHT }).push();
    expect([Object.keys(said), Object.keys(failed)]).toEqual([['right'], ['left']]);
    at.proxy.heal();
    expect(await pushed('after one of two has failed', shopOf({}))).toMatchObject({ made: 1, layers: 1 });
  });

  it('is mounted from the image that brought it in an earlier run', async () => {
    await shopOf(LEFT).push();
    const { bytes, layers, made } = await pushed('another image, in another run', shopOf(RIGHT));
    expect([made, layers]).toEqual([1, 1]);
    expect(bytes).toBeLessThan(OWN + SMALL);
    expect(Object.keys(await shopOf({}).shelf.files('right'))).toEqual(['shared.bin', 'right.bin']);
  });

  it('is sent after all where it is gone from there, which costs one request', async () => {
    await shopOf(LEFT).push();
    const gone = await fetch(`http://${at.registry.host}${await shared('left')}`, { method: 'DELETE' });
    expect(gone.status).toBe(202);
    const wrong = await pushed('the memory is wrong', shopOf(RIGHT));
    expect(wrong).toMatchObject({ made: 1, layers: 2 });
    // The same without a memory.
    store = `test-${++count}`;
    rmSync(shopOf({}).root, { recursive: true });
    await shopOf(LEFT).push();
    rmSync(cached('stores'), { recursive: true });
    const none = await pushed('there is no memory', shopOf(RIGHT));
    expect(wrong.asked).toBe(none.asked + 1);
    expect(Object.keys(await shopOf({}).shelf.files('right'))).toEqual(['shared.bin', 'right.bin']);
  });

  it('is sent where it cannot be read there, or cannot be mounted', async () => {
    await shopOf(LEFT).push();
    at.proxy.on(
      ({ method, kind, repository }) => `${method} ${kind}` === 'HEAD blob' && repository.endsWith('/left'),
      answers(403, 'DENIED'),
      Infinity,
    );
    expect(await pushed('may not be read', shopOf(RIGHT))).toMatchObject({ made: 1, layers: 2 });
    at.proxy.heal();
    at.proxy.on(({ path }) => path.includes('mount='), answers(405, 'UNSUPPORTED'), Infinity);
    expect(await pushed('may not be mounted', shopOf(image('more', 5)))).toMatchObject({
      made: 1,
      layers: 2,
    });
    // It is on this machine: nothing has to come back.
    expect(at.proxy.traffic.received).toBeLessThan(SMALL);
  });

  it('is not compressed again after a push that was cut', async () => {
    const stop = new AbortController();
    at.proxy.on(
      ({ method, kind, headers }) => {
        if (method === 'PUT' && kind === 'upload' && Number(headers['content-length']) > OWN) stop.abort();
        return stop.signal.aborted;
      },
      hangsUp(),
      Infinity,
    );
    await expect(shopOf(LEFT).push({ signal: stop.signal })).rejects.toThrow();
    expect(compressed).toHaveBeenCalledTimes(1);
    at.proxy.heal();
    // The other layer it had not come to.
    expect(await pushed('after a push that was cut', shopOf({}))).toMatchObject({ made: 1, layers: 2 });
  });

  it('is not compressed again for another store, another ring or another version', async () => {
    const shop = shopOf(LEFT);
    await shop.push();
    expect(await pushed('another store', shopOf({}, `${store}-other`))).toMatchObject({ made: 0, layers: 2 });
    compressed.mockClear();
    await shop.push({ ring: 'testers' });
    await shop.write({ 'left/Containerfile': `${LEFT['left/Containerfile'] as string}LABEL a=b\n` }).push();
    expect(compressed).not.toHaveBeenCalled();
  });

  it('is compressed again where what was kept of it is damaged', async () => {
    await shopOf(LEFT).push();
    for (const name of readdirSync(cached('layers'))) {
      const bytes = readFileSync(cached('layers', name));
      writeFileSync(cached('layers', name), bytes.fill(0, 20_000, 30_000));
    }
    const other = `${store}-other`;
    expect(await pushed('damaged', shopOf({}, other))).toMatchObject({ made: 2, layers: 2 });
    const { files } = shopOf({}, other).shelf;
    expect(Object.keys(await files.call(shopOf({}, other).shelf, 'left'))).toEqual([
      'shared.bin',
      'left.bin',
    ]);
  });
});
