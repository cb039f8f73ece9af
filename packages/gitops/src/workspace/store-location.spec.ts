import { isDirectoryStore, repositoryInStore, storePrefix } from './store-location';

describe('a location', () => {
  it.each<[location: string, isDirectory: boolean, prefix: string]>([
    ['oci:.gitops/store', true, 'oci:.gitops/store'],
    ['oci:/var/store', true, 'oci:/var/store'],
    ['registry.acme.dev', false, 'registry.acme.dev'],
    ['registry.acme.dev:5000/team', false, 'registry.acme.dev:5000/team'],
    ['registry.acme.dev/team/', false, 'registry.acme.dev/team'],
    ['http://localhost:5000', false, 'localhost:5000'],
    ['https://registry.acme.dev/team', false, 'registry.acme.dev/team'],
    ['oci.acme.dev', false, 'oci.acme.dev'],
  ])('%s', (location, isDirectory, prefix) => {
    expect(isDirectoryStore(location)).toBe(isDirectory);
    expect(storePrefix(location)).toBe(prefix);
  });
});

describe('a repository in the store', () => {
  const settings = { store: 'oci:.gitops/store', sharedStore: 'https://registry.acme.dev/team' };

  it.each([
    ['registry.acme.dev/team/acme/api', 'acme/api'],
    ['oci:.gitops/store/acme/api', 'acme/api'],
    ['registry.acme.dev/other/api', undefined],
    ['acme/api', undefined],
  ])('named %s', (named, repository) => {
    expect(repositoryInStore(named, settings)).toBe(repository);
  });
});
