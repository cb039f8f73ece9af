import type { Tree } from '@nx/devkit';
import { posix } from 'node:path';
import { GitopsError } from '../../support/errors';
import { type Manifest, type Subject, readManifest } from './subject';

/** How an image of Node gets the packages that it needs at run time. Paths are relative to the workspace. */
export interface Install {
  /** What is copied before, in their order. */
  readonly copies: readonly Copied[];
  /** What installs the package manager, where the base lacks it. */
  readonly setUp: readonly string[];
  /** What installs the packages. */
  readonly command: string;
  /** Whether the application keeps its place in the workspace, as the package manager expects. */
  readonly inPlace: boolean;
  /** Targets of Nx that make what is copied, and what each puts beside what the project builds to. */
  readonly targets: Readonly<Record<string, readonly string[]>>;
}

interface Copied {
  readonly sources: readonly string[];
  readonly to: string;
  readonly isDirectory?: boolean;
}

interface Manager {
  readonly lock: string;
  readonly setUp: (version: string) => readonly string[];
  readonly frozen: string;
  readonly loose: string;
  /** What else @nx/js:prune-lockfile may make for it. */
  readonly pruned?: readonly string[];
  /** What the package manager reads of the workspace to install for one project only; undefined where it cannot. */
  readonly one?: { readonly flag: (directory: string) => string; readonly files: readonly string[] };
}

const MANAGERS: readonly Manager[] = [
  {
    lock: 'package-lock.json',
    setUp: () => [],
    frozen: 'npm ci --omit=dev',
    loose: 'npm install --omit=dev',
    one: { flag: (directory) => ` --workspace=${directory}`, files: [] },
  },
  {
    lock: 'pnpm-lock.yaml',
    setUp: (version) => [`npm install --global pnpm${version}`],
    frozen: 'pnpm install --prod --frozen-lockfile',
    loose: 'pnpm install --prod',
    pruned: ['pnpm-workspace.yaml', 'patches', 'local_path_modules'],
    one: { flag: (directory) => ` --filter=./${directory}`, files: ['pnpm-workspace.yaml'] },
  },
  {
    lock: 'yarn.lock',
    setUp: () => [],
    frozen: 'yarn install --production --frozen-lockfile',
    loose: 'yarn install --production',
  },
];

const WORKSPACE_MODULES = 'workspace_modules';

/**
 * How the project's packages are installed; undefined where it needs none: what it builds to has all in it.
 * @param packages the names of the workspace's own packages
 * @throws GitopsError where nothing says which versions to install
 */
export function planInstall(
  tree: Tree,
  subject: Subject,
  packages: ReadonlySet<string>,
): Install | undefined {
  const { root, manifest, build, targets } = subject;
  const { thirdParty, bundle, generatePackageJson, generateLockfile } = build?.options ?? {};
  if (thirdParty === true && bundle !== false) return undefined;
  const needed = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies });
  const manager = managerOf(tree, root, needed.length > 0 || generatePackageJson === true);
  const lockOf = (directory: string): string => posix.join(directory, manager.lock);
  const version = versionOf(readManifest(tree, '.'));

  if (build && generatePackageJson === true) return alone(build.outputs[0], generateLockfile === true);
  if (needed.length === 0) return undefined;
  if (build && ('prune-lockfile' in targets || hasNxJs(tree))) return pruned(build.outputs[0]);
  if (tree.isFile(lockOf(root))) return alone(root, true);
  if (!tree.isFile(manager.lock)) return alone(root, false);
  const ours = needed.filter((name) => packages.has(name));
  if (manager.one && ours.length === 0) return inWorkspace(manager.one);
  throw new GitopsError(
    `${root} needs ${ours.length > 0 ? `${ours.join(', ')} of this workspace` : 'packages'} at run time, which ${manager.lock} alone does not bring along`,
    undefined,
    'install @nx/js, whose targets prune-lockfile and copy-workspace-modules do; or bundle them',
  );

  function alone(directory: string, isLocked: boolean): Install {
    const files = [posix.join(directory, 'package.json'), ...(isLocked ? [lockOf(directory)] : [])];
    return {
      copies: [{ sources: files, to: './' }],
      setUp: manager.setUp(version),
      command: isLocked ? manager.frozen : manager.loose,
      inPlace: false,
      targets: {},
    };
  }

  function pruned(output: string): Install {
    const { copies, ...rest } = alone(output, true);
    const modules = posix.join(output, WORKSPACE_MODULES);
    const ours = { sources: [modules], to: `./${WORKSPACE_MODULES}/`, isDirectory: true };
    const hasOurs = needed.some((name) => packages.has(name));
    return {
      ...rest,
      copies: hasOurs ? [...copies, ours] : copies,
      targets: {
        'prune-lockfile': ['package.json', manager.lock, ...(manager.pruned ?? [])],
        'copy-workspace-modules': [WORKSPACE_MODULES],
      },
    };
  }

  function inWorkspace({ flag, files }: NonNullable<Manager['one']>): Install {
    return {
      copies: [
        { sources: ['package.json', manager.lock, ...files], to: './' },
        { sources: [posix.join(root, 'package.json')], to: `./${root}/` },
      ],
      setUp: manager.setUp(version),
      command: manager.frozen + flag(root),
      inPlace: true,
      targets: {},
    };
  }
}

/** The package manager that the lock file is of; npm where there is none. */
function managerOf(tree: Tree, root: string, isNeeded: boolean): Manager {
  const directories = [root, '.'];
  const found = MANAGERS.find(({ lock }) => directories.some((at) => tree.isFile(posix.join(at, lock))));
  const isModernYarn = /^__metadata:/m.test(tree.read('yarn.lock', 'utf8') ?? '');
  const other = isModernYarn ? 'Yarn 2 or newer' : tree.isFile('bun.lock') ? 'Bun' : undefined;
  if (isNeeded && other !== undefined && (!found || found.lock === 'yarn.lock'))
    throw new GitopsError(
      `packages that ${other} manages cannot be installed in an image by this generator`,
      undefined,
      'bundle them with what the project builds, or write the Containerfile by hand',
    );
  return found ?? MANAGERS[0]!;
}

/** `@9.1.0`, as the root's package.json has the package manager; nothing where it does not say. */
function versionOf({ packageManager = '' }: Manifest): string {
  return /^[^@]+(@[\d.]+)/.exec(packageManager)?.[1] ?? '';
}

function hasNxJs(tree: Tree): boolean {
  const { dependencies, devDependencies } = readManifest(tree, '.');
  return '@nx/js' in { ...dependencies, ...devDependencies };
}
