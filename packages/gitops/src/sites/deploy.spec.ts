import { DIGEST, deskAt, inventory, resource } from '../../test/sites/desks';
import { API, type Answers, ScriptedKubectl } from '../../test/sites/scripted-kubectl';
import { deploy, deployment, listOf, suspend, watch, watching } from './deploy';
import type { Desk } from './desk';
import type { Manifest } from './manifests';

const APPLY = 'apply --server-side --force-conflicts --field-manager=gitops -f -';
const ASK = 'get namespace shop --ignore-not-found -o name';
const REFUSED = { code: 1, stderr: 'The connection to the server x was refused\n' };

const DONE: Answers = {
  ...API,
  'get namespace': 'namespace/x\n',
  'get pods': JSON.stringify({ items: [{ metadata: { name: 'pod-1' }, status: { phase: 'Running' } }] }),
  'get job gitops-demo-k1': JSON.stringify({
    status: { conditions: [{ type: 'Complete', status: 'True' }] },
  }),
  logs: 'reconcile: demo runs\n',
};

function at(answers: Answers, more: Partial<Desk> = {}) {
  // Those that are given come first.
  const kubectl = new ScriptedKubectl({ ...answers, ...DONE, ...answers });
  const printed: string[] = [];
  const options = { timeoutSeconds: 60, id: 'k1', print: (text: string) => void printed.push(text) };
  return { kubectl, desk: deskAt(kubectl, more), options, printed };
}

async function deployed(answers: Answers = {}, more: Partial<Desk> = {}) {
  const site = at(answers, more);
  await deploy(site.desk, await deployment(site.desk, true, site.options), site.options);
  return site;
}

describe('a deployment', () => {
  it('asks first, then makes the account, then the Job, then follows it', async () => {
    const { kubectl, printed } = await deployed();
    expect(kubectl.commands).toEqual([
      'get configmap gitops-demo -n shop --ignore-not-found -o json --show-managed-fields',
      'get --raw /apis/apps/v1',
      ASK,
      APPLY,
      'create -f -',
      'get pods -n shop -l job-name=gitops-demo-k1 -o json',
      'logs -f pod-1 -n shop',
      'get job gitops-demo-k1 -n shop --ignore-not-found -o json',
    ]);
    expect(kubectl.made).toEqual([
      'ServiceAccount shop gitops-demo',
      'Role shop gitops-demo',
      'RoleBinding shop gitops-demo',
      'Job shop gitops-demo-k1',
    ]);
    expect(printed).toEqual([
      'demo: runs root 1.2.0 in shop, as Job gitops-demo-k1\n',
      'reconcile: demo runs\n',
    ]);
  });

  it('touches nothing before it is begun', async () => {
    const { kubectl, desk, options } = at({});
    const { access, run } = await deployment(desk, true, options);
    expect(kubectl.inputs).toEqual([]);
    expect(kubectl.commands.every((command) => command.startsWith('get '))).toBe(true);
    expect(access).toHaveLength(3);
    expect(run).toMatchObject({ kind: 'Job', metadata: { name: 'gitops-demo-k1' } });
  });

  it('allows for what the release has, and for what it no longer has, by name', async () => {
    const { kubectl } = await deployed({
      'get configmap gitops-demo': inventory(
        'ConfigMap shop old v1',
        'Thing.example.com shop x example.com/v1',
      ),
    });
    const text = JSON.stringify(kubectl.objects);
    expect(text).toContain('"resources":["deployments"],"resourceNames":["api"]');
    expect(text).toContain('"resources":["configmaps"],"resourceNames":["old"]');
    expect(text).not.toMatch(/things|\*/);
  });

  it('makes the namespaces that are not there', async () => {
    const resources = [
      resource('v1', 'Service', 'a', 'other'),
      resource('v1', 'Service', 'b', 'third'),
      resource('rbac.authorization.k8s.io/v1', 'ClusterRole', 'x'),
    ];
    const { kubectl } = await deployed(
      { 'get namespace shop': '', 'get namespace other': '' },
      { rendered: { text: '', resources } },
    );
    expect(kubectl.asked('create namespace')).toEqual(['create namespace shop', 'create namespace other']);
    expect(kubectl.commands.indexOf('create namespace other')).toBeLessThan(kubectl.commands.indexOf(APPLY));
    expect(kubectl.made).toContain('Role third gitops-demo');
    expect(kubectl.made).toContain('ClusterRole - gitops:shop:demo');
  });

  it('goes on where nobody may look for namespaces', async () => {
    const { kubectl } = await deployed({ 'get namespace': { code: 1, stderr: 'forbidden: User "jane"' } });
    expect(kubectl.asked('create namespace')).toEqual([]);
    expect(kubectl.made).toContain('Job shop gitops-demo-k1');
  });

  it.each<[string, Answers, string]>([
    [
      'the namespace',
      { 'get namespace': '', 'create namespace': { code: 1, stderr: 'no' } },
      'the namespace shop cannot be made: no',
    ],
    ['the account', { apply: { code: 1, stderr: 'no' } }, 'the account of the site demo cannot be made: no'],
    ['the Job', { 'create -f': { code: 1, stderr: 'no' } }, 'the Job gitops-demo-k1 cannot be made: no'],
    [
      'a cluster that is not there',
      { 'get configmap': REFUSED },
      'configmap gitops-demo in shop cannot be read',
    ],
  ])('ends where it cannot go on: %s', async (_name, answers, message) => {
    await expect(deployed(answers)).rejects.toThrow(message);
  });
});

describe.each([
  [
    'run',
    ({ desk, options }: ReturnType<typeof at>, isPullable: boolean) => deployment(desk, isPullable, options),
  ],
  [
    'followed',
    ({ desk, options }: ReturnType<typeof at>, isPullable: boolean) =>
      watching(desk, isPullable, { ...options, schedule: '* * * * *' }),
  ],
])('a release that cannot be %s', (_name, plan) => {
  it('is one in a directory', async () => {
    const site = at({});
    await expect(plan(site, false)).rejects.toThrow(
      'the state store is a directory, from which no cluster can pull root; name a registry as store in gitops.yaml, and push to it',
    );
    expect(site.kubectl.commands).toEqual([]);
  });

  it('is one without the environment, which is a personal one', async () => {
    const site = at({}, { isPersonal: true, environment: 'local/mia' });
    await expect(plan(site, true)).rejects.toThrow(
      /^the root image does not have the environment local\/mia, .*; apply it by hand: npx nx site-render/,
    );
    expect(site.kubectl.commands).toEqual([]);
  });
});

describe('a site that follows its ring', () => {
  const watched = async (answers: Answers = {}, more: Partial<Desk> = {}) => {
    const site = at(answers, more);
    await watch(site.desk, await watching(site.desk, true, { ...site.options, schedule: '* * * * *' }));
    return site.kubectl;
  };

  it('gets an account and a CronJob on the tag of the ring', async () => {
    const kubectl = await watched();
    expect(kubectl.made).toEqual([
      'ServiceAccount shop gitops-demo',
      'Role shop gitops-demo',
      'RoleBinding shop gitops-demo',
      'CronJob shop gitops-demo',
    ]);
    const text = JSON.stringify(kubectl.objects.at(-1));
    expect(text).toContain('"image":"127.0.0.1:5000/acme/shop/root:testers"');
    expect(text).not.toContain(DIGEST);
    expect(kubectl.asked('apply')).toEqual([APPLY, APPLY]);
    expect(kubectl.asked('logs')).toEqual([]);
  });

  it('may touch all of the kinds that the release has: the next may have others', async () => {
    const rules = JSON.stringify((await watched()).objects);
    expect(rules).toContain(
      '"resources":["deployments"],"verbs":["create","get","list","watch","patch","delete"]',
    );
    expect(rules).not.toContain('"resourceNames":["api"]');
  });

  it('follows another ring where that is asked for', async () => {
    const { release } = deskAt(new ScriptedKubectl());
    const kubectl = await watched({}, { release: { ...release, ring: 'developers' } });
    expect(JSON.stringify(kubectl.objects.at(-1))).toContain('acme/shop/root:developers"');
  });

  it('follows no version', async () => {
    const { release } = deskAt(new ScriptedKubectl());
    await expect(watched({}, { release: { ...release, ring: undefined } })).rejects.toThrow(
      'a site follows a ring, not a version; leave --release out',
    );
  });

  const OLD = JSON.stringify({ resources: [{ name: 'jobs', kind: 'Job', namespaced: true }] });
  it.each<[string, Answers, string]>([
    ['now', { 'api-versions': 'apps/v1\nbatch/v1\n' }, 'batch/v1'],
    ['then', { 'api-versions': 'batch/v1\nbatch/v1beta1\n' }, 'batch/v1'],
    [
      'before Kubernetes 1.21',
      { 'api-versions': 'batch/v1\nbatch/v1beta1\n', 'get --raw /apis/batch/v1': OLD },
      'batch/v1beta1',
    ],
  ])('is one of the version that the cluster has: %s', async (_name, answers, version) => {
    expect((await watched(answers)).objects.at(-1)!.apiVersion).toBe(version);
  });

  it.each<[string, Answers, string]>([
    ['the CronJob', { apply: ['', { code: 1, stderr: 'no' }] }, 'the CronJob gitops-demo cannot be made: no'],
    ['its version', { 'api-versions': REFUSED }, 'the cluster cannot be asked what it knows: The connection'],
  ])('may not be possible: %s', async (_name, answers, message) => {
    await expect(watched(answers)).rejects.toThrow(message);
  });
});

describe('following', () => {
  const CRON = { 'get cronjob gitops-demo -n shop': '{"spec":{}}' };

  it.each([true, false])('is suspended: %s', async (isSuspended) => {
    const { kubectl, desk } = at(CRON);
    await suspend(desk, isSuspended);
    expect(kubectl.commands.slice(1)).toEqual([
      `patch cronjob gitops-demo -n shop --type=merge -p {"spec":{"suspend":${isSuspended}}}`,
    ]);
  });

  it('cannot be where the site does not follow', async () => {
    const { kubectl, desk } = at({});
    await expect(suspend(desk, true)).rejects.toThrow(
      'the site demo does not follow its ring; npx nx site-deploy --site=demo --watch lets it',
    );
    expect(kubectl.asked('patch')).toEqual([]);
  });

  it('may not be allowed', async () => {
    const { desk } = at({ ...CRON, patch: { code: 1, stderr: 'cronjobs is forbidden: User "jane"' } });
    await expect(suspend(desk, true)).rejects.toThrow(
      /^the CronJob gitops-demo cannot be changed: .*; ask for/,
    );
  });
});

it('writes manifests as a list', () => {
  const items: Manifest[] = [{ kind: 'A' }, { kind: 'B' }];
  expect(JSON.parse(listOf(items))).toEqual({ apiVersion: 'v1', kind: 'List', items });
});
