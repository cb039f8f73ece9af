import { readJson, writeJson } from '@nx/devkit';
import { createTree } from '@nx/devkit/testing';
import registerSync from './register-sync';

it.each([
  [{ plugins: ['gitops'] }, ['gitops:sync']],
  [{ plugins: [{ plugin: 'gitops', include: ['apps/**'] }] }, ['gitops:sync']],
  [{ plugins: ['gitops'], sync: { globalGenerators: ['a:b'] } }, ['a:b', 'gitops:sync']],
  [{ plugins: ['gitops'], sync: { globalGenerators: ['gitops:sync'] } }, ['gitops:sync']],
  [{ plugins: ['other'] }, undefined],
])('%j', (before, generators) => {
  const tree = createTree();
  for (let i = 0; i < 2; i++) {
    if (i === 0) writeJson(tree, 'nx.json', before);
    registerSync(tree);
    const { sync, plugins } = readJson(tree, 'nx.json');
    expect(sync?.globalGenerators).toEqual(generators);
    expect(plugins).toEqual(before.plugins);
  }
});
