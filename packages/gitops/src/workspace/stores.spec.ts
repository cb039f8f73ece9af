import { resolve } from 'node:path';
import { contentOf } from '../oci/content';
import { blob } from '../../test/oci/fixtures';
import { listFiles, useDirectory } from '../../test/support/files';
import { MemoryStore } from '../oci/memory';
import { Stores } from './stores';

const directory = useDirectory();

describe('the stores of a run', () => {
  it('are directories relative to the workspace, or absolute', () => {
    const stores = new Stores(directory());
    expect(stores.open('oci:a/store').where).toBe(`oci:${directory()}/a/store`);
    expect(stores.open('oci:../store').where).toBe(`oci:${resolve(directory(), '../store')}`);
    expect(stores.open(`oci:${directory()}/b`).where).toBe(`oci:${directory()}/b`);
  });

  it('make nothing before there is something to keep', async () => {
    const repository = new Stores(directory()).open('oci:store').repository('acme/api');
    expect(await repository.resolve('latest')).toBeUndefined();
    expect(listFiles(directory())).toEqual([]);
    const { descriptor, bytes } = blob('content');
    await repository.push(descriptor, () => contentOf(bytes));
    expect(listFiles(directory())).toContain(`store/acme/api/blobs/sha256/${descriptor.digest.slice(7)}`);
  });

  it('are registries, opened by who was given for it', () => {
    const asked: string[] = [];
    const stores = new Stores(directory(), (location) => {
      asked.push(location);
      return new MemoryStore(location);
    });
    expect(stores.open('registry.acme.dev/team').where).toBe('registry.acme.dev/team');
    stores.open('oci:store');
    expect(asked).toEqual(['registry.acme.dev/team']);
  });

  it('are registries, where nobody was given for it', async () => {
    const stores = new Stores(directory());
    expect(stores.open('http://registry.acme.dev/team')).toMatchObject({
      where: 'registry.acme.dev/team',
      isRemote: true,
    });
    expect(() => stores.open('not a registry')).toThrow('not a registry');
    await stores.close();
  });

  it('are each opened once, and closed together', async () => {
    const closed: string[] = [];
    const stores = new Stores(directory(), (location) =>
      Object.assign(new MemoryStore(location), { close: async () => void closed.push(location) }),
    );
    const [a, b] = [stores.open('a.dev'), stores.open('b.dev')];
    expect(stores.open('a.dev')).toBe(a);
    expect(stores.open('b.dev')).toBe(b);
    await stores.close();
    expect(closed).toEqual(['a.dev', 'b.dev']);
    await stores.close();
    expect(closed).toEqual(['a.dev', 'b.dev']);
    expect(stores.open('a.dev')).not.toBe(a);
  });
});
