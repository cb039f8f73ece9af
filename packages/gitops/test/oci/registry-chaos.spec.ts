import { contentOf, readAll } from '../../src/oci/content';
import { canonicalJson } from '../../src/oci/json';
import { describe as describeManifest } from '../../src/oci/manifest';
import { OCI } from '../../src/oci/media-types';
import { chaos } from './chaos';
import { keepsTags } from './faults';
import { blob } from './fixtures';
import { withProxiedRegistry } from './proxied-registry';
import { RegistryFixture } from './registry-fixture';

const COUNT = 100;
/** How many work at the same time. */
const WORKERS = 8;

const fixture = new RegistryFixture();
afterEach(() => fixture.clear());

const config = blob('{}', OCI.config);
const layers = Array.from({ length: COUNT }, (_, i) => blob(`layer ${i}`));
const manifests = layers.map((layer) => ({
  mediaType: OCI.manifest,
  bytes: canonicalJson({
    schemaVersion: 2,
    mediaType: OCI.manifest,
    config: config.descriptor,
    layers: [layer.descriptor],
  }),
}));

withProxiedRegistry('a registry in chaos', (at) => {
  it('takes and gives everything, of which a fifth fails at first', async () => {
    at.proxy.on('*', chaos(1), Infinity);
    at.proxy.on('PUT tag', keepsTags(), Infinity);
    const repository = fixture.open(at.proxy.host);

    await repository.push(config.descriptor, () => contentOf(config.bytes));
    await forEach(layers, async ({ descriptor, bytes }, i) => {
      await repository.push(descriptor, () => contentOf(bytes));
      await repository.putManifest(manifests[i]!, String(i));
    });
    await forEach(layers, async ({ descriptor, bytes }, i) => {
      expect(await readAll(repository.open(descriptor))).toEqual(bytes);
      const manifest = await repository.resolve(String(i));
      expect(manifest).toEqual(describeManifest(manifests[i]!));
      expect(await readAll(repository.open(manifest!))).toEqual(manifests[i]!.bytes);
    });
    const tags: string[] = [];
    for await (const tag of repository.tags()) tags.push(tag);
    expect(tags).toEqual(layers.map((_, i) => String(i)).sort());

    const { traffic } = at.proxy;
    process.stdout.write(`chaos: ${COUNT} blobs and ${COUNT} manifests by ${WORKERS} workers: ${traffic}\n`);
    // Without a fault it is 1 for each blob and manifest that is read, resolved or put, and 3 for a blob that is pushed.
    const needed = 7 * COUNT + 3 + 1;
    expect(traffic.requests()).toBeGreaterThan(needed * 1.1);
    expect(traffic.requests()).toBeLessThan(needed * 1.6);
    expect(traffic.faults).toBeGreaterThan(needed * 0.1);
    expect(traffic.blobUploads).toBe(COUNT + 1);
  });
});

async function forEach<T>(all: readonly T[], work: (one: T, i: number) => Promise<void>): Promise<void> {
  const queue = all.entries();
  const worker = async () => {
    for (const [i, one] of queue) await work(one, i);
  };
  await Promise.all(Array.from({ length: WORKERS }, worker));
}
