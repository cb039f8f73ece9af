import { useMachine } from './each-store';
import { Shop, change } from './fixture';
import { withProxiedRegistry } from '../oci/proxied-registry';

/** What documents take, and what compressing noise adds. */
const SMALL = 12_000;
/** The layer with the pins: a tar archive of two directories and two files. */
const PINS = 10 * 512;

const directory = useMachine();

withProxiedRegistry('what travels to a registry', (at) => {
  let shop: Shop;
  let count = 0;
  beforeEach(async () => {
    shop = new Shop(directory(), `http://${at.proxy.host}/test-${++count}`);
    await shop.push();
    at.proxy.heal();
  });

  /** What a push of all images sends. */
  async function sent(name: string, from = shop): Promise<number> {
    const { failed } = await from.push();
    expect(failed).toEqual({});
    const { traffic } = at.proxy;
    process.stdout.write(`push: ${name}: ${traffic}\n`);
    return traffic.sent;
  }

  it('is nothing where nothing changed, and that takes five requests', async () => {
    expect(await sent('nothing changed')).toBe(0);
    expect(at.proxy.traffic.requests()).toBeLessThanOrEqual(5);
    expect(at.proxy.traffic.requests('GET') + at.proxy.traffic.requests('HEAD')).toBe(
      at.proxy.traffic.requests(),
    );
  });

  it('is nothing from a clean checkout either', async () => {
    expect(await sent('nothing changed, a clean checkout', shop.clone())).toBe(0);
    expect(at.proxy.traffic.requests()).toBeLessThanOrEqual(5);
    expect(at.proxy.traffic.received).toBeLessThan(SMALL);
  });

  it('is nothing in a dry run of a change', async () => {
    shop.write(change('base'));
    await shop.push({ dryRun: true });
    expect(at.proxy.traffic.sent).toBe(0);
    expect(at.proxy.traffic.requests('PUT') + at.proxy.traffic.requests('POST')).toBe(0);
  });

  it.each<[name: 'base' | 'api' | 'web', bytes: number]>([
    ['base', 300_000],
    ['api', 200_000],
    ['web', 100_000],
  ])('is the one layer that a change of %s makes, however many images have it', async (name, bytes) => {
    const least = await sent(`a change of ${name}`, shop.write(change(name)));
    expect(least).toBeGreaterThan(bytes);
    // With the documents of all that is made anew, and the layer of the root image that pins them.
    expect(least).toBeLessThan(bytes + 2 * SMALL + PINS);
    // The others are mounted, or there.
    expect(at.proxy.traffic.received).toBeLessThan(4 * SMALL);
  });

  it('asks nothing of layers that the image had before but whether their listings are there', async () => {
    await sent('a change of web, once more', shop.write(change('web', 1)));
    // Of two such layers; what is new are a layer, its listing, a config and the list of sources with its own config.
    expect(at.proxy.traffic.requests('HEAD', 'blob')).toBeLessThanOrEqual(2 + 6);
  });

  it('is one layer from a clean checkout too, and of those below just what is where in them comes back', async () => {
    const clone = shop.clone().write(change('web'));
    const bytes = await sent('a change of web, a clean checkout', clone);
    expect(bytes).toBeGreaterThan(100_000);
    expect(bytes).toBeLessThan(100_000 + SMALL);
    expect(at.proxy.traffic.received).toBeLessThan(SMALL);
  });

  it('is no layer into another ring', async () => {
    await shop.push({ ring: 'testers' });
    expect(at.proxy.traffic.sent).toBeLessThan(SMALL);
    expect(at.proxy.traffic.requests('upload')).toBeLessThan(8);
  });

  it('is no layer where only a version changes', async () => {
    shop.write({ 'api/Containerfile': 'FROM acme/shop/base\nCOPY api.bin /\nLABEL a=b\n' });
    const bytes = await sent('a label');
    expect(bytes).toBeLessThan(2 * SMALL);
  });
});
