import type { Permissions, Rule } from './permissions';

/** A Kubernetes object, to be applied. */
export type Manifest = Readonly<Record<string, unknown>>;

/** What the root image is run with. */
export interface Run {
  readonly site: string;
  readonly namespace: string;
  /** The image: by digest, or by the tag of a ring that it follows. */
  readonly reference: string;
  /** The directory of the environment, below `environments`. */
  readonly environment: string;
  readonly timeoutSeconds: number;
  readonly pullSecret?: string;
  /** Whether to take over fields that somebody else manages. */
  readonly forceConflicts?: boolean;
}

const MANAGED = { 'app.kubernetes.io/managed-by': 'gitops' };
const RBAC = 'rbac.authorization.k8s.io';

/** The account that a site's releases run as, and the names of all else of it. */
export function accountName(site: string): string {
  return `gitops-${site}`;
}

/** The objects that are there before a release runs: its account, and what that may do. */
export function accessManifests(
  site: string,
  namespace: string,
  { namespaces, cluster }: Permissions,
): Manifest[] {
  const name = accountName(site);
  const metadata = { name, namespace, labels: labelsOf(site) };
  const subjects = [{ kind: 'ServiceAccount', name, namespace }];
  const bound = (kind: string, place: object, rules: readonly Rule[]): Manifest[] => [
    { apiVersion: `${RBAC}/v1`, kind, metadata: { ...metadata, ...place }, rules },
    {
      apiVersion: `${RBAC}/v1`,
      kind: `${kind}Binding`,
      metadata: { ...metadata, ...place },
      roleRef: { apiGroup: RBAC, kind, name: (place as { name?: string }).name ?? name },
      subjects,
    },
  ];
  // What belongs to the cluster is called so that sites of several namespaces do not share it: neither name has a colon.
  const whole = { name: `gitops:${namespace}:${site}`, namespace: undefined };
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata, automountServiceAccountToken: false },
    ...[...namespaces].flatMap(([place, rules]) => bound('Role', { namespace: place }, rules)),
    ...(cluster.length > 0 ? bound('ClusterRole', whole, cluster) : []),
  ];
}

/** @param id makes the name its own */
export function jobManifest(run: Run, id: string): Manifest {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: `${accountName(run.site)}-${id}`,
      namespace: run.namespace,
      labels: labelsOf(run.site),
    },
    spec: jobSpec(run, 'IfNotPresent'),
  };
}

/** @param apiVersion the one that the cluster has */
export function cronJobManifest(run: Run, schedule: string, apiVersion: string): Manifest {
  return {
    apiVersion,
    kind: 'CronJob',
    metadata: { name: accountName(run.site), namespace: run.namespace, labels: labelsOf(run.site) },
    spec: {
      schedule,
      concurrencyPolicy: 'Forbid',
      suspend: false,
      successfulJobsHistoryLimit: 1,
      failedJobsHistoryLimit: 3,
      jobTemplate: { metadata: { labels: labelsOf(run.site) }, spec: jobSpec(run, 'Always') },
    },
  };
}

function labelsOf(site: string): Record<string, string> {
  return { ...MANAGED, 'gitops.dev/runs': site };
}

function jobSpec(run: Run, imagePullPolicy: string): object {
  const { site, namespace, reference, environment, timeoutSeconds, pullSecret, forceConflicts } = run;
  const name = accountName(site);
  const values: Record<string, string> = {
    GITOPS_SITE: site,
    GITOPS_ENVIRONMENT: environment,
    GITOPS_NAMESPACE: namespace,
    GITOPS_TIMEOUT: String(timeoutSeconds),
    GITOPS_SERVICE_ACCOUNT: name,
    // A tag moves: there the script asks the cluster which image its pod runs.
    ...(reference.includes('@') ? { GITOPS_ROOT: reference } : {}),
    ...(pullSecret === undefined ? {} : { GITOPS_PULL_SECRET: pullSecret }),
    ...(forceConflicts ? { GITOPS_FORCE_CONFLICTS: 'true' } : {}),
  };
  const env = [
    ...Object.entries(values).map(([key, value]) => ({ name: key, value })),
    { name: 'GITOPS_HOLDER', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
  ];
  return {
    // What failed is looked at before it is tried again.
    backoffLimit: 0,
    ttlSecondsAfterFinished: 24 * 60 * 60,
    template: {
      metadata: { labels: labelsOf(site) },
      spec: {
        serviceAccountName: name,
        automountServiceAccountToken: true,
        restartPolicy: 'Never',
        ...(pullSecret === undefined ? {} : { imagePullSecrets: [{ name: pullSecret }] }),
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [
          {
            name: 'reconcile',
            image: reference,
            imagePullPolicy,
            env,
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ['ALL'] },
            },
            volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
          },
        ],
        volumes: [{ name: 'tmp', emptyDir: {} }],
      },
    },
  };
}
