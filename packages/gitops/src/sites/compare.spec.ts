import { deskAt, inventory, resource } from '../../test/sites/desks';
import { type Answers, ScriptedKubectl } from '../../test/sites/scripted-kubectl';
import { differences } from './compare';
import type { Desk } from './desk';

const compared = (answers: Answers, more: Partial<Desk> = {}): Promise<string> =>
  differences(deskAt(new ScriptedKubectl(answers), more));

it('asks the cluster with what would be applied, and as who would', async () => {
  const kubectl = new ScriptedKubectl();
  const desk = deskAt(kubectl);
  expect(await differences(desk)).toBe('');
  expect(kubectl.commands[0]).toBe('diff --server-side --field-manager=gitops -f -');
  expect(kubectl.inputs).toEqual([desk.rendered.text]);
});

it.each<[code: number, stdout: string]>([
  [0, ''],
  [1, '-a\n+b\n'],
])('shows what differs: %s', async (code, stdout) => {
  expect(await compared({ diff: { code, stdout } })).toBe(stdout);
});

it.each<[code: number, stdout: string, stderr: string, message: string]>([
  [
    1,
    '',
    'error: context "x" does not exist',
    'the site demo cannot be compared: context "x" does not exist; correct',
  ],
  [2, '-a\n+b\n', 'error: no', 'the site demo cannot be compared: no'],
  [
    2,
    '',
    'Error from server (NotFound): namespaces "shop" not found',
    'the site demo cannot be compared: namespaces "shop" not found; deploy to it',
  ],
])('is an error where it cannot: %s %j', async (code, stdout, stderr, message) => {
  await expect(compared({ diff: { code, stdout, stderr } })).rejects.toThrow(message);
});

const removed = (name: string): string => `- ${name} would be removed\n`;

it.each<[string, line: string, said: string]>([
  ['what the release has', 'Deployment.apps shop api apps/v1', ''],
  ['an older version of that', 'Deployment.apps shop api apps/v1beta1', ''],
  ['another name', 'Deployment.apps shop old apps/v1', removed('Deployment old')],
  ['another namespace', 'Deployment.apps other api apps/v1', removed('Deployment api')],
  ['another group', 'Deployment.example.com shop api example.com/v1', removed('Deployment api')],
  ['another kind', 'ConfigMap shop api v1', removed('ConfigMap api')],
  ['another namespace of the cluster', 'Namespace - other v1', removed('Namespace other')],
  ['the namespace of the inventory, which stays', 'Namespace - shop v1', ''],
])('names what would be removed: %s', async (_name, line, said) => {
  expect(await compared({ 'get configmap gitops-demo': inventory(line) })).toBe(said);
});

it('names it below what differs', async () => {
  const answers = { diff: { code: 1, stdout: '+b\n' }, 'get configmap': inventory('ConfigMap shop old v1') };
  expect(await compared(answers)).toBe('+b\n- ConfigMap old would be removed\n');
});

it('knows what belongs to the cluster', async () => {
  const resources = [resource('rbac.authorization.k8s.io/v1', 'ClusterRole', 'x')];
  const line = 'ClusterRole.rbac.authorization.k8s.io - x rbac.authorization.k8s.io/v1';
  const answers = { 'get configmap': inventory(line) };
  expect(await compared(answers, { rendered: { text: '', resources } })).toBe('');
});

it('is an error where the inventory cannot be read', async () => {
  await expect(compared({ 'get configmap': { code: 1, stderr: 'Unauthorized' } })).rejects.toThrow(
    'configmap gitops-demo in shop cannot be read: Unauthorized; log in to the cluster',
  );
});
