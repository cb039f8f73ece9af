import { GitopsError } from '../support/errors';
import type { Kubectl } from './kubectl';
import { failure } from './kubectl';
import type { Resource } from './render';

/** Something that a release applies, or has applied: what the cluster's API calls it. */
export interface Target {
  readonly group: string;
  /** `deployments` */
  readonly resource: string;
  readonly name: string;
  /** Undefined for what belongs to the cluster. */
  readonly namespace?: string;
}

export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** What an account may do: in each namespace, and in the cluster as a whole. */
export interface Permissions {
  readonly namespaces: ReadonlyMap<string, readonly Rule[]>;
  readonly cluster: readonly Rule[];
}

interface ApiResource {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** As an inventory has it: `Deployment.apps shop api apps/v1`. */
export interface Listed {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

/** On one object by its name. To delete something is also to wait until it is gone. */
const OBJECT = ['get', 'list', 'watch', 'patch', 'delete'];

/** What the script of a root image does besides applying the release: the lock, the inventory, Jobs, and reasons. */
export function ownRules(site: string): Rule[] {
  const name = `gitops-${site}`;
  return [
    { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create'] },
    {
      apiGroups: ['coordination.k8s.io'],
      resources: ['leases'],
      resourceNames: [name],
      verbs: ['get', 'update'],
    },
    { apiGroups: [''], resources: ['configmaps'], verbs: ['create'] },
    { apiGroups: [''], resources: ['configmaps'], resourceNames: [name], verbs: ['get', 'patch'] },
    { apiGroups: ['batch'], resources: ['jobs'], verbs: ['create', 'get', 'list', 'watch', 'delete'] },
    { apiGroups: [''], resources: ['pods', 'pods/log', 'events'], verbs: ['get', 'list'] },
  ];
}

/**
 * The least that is needed to apply, compare and remove these.
 * @param byName whether nothing else of their kinds may be touched; what follows a ring may bring others next time
 */
export function permissionsFor(
  targets: readonly Target[],
  own: { readonly namespace: string; readonly rules: readonly Rule[] },
  byName: boolean,
): Permissions {
  const places = new Map<string | undefined, Target[]>();
  for (const target of targets)
    places.set(target.namespace, [...(places.get(target.namespace) ?? []), target]);
  const namespaces = new Map<string, readonly Rule[]>();
  for (const [namespace, some] of [...places].sort(([a = ''], [b = '']) => (a < b ? -1 : 1)))
    if (namespace !== undefined) namespaces.set(namespace, rulesOn(some, byName));
  namespaces.set(own.namespace, [...own.rules, ...(namespaces.get(own.namespace) ?? [])]);
  return { namespaces, cluster: rulesOn(places.get(undefined) ?? [], byName) };
}

function rulesOn(targets: readonly Target[], byName: boolean): Rule[] {
  const kinds = new Map<string, Target[]>();
  for (const target of targets) {
    const kind = `${target.group}/${target.resource}`;
    kinds.set(kind, [...(kinds.get(kind) ?? []), target]);
  }
  return [...kinds.keys()].sort().flatMap((kind): Rule[] => {
    const some = kinds.get(kind)!;
    const [{ group, resource }] = some as [Target];
    const what = { apiGroups: [group], resources: [resource] };
    // The name of what is to be made is not known to who decides on it.
    if (!byName) return [{ ...what, verbs: ['create', ...OBJECT] }];
    const resourceNames = [...new Set(some.map(({ name }) => name))].sort();
    return [
      { ...what, verbs: ['create'] },
      { ...what, resourceNames, verbs: OBJECT },
    ];
  });
}

/**
 * Finds out what the cluster's API calls resources.
 * @param resources of the release: what it defines itself need not be in the cluster yet
 * @param listed of the inventory: what the cluster no longer knows is gone
 * @throws GitopsError for a kind of the release that nobody knows
 */
export async function targetsOf(
  kubectl: Kubectl,
  resources: readonly Resource[],
  listed: readonly Listed[],
): Promise<Target[]> {
  const defined = definitionsIn(resources);
  const known = new Map<string, Promise<readonly ApiResource[]>>();
  const find = async ({
    apiVersion,
    kind,
  }: Pick<Listed, 'apiVersion' | 'kind'>): Promise<ApiResource | undefined> => {
    if (!known.has(apiVersion)) known.set(apiVersion, discover(kubectl, apiVersion));
    const all = await known.get(apiVersion)!;
    return all.find((each) => each.kind === kind) ?? defined.get(`${groupOf(apiVersion)}/${kind}`);
  };
  const targets: Target[] = [];
  const wanted = resources.map(({ apiVersion, kind, metadata }) => ({ apiVersion, kind, ...metadata }));
  for (const each of wanted) {
    const api = await find(each);
    if (!api)
      throw new GitopsError(
        `the cluster knows no ${each.kind} of ${each.apiVersion}`,
        undefined,
        'install what defines it, or add the definition to the environment',
      );
    targets.push(targetOf(each, api));
  }
  for (const each of listed) {
    const api = await find(each);
    if (api) targets.push(targetOf(each, api));
  }
  return targets;
}

function targetOf({ apiVersion, name, namespace }: Listed, api: ApiResource): Target {
  return {
    group: groupOf(apiVersion),
    resource: api.name,
    name,
    ...(api.namespaced && namespace !== undefined ? { namespace } : {}),
  };
}

/** `apps/v1` → `apps`; `v1` → ``. */
function groupOf(apiVersion: string): string {
  const at = apiVersion.indexOf('/');
  return at === -1 ? '' : apiVersion.slice(0, at);
}

function definitionsIn(resources: readonly Resource[]): Map<string, ApiResource> {
  return new Map(
    resources
      .filter(({ kind }) => kind === 'CustomResourceDefinition')
      .map((definition) => {
        const { group, scope, names } = definition['spec'] as {
          group: string;
          scope: string;
          names: { kind: string; plural: string };
        };
        return [
          `${group}/${names.kind}`,
          { name: names.plural, kind: names.kind, namespaced: scope === 'Namespaced' },
        ];
      }),
  );
}

async function discover(kubectl: Kubectl, apiVersion: string): Promise<readonly ApiResource[]> {
  const path = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const called = await kubectl.call(['get', '--raw', path]);
  if (called.code === 0) {
    const { resources } = JSON.parse(called.stdout) as { resources: ApiResource[] };
    return resources.filter(({ name }) => !name.includes('/'));
  }
  if (/NotFound|not found|could not find/i.test(called.stderr)) return [];
  throw failure('the cluster cannot be asked what it knows', called);
}
