import { contentOf, readAll } from '../../src/oci/content';
import { blob, image, store } from './fixtures';
import { withProxiedRegistry } from './proxied-registry';
import { RegistryFixture } from './registry-fixture';

const fixture = new RegistryFixture();
afterEach(() => fixture.clear());

let count = 0;

withProxiedRegistry('what is asked of a registry', (at) => {
  type Repository = ReturnType<RegistryFixture['open']>;
  let repository: Repository;
  beforeEach(() => {
    count++;
    repository = fixture.open(at.proxy.host);
    at.proxy.traffic.reset();
  });
  const requests = (): number => at.proxy.traffic.requests();

  it('is a manifest once, however often it is read', async () => {
    const one = image([`manifest ${count}`]);
    await store(repository, one, '1.0.0');
    at.proxy.traffic.reset();
    const descriptor = (await repository.resolve('1.0.0', { isRead: true }))!;
    expect(requests()).toBe(1);
    expect(await readAll(repository.open(descriptor))).toEqual(one.manifest.bytes);
    expect(await repository.resolve(descriptor.digest)).toEqual(descriptor);
    expect(await repository.has(descriptor)).toBe(true);
    expect(requests()).toBe(1);
  });

  it('is a layer each time', async () => {
    const one = image([`layer ${count}`]);
    await store(repository, one);
    at.proxy.traffic.reset();
    for (let i = 0; i < 2; i++) await readAll(repository.open(one.blobs[1]!.descriptor));
    expect(requests()).toBe(2);
  });

  it.each([
    [true, 2],
    [false, 3],
  ])('is whether a blob is there, unless it is new: %p', async (isNew, expected) => {
    const { descriptor, bytes } = blob(`blob ${count}`);
    await repository.push(descriptor, () => contentOf(bytes), { isNew });
    expect(requests()).toBe(expected);
    expect(await repository.has(descriptor)).toBe(true);
  });
});
