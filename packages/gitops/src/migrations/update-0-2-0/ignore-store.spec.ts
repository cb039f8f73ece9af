import { createTree } from '@nx/devkit/testing';
import { useDirectory, writeFiles } from '../../../test/support/files';
import ignoreStore from './ignore-store';

const directory = useDirectory();

/** @returns .gitignore after the migration ran once, and after it ran again */
function migrate(settings: string | undefined, ignored: string | undefined): (string | null)[] {
  writeFiles(directory(), settings === undefined ? {} : { 'gitops.yaml': settings });
  const tree = createTree();
  tree.root = directory();
  if (ignored !== undefined) tree.write('.gitignore', ignored);
  return [1, 2].map(() => {
    ignoreStore(tree);
    return tree.read('.gitignore', 'utf8');
  });
}

const STORE = 'store: oci:.gitops/store\n';

it.each([
  ['no gitops.yaml', undefined, 'dist\n', 'dist\n.gitops/\n'],
  ['a gitops.yaml without a store', 'project: shop\n', 'dist\n', 'dist\n.gitops/\n'],
  ['the embedded store by name', STORE, 'dist\n', 'dist\n.gitops/\n'],
  ['a store beside it', 'store: oci:.gitops/ours\n', '.gitops/store\n', '.gitops/store\n.gitops/\n'],
  ['no .gitignore', undefined, undefined, '.gitops/\n'],
  ['no line end', STORE, 'dist', 'dist\n.gitops/\n'],
  ['Windows line ends', STORE, 'dist\r\ntmp', 'dist\r\ntmp\r\n.gitops/\r\n'],
  ['a comment that names it', STORE, '# .gitops/\n', '# .gitops/\n.gitops/\n'],
  ['ignored', STORE, '.gitops\n', '.gitops\n'],
  ['ignored from the root', STORE, '/.gitops/\n', '/.gitops/\n'],
  ['only the store ignored', STORE, '.gitops/store\n', '.gitops/store\n'],
  ['ignored by a star', STORE, '.*\n', '.*\n'],
  ['a registry', 'store: registry.acme.dev\n', 'dist\n', 'dist\n'],
  ['another directory', 'store: oci:/media/stick\n', 'dist\n', 'dist\n'],
])('%s', (_name, settings, before, after) => {
  expect(migrate(settings, before)).toEqual([after, after]);
});

it('refuses a gitops.yaml that is not as it should be', () => {
  expect(() => migrate('stor: x\n', 'dist\n')).toThrow(/^gitops\.yaml:1:1: /);
});
