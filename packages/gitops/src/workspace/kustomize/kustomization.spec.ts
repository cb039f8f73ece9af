import { emptyKustomization, kustomizationIn, newFile, withWanted } from './kustomization';

const HEAD = 'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n';

it.each(['kustomization.yaml', 'kustomization.yml', 'Kustomization'])('reads %s', (name) => {
  const text = 'resources: [a, ../b]\nhelmCharts: [{ name: x }, 7]\n';
  const found = kustomizationIn('d', (path) => (path === `d/${name}` ? text : undefined));
  expect(found).toEqual({ file: `d/${name}`, text, resources: ['a', '../b'], charts: ['x'] });
});

it('finds none where there is none', () => {
  expect(kustomizationIn('d', () => undefined)).toBeUndefined();
});

it('starts with what renders', () => {
  expect(newFile('d')).toBe('d/kustomization.yaml');
  expect(emptyKustomization('x')).toBe(`${HEAD}# x\nresources: []\n`);
});

const chart = { name: 'x', repo: 'r', version: '2', releaseName: 'x', valuesFile: 'v.yaml' };

it.each<[what: string, text: string | undefined, wanted: object, result: string]>([
  ['nothing', '# a\n', {}, '# a\n'],
  ['a new one', undefined, { resources: ['b'], namespace: 'n' }, `${HEAD}namespace: n\nresources:\n  - b\n`],
  ['an empty list', `${HEAD}resources: [] # none\n`, { resources: ['b'] }, `${HEAD}resources: [b] # none\n`],
  [
    'what is there',
    'resources: [b]\npatches: [{ path: p }]\n',
    { resources: ['b'], patches: ['p'] },
    'resources: [b]\npatches: [{ path: p }]\n',
  ],
  [
    'another patch',
    'patches:\n- path: a # a\n# b\n',
    { patches: ['p'] },
    'patches:\n- path: a # a\n- path: p\n# b\n',
  ],
  [
    'an inline patch beside',
    'patches:\n  - patch: |-\n      a: b\n    target: { kind: X }\n',
    { patches: ['p'] },
    'patches:\n  - patch: |-\n      a: b\n    target: { kind: X }\n  - path: p\n',
  ],
  [
    'a number',
    'replicas:\n  - name: a\n    count: 1 # one\n',
    { replicas: { a: 2, b: 3 } },
    'replicas:\n  - name: a\n    count: 2 # one\n  - name: b\n    count: 3\n',
  ],
  [
    'a chart',
    undefined,
    { helmCharts: [chart] },
    `${HEAD}helmCharts:\n  - name: x\n    repo: r\n    version: "2"\n    releaseName: x\n    valuesFile: v.yaml\n`,
  ],
  [
    'a chart’s source',
    'helmCharts:\n- name: x\n  version: "1"\n',
    { helmCharts: [chart] },
    'helmCharts:\n- name: x\n  version: "2"\n  repo: r\n',
  ],
])('adds %s', (_, text, wanted, result) => {
  expect(withWanted(text, 'd/kustomization.yaml', wanted)).toBe(result);
});

it.each([
  ['not YAML', 'a: [', 'd/k.yaml:1:5: it is not YAML'],
  ['a list', '- a', 'd/k.yaml:1: it is no kustomization'],
  ['no list', 'resources: a', 'd/k.yaml: resources cannot be edited as it is written; edit it by hand'],
])('refuses %s', (_, text, message) => {
  expect(() => withWanted(text, 'd/k.yaml', { resources: ['b'] })).toThrow(message);
});
