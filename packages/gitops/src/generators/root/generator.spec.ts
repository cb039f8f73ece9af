import { type Tree, logger } from '@nx/devkit';
import { createTree } from '@nx/devkit/testing';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { whenAvailable } from '../../../test/support/available';
import { useDirectory, writeFiles } from '../../../test/support/files';
import type { Project } from '../../workspace/collect';
import rootGenerator, { type RootOptions } from './generator';

const directory = useDirectory();
let tree: Tree;
let projects: Record<string, Project>;

beforeEach(() => {
  tree = createTree();
  tree.root = directory();
  projects = {};
  tree.write('nx.json', JSON.stringify({ plugins: ['gitops'] }));
  settings('project: acme/shop # ours\n');
  image('base', 'FROM scratch\n');
  image('assets', 'FROM scratch\n');
  image('api', 'FROM acme/shop/base\nLABEL dependency.web=""\n');
  image('web', 'FROM acme/shop/base\nCOPY --from=acme/shop/assets / /\n');
  jest.spyOn(logger, 'info').mockImplementation();
});
afterEach(() => jest.restoreAllMocks());

/** A file in the tree, and on the disk below it. */
function give(path: string, text: string): void {
  tree.write(path, text);
  writeFiles(directory(), { [path]: text });
}

function settings(text: string): void {
  give('gitops.yaml', text);
}

function image(name: string, text: string, root = `apps/${name}`): void {
  give(`${root}/Containerfile`, text);
  const options = { containerfile: `${root}/Containerfile` };
  projects[name] = { root, targets: { 'image-build': { executor: 'gitops:build', options } } };
}

const generate = (options: RootOptions = {}) => rootGenerator(tree, options, projects);
const file = (path: string): string | null => tree.read(path, 'utf8');
const state = (): Record<string, string | null> =>
  Object.fromEntries(tree.listChanges().map(({ path }) => [path, file(path)]));
/** The root image is a project by the next time. */
const settle = (name = 'root', root = 'deploy'): void => image(name, file(`${root}/Containerfile`)!, root);

it('writes all that a release needs', async () => {
  await generate();
  expect(file('deploy/Containerfile')).toBe(`\
# The release: what runs in a cluster and in which versions, and the script that brings it there.
FROM alpine:3.22
COPY --from=registry.k8s.io/kubectl:v1.32.0 /bin/kubectl /usr/local/bin/kubectl
# The images that it deploys: each in the version that this image is labelled with.
LABEL dependency.api=""
LABEL dependency.web=""
COPY base /gitops/base
COPY environments /gitops/environments
COPY migrations /gitops/migrations
COPY lib /gitops/lib
COPY --chmod=755 reconcile /gitops/reconcile
USER 65532:65532
ENTRYPOINT ["/gitops/reconcile"]
`);
  expect(file('deploy/project.json')).toBe('{\n  "name": "root"\n}\n');
  expect(file('gitops.yaml')).toBe('project: acme/shop # ours\nroot: root\n');
  expect(file('deploy/base/kustomization.yaml')).toMatch(/\nresources:\n {2}- api.yaml\n {2}- web.yaml\n$/);
  expect(file('deploy/base/api.yaml')).toContain('image: acme/shop/api\n');
  expect(file('deploy/.containerignore')).toContain('environments/local\n');
  expect(tree.children('deploy').sort()).toEqual(
    '.containerignore Containerfile base environments lib migrations project.json reconcile'.split(' '),
  );
  const script = tree.listChanges().find(({ path }) => path === 'deploy/reconcile');
  expect(script?.options?.mode).toBe(0o755);
});

it('changes nothing when it is run again', async () => {
  await generate();
  settle();
  const before = state();
  await generate();
  await generate({ directory: 'deploy', name: 'root', images: ['api'] });
  expect(state()).toEqual(before);
});

it('adds what is missing, and leaves what there is as it is', async () => {
  await generate({ images: ['api'] });
  const mine = {
    'deploy/Containerfile': file('deploy/Containerfile')!.replace('LABEL', 'LABEL a=1 \\\n ') + '# mine\n',
    'deploy/base/kustomization.yaml': '# mine\nresources:\n  - api.yaml # ours\n',
    'deploy/base/api.yaml': '# mine\n',
    'deploy/reconcile': '#!/bin/sh\n# mine\n',
    'deploy/environments/prod/kustomization.yaml': '# mine\n',
  };
  for (const [path, text] of Object.entries(mine)) give(path, text);
  tree.delete('deploy/environments/.gitkeep');
  settle();
  image('worker_two', 'FROM scratch\n');
  await generate({ images: ['api', 'worker_two'] });
  expect(file('deploy/Containerfile')).toBe(
    mine['deploy/Containerfile'].replace('LABEL a=1', 'LABEL dependency.worker_two=""\nLABEL a=1'),
  );
  expect(file('deploy/base/kustomization.yaml')).toBe(
    '# mine\nresources:\n  - api.yaml # ours\n  - worker-two.yaml\n',
  );
  expect(file('deploy/base/worker-two.yaml')).toContain('name: worker-two\n');
  for (const path of ['deploy/base/api.yaml', 'deploy/reconcile'] as const)
    expect(file(path)).toBe(mine[path]);
  expect(tree.exists('deploy/environments/.gitkeep')).toBe(false);
});

it.each([
  ['image: acme/shop/api', false],
  ['image: "acme/shop/api:1.0"', false],
  ['- image: acme/shop/api@sha256:12', false],
  ['image: acme/shop/api-two', true],
  ['# acme/shop/api', true],
])('adds a Deployment where a manifest has %j: %j', async (line, isAdded) => {
  give('deploy/base/apps/all.yml', `${line}\n`);
  await generate({ images: ['api'] });
  expect(tree.exists('deploy/base/api.yaml')).toBe(isAdded);
});

it('labels the last stage, where there is no label yet', async () => {
  give('deploy/Containerfile', 'FROM a AS b\nFROM \\\r\n  c\r\nENTRYPOINT ["/gitops/reconcile"]\r\n');
  await generate({ images: ['api'] });
  expect(file('deploy/Containerfile')).toBe(
    'FROM a AS b\nFROM \\\r\n  c\r\nLABEL dependency.api=""\r\nENTRYPOINT ["/gitops/reconcile"]\r\n',
  );
});

it('goes where it is told', async () => {
  await generate({
    directory: 'ops/release/',
    name: '@acme/release',
    base: 'busybox',
    kubectl: 'tools/kubectl:1',
    kubectlPath: '/k',
  });
  expect(file('ops/release/Containerfile')).toContain(
    'FROM busybox\nCOPY --from=tools/kubectl:1 /k /usr/local/bin/kubectl\n',
  );
  expect(file('ops/release/project.json')).toContain('"@acme/release"');
  expect(file('gitops.yaml')).toContain('root: release\n');
});

it('is found again by gitops.yaml', async () => {
  settings('project: acme/shop\nroot: release\n');
  image('release', 'FROM scratch\nENTRYPOINT ["/gitops/reconcile"]\n', 'ops');
  await generate();
  expect(tree.exists('deploy')).toBe(false);
  expect(file('ops/Containerfile')).toContain('LABEL dependency.web=""\n');
});

it('takes kubectl from a file of its directory', async () => {
  give('deploy/bin/kubectl', 'program');
  await generate({ kubectl: 'bin/kubectl' });
  expect(file('deploy/Containerfile')).toContain('COPY --chmod=755 bin/kubectl /usr/local/bin/kubectl\n');
});

it('copies from its own directory, where others copy from the workspace', async () => {
  tree.write(
    'nx.json',
    JSON.stringify({ plugins: [{ plugin: 'gitops', options: { context: 'workspace' } }] }),
  );
  await generate();
  expect(JSON.parse(file('deploy/project.json')!)).toEqual({
    name: 'root',
    targets: { 'image-build': { options: { context: 'project' } } },
  });
});

it.each<[RootOptions, string, Record<string, string>?]>([
  [{ images: ['ap'] }, 'there is no image ap to deploy; did you mean api?'],
  [{ directory: '../x' }, 'the directory ../x is not below the root of the workspace'],
  [{ directory: '.' }, 'is not below the root'],
  [{ name: 'api' }, 'there is a project api already, in apps/api; choose another --name'],
  [{ directory: 'apps/api', name: 'root' }, 'the project in apps/api is called api; leave out --name'],
  [{}, 'deploy/Containerfile: it is not that of a root image', { 'deploy/Containerfile': 'FROM scratch\n' }],
  [
    { name: 'other' },
    'gitops.yaml: the root image is root already, not other',
    { 'gitops.yaml': 'root: root\n' },
  ],
  [{}, 'gitops.yaml:2:1: it is not YAML', { 'gitops.yaml': 'rings: [a\n' }],
  [{}, 'nx.json does not have the plugin gitops; run npx nx g gitops:init', { 'nx.json': '{}' }],
])('refuses %j: %s', async (options, message, files = {}) => {
  for (const [path, text] of Object.entries(files)) give(path, text);
  const before = state();
  await expect(generate(options)).rejects.toThrow(message);
  expect(state()).toEqual(before);
});

whenAvailable('kubectl', 'kustomize', () => {
  it('renders it, in the versions that the release pins', async () => {
    await generate();
    give('deploy/environments/dev/kustomization.yaml', 'resources: [../../base]\ncomponents: [../../pins]\n');
    give(
      'deploy/pins/kustomization.yaml',
      'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nimages: [{ name: acme/shop/api, newName: r/api, digest: "sha256:12" }]\n',
    );
    writeFiles(directory(), state() as Record<string, string>);
    const rendered = execFileSync('kubectl', ['kustomize', 'deploy/environments/dev'], { cwd: directory() });
    expect(String(rendered)).toContain('image: r/api@sha256:12\n');
    expect(String(rendered)).toContain('image: acme/shop/web\n');
  });
});

whenAvailable('shellcheck', 'shellcheck', () => {
  it('has nothing to say of the script', () => {
    execFileSync('shellcheck', ['-s', 'sh', '-x', 'reconcile'], { cwd: join(__dirname, 'files') });
    execFileSync('shellcheck', ['lib/lock.sh', 'lib/migrations.sh'], { cwd: join(__dirname, 'files') });
  });
});
