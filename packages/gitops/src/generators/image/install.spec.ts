import { type TargetConfiguration, readJson } from '@nx/devkit';
import { createTree } from '@nx/devkit/testing';
import { type Install, planInstall } from './install';
import { readSubject } from './subject';

interface Case {
  readonly root?: object;
  readonly files?: readonly string[];
  readonly manifest?: object;
  readonly build?: TargetConfiguration;
  readonly targets?: Record<string, TargetConfiguration>;
}

function plan({ root = {}, files = [], manifest, build, targets = {} }: Case): Install | undefined {
  const tree = createTree();
  tree.write('package.json', JSON.stringify(root));
  for (const file of files) tree.write(file, '');
  if (manifest) tree.write('apps/x/package.json', JSON.stringify(manifest));
  const all = { ...targets, ...(build && { build }) };
  const subject = readSubject(tree, 'x', { root: 'apps/x', targets: all }, ['build']);
  expect(readJson(tree, 'package.json')).toEqual(root);
  return planInstall(tree, subject, new Set(['@acme/lib']));
}

const NEEDY = { dependencies: { express: '5' } };
const TSC = { executor: '@nx/js:tsc', outputs: ['{projectRoot}/dist'] };
const PRUNED = { 'prune-lockfile': { executor: '@nx/js:prune-lockfile' } };

it.each<[string, Case]>([
  ['nothing is needed', { build: TSC, manifest: {} }],
  ['only for development', { build: TSC, manifest: { devDependencies: { jest: '30' } } }],
  ['all is bundled', { manifest: NEEDY, build: { ...TSC, options: { thirdParty: true } } }],
])('installs nothing where %s', (_name, given) => {
  expect(plan(given)).toBeUndefined();
});

it.each<[string, Case, string[], string[], string[]]>([
  [
    'npm, pruned',
    { files: ['package-lock.json'], manifest: NEEDY, build: TSC, targets: PRUNED },
    ['apps/x/dist/package.json apps/x/dist/package-lock.json > ./'],
    [],
    ['npm ci --omit=dev'],
  ],
  [
    'Yarn 1, pruned, with a package of the workspace',
    {
      files: ['yarn.lock'],
      manifest: { optionalDependencies: { '@acme/lib': '*' } },
      build: TSC,
      targets: PRUNED,
    },
    [
      'apps/x/dist/package.json apps/x/dist/yarn.lock > ./',
      'apps/x/dist/workspace_modules > ./workspace_modules/',
    ],
    [],
    ['yarn install --production --frozen-lockfile'],
  ],
  [
    'pnpm, in the workspace',
    { root: { packageManager: 'pnpm@9.1.0+sha512.abc' }, files: ['pnpm-lock.yaml'], manifest: NEEDY },
    ['package.json pnpm-lock.yaml pnpm-workspace.yaml > ./', 'apps/x/package.json > ./apps/x/'],
    ['npm install --global pnpm@9.1.0'],
    ['pnpm install --prod --frozen-lockfile --filter=./apps/x'],
  ],
  [
    'npm, a lock file of its own',
    { files: ['package-lock.json', 'apps/x/package-lock.json'], manifest: NEEDY },
    ['apps/x/package.json apps/x/package-lock.json > ./'],
    [],
    ['npm ci --omit=dev'],
  ],
  ['no lock file', { manifest: NEEDY }, ['apps/x/package.json > ./'], [], ['npm install --omit=dev']],
  [
    'a package.json that the build makes',
    { build: { ...TSC, options: { generatePackageJson: true } } },
    ['apps/x/dist/package.json > ./'],
    [],
    ['npm install --omit=dev'],
  ],
  [
    'a package.json and a lock file that the build makes',
    {
      files: ['package-lock.json'],
      build: { ...TSC, options: { generatePackageJson: true, generateLockfile: true } },
    },
    ['apps/x/dist/package.json apps/x/dist/package-lock.json > ./'],
    [],
    ['npm ci --omit=dev'],
  ],
])('%s', (_name, given, copies, setUp, [command]) => {
  const install = plan(given)!;
  expect(install.copies.map(({ sources, to }) => `${sources.join(' ')} > ${to}`)).toEqual(copies);
  expect(install).toMatchObject({ setUp, command });
});

it('refuses what a lock file of the workspace does not bring along', () => {
  const ours = { dependencies: { '@acme/lib': '*' } };
  expect(() => plan({ files: ['package-lock.json'], manifest: ours })).toThrow(
    'apps/x needs @acme/lib of this workspace at run time, which package-lock.json alone does not bring along; install @nx/js',
  );
  expect(() => plan({ files: ['yarn.lock'], manifest: NEEDY })).toThrow(
    'apps/x needs packages at run time, which yarn.lock alone does not bring along; install @nx/js',
  );
});
