import { setTimeout as sleep } from 'node:timers/promises';
import { type RunningRegistry, startDockerRegistry } from '../packages/gitops/test/oci/docker-registry';
import { whenAvailable } from '../packages/gitops/test/support/available';
import { Site, whenCluster } from './support/cluster';
import { succeed } from './support/process';
import { FILES, PROGRAMS, addPrograms } from './support/shell-base';
import { migration } from './support/shop-site';
import { type Workspace, createWorkspace } from './support/workspace';

jest.setTimeout(300_000);

/** Releases as they are made and run: in pods, from a registry, by somebody who may do just what they need. */
whenCluster('a release of the root image', () => {
  whenAvailable([...PROGRAMS, 'docker-registry', 'skopeo'], 'in a registry', () => {
    let registry: RunningRegistry;
    let workspace: Workspace;
    let site: Site;

    beforeAll(async () => {
      registry = await startDockerRegistry();
      site = await Site.open();
      workspace = await createWorkspace({
        ...FILES,
        'gitops.yaml': `project: shop\nstore: ${registry.host}\nrings: [developers]\n`,
        'apps/api/Containerfile': 'FROM shop/tools\nCOPY file /\nCMD ["sleep", "3600"]\n',
        'apps/api/file': 'one\n',
      });
      await addPrograms(workspace);
      await nx(
        'g',
        'gitops:root',
        '--base=shop/tools',
        '--kubectl=shop/kubectl',
        '--images=api',
        '--no-interactive',
      );
      await nx('g', 'gitops:environment', 'prod', '--no-interactive');
      // Only the pods that ask for it get the account's token.
      const rights = `apiVersion: v1
kind: ServiceAccount
metadata: { name: deployer }
automountServiceAccountToken: false
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: deployer }
rules: [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }]
`;
      await site.apply(rights);
      await site.kubectl(
        ...[
          'create',
          'rolebinding',
          'deployer',
          '--role=deployer',
          `--serviceaccount=${site.namespace}:deployer`,
        ],
      );
    });
    afterAll(async () => {
      workspace?.remove();
      await site?.close();
      await registry?.stop();
    });

    async function nx(...args: string[]): Promise<void> {
      const { code, output } = await workspace.nx(args);
      expect({ args, code, output }).toMatchObject({ code: 0 });
    }

    /** Publishes what there is. @returns the root image by its digest */
    async function publish(): Promise<string> {
      await nx('run-many', '-t', 'image-push');
      const repository = `${registry.host}/shop/root`;
      const said = await succeed('skopeo', [
        'inspect',
        '--tls-verify=false',
        `docker://${repository}:developers`,
      ]);
      return `${repository}@${(JSON.parse(said) as { Digest: string }).Digest}`;
    }

    /** Runs a root image in the cluster, to its end: by its digest, or by a tag. @returns its log */
    async function deploy(name: string, root: string): Promise<string> {
      const env = {
        GITOPS_SITE: 'demo',
        GITOPS_ENVIRONMENT: 'prod',
        GITOPS_NAMESPACE: site.namespace,
        GITOPS_TIMEOUT: '120',
        GITOPS_SERVICE_ACCOUNT: 'deployer',
        ...(root.includes('@') ? { GITOPS_ROOT: root } : {}),
      };
      const holder = { name: 'GITOPS_HOLDER', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } };
      await site.apply(`apiVersion: batch/v1
kind: Job
metadata: { name: ${name} }
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      serviceAccountName: deployer
      automountServiceAccountToken: true
      containers:
        - name: reconcile
          image: ${root}
          imagePullPolicy: Always
          env: ${JSON.stringify([...Object.entries(env).map(([key, value]) => ({ name: key, value })), holder])}
          securityContext: { allowPrivilegeEscalation: false, runAsNonRoot: true, capabilities: { drop: [ALL] } }
`);
      let ended = '';
      while (!/Complete|Failed/.test(ended)) {
        await sleep(500);
        ended = await site.field(`job/${name}`, '.status.conditions[*].type');
      }
      const log = await site.kubectl('logs', `job/${name}`);
      if (!ended.includes('Complete')) throw new Error(log);
      return log;
    }

    const running = (): Promise<string> =>
      site.field('deployment/api', '.spec.template.spec.containers[0].image');
    const migrations = (): Promise<string> => site.field('configmap/gitops-demo', '.data.migrations');

    it('installs, upgrades, and is downgraded by the one before it', async () => {
      const first = await publish();
      expect(await deploy('install', first)).toMatch(/reconcile: demo runs .*\n$/);
      const before = await running();
      expect(before).toMatch(/\/shop\/api@sha256:\w{64}$/);

      workspace.write('apps/api/file', 'two\n');
      workspace.write('deploy/migrations/1-table/up.yaml', migration('migrated'));
      workspace.write('deploy/migrations/1-table/down.yaml', migration('undone'));
      const second = await publish();
      expect(second).not.toBe(first);
      expect(await deploy('upgrade', second)).toContain('reconcile: migrates up: 1-table\n');
      expect(await site.kubectl('logs', '-l', 'gitops.dev/direction=up')).toBe('migrated with two\n');
      expect(await running()).not.toBe(before);
      expect(await migrations()).toMatch(/^1-table /);

      const log = await deploy('downgrade', first);
      expect(log).toContain(`reconcile: has ${second} undo 1-table\n`);
      expect(log).toContain('reconcile: migrates down: 1-table\n');
      expect(await site.kubectl('logs', '-l', 'gitops.dev/direction=down')).toBe('undone with two\n');
      expect(await migrations()).toBe('');
      expect(await running()).toBe(before);

      const followed = await deploy('follow', `${registry.host}/shop/root:developers`);
      expect(followed).toContain('reconcile: migrates up: 1-table\n');
      expect(await site.field('configmap/gitops-demo', '.data.root')).toBe(second);
    });
  });
});
