import { type Tree, logger } from '@nx/devkit';
import { createTree } from '@nx/devkit/testing';
import { image, store as put } from '../../../test/oci/fixtures';
import { useDirectory, writeFiles } from '../../../test/support/files';
import { formatBaseLock, parseBaseLock } from '../../workspace/base-lock';
import { Stores } from '../../workspace/stores';
import syncGenerator from './generator';

jest.mock('@nx/devkit', () => ({
  ...jest.requireActual<object>('@nx/devkit'),
  createProjectGraphAsync: () => Promise.resolve({ nodes: mockNodes }),
}));

const mockNodes: Record<string, unknown> = {};
const directory = useDirectory();
let tree: Tree;
let stores: Stores;
beforeEach(() => {
  tree = createTree();
  tree.root = directory();
  stores = new Stores(directory());
  for (const name of Object.keys(mockNodes)) delete mockNodes[name];
  give('gitops.yaml', SETTINGS);
  give('deploy/environments/dev/kustomization.yaml', KUSTOMIZATION);
  jest.spyOn(logger, 'info').mockImplementation();
});
afterEach(async () => {
  jest.restoreAllMocks();
  await stores.close();
});

const SETTINGS = 'project: acme/shop # ours\nroot: root\nenvironments:\n  dev: deploy/environments/dev\n';
const KUSTOMIZATION = 'resources: []\n';

/** A file in the tree, and on the disk below it. */
function give(path: string, text: string): void {
  tree.write(path, text);
  writeFiles(directory(), { [path]: text });
}

function giveImage(name: string, containerfile: string, root = `apps/${name}`): void {
  const file = `${root}/Containerfile`;
  give(file, containerfile);
  const target = { executor: 'gitops:build', options: { containerfile: file } };
  mockNodes[name] = { data: { root, targets: { 'image-build': target } } };
}

const file = (path: string): string | null => tree.read(path, 'utf8');
const details = async (): Promise<string[]> => (await syncGenerator(tree))?.outOfSyncDetails ?? [];
const files = (): string[] => tree.listChanges().map(({ path }) => path);

/** Runs it; afterwards there is nothing to do. */
async function sync(): Promise<string[]> {
  const lines = await details();
  for (const { path, content } of tree.listChanges())
    if (content) writeFiles(directory(), { [path]: content.toString() });
  expect(await details()).toEqual([]);
  return lines;
}

it('has nothing to say where all is in step', async () => {
  const before = files();
  expect(await syncGenerator(tree)).toBeUndefined();
  expect(files()).toEqual(before);
});

describe('environments', () => {
  it('get their entry', async () => {
    give('deploy/environments/prod/kustomization.yml', KUSTOMIZATION);
    give('deploy/environments/notes/readme.md', 'none');
    give('deploy/environments/local/mine/kustomization.yaml', KUSTOMIZATION);
    expect(await sync()).toEqual([
      'gitops.yaml does not have the environment prod, which is in deploy/environments/prod',
    ]);
    expect(file('gitops.yaml')).toBe(`${SETTINGS}  prod: deploy/environments/prod\n`);
  });

  it('get it where there were none, in the usual place', async () => {
    give('gitops.yaml', 'project: acme/shop\n');
    await sync();
    expect(file('gitops.yaml')).toContain('  dev: deploy/environments/dev\n');
  });

  it('get a kustomization', async () => {
    give('gitops.yaml', `${SETTINGS}  prod: deploy/environments/prod\n`);
    expect(await sync()).toEqual([
      'the environment prod of gitops.yaml has no kustomization in deploy/environments/prod',
    ]);
    expect(file('deploy/environments/prod/kustomization.yaml')).toContain('namespace: shop');
  });

  it('that are personal have nothing to do with it', async () => {
    give('deploy/environments/mine/kustomization.yaml', KUSTOMIZATION);
    give('gitops.local.yaml', 'environments: { mine: deploy/environments/mine, other: nowhere }\n');
    expect(await sync()).toEqual([]);
  });

  it('are refused where they have no name that there can be', async () => {
    give('deploy/environments/Prod_1/kustomization.yaml', KUSTOMIZATION);
    await expect(details()).rejects.toThrow(
      'deploy/environments/Prod_1: an environment cannot be called "Prod_1"',
    );
    expect(file('gitops.yaml')).toBe(SETTINGS);
  });
});

describe('the root image', () => {
  const pod = (name: string): string => `kind: Pod\nspec: { containers: [{ image: ${name} }] }\n`;
  beforeEach(() => {
    giveImage('api', 'FROM scratch\n');
    giveImage('web', 'FROM scratch\n');
    giveImage('root', 'FROM scratch\nLABEL dependency.web="^1"\n', 'deploy');
    give('deploy/base/web.yaml', pod('acme/shop/web'));
  });

  it('gets a label for each image that its manifests run', async () => {
    give('deploy/base/api.yaml', pod('acme/shop/api:1'));
    expect(await sync()).toEqual([
      'deploy/Containerfile has no label dependency.api, and its manifests run api',
    ]);
    expect(file('deploy/Containerfile')).toMatch(/^LABEL dependency\.api=""$/m);
    expect(file('deploy/Containerfile')).toMatch(/^LABEL dependency\.web="\^1"$/m);
  });

  it('looks for whole names, and at nothing that is personal', async () => {
    give('deploy/base/api.yaml', pod('acme/shop/api-tools'));
    give('deploy/environments/local/mine/api.yaml', pod('acme/shop/api'));
    give('gitops.local.yaml', 'environments: { mine: deploy/environments/local/mine }\n');
    expect(await sync()).toEqual([]);
  });
});

describe('the lock', () => {
  const locked = (): string[] => [...parseBaseLock(file('gitops.lock.json')!).keys()];
  beforeEach(() => giveImage('api', 'FROM tools/base:1\n'));

  it('is not made', async () => {
    expect(await sync()).toEqual([]);
    expect(file('gitops.lock.json')).toBeNull();
  });

  it('gets what is missing, and loses what is not used; what is locked stays', async () => {
    const repository = stores.open('oci:.gitops/store').repository('tools/base');
    const { digest } = await put(repository, image(['one']), '1');
    await put(repository, image(['two']), '2');
    give('gitops.lock.json', formatBaseLock(new Map([['tools/base:1', digest]])));
    await put(repository, image(['moved']), '1');
    giveImage('web', 'FROM tools/base:2\n');
    expect(await sync()).toEqual(['gitops.lock.json does not have tools/base:2']);
    expect(parseBaseLock(file('gitops.lock.json')!).get('tools/base:1')).toBe(digest);
    giveImage('web', 'FROM scratch\n');
    expect(await sync()).toEqual(['gitops.lock.json has tools/base:2, which no image is made from']);
    expect(locked()).toEqual(['tools/base:1']);
  });

  it('of what cannot be looked up says so, and is not touched', async () => {
    give('gitops.yaml', SETTINGS.replace('project: acme/shop # ours', 'store: http://127.0.0.1:1'));
    giveImage('api', 'FROM 127.0.0.1:1/base\n');
    give('gitops.lock.json', formatBaseLock(new Map()));
    await expect(details()).rejects.toThrow('127.0.0.1:1');
    expect(locked()).toEqual([]);
  });
});
