import {
  type GeneratorCallback,
  type Tree,
  addDependenciesToPackageJson,
  formatFiles,
  readJson,
  readNxJson,
  updateNxJson,
} from '@nx/devkit';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GitopsError } from '../../support/errors';
import { checkSettings, freshSettings } from '../../workspace/fresh-settings';
import { SETTINGS_FILE, defaultSettings } from '../../workspace/settings';
import { ignoreInGit } from '../git-ignored';
import { PLUGIN, withPlugin } from '../plugin-entry';

/** The options of the generator `init`; each is documented in its schema. */
export interface InitOptions {
  readonly project?: string | number;
  readonly vendor?: string | number;
  readonly store?: string;
  readonly rings?: readonly (string | number)[];
  readonly keepExistingVersions?: boolean;
  readonly skipPackageJson?: boolean;
  readonly skipFormat?: boolean;
}

/** What git has to ignore: the embedded store, and where images are built to. */
const IGNORED = { '.gitops/': '.gitops/store', '/dist/': 'dist/project/image' };

/**
 * Makes a workspace one of gitops: nx.json gets the plugin, package.json the package, and where there is no
 * gitops.yaml it gets one. What is there already stays.
 * @throws GitopsError that says what is wrong; then no file is touched
 */
export default async function initGenerator(tree: Tree, options: InitOptions): Promise<GeneratorCallback> {
  const nxJson = readNxJson(tree);
  if (!nxJson)
    throw new GitopsError('there is no nx.json', undefined, 'make this a workspace of Nx first: npx nx init');
  writeSettings(tree, options);
  const extended = withPlugin(nxJson);
  if (JSON.stringify(extended) !== JSON.stringify(nxJson)) updateNxJson(tree, extended);
  ignoreInGit(tree, IGNORED);
  const install = options.skipPackageJson ? () => {} : addPackage(tree, options.keepExistingVersions);
  if (!options.skipFormat) await formatFiles(tree);
  return install;
}

function writeSettings(tree: Tree, { project, vendor, store, rings }: InitOptions): void {
  const wanted = {
    ...(project === undefined ? {} : { project: String(project) }),
    ...(vendor === undefined ? {} : { vendor: String(vendor) }),
    ...(store === undefined ? {} : { store }),
    ...(rings === undefined ? {} : { rings: rings.map(String) }),
  };
  const defaults = defaultSettings(tree.root);
  const text = tree.read(SETTINGS_FILE, 'utf8');
  if (text !== null) checkSettings(text, wanted, defaults);
  else
    tree.write(SETTINGS_FILE, freshSettings({ project: defaults.project, rings: defaults.rings, ...wanted }));
}

/** Adds this package, in this version, to the development dependencies. */
function addPackage(tree: Tree, keepExistingVersions = false): GeneratorCallback {
  if (!tree.exists('package.json')) return () => {};
  const { dependencies, devDependencies } = readJson<Manifest>(tree, 'package.json');
  const present = dependencies?.[PLUGIN] ?? devDependencies?.[PLUGIN];
  // A file, a link or an alias is meant as it is; only a version can be an older one.
  const isKept = keepExistingVersions || (present !== undefined && !/^[~^]?\d/.test(present));
  return addDependenciesToPackageJson(tree, {}, { [PLUGIN]: ownVersion() }, undefined, isKept);
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

function ownVersion(): string {
  const manifest = readFileSync(join(__dirname, '../../../package.json'), 'utf8');
  return `^${(JSON.parse(manifest) as { version: string }).version}`;
}
