import { type Tree, logger } from '@nx/devkit';
import { createTree } from '@nx/devkit/testing';
import { execFileSync } from 'node:child_process';
import { useDirectory, writeFiles } from '../../../test/support/files';
import environmentGenerator, { type EnvironmentOptions } from './generator';

const HEAD = 'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n';
const SCHEMA = '# yaml-language-server: $schema=./node_modules/gitops/schemas/gitops.schema.json\n';
const workload = (kind: string, name: string): string => `apiVersion: apps/v1
kind: ${kind}
metadata:
  name: ${name}
spec:
  replicas: 1
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec: { containers: [{ name: app, image: ${name} }] }
`;
const BASE = {
  'deploy/base/kustomization.yaml': `${HEAD}resources:\n  - api.yaml\n  - data\n`,
  'deploy/base/api.yaml': `${workload('Deployment', 'api')}---\napiVersion: v1\nkind: Service\nmetadata: { name: api }\n`,
  'deploy/base/data/kustomization.yml': 'resources: [db.yaml]\n',
  'deploy/base/data/db.yaml': workload('StatefulSet', 'db'),
  'deploy/base/unused.yaml': '{{ not YAML }}: [',
};
const DEV = 'deploy/environments/dev/kustomization.yaml';
const PROD = 'deploy/environments/prod/kustomization.yaml';

const directory = useDirectory();
let tree: Tree;
beforeEach(() => {
  tree = createTree();
  tree.delete('.prettierrc');
  jest.spyOn(logger, 'info').mockImplementation();
});
afterEach(() => jest.restoreAllMocks());

const file = (path: string): string | null => tree.read(path, 'utf8');
const generate = (options: EnvironmentOptions): void => environmentGenerator(tree, options);
function give(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) tree.write(path, text);
}
const state = (): Record<string, string> =>
  Object.fromEntries(
    tree
      .listChanges()
      .flatMap(({ path, content, type }) => (type === 'DELETE' ? [] : [[path, String(content)]])),
  );
/** What kubectl makes of a directory of the tree. */
function render(path: string): string {
  writeFiles(directory(), state());
  return execFileSync('kubectl', ['kustomize', `${directory()}/${path}`], { encoding: 'utf8' });
}

describe('a new environment', () => {
  it('is there with one command, in an empty workspace', () => {
    generate({ name: 'prod' });
    expect(state()).toEqual({
      'gitops.yaml': `${SCHEMA}environments:\n  prod: deploy/environments/prod\n`,
      'deploy/base/kustomization.yaml': `${HEAD}# What all environments have: list the files here.\nresources: []\n`,
      [PROD]: `${HEAD}namespace: workspace\nresources:\n  - ../../base\n`,
    });
    expect(render('deploy/environments/prod')).toBe('');
  });

  it('takes from the base, beside the other environments', () => {
    give({
      'gitops.yaml': 'project: acme/my_shop\nenvironments: { dev: k8s/envs/dev }\n',
      'k8s/base/kustomization.yml': 'resources: []\n',
    });
    generate({ name: 'prod' });
    expect(file('gitops.yaml')).toContain('{ dev: k8s/envs/dev, prod: k8s/envs/prod }');
    expect(file('k8s/envs/prod/kustomization.yaml')).toBe(
      `${HEAD}namespace: my-shop\nresources:\n  - ../../base\n`,
    );
    expect(tree.exists('deploy')).toBe(false);
  });

  it('has what is asked for, and renders', () => {
    give(BASE);
    generate({ name: 'prod', namespace: 'shop', replicas: 3, patches: ['deployment/api', 'Service/api'] });
    expect(file(PROD)).toBe(`${HEAD}namespace: shop
resources:
  - ../../base
replicas:
  - name: api
    count: 3
  - name: db
    count: 3
patches:
  - path: patch-deployment-api.yaml
  - path: patch-service-api.yaml
`);
    expect(file('deploy/environments/prod/patch-deployment-api.yaml')).toBe(
      '# What differs from the base: write the fields that do.\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: api\n',
    );
    const rendered = render('deploy/environments/prod');
    expect(rendered.match(/replicas: 3/g)).toHaveLength(2);
    expect(rendered.match(/namespace: shop/g)).toHaveLength(3);
  });

  it('is made from another one', () => {
    give(BASE);
    generate({ name: 'dev', replicas: 1 });
    generate({ name: 'prod', from: 'dev', replicas: 5 });
    expect(file(PROD)).toBe(
      `${HEAD}resources:\n  - ../dev\nreplicas:\n  - name: api\n    count: 5\n  - name: db\n    count: 5\n`,
    );
    expect(render('deploy/environments/prod').match(/replicas: 5/g)).toHaveLength(2);
  });

  it('has a chart', () => {
    generate({
      name: 'prod',
      helm: 'postgresql',
      helmRepo: 'https://charts.acme.dev',
      helmVersion: '16.2.1',
    });
    expect(file(PROD)).toBe(`${HEAD}namespace: workspace
resources:
  - ../../base
helmCharts:
  - name: postgresql
    repo: https://charts.acme.dev
    version: 16.2.1
    releaseName: postgresql
    namespace: workspace
    valuesFile: values-postgresql.yaml
`);
    expect(file('deploy/environments/prod/values-postgresql.yaml')).toMatch(/^# .*\n\{\}\n$/);
  });

  it('is where it is wanted', () => {
    generate({ name: 7, directory: './k8s/seven/' });
    expect(file('gitops.yaml')).toContain('"7": k8s/seven\n');
    expect(file('k8s/seven/kustomization.yaml')).toContain('- ../../deploy/base\n');
    expect(render('k8s/seven')).toBe('');
  });
});

it.each<[what: string, options: EnvironmentOptions]>([
  ['plainly', { name: 'prod' }],
  [
    'with all options',
    {
      name: 'prod',
      namespace: 'n',
      replicas: 2,
      patches: ['deployment/api'],
      helm: 'x',
      helmRepo: 'oci://x.y/z',
      helmVersion: '1.0.0',
    },
  ],
  ['from another', { name: 'prod', from: 'dev', replicas: 2 }],
  ['personally', { name: 'mine', personal: true }],
])('the second time, nothing changes: %s', (_, options) => {
  give({ ...BASE, 'deploy/Containerfile': 'FROM scratch\n' });
  generate({ name: 'dev' });
  generate(options);
  const before = state();
  generate(options);
  expect(state()).toEqual(before);
});

describe('a kustomization that is there', () => {
  const TEXT = `# mine\nresources:\n# all\n- ../../base\n\nnamespace: old # for now\nreplicas:\n- name: db\n  count: 1\n`;
  beforeEach(() => give({ ...BASE, [PROD.replace('.yaml', '.yml')]: TEXT }));
  const there = (): string | null => file(PROD.replace('.yaml', '.yml'));

  it('is taken as it is', () => {
    generate({ name: 'prod' });
    expect(there()).toBe(TEXT);
    expect(file('gitops.yaml')).toContain('prod: deploy/environments/prod\n');
    expect(tree.exists(PROD)).toBe(false);
  });

  it('gets what is asked for, and keeps the rest', () => {
    generate({ name: 'prod', namespace: 'new', replicas: 2, patches: ['deployment/api'] });
    expect(there()).toBe(
      `${TEXT.replace('old', 'new').replace('count: 1', 'count: 2')}- name: api\n  count: 2\npatches:\n  - path: patch-deployment-api.yaml\n`,
    );
    expect(render('deploy/environments/prod')).toContain('namespace: new');
  });

  it('keeps the files that are the user’s', () => {
    const patch = 'deploy/environments/prod/patch-deployment-api.yaml';
    give({ [patch]: `${workload('Deployment', 'api')}# mine` });
    generate({ name: 'prod', patches: ['deployment/api'] });
    expect(file(patch)).toContain('# mine');
  });

  it('is not made from another one afterwards', () => {
    generate({ name: 'dev' });
    const before = state();
    expect(() => generate({ name: 'prod', from: 'dev' })).toThrow(
      'deploy/environments/prod/kustomization.yml: it is there, and not made from deploy/environments/dev; write ../dev into its resources, or leave --from out',
    );
    expect(state()).toEqual(before);
  });
});

describe('a personal environment', () => {
  it('is kept out of git, and of the images', () => {
    give({
      ...BASE,
      'deploy/Containerfile': 'FROM scratch\n',
      '.dockerignore': 'node_modules\n',
      '.gitignore': 'dist\r\n',
      'gitops.yaml': 'environments: { dev: deploy/environments/dev }\n',
      [DEV]: 'resources: [../../base]\n',
    });
    generate({ name: 'mine', personal: true, from: 'dev' });
    generate({ name: 'other', personal: true });
    expect(file('gitops.yaml')).toBe('environments: { dev: deploy/environments/dev }\n');
    expect(file('gitops.local.yaml')).toBe(
      '# yaml-language-server: $schema=./node_modules/gitops/schemas/gitops.local.schema.json\nenvironments:\n  mine: deploy/environments/local/mine\n  other: deploy/environments/local/other\n',
    );
    expect(file('deploy/environments/local/mine/kustomization.yaml')).toBe(
      `${HEAD}resources:\n  - ../../dev\n`,
    );
    expect(file('deploy/environments/local/other/kustomization.yaml')).toContain('- ../../../base\n');
    expect(file('.gitignore')).toBe('dist\r\ngitops.local.yaml\r\ndeploy/environments/local/\r\n');
    expect(file('deploy/.containerignore')).toBe('environments/local\n');
    expect(file('.dockerignore')).toBe('node_modules\ndeploy/environments/local\n');
    expect(render('deploy/environments/local/mine')).toContain('kind: StatefulSet');
  });

  it.each([
    ['deploy/.dockerignore', 'environments/local'],
    ['deploy/Dockerfile.dockerignore', '**/environments/local'],
  ])('uses the ignore file that counts: %s', (path, line) => {
    give({ 'deploy/Dockerfile': 'FROM scratch\n', [path]: '# mine' });
    generate({ name: 'mine', personal: true });
    expect(file(path)).toBe(`# mine\n${line}\n`);
    expect(tree.exists('deploy/.containerignore')).toBe(false);
  });

  it('may be elsewhere', () => {
    generate({ name: 'mine', personal: true, directory: 'my/own' });
    expect(file('.gitignore')).toBe('gitops.local.yaml\nmy/own/\n');
    generate({ name: 'mine', remove: true });
    expect(file('gitops.local.yaml')).toContain('environments: {}\n');
  });
});

describe('an environment is removed', () => {
  beforeEach(() => generate({ name: 'prod' }));

  it('and its files stay, unless by force', () => {
    generate({ name: 'prod', remove: true });
    expect(file('gitops.yaml')).toBe(`${SCHEMA}environments: {}\n`);
    expect(tree.exists(PROD)).toBe(true);
    generate({ name: 'prod', remove: true });
    generate({ name: 'prod' });
    generate({ name: 'prod', remove: true, force: true });
    expect(tree.exists('deploy/environments')).toBe(false);
    expect(tree.exists('deploy/base')).toBe(true);
  });

  it.each<[what: string, work: () => void, message: string]>([
    [
      'while a site has it',
      () => give({ 'gitops.local.yaml': 'sites: { a: { environment: prod, ring: developers } }' }),
      'the environment prod is that of a; give these sites another environment first',
    ],
    [
      'with files that another is made from',
      () => generate({ name: 'live', from: 'prod' }),
      'deploy/environments/prod is needed by the environment live; leave --force out',
    ],
    [
      'with files of another',
      () => generate({ name: 'live', directory: 'deploy/environments/prod/live' }),
      'deploy/environments/prod is needed by the environment live',
    ],
    [
      'with the workspace',
      () => give({ 'gitops.yaml': 'environments: { prod: . }' }),
      'the directory is the workspace; leave --force out',
    ],
  ])('but not %s', (_, work, message) => {
    work();
    const before = state();
    expect(() => generate({ name: 'prod', remove: true, force: true })).toThrow(message);
    expect(state()).toEqual(before);
  });
});

it('an environment gets another name, for its sites too', () => {
  generate({ name: 'prod' });
  give({ 'gitops.local.yaml': 'sites: { a: { environment: prod, ring: developers } }' });
  for (let i = 0; i < 2; i += 1) {
    generate({ name: 'prod', rename: 'live' });
    expect(file('gitops.yaml')).toBe(`${SCHEMA}environments:\n  live: deploy/environments/prod\n`);
    expect(file('gitops.local.yaml')).toBe('sites: { a: { environment: live, ring: developers } }');
  }
});

it.each<[options: EnvironmentOptions, message: string]>([
  [{ name: 'Prod' }, 'an environment cannot be called "Prod"; use lower-case letters'],
  [{ name: 'a.b' }, 'an environment cannot be called "a.b"; use'],
  [
    { name: 'local' },
    'an environment cannot be called local, which is a directory beside them; name another one',
  ],
  [
    { name: 'dev', directory: 'x' },
    'there is an environment dev already, in deploy/environments/dev; name another one',
  ],
  [{ name: 'dev', personal: true }, 'there is an environment dev already, in gitops.yaml; name another one'],
  [{ name: 'prod', directory: '../x' }, 'the environment prod: ../x is not inside the workspace'],
  [{ name: 'prod', namespace: 'A' }, '"A" is no namespace; use lower-case letters'],
  [{ name: 'prod', from: 'test' }, 'there is no other environment test in gitops.yaml; use one of dev'],
  [{ name: 'dev', from: 'dev' }, 'there is no other environment dev in gitops.yaml; leave --from out'],
  [{ name: 'prod', from: 'mine' }, 'there is no other environment mine in gitops.yaml; use one of dev'],
  [
    { name: 'prod', from: 'dev' },
    'deploy/environments/dev has no kustomization; make one, or leave --from out',
  ],
  [
    { name: 'prod', replicas: 2 },
    'deploy/environments/prod has no Deployment or StatefulSet to set replicas of; add one',
  ],
  [{ name: 'prod', replicas: -1 }, 'there cannot be -1 replicas; write a whole number, 0 or more'],
  [{ name: 'prod', replicas: 1.5 }, 'there cannot be 1.5 replicas'],
  [
    { name: 'prod', patches: ['deployment/web'] },
    'deploy/environments/prod has no deployment/web to patch; use one of service/api',
  ],
  [
    { name: 'prod', helm: 'x' },
    'there is no deploy/environments/prod/charts/x/Chart.yaml; say with --helmRepo',
  ],
  [{ name: 'prod', helm: '../x', helmRepo: 'y' }, '"../x" is no chart; write its name'],
  [{ name: 'prod', helmRepo: 'y' }, '--helmRepo goes with --helm; give both, or none'],
  [{ name: 'dev', force: true }, '--force goes with --remove; give both, or none'],
  [{ name: 'dev', remove: true, replicas: 1 }, '--remove and --replicas do not go together'],
  [{ name: 'prod', directory: 'deploy/bad' }, 'deploy/bad/kustomization.yaml:2:1: it is not YAML'],
  [{ name: 'prod', directory: 'deploy/worse', replicas: 1 }, 'deploy/worse/a.yaml:2: it is not YAML'],
  [
    { name: 'prod', directory: 'deploy/list' },
    'deploy/list/kustomization.yaml:1: it is no kustomization; write it as a mapping',
  ],
])('refuses %j, and touches nothing', (options, message) => {
  give({
    'gitops.yaml': 'environments: { dev: deploy/environments/dev }\n',
    'gitops.local.yaml': 'environments: { mine: x }\n',
    'deploy/base/kustomization.yaml': 'resources: [a.yaml]\n',
    'deploy/base/a.yaml':
      'apiVersion: v1\nkind: List\nitems:\n- { apiVersion: v1, kind: Service, metadata: { name: api } }\n',
    'deploy/bad/kustomization.yaml': 'resources: [\n',
    'deploy/worse/kustomization.yaml': 'resources: [a.yaml]\n',
    'deploy/worse/a.yaml': 'a: [\n',
    'deploy/list/kustomization.yaml': '- a\n',
  });
  const before = state();
  expect(() => generate(options)).toThrow(message);
  expect(state()).toEqual(before);
});

it('refuses a gitops.yaml that is not as it should be', () => {
  give({ 'gitops.yaml': 'environments: [\n' });
  expect(() => generate({ name: 'prod' })).toThrow(/^gitops\.yaml:2:1: it is not YAML/);
});
