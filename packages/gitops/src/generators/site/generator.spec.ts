import { type Tree, logger } from '@nx/devkit';
import { createTree } from '@nx/devkit/testing';
import siteGenerator, { type SiteOptions } from './generator';

const TEXT = `# ours
rings: [developers, testers]
environments:
  prod: deploy/prod # the real one
sites:
  # for sales
  demo: { environment: prod, ring: testers }
`;
const LOCAL = 'environments:\n  own: deploy/local/own\n';

let tree: Tree;
beforeEach(() => {
  tree = createTree();
  tree.delete('.prettierrc');
  tree.write('gitops.yaml', TEXT);
  jest.spyOn(logger, 'info').mockImplementation();
});
afterEach(() => jest.restoreAllMocks());

const file = (path = 'gitops.yaml'): string | null => tree.read(path, 'utf8');
const generate = (options: SiteOptions): Promise<void> => siteGenerator(tree, options);

it.each<[what: string, options: SiteOptions, result: string]>([
  [
    'adds one',
    { name: 'beta', environment: 'prod', ring: 'ante', context: 'kind', namespace: 7 },
    `${TEXT}  beta: { environment: prod, ring: ante, context: kind, namespace: "7" }\n`,
  ],
  [
    'adds one with a number for a name',
    { name: 7, environment: 'prod', ring: 'ante' },
    `${TEXT}  "7": { environment: prod, ring: ante }\n`,
  ],
  [
    'changes what is given',
    { name: 'demo', ring: 'developers' },
    TEXT.replace('ring: testers', 'ring: developers'),
  ],
  [
    'adds what is given',
    { name: 'demo', context: 'kind' },
    TEXT.replace('testers }', 'testers, context: kind }'),
  ],
  ['leaves what is as it is to be', { name: 'demo', environment: 'prod', ring: 'testers' }, TEXT],
  ['gives it another name', { name: 'demo', rename: 'fair' }, TEXT.replace('demo:', 'fair:')],
  ['removes it', { name: 'demo', remove: true }, TEXT.replace(/sites:\n(.*\n).*\n/, 'sites: {}\n$1')],
])('%s, and nothing the second time', async (_, options, result) => {
  await generate(options);
  expect(file()).toBe(result);
  tree.write('gitops.yaml', result);
  await generate(options);
  expect(file()).toBe(result);
  expect(tree.exists('gitops.local.yaml')).toBe(false);
});

describe('a personal one', () => {
  const SITE = 'sites:\n  mine: { environment: prod, ring: testers }\n';

  it('goes to a file of its own, out of git', async () => {
    tree.write('.gitignore', 'dist');
    for (let i = 0; i < 2; i += 1) {
      await generate({ name: 'mine', environment: 'prod', ring: 'testers', personal: true });
      expect(file()).toBe(TEXT);
      expect(file('gitops.local.yaml')).toBe(
        `# yaml-language-server: $schema=./node_modules/gitops/schemas/gitops.local.schema.json\n${SITE}`,
      );
      expect(file('.gitignore')).toBe('dist\ngitops.local.yaml\n');
    }
  });

  it('is one of a personal environment', async () => {
    tree.write('gitops.local.yaml', LOCAL);
    tree.write('.gitignore', '*.local.*\n');
    await generate({ name: 'mine', environment: 'own', ring: 'testers' });
    await generate({ name: 'mine', context: 'kind' });
    expect(file('gitops.local.yaml')).toBe(
      `${LOCAL}sites:\n  mine: { environment: own, ring: testers, context: kind }\n`,
    );
    expect(file()).toBe(TEXT);
    expect(file('.gitignore')).toBe('*.local.*\n');
  });
});

it.each<[options: SiteOptions, message: string]>([
  [{ name: 'beta', environment: 'dev', ring: 'testers' }, 'there is no environment dev; use one of prod'],
  [
    { name: 'beta', environment: 'prod', ring: 'users' },
    'there is no ring users; use one of ante, developers, testers',
  ],
  [
    { name: 'beta', environment: 'prod', ring: 'post' },
    'there is no ring post; use one of ante, developers, testers',
  ],
  [{ name: 'beta', ring: 'testers' }, 'a new site has to have --environment; give one of prod'],
  [
    { name: 'beta', environment: 'prod' },
    'a new site has to have --ring; give one of ante, developers, testers',
  ],
  [
    { name: 'Beta', environment: 'prod', ring: 'testers' },
    'a site cannot be called "Beta"; use lower-case letters',
  ],
  [
    { name: 'beta', environment: 'prod', ring: 'testers', namespace: 'A' },
    'namespace of the site beta: A is not a DNS label',
  ],
  [{ name: 'demo', personal: true }, 'there is a site demo already, in gitops.yaml; name another one'],
  [{ name: 'demo', remove: true, rename: 'fair' }, '--remove and --rename do not go together'],
  [{ name: 'demo', remove: true, ring: 'testers' }, '--remove and --ring do not go together'],
  [{ name: 'none', rename: 'other' }, 'there is no site none; use one of demo'],
])('refuses %j, and touches nothing', async (options, message) => {
  await expect(generate(options)).rejects.toThrow(message);
  expect(file()).toBe(TEXT);
  expect(tree.listChanges().map(({ path }) => path)).toEqual(['gitops.yaml']);
});

it('refuses a site where there is no environment', async () => {
  tree.delete('gitops.yaml');
  await expect(generate({ name: 'demo', ring: 'developers' })).rejects.toThrow(
    'a new site has to have --environment; make one first: nx g gitops:environment <name>',
  );
});

it('refuses a file that is not as it should be', async () => {
  tree.write('gitops.yaml', 'sites: [a\n');
  await expect(generate({ name: 'b', environment: 'prod', ring: 'x' })).rejects.toThrow(
    /^gitops\.yaml:2:1: it is not YAML/,
  );
});
