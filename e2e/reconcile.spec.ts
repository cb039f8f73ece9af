import { setTimeout as sleep } from 'node:timers/promises';
import type { Files } from '../packages/gitops/test/support/files';
import { type Release, SHELL_IMAGE, Site, whenCluster } from './support/cluster';
import type { Result } from './support/process';

jest.setTimeout(240_000);

/** What the root image gets when it is labelled. */
function pins(): Files {
  const [, name, tag] = /^(.*?)(?::([^:/]*))?$/.exec(SHELL_IMAGE)!;
  return {
    'dependencies/kustomization.yaml': `apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
images: [{ name: shop/api, newName: "${name}", newTag: "${tag ?? 'latest'}" }]
`,
  };
}

const pod = (command: string): string =>
  `{ restartPolicy: Never, terminationGracePeriodSeconds: 0, containers: [{ name: api, image: shop/api, command: [sh, -c, '${command}'] }] }`;

const deployment = (command = 'sleep 3600'): string => `apiVersion: apps/v1
kind: Deployment
metadata: { name: api }
spec:
  selector: { matchLabels: { app: api } }
  template:
    metadata: { labels: { app: api } }
    spec: ${pod(command).replace('restartPolicy: Never, ', '')}
`;

const job = (command: string): string => `apiVersion: batch/v1
kind: Job
metadata: { name: migration }
spec: { backoffLimit: 0, template: { spec: ${pod(command)} } }
`;

const configMap = (name: string, value = 'a', metadata = ''): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name}${metadata} }\ndata: { value: ${value} }\n`;

/** The files of a release whose base has these resources. */
const base = (...resources: string[]): Files => ({
  ...pins(),
  'base/kustomization.yaml': 'resources: [all.yaml]\n',
  'base/all.yaml': resources.join('---\n'),
});

whenCluster('reconcile, on a cluster', () => {
  let site: Site;
  beforeEach(async () => {
    site = await Site.open();
  });
  afterEach(() => site.close());

  const succeeds = async (
    release: Release,
    args?: string[],
    env?: Record<string, string>,
  ): Promise<Result> => {
    const result = await release.run(args, env);
    expect(result).toMatchObject({ code: 0 });
    return result;
  };
  /** The last line is what is wrong, and what to do. */
  const fails = async (release: Release, line: RegExp, env?: Record<string, string>): Promise<string> => {
    const { code, output } = await release.run([], env);
    expect({ code, output }).toMatchObject({ code: 1 });
    expect(output.trimEnd().split('\n').at(-1)).toMatch(line);
    expect(output.trimEnd().split('\n').at(-1)).toMatch(/^reconcile: .+; .+$/);
    return output;
  };
  /** The versions of all that there is, the lock aside. */
  const versions = (): Promise<string> =>
    site.kubectl(
      'get',
      'configmaps,secrets,deployments,jobs',
      '-o',
      'jsonpath={range .items[*]}{.kind} {.metadata.name} {.metadata.resourceVersion}{"\\n"}{end}',
    );
  const holder = (): Promise<string> => site.field('lease/gitops-test', '.spec.holderIdentity');
  async function until(condition: () => Promise<boolean>): Promise<void> {
    while (!(await condition())) await sleep(200);
  }

  it('installs, and changes nothing the second time', async () => {
    const secret = 'apiVersion: v1\nkind: Secret\nmetadata: { name: word }\ndata: { word: c2VzYW1l }\n';
    const release = site.release(base(deployment(), configMap('settings'), secret));
    const rendered = await succeeds(release, ['render']);
    expect(rendered.stdout).toContain(`image: ${SHELL_IMAGE}\n`);
    expect(rendered.stdout).toContain(`namespace: ${site.namespace}\n`);
    expect(rendered.stdout).toContain('data: (hidden)\n');
    const lines = secret.replace('data: { word: c2VzYW1l }', 'stringData: { word: "open\\n\\nsesame\\n" }');
    const long = await succeeds(site.release(base(lines, configMap('settings'))), ['render']);
    expect(long.stdout).toContain('\ndata: (hidden)\n');
    const compared = await release.run(['diff']);
    expect(compared).toMatchObject({ code: 1 });
    const installed = await succeeds(release);
    expect(installed.stderr).toMatch(/test runs registry\.test\/shop\/root@1\n$/);
    expect([rendered, long, compared, installed].map(({ output }) => output).join()).not.toMatch(
      /sesame|c2VzYW1l/,
    );
    expect(await site.field('deployment/api', '.status.readyReplicas')).toBe('1');
    expect(await holder()).toBe('');

    const before = await versions();
    await succeeds(release);
    expect(await versions()).toBe(before);
    expect(await release.run(['diff'])).toMatchObject({ code: 0, stdout: '' });
  });

  it('upgrades: removes what is no longer there, but for what is to be kept', async () => {
    const role = `apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: { name: ${site.namespace} }\nrules: []\n`;
    const kept = configMap('kept', 'a', ', annotations: { gitops.dev/keep: "true" }');
    await succeeds(site.release(base(deployment(), configMap('settings'), configMap('gone'), kept, role)));
    expect(await site.exists(`clusterrole/${site.namespace}`)).toBe(true);

    const next = site.release(base(deployment('sleep 3601'), configMap('settings', 'b')));
    expect((await next.run(['diff'])).stdout).toContain('- ConfigMap gone would be removed\n');
    const { output } = await succeeds(next);
    expect(output).toContain('reconcile: ConfigMap kept is kept\n');
    expect(await site.field('configmap/settings', '.data.value')).toBe('b');
    expect(await site.field('deployment/api', '.spec.template.spec.containers[0].command[2]')).toBe(
      'sleep 3601',
    );
    expect(await site.exists('configmap/kept')).toBe(true);
    expect(await site.exists('configmap/gone')).toBe(false);
    expect(await site.exists(`clusterrole/${site.namespace}`)).toBe(false);

    await succeeds(site.release({ 'base/kustomization.yaml': 'kind: Kustomization\nresources: []\n' }));
    expect(await site.exists('deployment/api')).toBe(false);
  });

  it('leaves in their namespaces what names others, unless the environment has one for all', async () => {
    const other = `${site.namespace}-other`;
    const namespace = `apiVersion: v1\nkind: Namespace\nmetadata: { name: ${other} }\n`;
    const elsewhere = configMap('elsewhere', 'a', `, namespace: ${other}`);
    await succeeds(site.release(base(elsewhere, namespace, configMap('here'))));
    expect(await site.field(`configmap/here`, '.data.value')).toBe('a');
    expect(await site.kubectl('get', 'configmap', '--namespace', other, 'elsewhere', '-o', 'name')).not.toBe(
      '',
    );

    const { stdout } = await succeeds(
      site.release({
        ...base(elsewhere),
        'environments/test/kustomization.yaml': 'namespace: prod\nresources: [../../base]\n',
      }),
      ['render'],
    );
    expect(stdout).toContain(`  namespace: ${site.namespace}\n`);
    await succeeds(site.release(base(configMap('here'))));
    expect(await site.exists(`namespace/${other}`)).toBe(false);
  });

  it('has the cluster know definitions before what they define', async () => {
    const group = `${site.namespace}.test`;
    const definition = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: pears.${group} }
spec:
  group: ${group}
  scope: Namespaced
  names: { kind: Pear, plural: pears, singular: pear }
  versions:
    - name: v1
      served: true
      storage: true
      schema: { openAPIV3Schema: { type: object, x-kubernetes-preserve-unknown-fields: true } }
`;
    const pear = `apiVersion: ${group}/v1\nkind: Pear\nmetadata: { name: conference }\n`;
    await succeeds(site.release(base(pear, definition)));
    expect(await site.exists(`pears.${group}/conference`)).toBe(true);
    await succeeds(site.release(base(configMap('settings'))));
    expect(await site.exists(`crd/pears.${group}`)).toBe(false);

    await succeeds(site.release(base(pear, definition)));
    await site.kubectl('delete', `crd/pears.${group}`);
    await succeeds(site.release(base(configMap('settings'))));
    expect(await site.field('configmap/gitops-test', '.data.resources')).not.toContain('Pear');
  });

  describe('migrations', () => {
    const settings = configMap('settings', 'marker');

    it('run in their order, once, with what they need', async () => {
      const first = job('echo got $VALUE').replace(
        'image: shop/api,',
        'image: shop/api, envFrom: [{ configMapRef: { name: settings } }], env: [{ name: VALUE, value: $(value) }],',
      );
      const files = { ...base(deployment(), settings), 'migrations/9-first/up.yaml': first };
      await succeeds(site.release(files));
      expect(await site.kubectl('logs', '-l', 'gitops.dev/migration=9-first')).toBe('got marker\n');
      const uid = await site.kubectl('get', 'jobs', '-o', 'jsonpath={.items[*].metadata.uid}');

      const next = { ...files, 'migrations/10-second/up.yaml': job('echo second') };
      const { output } = await succeeds(site.release(next));
      expect(output).toContain('migrates up: 10-second');
      expect(output).not.toContain('9-first');
      expect(
        await site.kubectl(
          'get',
          'jobs',
          '-l',
          'gitops.dev/migration=9-first',
          '-o',
          'jsonpath={.items[*].metadata.uid}',
        ),
      ).toBe(uid);
      expect(await site.field('configmap/gitops-test', '.data.migrations')).toMatch(
        /^9-first \w+\n10-second \w+\n$/,
      );

      // The Jobs tell what was done, where the inventory does not.
      await site.kubectl('delete', 'configmap/gitops-test');
      expect((await succeeds(site.release(next))).output).not.toContain('migrates');

      const changed = { ...next, 'migrations/9-first/up.yaml': job('echo other') };
      await fails(site.release(changed), /the migration 9-first was changed after it was done; put it back/);
    });

    it('that fail stop the release, and the next run goes on', async () => {
      const bad = job('test -n "$OPEN" || { echo the table is locked; exit 3; }').replace(
        'image: shop/api,',
        'image: shop/api, envFrom: [{ configMapRef: { name: switch, optional: true } }],',
      );
      const release = site.release({
        ...base(deployment()),
        'migrations/1-good/up.yaml': job('echo good'),
        'migrations/2-bad/up.yaml': bad,
      });
      for (let i = 0; i < 2; i++) {
        const output = await fails(release, /the migration 2-bad failed; mend what its log/);
        expect(output).toContain('the table is locked\n');
        expect(output.includes('migrates up: 1-good')).toBe(i === 0);
        expect(await site.exists('deployment/api')).toBe(false);
      }
      expect(await holder()).toBe('');
      await site.kubectl('create', 'configmap', 'switch', '--from-literal=OPEN=true');
      await succeeds(release);
      expect(await site.exists('deployment/api')).toBe(true);
    });

    it('are undone in the reverse order, and done again', async () => {
      const log = (word: string): string => job(`echo ${word}`);
      const release = site.release({
        ...base(settings),
        'migrations/1-one/up.yaml': log('up'),
        'migrations/2-two/up.yaml': log('up'),
        'migrations/2-two/down.yaml': log('down'),
        'migrations/3-three/up.yaml': log('up'),
        'migrations/3-three/down.yaml': log('down'),
      });
      for (let i = 0; i < 2; i++) {
        expect((await succeeds(release)).output.match(/(?<=migrates up: ).*/g)).toEqual(
          i === 0 ? ['1-one', '2-two', '3-three'] : ['2-two', '3-three'],
        );
        const { output } = await succeeds(release, ['down', '1-one']);
        expect(output.match(/(?<=migrates down: ).*/g)).toEqual(['3-three', '2-two']);
        expect(await site.field('configmap/gitops-test', '.data.migrations')).toMatch(/^1-one \w+\n$/);
      }
      const { code, output } = await release.run(['down']);
      expect({ code, output }).toMatchObject({ code: 1 });
      expect(output).toContain('the migration 1-one has no down.yaml; write it');
    });

    it('wait for what has to be ready before them', async () => {
      const first = deployment().replace(
        '{ name: api }',
        '{ name: api, annotations: { gitops.dev/before-migrations: "true" } }',
      );
      await succeeds(site.release({ ...base(first), 'migrations/1-one/up.yaml': job('echo one') }));
      const ready = '.status.conditions[?(@.type=="Available")].lastTransitionTime';
      const migrated = await site.kubectl(
        'get',
        'jobs',
        '-o',
        'jsonpath={.items[*].metadata.creationTimestamp}',
      );
      expect(Date.parse(migrated)).toBeGreaterThanOrEqual(
        Date.parse(await site.field('deployment/api', ready)),
      );
    });
  });

  it('says which fields somebody else manages, and takes them over when told', async () => {
    await site.apply(configMap('settings', 'theirs'), '--server-side', '--field-manager=mia');
    const release = site.release(base(configMap('settings', 'ours')));
    const output = await fails(
      release,
      /somebody else manages fields of the release; remove them from the environment/,
    );
    expect(output).toMatch(/conflict with "mia".*\.data\.value/);
    await succeeds(release, [], { GITOPS_FORCE_CONFLICTS: 'true' });
    expect(await site.field('configmap/settings', '.data.value')).toBe('ours');
  });

  it('says why something does not become ready', async () => {
    const env = { GITOPS_TIMEOUT: '15' };
    const probe = 'image: shop/api, readinessProbe: { exec: { command: ["false"] }, periodSeconds: 1 }';
    const unready = deployment('echo no database; sleep 3600').replace('image: shop/api', probe);
    const output = await fails(
      site.release(base(unready)),
      /not ready: Deployment\.apps\/api; mend what the events and logs/,
      env,
    );
    expect(output).toContain('no database\n');
    expect(output).toMatch(/^api-\S+ Unhealthy: Readiness probe failed/m);
    const failing = await fails(
      site.release(base(job('echo no luck; exit 1'))),
      /not ready: Job\.batch\/migration/,
      env,
    );
    expect(failing).toContain('no luck\n');
  });

  it('lets no two runs mix', async () => {
    const slow = { ...base(configMap('settings')), 'migrations/1-slow/up.yaml': job('sleep 8') };
    const first = site.release(slow).run([], { GITOPS_HOLDER: 'first' });
    await until(async () => (await holder()) === 'first');
    const next = site.release(base(configMap('settings', 'b')));
    await fails(next, /first holds the lock gitops-test; wait until it is done/, { GITOPS_TIMEOUT: '1' });
    const second = site
      .release({ ...slow, ...base(configMap('settings', 'b')) })
      .run([], { GITOPS_HOLDER: 'second' });
    expect(await first).toMatchObject({ code: 0 });
    const { code, output } = await second;
    expect({ code, output }).toMatchObject({ code: 0 });
    expect(output).toContain('reconcile: waits for first, which holds the lock gitops-test\n');
    expect(output).not.toContain('migrates');
  });

  it('goes on where a run was killed, once the lock is stale', async () => {
    const files = { ...base(deployment()), 'migrations/1-slow/up.yaml': job('sleep 10') };
    let group: number;
    const killed = site.release(files).run([], { GITOPS_HOLDER: 'killed' }, (pid) => (group = pid));
    await until(async () => (await site.kubectl('get', 'jobs', '-o', 'name')) !== '');
    process.kill(-group!, 'SIGKILL');
    expect(await killed).toMatchObject({ code: null });
    const { output } = await succeeds(site.release(files), [], { GITOPS_TIMEOUT: '120' });
    expect(output).toContain('waits for killed');
    expect(output).not.toContain('migrates');
    expect((await site.kubectl('get', 'jobs', '-o', 'name')).trim().split('\n')).toHaveLength(1);
    expect(await site.field('deployment/api', '.status.readyReplicas')).toBe('1');
  });

  it('stops when the lock is taken from it', async () => {
    const files = { ...base(configMap('settings')), 'migrations/1-slow/up.yaml': job('sleep 30') };
    const robbed = site.release(files).run();
    await until(async () => (await site.kubectl('get', 'jobs', '-o', 'name')) !== '');
    await site.kubectl(
      'patch',
      'lease/gitops-test',
      '--type=merge',
      '-p',
      '{"spec":{"holderIdentity":"thief"}}',
    );
    const { code, output } = await robbed;
    expect({ code, output }).toMatchObject({ code: 143 });
    expect(output).toContain('reconcile: the lock gitops-test is lost; run it again\n');
    expect(await holder()).toBe('thief');
  });

  it('gives the lock back when it is told to end', async () => {
    const files = { ...base(configMap('settings')), 'migrations/1-slow/up.yaml': job('sleep 20') };
    let script: number;
    const ended = site.release(files).run([], {}, (pid) => (script = pid));
    await until(async () => (await site.kubectl('get', 'jobs', '-o', 'name')) !== '');
    process.kill(script!, 'SIGTERM');
    expect(await ended).toMatchObject({ code: 143 });
    expect(await holder()).toBe('');
  });

  it('says what it may not do', async () => {
    await site.kubectl('create', 'serviceaccount', 'nobody');
    const KUBECONFIG = await site.kubeconfigAs('nobody');
    const release = site.release(base(configMap('settings')));
    expect(await fails(release, /the lock gitops-test cannot be read/, { KUBECONFIG })).toContain(
      'Forbidden',
    );
    const allow = async (resource: string): Promise<void> => {
      await site.kubectl('create', 'role', resource, '--verb=*', `--resource=${resource}`);
      const to = [`--role=${resource}`, `--serviceaccount=${site.namespace}:nobody`];
      await site.kubectl('create', 'rolebinding', resource, ...to);
    };
    for (const [resource, line] of [
      ['leases', /the Jobs of migrations cannot be read/],
      ['jobs', /the inventory gitops-test cannot be read/],
    ] as const) {
      await allow(resource);
      expect(await fails(release, line, { KUBECONFIG })).toContain('Forbidden');
    }
    await allow('configmaps');
    await succeeds(release, [], { KUBECONFIG });
    const more = site.release(base(configMap('settings'), deployment()));
    expect(await fails(more, /not all could be applied/, { KUBECONFIG })).toContain('Forbidden');
    expect(await holder()).toBe('');
  });

  it('says what is not set, or not there', async () => {
    const release = site.release(base(configMap('settings')));
    await fails(release, /GITOPS_ROOT is not set, and no pod tells it; set it/, { GITOPS_ROOT: '' });
    await fails(release, /there is no environment prod; use one of: test/, { GITOPS_ENVIRONMENT: 'prod' });
    await fails(
      site.release({ 'base/kustomization.yaml': 'resources: [x]\n' }),
      /the environment test cannot be rendered/,
    );
    expect((await release.run(['sideways'])).output).toBe(
      'reconcile: there is no command sideways; use up, render, diff or down\n',
    );
  });
});
