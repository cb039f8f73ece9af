import { type Resource, resourcesOf, scaledNames, shortName } from './resources';

const resource = (kind: string, name: string): string =>
  `apiVersion: v1\nkind: ${kind}\nmetadata: { name: ${name} }\n`;
const read = (files: Readonly<Record<string, string>>) => (path: string) =>
  Object.hasOwn(files, path) ? files[path] : undefined;

it('follows files and directories, once', () => {
  const files = {
    'a/kustomization.yaml': 'resources: [one.yaml, ./sub, ../b, https://x.y/z, /abs, none.yaml]\n',
    'a/one.yaml': `${resource('Deployment', 'one')}---\n${resource('Service', 'one')}---\n# nothing\n`,
    'a/sub/kustomization.yml': 'resources: [../../b, two.yaml]\n',
    'a/sub/two.yaml': `kind: List\napiVersion: v1\nitems:\n- { apiVersion: v1, kind: StatefulSet, metadata: { name: one, namespace: n } }\n`,
    'a/unused.yaml': 'x: [',
    'b/kustomization.yaml': 'resources: [../a, deep.yaml]',
    'b/deep.yaml': 'kind: Half\n---\n[a]\n---\n7\n',
  };
  const found = resourcesOf('./a', read(files));
  expect(found.map(shortName)).toEqual(['deployment/one', 'service/one', 'statefulset/one']);
  expect(found[2]).toMatchObject({ namespace: 'n' });
  expect(scaledNames(found)).toEqual(['one']);
});

it('says where a file is not YAML', () => {
  const files = { 'a/kustomization.yaml': 'resources: [x.yaml]', 'a/x.yaml': 'a: b\nc: [\n' };
  expect(() => resourcesOf('a', read(files))).toThrow(/^a\/x\.yaml:3: it is not YAML: .*; correct it$/);
});

it('knows what has replicas', () => {
  const named = (kind: string, name: string): Resource => ({ apiVersion: 'v1', kind, name });
  expect(scaledNames([named('DaemonSet', 'a'), named('StatefulSet', 'b'), named('Deployment', 'c')])).toEqual(
    ['b', 'c'],
  );
});
