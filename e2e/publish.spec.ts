import { type RunningRegistry, startDockerRegistry } from '../packages/gitops/test/oci/docker-registry';
import { whenAvailable } from '../packages/gitops/test/support/available';
import { succeed } from './support/process';
import { type Workspace, createWorkspace } from './support/workspace';

jest.setTimeout(240_000);

const BASE = 'FROM scratch\nCOPY file /base/\n';
const FILES = {
  'apps/base/Containerfile': BASE,
  'apps/base/file': 'base',
  'apps/api/Containerfile': 'FROM shop/base\nCOPY file /api/\n',
  'apps/api/file': 'api',
  'apps/api/project.json': JSON.stringify({
    name: 'api',
    targets: { 'image-label': { options: { labels: ['team=web'] } } },
  }),
  'apps/root/Containerfile': 'FROM scratch\nLABEL dependency.api="*"\nCOPY file /deploy/\n',
  'apps/root/file': 'root',
};

whenAvailable(['docker-registry', 'skopeo'], 'images of a workspace, published to a registry', () => {
  let registry: RunningRegistry;
  let workspace: Workspace;
  let clones = 0;

  beforeAll(async () => {
    registry = await startDockerRegistry();
    workspace = await createWorkspace({
      ...FILES,
      'gitops.yaml': `project: shop\nstore: ${registry.host}\nrings: [developers, testers]\n`,
    });
  });
  afterAll(async () => {
    workspace.remove();
    await registry.stop();
  });

  const nx = async (args: readonly string[], from = workspace): Promise<string> => {
    const { code, output } = await from.nx([...args, '--output-style=static']);
    expect({ code, output }).toMatchObject({ code: 0 });
    return output;
  };
  const push = (...args: string[]): Promise<string> => nx(['run-many', '-t', 'image-push', ...args]);
  const labels = async (image: string, tag = 'developers'): Promise<Record<string, string>> => {
    const reference = `docker://${registry.host}/shop/${image}:${tag}`;
    const said = await succeed('skopeo', ['inspect', '--tls-verify=false', reference]);
    return (JSON.parse(said) as { Labels: Record<string, string> }).Labels;
  };
  const board = async (): Promise<Record<string, Record<string, { version: string }>>> => {
    const said = await nx(['rings', '--json']);
    return (JSON.parse(said.slice(said.indexOf('{'), said.lastIndexOf('}') + 1)) as { images: never }).images;
  };
  /** Another checkout of the same commit, on which nothing was ever built. */
  async function clone(): Promise<Workspace> {
    return createWorkspace(
      Object.fromEntries([...Object.keys(FILES), 'gitops.yaml'].map((path) => [path, workspace.read(path)])),
      { name: `clone-${++clones}` },
    );
  }

  it('would be published first', async () => {
    const output = await push('--dryRun');
    expect(output).toMatch(/^base +developers +- → 0\.1\.0 +first version$/m);
    expect(output).toContain('api: would push 0.1.0 to developers');
    expect(await board()).toEqual({ api: {}, base: {}, root: {} });
  });

  it('are 0.1.0 at first', async () => {
    expect(await push('--reason=first')).toContain('root: pushed 0.1.0 to developers');
    expect(await labels('api', '0.1.0')).toMatchObject({
      team: 'web',
      'dependency.base': '0.1.0',
      'org.opencontainers.image.version': '0.1.0',
      'org.opencontainers.image.ref.name': 'shop/api',
      'org.opencontainers.image.base.name': 'shop/base',
    });
    expect(await labels('root')).toMatchObject({ 'dependency.api': '0.1.0' });
  });

  it('are not published again where nothing changed, from a machine without a cache either', async () => {
    const other = await clone();
    const output = await nx(['run-many', '-t', 'image-push'], other);
    for (const image of ['base', 'api', 'root'])
      expect(output).toContain(`${image}: 0.1.0 is up to date in developers`);
    expect(other.exists('dist')).toBe(false);
    other.remove();
  });

  it('get a version with the base that they are made from', async () => {
    workspace.write('apps/base/file', 'base 2');
    const output = await push();
    expect(output).toMatch(/^base .* 0\.1\.0 → 0\.1\.1 +revision changed: apps\/base\/file$/m);
    expect(output).toMatch(/^api .* 0\.1\.0 → 0\.1\.1 +base 0\.1\.0 → 0\.1\.1$/m);
    expect(output).toMatch(/^root .* 0\.1\.0 → 0\.1\.1 +api 0\.1\.0 → 0\.1\.1$/m);
    const { 'org.opencontainers.image.base.digest': digest, ...others } = await labels('api');
    expect(others).toMatchObject({ 'dependency.base': '0.1.1', 'org.opencontainers.image.version': '0.1.1' });
    const reference = `docker://${registry.host}/shop/base:0.1.1`;
    const raw = await succeed('skopeo', ['inspect', '--tls-verify=false', '--format={{.Digest}}', reference]);
    expect(raw.trim()).toBe(digest);
  });

  it('are told by one command line to all that they need', async () => {
    expect(await nx(['image-push', 'root', '--ring=testers', '--dryRun'])).toContain(
      'base: testers would take 0.1.1',
    );
    await nx(['image-push', 'root', '--ring=testers']);
    expect((await board())['base']).toMatchObject({
      developers: { version: '0.1.1' },
      testers: { version: '0.1.1' },
    });
  });

  it('get a minor version where the next ring is on the same line, and a major one on request', async () => {
    workspace.write('apps/api/file', 'api 2');
    expect(await push()).toContain('api: pushed 0.2.0 to developers');
    workspace.write('apps/api/file', 'api 3');
    const output = await push('--bump=major');
    expect(output).toContain('api: pushed 1.0.0 to developers');
    expect(output).toContain('base: 0.1.1 is up to date in developers');
    expect(await labels('root')).toMatchObject({ 'dependency.api': '1.0.0' });
  });

  it('are labelled without being published', async () => {
    const output = await nx(['image-label', 'base']);
    expect(output).toContain('base: labelled 0.1.1 in dist/apps/base/labelled-image');
    const said = await succeed('skopeo', [
      'inspect',
      `oci:${workspace.path('dist/apps/base/labelled-image')}:0.1.1`,
    ]);
    expect(said).toContain('"org.opencontainers.image.version": "0.1.1"');
  });

  it('land both where two checkouts push at once', async () => {
    const [a, b] = await Promise.all([clone(), clone()]);
    a!.write('apps/api/file', 'by a');
    b!.write('apps/root/file', 'by b');
    const [api, root] = await Promise.all([nx(['image-push', 'api'], a), nx(['image-push', 'root'], b)]);
    const versionIn = (output: string, image: string): string | undefined =>
      new RegExp(`^${image}: pushed (\\S+) to developers`, 'm').exec(output)?.[1];
    // Who comes so late that the other is done finds an api that is not of its own sources, and pushes that again.
    const ofApi = [api, root].flatMap((output) => versionIn(output, 'api') ?? []);
    const pushed = { api: ofApi.sort().at(-1)!, root: versionIn(root, 'root')! };
    expect(await board()).toMatchObject({
      api: { developers: { version: pushed.api } },
      root: { developers: { version: pushed.root } },
    });
    for (const [image, version] of Object.entries(pushed))
      expect(await labels(image, version)).toMatchObject({ 'org.opencontainers.image.version': version });
    for (const one of [a!, b!]) one.remove();
  });

  it('say in one line what is wrong', async () => {
    workspace.write('apps/root/Containerfile', FILES['apps/root/Containerfile'].replace('*', '^7'));
    const { code, output } = await workspace.nx(['image-push', 'root', '--output-style=static']);
    expect(code).not.toBe(0);
    expect(output).toMatch(
      /^apps\/root\/Containerfile:2: api has the version \S+, which is not in the range \^7/m,
    );
    expect(output).not.toMatch(/^ +at /m);
  });
});
