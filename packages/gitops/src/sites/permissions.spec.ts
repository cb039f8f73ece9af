import fc from 'fast-check';
import { API, ScriptedKubectl } from '../../test/sites/scripted-kubectl';
import { type Permissions, type Rule, type Target, ownRules, permissionsFor, targetsOf } from './permissions';
import type { Resource } from './render';

const OWN = { namespace: 'own', rules: ownRules('demo') };
const OBJECT = ['get', 'list', 'watch', 'patch', 'delete'];
/** All verbs that an API has. */
const VERBS = [...OBJECT, 'create', 'update', 'deletecollection', 'escalate', 'bind', 'impersonate', '*'];

/** Whether the API server would grant it. Of what is to be made, it does not know the name. */
function may(
  { namespaces, cluster }: Permissions,
  verb: string,
  { group, resource, name, namespace }: Omit<Target, 'name'> & { readonly name?: string },
): boolean {
  const inPlace = namespace === undefined ? [] : (namespaces.get(namespace) ?? []);
  const known = verb === 'create' ? undefined : name;
  return [...cluster, ...inPlace].some(
    (rule) =>
      rule.verbs.includes(verb) &&
      rule.apiGroups.includes(group) &&
      rule.resources.includes(resource) &&
      (!rule.resourceNames || (known !== undefined && rule.resourceNames.includes(known))),
  );
}

const allRules = ({ namespaces, cluster }: Permissions): Rule[] => [
  ...cluster,
  ...[...namespaces.values()].flat(),
];

const name = fc.constantFrom('a', 'b', 'api', 'constructor');
const namespaced = fc.record({
  group: fc.constantFrom('', 'apps', 'example.com'),
  resource: fc.constantFrom('services', 'deployments', 'things'),
  name,
  namespace: fc.constantFrom('shop', 'other'),
});
const ofCluster = fc.record({
  group: fc.constantFrom('', 'example.com'),
  resource: fc.constantFrom('namespaces', 'clusterthings'),
  name,
});
const targets: fc.Arbitrary<Target[]> = fc.array(fc.oneof(namespaced, ofCluster), { maxLength: 12 });

describe('what an account may do', () => {
  it('is what applying, comparing and removing takes of each object, and nothing else of its kind', () => {
    fc.assert(
      fc.property(targets, (some) => {
        const permissions = permissionsFor(some, OWN, true);
        for (const target of some) {
          expect(VERBS.filter((verb) => may(permissions, verb, target))).toEqual([...OBJECT, 'create']);
          const other = { ...target, name: 'another' };
          expect(VERBS.filter((verb) => may(permissions, verb, other))).toEqual(['create']);
        }
      }),
    );
  });

  it('is that of each kind, for what may bring others next time', () => {
    fc.assert(
      fc.property(targets, (some) => {
        const permissions = permissionsFor(some, OWN, false);
        for (const target of some) {
          const other = { ...target, name: 'another' };
          expect(VERBS.filter((verb) => may(permissions, verb, other))).toEqual([...OBJECT, 'create']);
        }
      }),
    );
  });

  it.each([true, false])('ends where the release does: by name %s', (byName) => {
    fc.assert(
      fc.property(targets, fc.oneof(namespaced, ofCluster), (some, stranger) => {
        const permissions = permissionsFor(some, OWN, byName);
        const is = (one: Target): boolean =>
          one.group === stranger.group &&
          one.resource === stranger.resource &&
          one.namespace === (stranger as Target).namespace;
        fc.pre(!some.some(is));
        expect(VERBS.filter((verb) => may(permissions, verb, stranger))).toEqual([]);
      }),
    );
  });

  it.each([true, false])('never is everything: by name %s', (byName) => {
    fc.assert(
      fc.property(targets, (some) => {
        for (const rule of allRules(permissionsFor(some, OWN, byName))) {
          expect(JSON.stringify(rule)).not.toContain('*');
          for (const list of Object.values(rule) as string[][]) expect(list).not.toEqual([]);
        }
      }),
    );
  });

  it('does not hang on the order, nor on how often something is there', () => {
    fc.assert(
      fc.property(targets, (some) => {
        const shown = (all: Target[]): unknown => {
          const { namespaces, cluster } = permissionsFor(all, OWN, true);
          return { namespaces: Object.fromEntries(namespaces), cluster };
        };
        expect(shown([...some, ...some].reverse())).toEqual(shown(some));
      }),
    );
  });

  it('is its own in its own namespace, besides what the release has there', () => {
    const target = { group: 'apps', resource: 'deployments', name: 'api', namespace: 'own' };
    const { namespaces, cluster } = permissionsFor([target], OWN, true);
    expect([...namespaces.keys()]).toEqual(['own']);
    expect(cluster).toEqual([]);
    const rules = namespaces.get('own')!;
    expect(rules.slice(0, OWN.rules.length)).toEqual(OWN.rules);
    expect(rules.slice(OWN.rules.length)).toEqual([
      { apiGroups: ['apps'], resources: ['deployments'], verbs: ['create'] },
      { apiGroups: ['apps'], resources: ['deployments'], resourceNames: ['api'], verbs: OBJECT },
    ]);
  });

  it.each<[verb: string, group: string, resource: string, name: string, is: boolean]>([
    ['create', 'coordination.k8s.io', 'leases', 'any', true],
    ['update', 'coordination.k8s.io', 'leases', 'gitops-demo', true],
    ['update', 'coordination.k8s.io', 'leases', 'gitops-other', false],
    ['patch', '', 'configmaps', 'gitops-demo', true],
    ['get', '', 'configmaps', 'gitops-other', false],
    ['delete', '', 'configmaps', 'gitops-demo', false],
    ['create', 'batch', 'jobs', 'any', true],
    ['patch', 'batch', 'jobs', 'any', false],
    ['get', '', 'pods', 'any', true],
    ['get', '', 'pods/log', 'any', true],
    ['delete', '', 'pods', 'any', false],
    ['get', '', 'secrets', 'any', false],
    ['create', '', 'pods/exec', 'any', false],
  ])('of the script: %s %s/%s %s is %s', (verb, group, resource, object, is) => {
    const permissions = permissionsFor([], OWN, true);
    expect(may(permissions, verb, { group, resource, name: object, namespace: 'own' })).toBe(is);
    expect(may(permissions, verb, { group, resource, name: object, namespace: 'shop' })).toBe(false);
  });
});

const resource = (
  apiVersion: string,
  kind: string,
  object: string,
  namespace?: string,
  more = {},
): Resource => ({
  apiVersion,
  kind,
  metadata: { name: object, ...(namespace === undefined ? {} : { namespace }) },
  ...more,
});

const definition = (scope: string): Resource =>
  resource('apiextensions.k8s.io/v1', 'CustomResourceDefinition', 'things.example.com', undefined, {
    spec: { group: 'example.com', scope, names: { kind: 'Thing', plural: 'things' } },
  });

describe('what the API calls resources', () => {
  const found = (resources: Resource[], listed: Parameters<typeof targetsOf>[2] = []): Promise<Target[]> =>
    targetsOf(new ScriptedKubectl(API), resources, listed);

  it('is what the cluster says', async () => {
    expect(
      await found([
        resource('apps/v1', 'Deployment', 'api', 'shop'),
        resource('v1', 'Service', 'api', 'other'),
        resource('v1', 'Namespace', 'shop'),
      ]),
    ).toEqual([
      { group: 'apps', resource: 'deployments', name: 'api', namespace: 'shop' },
      { group: '', resource: 'services', name: 'api', namespace: 'other' },
      { group: '', resource: 'namespaces', name: 'shop' },
    ]);
  });

  it('has no namespace where it belongs to the cluster, whatever kustomize wrote', async () => {
    const [target] = await found([resource('rbac.authorization.k8s.io/v1', 'ClusterRole', 'x', 'shop')]);
    expect(target).toEqual({ group: 'rbac.authorization.k8s.io', resource: 'clusterroles', name: 'x' });
  });

  it.each([
    ['Namespaced', { namespace: 'shop' }],
    ['Cluster', {}],
  ])('is what a definition says that comes with the release: %s', async (scope, where) => {
    const all = await found([resource('example.com/v1', 'Thing', 'x', 'shop'), definition(scope)]);
    expect(all[0]).toEqual({ group: 'example.com', resource: 'things', name: 'x', ...where });
  });

  it('is asked once of each version of a group', async () => {
    const kubectl = new ScriptedKubectl(API);
    const some = ['a', 'b', 'c'].map((object) => resource('apps/v1', 'Deployment', object, 'shop'));
    await targetsOf(kubectl, some, [
      { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'd', namespace: 'shop' },
    ]);
    expect(kubectl.commands).toEqual(['get --raw /apis/apps/v1']);
  });

  it.each([
    ['apps/v1', 'Deploymint'],
    ['example.com/v1', 'Thing'],
    ['apps/v1', 'Scale'],
  ])('is nothing for a kind that nobody knows: %s %s', async (apiVersion, kind) => {
    await expect(found([resource(apiVersion, kind, 'x')])).rejects.toThrow(
      `the cluster knows no ${kind} of ${apiVersion}; install what defines it, or add the definition to the environment`,
    );
  });

  it('is looked up for the inventory too; what the cluster no longer knows is gone', async () => {
    const listed = [
      { apiVersion: 'v1', kind: 'ConfigMap', name: 'old', namespace: 'shop' },
      { apiVersion: 'example.com/v1', kind: 'Thing', name: 'x', namespace: 'shop' },
    ];
    expect(await found([], listed)).toEqual([
      { group: '', resource: 'configmaps', name: 'old', namespace: 'shop' },
    ]);
  });

  it('cannot be known of a cluster that is not there', async () => {
    const said = { code: 1, stderr: 'The connection to the server x was refused' };
    const kubectl = new ScriptedKubectl({ 'get --raw': said });
    await expect(targetsOf(kubectl, [resource('v1', 'Service', 'x')], [])).rejects.toThrow(
      /^the cluster cannot be asked what it knows: The connection .*; start the cluster/,
    );
  });
});
