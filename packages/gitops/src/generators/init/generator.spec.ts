import { type Tree, readJson, updateJson } from '@nx/devkit';
import { createTree } from '@nx/devkit/testing';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { useDirectory } from '../../../test/support/files';
import initGenerator, { type InitOptions } from './generator';

const directory = useDirectory();
const VERSION = `^${(require('../../../package.json') as { version: string }).version}`;

let tree: Tree;
beforeEach(() => {
  tree = createTree();
  tree.root = directory();
  const manifest = JSON.stringify({ name: '@acme/shop' });
  writeFileSync(join(directory(), 'package.json'), manifest);
  tree.write('package.json', manifest);
  tree.write('nx.json', JSON.stringify({ plugins: [{ plugin: '@nx/js', options: {} }] }));
  tree.write('.gitignore', 'node_modules\ndist');
});

const init = (options: InitOptions) => initGenerator(tree, { skipFormat: true, ...options });
const text = (path: string): string | null => tree.read(path, 'utf8');
const all = (): Record<string, string | null> =>
  Object.fromEntries(tree.listChanges().map(({ path }) => [path, text(path)]));

it('sets a workspace up, and again changes nothing', async () => {
  await init({});
  const after = all();
  expect(readJson(tree, 'nx.json')).toEqual({
    plugins: [{ plugin: '@nx/js', options: {} }, 'gitops'],
    sync: { globalGenerators: ['gitops:sync'] },
  });
  expect(text('gitops.yaml')).toMatch(
    /^# yaml-language-server: .*\nproject: acme\/shop\nrings: \[developers\]\n$/,
  );
  expect(text('.gitignore')).toBe('node_modules\ndist\n.gitops/\n');
  expect(readJson(tree, 'package.json')).toMatchObject({ devDependencies: { gitops: VERSION } });
  await init({ project: 'acme/shop', rings: ['developers'] });
  expect(all()).toEqual(after);
});

it('writes what it is told into a new gitops.yaml', async () => {
  await init({ project: 2026, vendor: 42, store: 'oci:images', rings: ['testers', 'users'] });
  expect(text('gitops.yaml')!.split('\n').slice(1)).toEqual([
    'project: "2026"',
    'vendor: "42"',
    'store: oci:images',
    'rings: [testers, users]',
    '',
  ]);
});

it.each([
  [{ store: 'registry' }, /^store: registry is no registry/],
  [{ rings: ['post'] }, /is always there/],
])('refuses %j, and touches nothing', async (options, message) => {
  const before = all();
  await expect(init(options)).rejects.toThrow(message);
  expect(all()).toEqual(before);
});

it('leaves a gitops.yaml as it is, and says where it differs', async () => {
  tree.write('gitops.yaml', 'project: shop # ours\n');
  const before = all();
  await expect(init({ project: 'acme/shop' })).rejects.toThrow(
    'gitops.yaml: it has project: shop already; edit the file, or leave --project out',
  );
  expect(all()).toEqual(before);
  await init({ project: 'shop' });
  expect(text('gitops.yaml')).toBe('project: shop # ours\n');
});

it('refuses where Nx is not', async () => {
  tree.delete('nx.json');
  await expect(init({})).rejects.toThrow(
    'there is no nx.json; make this a workspace of Nx first: npx nx init',
  );
});

it.each([
  [{ devDependencies: { gitops: '^0.0.1' } }, {}, { devDependencies: { gitops: VERSION } }],
  [{ devDependencies: { gitops: '^0.0.1' } }, { keepExistingVersions: true }, undefined],
  [{ dependencies: { gitops: '99.0.0' } }, {}, undefined],
  [{ devDependencies: { gitops: 'file:gitops.tgz' } }, {}, undefined],
  [{ devDependencies: { gitops: 'workspace:*' } }, {}, undefined],
  [{}, { skipPackageJson: true }, undefined],
])('of package.json with %j and %j', async (manifest, options, changed) => {
  updateJson(tree, 'package.json', (json: object) => ({ ...json, ...manifest }));
  await init(options);
  expect(readJson(tree, 'package.json')).toMatchObject(changed ?? manifest);
  if (!changed) expect(readJson(tree, 'package.json')).toEqual({ name: '@acme/shop', ...manifest });
});

it.each([
  ['.gitops\n/dist\n', '.gitops\n/dist\n'],
  ['*\n!src\n', '*\n!src\n'],
  ['# ours\r\n', '# ours\r\n.gitops/\r\n/dist/\r\n'],
  [undefined, '.gitops/\n/dist/\n'],
])('has git ignore what it is to ignore: %j', async (before, after) => {
  if (before === undefined) tree.delete('.gitignore');
  else tree.write('.gitignore', before);
  await init({});
  expect(text('.gitignore')).toBe(after);
});
