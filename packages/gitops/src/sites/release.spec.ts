import { image, store as storeImage } from '../../test/oci/fixtures';
import { stateOf, v } from '../../test/publish/states';
import { SETTINGS } from '../../test/publish/workspaces';
import { thrownBy } from '../../test/support/thrown';
import type { Ledger } from '../ledger/ledger';
import { EMPTY_STATE, type State } from '../ledger/state';
import { MemoryStore } from '../oci/memory';
import type { Settings, Site } from '../workspace/settings';
import { type Wanted, environmentIn, releaseFor, rootOf, siteOf } from './release';

const SITE: Site = { environment: 'prod', ring: 'testers' };
const HOST = '127.0.0.1:5000';
const WORKSPACE: Settings = { ...SETTINGS, store: `http://${HOST}/`, root: 'root' };

describe('a site', () => {
  const found = (names: readonly string[], name?: string): unknown =>
    siteOf({ ...SETTINGS, sites: Object.fromEntries(names.map((each) => [each, SITE])) }, name);

  it.each([
    [['demo'], undefined, 'demo'],
    [['demo'], 'demo', 'demo'],
    [['demo', 'eu'], 'eu', 'eu'],
    [['constructor'], undefined, 'constructor'],
  ])('of %j by %s is %s', (names, name, site) => {
    expect(found(names, name)).toEqual({ ...SITE, name: site });
  });

  it.each([
    [[], undefined, 'gitops.yaml has no site; add one: npx nx g gitops:site demo --environment=prod'],
    [[], 'demo', 'gitops.yaml has no site; add one'],
    [['demo', 'eu'], undefined, 'there are several sites; use one of demo, eu, as in -c demo'],
    [['demo', 'eu'], 'us', 'there is no site us; use one of demo, eu, as in -c demo'],
    [['demo'], 'constructor', 'there is no site constructor; use one of demo, as in -c demo'],
  ])('of %j by %s is none', (names, name, message) => {
    expect((thrownBy(() => found(names, name)) as Error).message).toContain(message);
  });
});

describe('the release of a site', () => {
  const ONE = v('1.0.0');
  const TWO = v('1.1.0');
  const HELD = stateOf({ root: { developers: TWO, testers: ONE }, api: { testers: v('7.0.0') } });
  const memory = new MemoryStore();

  function released(state: State = HELD, wanted: Wanted = {}, settings: Partial<Settings> = {}, site = SITE) {
    const ledger = { read: async () => ({ state }) } as unknown as Ledger;
    const repositoryOf = (name: string) => memory.repository(`acme/shop/${name}`);
    return releaseFor({ settings: { ...WORKSPACE, ...settings }, ledger, repositoryOf }, site, wanted);
  }

  it('is what its ring holds of the root image, by digest', async () => {
    expect(await released()).toMatchObject({
      image: 'root',
      version: '1.0.0',
      digest: ONE.digest,
      reference: `${HOST}/acme/shop/root@${ONE.digest}`,
      ring: 'testers',
    });
  });

  it.each(['developers', 'testers'])(
    'is what another ring holds, where that is asked for: %s',
    async (ring) => {
      const { digest } = ring === 'developers' ? TWO : ONE;
      expect(await released(HELD, { ring })).toMatchObject({ ring, digest });
    },
  );

  it('is a version, whatever ring holds it', async () => {
    const repository = memory.repository('acme/shop/root');
    const { digest } = await storeImage(repository, image(['old']), '0.9.0');
    const { ring, ...found } = await released(HELD, { version: '0.9.0' });
    expect(ring).toBeUndefined();
    expect(found).toMatchObject({
      version: '0.9.0',
      digest,
      reference: `${HOST}/acme/shop/root@${digest}`,
    });
  });

  it('has the path of its store', async () => {
    const { reference } = await released(HELD, {}, { store: 'https://registry.test/team' });
    expect(reference).toBe(`registry.test/team/acme/shop/root@${ONE.digest}`);
  });

  it.each<[string, State, Wanted, Partial<Settings>, string]>([
    [
      'a ring that does not hold the root image',
      stateOf({ api: { testers: ONE } }),
      {},
      {},
      'the ring testers holds no root; push it there, or promote it: npx nx image-push root --ring=testers',
    ],
    ['nothing', EMPTY_STATE, { ring: 'users' }, {}, 'the ring users holds no root; push it there'],
    [
      'a ring that is not there',
      HELD,
      { ring: 'tester' },
      {},
      'there is no ring tester; use one of ante, developers, testers, users',
    ],
    ['what was shifted off', HELD, { ring: 'post' }, {}, 'nothing is built for the ring post'],
    [
      'a version that is not there',
      HELD,
      { version: '9.9.9' },
      {},
      'there is no root 9.9.9 in memory/acme/shop/root; see npx nx rings --log',
    ],
    [
      'a ring that is called a version',
      HELD,
      { version: 'developers' },
      {},
      'developers is a ring, not a version; use --ring=developers',
    ],
    [
      'no root image',
      HELD,
      {},
      { root: undefined },
      'gitops.yaml: it names no root image; make one: npx nx g gitops:root; or write root: and its name',
    ],
  ])('is none: %s', async (_name, state, wanted, settings, message) => {
    await expect(released(state, wanted, settings)).rejects.toThrow(message);
  });
});

it('names the root image', () => expect(rootOf(WORKSPACE)).toBe('root'));

describe('the directory of an environment', () => {
  const found = (directory: string, root: string): string =>
    environmentIn({ ...SETTINGS, environments: { prod: directory } }, SITE, root);

  it.each([
    ['deploy/environments/prod', 'deploy', 'prod'],
    ['./deploy/environments/prod/', 'deploy', 'prod'],
    ['deploy/environments/local/mia', 'deploy', 'local/mia'],
    ['environments/prod', '.', 'prod'],
    ['apps/root/environments/eu', 'apps/root', 'eu'],
  ])('%s, of the root image in %s, is %s', (directory, root, environment) => {
    expect(found(directory, root)).toBe(environment);
  });

  it.each([
    ['k8s/prod', 'deploy', 'deploy/environments'],
    ['deploy/environments', 'deploy', 'deploy/environments'],
    ['deploy/environments-old/prod', 'deploy', 'deploy/environments'],
    ['other/deploy/environments/prod', 'deploy', 'deploy/environments'],
    ['deploy/environments/prod', '.', 'environments'],
  ])('%s, of the root image in %s, is none', (directory, root, parent) => {
    expect((thrownBy(() => found(directory, root)) as Error).message).toBe(
      `gitops.yaml: the environment prod is in ${directory}, which is not below ${parent}: the root image does not have it; ` +
        `move it there: npx nx g gitops:environment prod --directory=${parent}/prod`,
    );
  });
});
