import { AMD64, storeBuilt } from '../../test/publish/images';
import { stateOf, v } from '../../test/publish/states';
import { SETTINGS } from '../../test/publish/workspaces';
import { type Answers, ScriptedKubectl } from '../../test/sites/scripted-kubectl';
import { type Files, useDirectory, writeFiles } from '../../test/support/files';
import { sha256 } from '../oci/digest';
import { MemoryStore } from '../oci/memory';
import type { Settings, Site } from '../workspace/settings';
import { type SiteStatus, runningRoots, siteStatuses, statusTable } from './status';

const directory = useDirectory();
const memory = new MemoryStore();
const ONE = v('1.0.0');
const TWO = v('1.1.0');
const STATE = stateOf({ root: { developers: TWO, testers: ONE } });
const SITE: Site = { environment: 'prod', ring: 'testers', namespace: 'shop' };
const CONFIGMAP = 'get configmap gitops-demo -n shop';
const CRONJOB = 'get cronjob gitops-demo -n shop';
const SINCE = '2026-03-01T00:00:00Z';

const ran = (digest: string): string =>
  JSON.stringify({ metadata: { managedFields: [{ time: SINCE }] }, data: { root: `r/root@${digest}` } });

interface Setup {
  /** By context. */
  readonly clusters?: Readonly<Record<string, ScriptedKubectl>>;
  readonly settings?: Partial<Settings>;
  readonly files?: Files;
}

function statuses(sites: Readonly<Record<string, Site>>, { clusters = {}, settings, files = {} }: Setup) {
  return siteStatuses({
    settings: {
      ...SETTINGS,
      root: 'root',
      environments: { prod: 'deploy/environments/prod' },
      sites,
      ...settings,
    },
    state: STATE,
    root: writeFiles(directory(), files),
    repositoryOf: (name) => memory.repository(`acme/shop/${name}`),
    kubectl: (context = 'current') => clusters[context] ?? new ScriptedKubectl(),
  });
}

async function status(answers: Answers, site: Site = SITE, setup: Setup = {}): Promise<SiteStatus> {
  const [found] = await statuses(
    { demo: site },
    { ...setup, clusters: { current: new ScriptedKubectl(answers) } },
  );
  return found!;
}

describe('a site', () => {
  const common = { site: 'demo', environment: 'prod', ring: 'testers', holds: '1.0.0' };

  it.each<[string, Answers, Partial<SiteStatus>]>([
    ['where nothing ran', {}, {}],
    ['as its ring', { [CONFIGMAP]: ran(ONE.digest) }, { runs: '1.0.0', since: SINCE }],
    ['other than its ring', { [CONFIGMAP]: ran(TWO.digest) }, { runs: '1.1.0', since: SINCE }],
    [
      'with what nobody knows any more',
      { [CONFIGMAP]: ran(sha256('gone')) },
      { runs: sha256('gone'), since: SINCE },
    ],
    [
      'that follows its ring',
      { [CONFIGMAP]: ran(ONE.digest), [CRONJOB]: '{"spec":{}}' },
      { runs: '1.0.0', since: SINCE, follows: 'yes' },
    ],
    ['that is to follow its ring, and did not run yet', { [CRONJOB]: '{"spec":{}}' }, { follows: 'yes' }],
    ['that does not follow for now', { [CRONJOB]: '{"spec":{"suspend":true}}' }, { follows: 'suspended' }],
    [
      'whose cluster is not there',
      { get: { code: 1, stderr: 'The connection to the server x was refused' } },
      {
        problem:
          'configmap gitops-demo in shop cannot be read: The connection to the server x was refused; start the cluster, or name another context for the site in gitops.yaml',
      },
    ],
    [
      'of which not all may be read',
      { [CRONJOB]: { code: 1, stderr: 'cronjobs is forbidden: User "jane"' } },
      {
        problem:
          'cronjob gitops-demo in shop cannot be read: cronjobs is forbidden: User "jane"; ask for the right to do so, or have somebody do it who may',
      },
    ],
  ])('%s', async (_name, answers, found) => {
    expect(await status(answers)).toEqual({ ...common, ...found });
  });

  it('may run a version that no ring holds any more: its label tells which', async () => {
    const labels = { Labels: { 'org.opencontainers.image.version': '0.9.0' } };
    const { digest } = await storeBuilt(memory.repository('acme/shop/root'), ['old'], AMD64, labels);
    expect((await status({ [CONFIGMAP]: ran(digest) })).runs).toBe('0.9.0');
  });

  it('may be of a ring that holds nothing', async () => {
    expect(await status({}, { ...SITE, ring: 'users' })).toEqual({
      site: 'demo',
      environment: 'prod',
      ring: 'users',
    });
  });

  it.each<[string, Site, Files, string]>([
    ['its own', SITE, {}, 'shop'],
    ['of its environment', { ...SITE, namespace: undefined }, { k: 'namespace: "there"\n' }, 'there'],
    ['of its context', { ...SITE, namespace: undefined }, { k: 'resources: []\n' }, 'from-context'],
    ['of its context, without an environment', { ...SITE, namespace: undefined }, {}, 'from-context'],
  ])('is looked for in the namespace %s', async (_name, site, { k: text }, namespace) => {
    const files: Files = text === undefined ? {} : { 'deploy/environments/prod/kustomization.yaml': text };
    const answers = {
      'config view': 'from-context',
      [`get configmap gitops-demo -n ${namespace} `]: ran(ONE.digest),
    };
    expect((await status(answers, site, { files })).runs).toBe('1.0.0');
  });

  it('is looked for where all is that says nothing else', async () => {
    const answers = { 'get configmap gitops-demo -n default ': ran(ONE.digest) };
    expect((await status(answers, { ...SITE, namespace: undefined })).runs).toBe('1.0.0');
  });
});

describe('several sites', () => {
  it('are asked each by its context; one that is not there does not stand in the way', async () => {
    const refused = new ScriptedKubectl({ get: { code: 1, stderr: 'Unable to connect' } });
    const asked = new ScriptedKubectl({ 'get configmap': ran(ONE.digest) });
    const found = await statuses(
      { gone: { ...SITE, context: 'a' }, demo: { ...SITE, context: 'b' } },
      { clusters: { a: refused, b: asked } },
    );
    expect(found.map(({ site, runs, problem }) => ({ site, runs, isWrong: problem !== undefined }))).toEqual([
      { site: 'gone', runs: undefined, isWrong: true },
      { site: 'demo', runs: '1.0.0', isWrong: false },
    ]);
  });

  it('have a root image', async () => {
    await expect(statuses({ demo: SITE }, { settings: { root: undefined } })).rejects.toThrow(
      'gitops.yaml: it names no root image',
    );
  });

  it('hide no fault of ours', async () => {
    const broken = new ScriptedKubectl({
      get: () => {
        throw new TypeError('a fault');
      },
    });
    await expect(statuses({ demo: SITE }, { clusters: { current: broken } })).rejects.toThrow(TypeError);
  });
});

it('is a table', () => {
  const site = (name: string, more: Partial<SiteStatus>): SiteStatus => ({
    site: name,
    environment: 'prod',
    ring: 'testers',
    holds: '1.0.0',
    ...more,
  });
  const table = statusTable([
    site('demo', { runs: '1.0.0', since: SINCE, follows: 'yes' }),
    site('eu-central', { runs: '1.1.0', since: SINCE, follows: 'suspended' }),
    site('new', {}),
    site('empty', { holds: undefined }),
    site('gone', { problem: 'it cannot be asked' }),
  ]);
  expect(table.split('\n')).toEqual([
    'SITE        ENVIRONMENT  RING     HOLDS  RUNS   SINCE',
    `demo        prod         testers  1.0.0  1.0.0  ${SINCE}  as its ring, follows it`,
    `eu-central  prod         testers  1.0.0  1.1.0  ${SINCE}  other than its ring, following is suspended`,
    'new         prod         testers  1.0.0  -                            not deployed',
    'empty       prod         testers  -      -                            not deployed',
    'gone        prod         testers  1.0.0  -                            it cannot be asked',
  ]);
});

describe('the root images that run', () => {
  const running = (answers: Answers) =>
    runningRoots({
      settings: { ...SETTINGS, root: 'root', environments: { prod: 'x' }, sites: { demo: SITE } },
      root: directory(),
      kubectl: () => new ScriptedKubectl(answers),
    });

  it('are told by digest; where nothing ran there is none', async () => {
    expect(await running({ [CONFIGMAP]: ran(ONE.digest) })).toEqual([{ site: 'demo', digest: ONE.digest }]);
    expect(await running({})).toEqual([]);
  });

  it('have to be known', async () => {
    await expect(running({ [CONFIGMAP]: { code: 1, stderr: 'dial tcp: timeout' } })).rejects.toThrow(
      /^it is not known what the site demo runs: .*; or leave the sites out of account, with --sites=false$/,
    );
  });
});
