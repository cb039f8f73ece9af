import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { image as imageOf, index, store as storeImage } from '../../test/oci/fixtures';
import { stateOf, v } from '../../test/publish/states';
import { SETTINGS } from '../../test/publish/workspaces';
import { ScriptedKubectl } from '../../test/sites/scripted-kubectl';
import { file } from '../../test/support/entries';
import { type Files, useDirectory, writeFiles } from '../../test/support/files';
import { tarOf } from '../../test/support/tar';
import { LayerTrees } from '../builders/assemble/layer-trees';
import type { Ledger } from '../ledger/ledger';
import { MemoryStore } from '../oci/memory';
import type { Digest } from '../oci/types';
import type { Settings, Site } from '../workspace/settings';
import { type Desk, type DeskOptions, atSite } from './desk';

const directory = useDirectory();
const PROD = 'gitops/environments/prod/kustomization.yaml';
const SITE: Site = { environment: 'prod', ring: 'testers', context: 'kind-demo' };
const RENDERED = 'apiVersion: v1\nkind: Service\nmetadata:\n  name: api\n';

interface Setup {
  /** What the root image has. */
  readonly content?: Readonly<Record<string, string>>;
  readonly settings?: Partial<Settings>;
  readonly site?: Partial<Site>;
  /** What the workspace has. */
  readonly files?: Files;
  /** Whether it is for several platforms. */
  readonly isIndex?: boolean;
  /** Of what the ring holds, where it is not that image. */
  readonly digest?: Digest;
  readonly answers?: ConstructorParameters<typeof ScriptedKubectl>[0];
}

async function at<T>(
  { content = { [PROD]: 'namespace: there\n' }, settings, site, files = {}, isIndex, digest, answers }: Setup,
  work: (desk: Desk) => Promise<T>,
  options: DeskOptions = {},
) {
  const store = new MemoryStore();
  const repository = store.repository('acme/shop/root');
  const layer = tarOf(Object.entries(content).map(([path, text]) => file(path, text)));
  const single = await storeImage(repository, imageOf([layer]), '0.9.0');
  const platform = { os: 'linux', architecture: 'amd64' };
  const image = isIndex ? await repository.putManifest(index({ ...single, platform })) : single;
  const held = { ...v('1.0.0'), digest: digest ?? image.digest };
  const trees = new LayerTrees(join(directory(), 'trees'));
  const kubectl = new ScriptedKubectl({ ...answers, kustomize: RENDERED });
  const contexts: (string | undefined)[] = [];
  const surroundings = {
    settings: {
      ...SETTINGS,
      store: '127.0.0.1:5000',
      root: 'root',
      environments: { prod: 'deploy/environments/prod', mine: 'deploy/environments/local/mine' },
      sites: { demo: { ...SITE, ...site } },
      ...settings,
    },
    store,
    ledger: { read: async () => ({ state: stateOf({ root: { testers: held } }) }) } as unknown as Ledger,
    repositoryOf: () => repository,
    root: writeFiles(join(directory(), 'checkout'), files),
    rootDirectory: 'deploy',
    trees,
    kubectl: (context?: string) => {
      contexts.push(context);
      return kubectl;
    },
  };
  try {
    return { found: await atSite(surroundings, options, work), contexts, kubectl, image };
  } finally {
    trees.close();
  }
}

const desk = (setup: Setup, options?: DeskOptions) => at(setup, async (found) => found, options);

it('has the release of the site, rendered, and the cluster of its context', async () => {
  const { found, contexts, image } = await desk({});
  expect(contexts).toEqual(['kind-demo']);
  expect(found).toMatchObject({
    site: { name: 'demo', ring: 'testers' },
    release: {
      version: '1.0.0',
      digest: image.digest,
      reference: `127.0.0.1:5000/acme/shop/root@${image.digest}`,
    },
    environment: 'prod',
    isPersonal: false,
    namespace: 'there',
    rendered: { text: RENDERED, resources: [{ kind: 'Service' }] },
  });
});

it('may have another release', async () => {
  expect((await desk({}, { version: '0.9.0' })).found.release).toMatchObject({ version: '0.9.0' });
});

it('may have one of several platforms: their files are the same', async () => {
  const { found } = await desk({ isIndex: true });
  expect(found.namespace).toBe('there');
});

it.each<[string, Setup, string]>([
  ['the site', { site: { namespace: 'shop' } }, 'shop'],
  ['the environment', { answers: { 'config view': 'from-context' } }, 'there'],
  ['the context', { content: { [PROD]: '' }, answers: { 'config view': 'from-context' } }, 'from-context'],
  ['nobody', { content: { [PROD]: '' } }, 'default'],
])('has the namespace that %s says', async (_name, setup, namespace) => {
  expect((await desk(setup)).found.namespace).toBe(namespace);
});

it('has a personal environment from the workspace', async () => {
  const files = { 'deploy/environments/local/mine/kustomization.yaml': 'namespace: mine\n' };
  const { found } = await desk({ site: { environment: 'mine' }, files });
  expect(found).toMatchObject({ environment: 'local/mine', isPersonal: true, namespace: 'mine' });
});

it('has a personal environment from the root image where that has it', async () => {
  const content = { 'gitops/environments/local/mine/kustomization.yaml': 'namespace: pushed\n' };
  const files = { 'deploy/environments/local/mine/kustomization.yaml': 'namespace: mine\n' };
  const { found } = await desk({ site: { environment: 'mine' }, content, files });
  expect(found).toMatchObject({ isPersonal: false, namespace: 'pushed' });
});

it.each<[string, Setup, string]>([
  [
    'an environment that the root image does not have, and the workspace has',
    {
      content: { 'gitops/environments/test/kustomization.yaml': '' },
      files: { 'deploy/environments/prod/kustomization.yaml': '' },
    },
    'the root image has no environment prod; it has test; push it again',
  ],
  [
    'a personal environment that nobody has',
    { site: { environment: 'mine' } },
    'the root image has no environment local/mine; it has prod; push it again',
  ],
  [
    'a root image with nothing in it',
    { content: { 'etc/passwd': 'root' } },
    'acme/shop/root 1.0.0 has nothing in /gitops; a root image brings its files there: npx nx g gitops:root shows how',
  ],
  [
    'a root image that is gone',
    { digest: v('gone').digest },
    `memory/acme/shop/root does not have root 1.0.0, ${v('gone').digest}; restore it from a copy of the store, or push a new version`,
  ],
  [
    'an environment elsewhere',
    { settings: { environments: { prod: 'k8s/prod' } } },
    'gitops.yaml: the environment prod is in k8s/prod, which is not below deploy/environments',
  ],
])('is none for %s', async (_name, setup, message) => {
  await expect(desk(setup)).rejects.toThrow(message);
});

it('leaves nothing behind, however the work ends', async () => {
  let rendered = '';
  const look = async ({ kubectl }: Desk): Promise<void> => {
    rendered = (kubectl as ScriptedKubectl).asked('kustomize')[0]!.split(' ').at(-1)!;
    expect(existsSync(rendered)).toBe(true);
  };
  await at({}, look);
  expect(existsSync(dirname(rendered))).toBe(false);
  const failing = at({}, async (found) => {
    await look(found);
    throw new Error('a fault');
  });
  await expect(failing).rejects.toThrow('a fault');
  expect(existsSync(dirname(rendered))).toBe(false);
});
