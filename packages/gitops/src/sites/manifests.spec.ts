import { sha256 } from '../oci/digest';
import {
  type Manifest,
  type Run,
  accessManifests,
  accountName,
  cronJobManifest,
  jobManifest,
} from './manifests';

const DIGEST = `127.0.0.1:5000/acme/shop/root@${sha256('root')}`;
const RUN: Run = {
  site: 'demo',
  namespace: 'shop',
  reference: DIGEST,
  environment: 'prod',
  timeoutSeconds: 60,
};
const LABELS = { 'app.kubernetes.io/managed-by': 'gitops', 'gitops.dev/runs': 'demo' };

interface Pod {
  readonly serviceAccountName: string;
  readonly restartPolicy: string;
  readonly imagePullSecrets?: unknown;
  readonly securityContext: unknown;
  readonly volumes: unknown;
  readonly containers: readonly {
    readonly image: string;
    readonly imagePullPolicy: string;
    readonly securityContext: unknown;
    readonly volumeMounts: unknown;
    readonly env: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: unknown }[];
  }[];
}

interface Job {
  readonly backoffLimit: number;
  readonly ttlSecondsAfterFinished: number;
  readonly template: { readonly metadata: unknown; readonly spec: Pod };
}

const specOf = (manifest: Manifest): Job => manifest['spec'] as Job;
const podOf = (manifest: Manifest): Pod => specOf(manifest).template.spec;

function cronJob(run: Run, apiVersion = 'batch/v1'): Manifest {
  return cronJobManifest({ ...run, reference: DIGEST.replace(/@.*/, ':testers') }, '*/5 * * * *', apiVersion);
}
const insideOf = (manifest: Manifest): Manifest =>
  (manifest['spec'] as { jobTemplate: Manifest }).jobTemplate;

function valuesOf({ containers }: Pod): Record<string, unknown> {
  return Object.fromEntries(
    containers[0]!.env.map(({ name, value, valueFrom }) => [name, value ?? valueFrom]),
  );
}

describe('the Job', () => {
  const job = jobManifest(RUN, 'k1');

  it('has a name of its own in the namespace of the site', () => {
    expect(job).toMatchObject({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'gitops-demo-k1', namespace: 'shop', labels: LABELS },
    });
    expect(jobManifest(RUN, 'k2')['metadata']).toMatchObject({ name: 'gitops-demo-k2' });
  });

  it('runs the image by its digest, once, as the account of the site', () => {
    expect(specOf(job)).toMatchObject({ backoffLimit: 0, ttlSecondsAfterFinished: 86_400 });
    expect(podOf(job)).toMatchObject({ serviceAccountName: 'gitops-demo', restartPolicy: 'Never' });
    expect(podOf(job).containers).toMatchObject([{ image: DIGEST, imagePullPolicy: 'IfNotPresent' }]);
    expect(specOf(job).template.metadata).toEqual({ labels: LABELS });
  });

  it('tells the script what it needs to know', () => {
    expect(valuesOf(podOf(job))).toEqual({
      GITOPS_SITE: 'demo',
      GITOPS_ENVIRONMENT: 'prod',
      GITOPS_NAMESPACE: 'shop',
      GITOPS_TIMEOUT: '60',
      GITOPS_SERVICE_ACCOUNT: 'gitops-demo',
      GITOPS_ROOT: DIGEST,
      GITOPS_HOLDER: { fieldRef: { fieldPath: 'metadata.name' } },
    });
  });
});

describe('the CronJob', () => {
  it('runs what the ring holds by then, and one at a time', () => {
    const made = cronJob(RUN);
    expect(made).toMatchObject({
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'gitops-demo', namespace: 'shop', labels: LABELS },
      spec: { schedule: '*/5 * * * *', concurrencyPolicy: 'Forbid', suspend: false },
    });
    expect(podOf(insideOf(made)).containers).toMatchObject([
      { image: '127.0.0.1:5000/acme/shop/root:testers', imagePullPolicy: 'Always' },
    ]);
  });

  it('leaves it to the cluster to say which image that is: a tag moves', () => {
    expect(valuesOf(podOf(insideOf(cronJob(RUN))))).not.toHaveProperty('GITOPS_ROOT');
  });

  it('is of the version that the cluster has', () => {
    expect(cronJob(RUN, 'batch/v1beta1')['apiVersion']).toBe('batch/v1beta1');
  });
});

describe.each([
  ['Job', (run: Run) => podOf(jobManifest(run, 'k1'))],
  ['CronJob', (run: Run) => podOf(insideOf(cronJob(run)))],
])('the pod of the %s', (_kind, pod) => {
  it('is what a restricted namespace admits, and writes nowhere but to /tmp', () => {
    const { securityContext, containers, volumes } = pod(RUN);
    expect(securityContext).toEqual({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    expect(containers[0]).toMatchObject({
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      },
      volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
    });
    expect(volumes).toEqual([{ name: 'tmp', emptyDir: {} }]);
  });

  it('is pulled with a Secret where there is one, which the script passes on', () => {
    expect(pod(RUN)).not.toHaveProperty('imagePullSecrets');
    expect(valuesOf(pod(RUN))).not.toHaveProperty('GITOPS_PULL_SECRET');
    const pulled = pod({ ...RUN, pullSecret: 'registry' });
    expect(pulled.imagePullSecrets).toEqual([{ name: 'registry' }]);
    expect(valuesOf(pulled)).toMatchObject({ GITOPS_PULL_SECRET: 'registry' });
  });

  it('takes over what others manage where it is told to', () => {
    expect(valuesOf(pod(RUN))).not.toHaveProperty('GITOPS_FORCE_CONFLICTS');
    expect(valuesOf(pod({ ...RUN, forceConflicts: true }))).toMatchObject({ GITOPS_FORCE_CONFLICTS: 'true' });
  });
});

describe('the account', () => {
  const RULES = [{ apiGroups: [''], resources: ['services'], verbs: ['create'] }];
  const shown = (all: readonly Manifest[]): string[] =>
    all.map(({ kind, metadata }) => {
      const { name, namespace } = metadata as { name: string; namespace?: string };
      return `${kind as string} ${namespace ?? '-'} ${name}`;
    });

  it('has a role in each namespace of the release, and none in the cluster where it needs none', () => {
    const namespaces = new Map([
      ['other', RULES],
      ['shop', RULES],
    ]);
    const made = accessManifests('demo', 'shop', { namespaces, cluster: [] });
    expect(shown(made)).toEqual([
      'ServiceAccount shop gitops-demo',
      'Role other gitops-demo',
      'RoleBinding other gitops-demo',
      'Role shop gitops-demo',
      'RoleBinding shop gitops-demo',
    ]);
    expect(made[0]).toMatchObject({ automountServiceAccountToken: false, metadata: { labels: LABELS } });
    expect(made[1]).toMatchObject({ rules: RULES });
    expect(made[2]).toMatchObject({
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'gitops-demo' },
      subjects: [{ kind: 'ServiceAccount', name: 'gitops-demo', namespace: 'shop' }],
    });
  });

  it('has a role in the cluster, for what belongs to that', () => {
    const made = accessManifests('demo', 'shop', { namespaces: new Map(), cluster: RULES });
    expect(shown(made).slice(1)).toEqual([
      'ClusterRole - gitops:shop:demo',
      'ClusterRoleBinding - gitops:shop:demo',
    ]);
    expect(made[2]).toMatchObject({
      roleRef: { kind: 'ClusterRole', name: 'gitops:shop:demo' },
      subjects: [{ name: 'gitops-demo', namespace: 'shop' }],
    });
  });

  it('shares that with no other site, however the two are called', () => {
    const named = (site: string, namespace: string): string =>
      shown(accessManifests(site, namespace, { namespaces: new Map(), cluster: RULES }))[1]!;
    expect(named('b-c', 'a')).not.toBe(named('c', 'a-b'));
  });

  it('is called after the site', () => expect(accountName('demo')).toBe('gitops-demo'));
});
