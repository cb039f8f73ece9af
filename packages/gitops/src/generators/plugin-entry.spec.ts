import type { NxJsonConfiguration } from '@nx/devkit';
import { hasPlugin, pluginOptions, withPlugin, withPluginOptions } from './plugin-entry';

const SYNC = { globalGenerators: ['gitops:sync'] };
const OBJECT = { plugin: 'gitops', options: { context: 'workspace' }, include: ['apps/**'] };

it.each<[NxJsonConfiguration, NxJsonConfiguration]>([
  [{}, { plugins: ['gitops'], sync: SYNC }],
  [
    { defaultBase: 'main', plugins: ['@nx/js', { plugin: '@nx/docker' }] },
    { defaultBase: 'main', plugins: ['@nx/js', { plugin: '@nx/docker' }, 'gitops'], sync: SYNC },
  ],
  [
    { plugins: ['gitops'], sync: SYNC },
    { plugins: ['gitops'], sync: SYNC },
  ],
  [{ plugins: [OBJECT] }, { plugins: [OBJECT], sync: SYNC }],
  [
    { sync: { globalGenerators: ['@nx/js:typescript-sync'], applyChanges: true } },
    {
      plugins: ['gitops'],
      sync: { globalGenerators: ['@nx/js:typescript-sync', 'gitops:sync'], applyChanges: true },
    },
  ],
])('has the plugin and its sync generator once: %j', (before, after) => {
  expect(withPlugin(before)).toEqual(after);
  expect(withPlugin(after)).toEqual(after);
  expect(hasPlugin(after)).toBe(true);
});

it.each<[NxJsonConfiguration, object]>([
  [{}, {}],
  [{ plugins: ['gitops'] }, {}],
  [{ plugins: ['@nx/js', OBJECT, { plugin: 'gitops', options: {} }] }, { context: 'workspace' }],
])('reads the options of %j', (nxJson, options) => {
  expect(pluginOptions(nxJson)).toEqual(options);
});

it('adds an option to what is there, whichever form it has', () => {
  const sourceTargets = ['build', 'prune'];
  expect(withPluginOptions({ plugins: ['a', 'gitops', OBJECT] }, { sourceTargets }).plugins).toEqual([
    'a',
    { plugin: 'gitops', options: { sourceTargets } },
    { ...OBJECT, options: { context: 'workspace', sourceTargets } },
  ]);
});
