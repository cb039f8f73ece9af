import { ScriptedKubectl } from '../../test/sites/scripted-kubectl';
import { inventoryOf } from './inventory';

function inventory(data: object | undefined, times: readonly (string | undefined)[] = []) {
  const metadata = times.length > 0 ? { managedFields: times.map((time) => ({ time })) } : {};
  const text = JSON.stringify({ metadata, ...(data && { data }) });
  return inventoryOf(new ScriptedKubectl({ 'get configmap gitops-demo -n shop': text }), 'demo', 'shop');
}

it('is empty where nothing ran', async () => {
  expect(await inventoryOf(new ScriptedKubectl(), 'demo', 'shop')).toEqual({ resources: [] });
  expect(await inventory(undefined)).toEqual({ resources: [] });
});

it.each<[line: string, resource: object | undefined]>([
  [
    'Deployment.apps shop api apps/v1',
    { kind: 'Deployment', namespace: 'shop', name: 'api', apiVersion: 'apps/v1' },
  ],
  ['ConfigMap shop old v1', { kind: 'ConfigMap', namespace: 'shop', name: 'old', apiVersion: 'v1' }],
  ['Namespace - shop v1', { kind: 'Namespace', name: 'shop', apiVersion: 'v1' }],
  [
    'ClusterRole.rbac.authorization.k8s.io - system:x rbac.authorization.k8s.io/v1',
    { kind: 'ClusterRole', name: 'system:x', apiVersion: 'rbac.authorization.k8s.io/v1' },
  ],
  ['', undefined],
  ['Deployment.apps shop api', undefined],
])('reads a line: %s', async (line, resource) => {
  expect((await inventory({ resources: `${line}\n` })).resources).toEqual(resource ? [resource] : []);
});

it('has them in their order', async () => {
  const { resources } = await inventory({ resources: 'A - a v1\nB - b v1\n\nC - c v1\n' });
  expect(resources.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
});

it('knows what ran last, and when that was written last', async () => {
  const times = ['2026-01-02T00:00:00Z', '2026-03-01T00:00:00Z', undefined];
  expect(await inventory({ root: 'r@sha256:1\n' }, times)).toEqual({
    root: 'r@sha256:1',
    resources: [],
    since: '2026-03-01T00:00:00Z',
  });
});

it('asks for the times too, which kubectl leaves out otherwise', async () => {
  const kubectl = new ScriptedKubectl();
  await inventoryOf(kubectl, 'demo', 'shop');
  expect(kubectl.commands).toEqual([
    'get configmap gitops-demo -n shop --ignore-not-found -o json --show-managed-fields',
  ]);
});

it('is an error where it cannot be read', async () => {
  const kubectl = new ScriptedKubectl({ 'get configmap': { code: 1, stderr: 'Unauthorized' } });
  await expect(inventoryOf(kubectl, 'demo', 'shop')).rejects.toThrow(
    'configmap gitops-demo in shop cannot be read: Unauthorized; log in to the cluster',
  );
});
