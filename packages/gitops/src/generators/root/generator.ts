import { type Tree, logger } from '@nx/devkit';
import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { type PluginOptions, resolveOptions } from '../../plugin/options';
import { GitopsError } from '../../support/errors';
import { type Project, collectImages } from '../../workspace/collect';
import { asContainerFile } from '../../workspace/container-files';
import { referenceName } from '../../workspace/image';
import {
  emptyKustomization,
  kustomizationIn,
  newFile,
  withWanted,
} from '../../workspace/kustomize/kustomization';
import { type Settings, readSettings } from '../../workspace/settings';
import { Workspace } from '../../workspace/workspace';
import { pluginOptions, readExtendedNxJson } from '../plugin-entry';
import { projectsOfGraph } from '../projects';
import { type Text, filesOf, openSettings, textOf, writeChanged, writeSettings } from '../settings-tree';
import { ENTRYPOINT, type RootImage, rootContainerfile, withDependencies } from './containerfile';
import { deployedImages } from './images';
import { deployment, resourceName, runs } from './manifests';
import { findPlace } from './place';

/** The options of the generator `root`; each is documented in its schema. */
export interface RootOptions {
  readonly directory?: Text;
  readonly name?: Text;
  readonly images?: readonly Text[];
  readonly base?: string;
  readonly kubectl?: string;
  readonly kubectlPath?: string;
}

type Projects = Readonly<Record<string, Project>>;

/** What is written as it is. */
const TEMPLATES = ['lib/lock.sh', 'lib/migrations.sh', 'migrations/README.md', 'reconcile'];

const IGNORED = "# Everybody's own.\nenvironments/local\n";

/**
 * Writes the root image: its container file, the Kubernetes files that it carries, and the script that it runs. Where
 * it is there already, what it lacks is added, and nothing else changes.
 * @param given the projects of the workspace; those of the project graph by default
 * @throws GitopsError that says what is wrong; then no file is touched
 */
export default async function rootGenerator(
  tree: Tree,
  options: RootOptions,
  given?: Projects,
): Promise<void> {
  const nxJson = readExtendedNxJson(tree);
  const projects = given ?? (await projectsOfGraph());
  const editor = openSettings(tree);
  const settings = readSettings(tree.root);
  const wanted = { directory: textOf(options.directory), name: textOf(options.name) };
  const { project, image, directory } = findPlace(tree, wanted, projects, settings);
  const workspace = new Workspace(tree.root, settings, collectImages(projects));
  const images = deployedImages(workspace, directory, options.images?.map(String));

  const files = new Map([
    containerfileOf(tree, directory, options, images),
    ...manifestsOf(tree, directory, images, settings),
  ]);
  const added = {
    ...Object.fromEntries(TEMPLATES.map((name) => [name, template(name)])),
    '.containerignore': IGNORED,
    ...(tree.exists(posix.join(directory, 'environments')) ? {} : { 'environments/.gitkeep': '' }),
    ...(isProject(tree, directory) ? {} : { 'project.json': projectJson(project, pluginOptions(nxJson)) }),
  };
  const after = editor.edited({ shared: [{ op: 'set', path: ['root'], value: image }] });

  writeChanged(tree, files);
  for (const [name, text] of Object.entries(added)) addFile(tree, posix.join(directory, name), text);
  writeSettings(tree, after);
  logger.info(`${directory} makes the root image ${image}; it deploys ${images.join(', ') || 'nothing yet'}`);
}

/** @throws GitopsError where there is one that is not a root image's */
function containerfileOf(
  tree: Tree,
  directory: string,
  options: RootOptions,
  images: readonly string[],
): [file: string, text: string] {
  const there = (tree.exists(directory) ? tree.children(directory) : [])
    .map((name) => posix.join(directory, name))
    .find((path) => asContainerFile(path)?.suffix === '' && tree.isFile(path));
  if (there === undefined)
    return [
      posix.join(directory, 'Containerfile'),
      rootContainerfile(rootImage(tree, directory, options, images)),
    ];
  const text = tree.read(there, 'utf8')!;
  if (text.includes(ENTRYPOINT)) return [there, withDependencies(text, there, images)];
  throw new GitopsError(
    `it is not that of a root image: it does not start ${ENTRYPOINT}`,
    { file: there },
    'choose another --directory and --name, or remove it first',
  );
}

function rootImage(
  tree: Tree,
  directory: string,
  options: RootOptions,
  images: readonly string[],
): RootImage {
  const {
    base = 'alpine:3.22',
    kubectl = 'registry.k8s.io/kubectl:v1.32.0',
    kubectlPath = '/bin/kubectl',
  } = options;
  const isFile = tree.isFile(posix.join(directory, kubectl));
  return { base, kubectl: isFile ? { file: kubectl } : { image: kubectl, path: kubectlPath }, images };
}

/** A Deployment for each image that no manifest runs yet, and the kustomization with them. */
function manifestsOf(
  tree: Tree,
  directory: string,
  images: readonly string[],
  settings: Settings,
): Map<string, string> {
  const { read } = filesOf(tree);
  const base = posix.join(directory, 'base');
  const manifests = yamlBelow(tree, directory).map((path) => tree.read(path, 'utf8')!);
  const fresh = images.filter((name) => {
    const isThere = read(posix.join(base, manifestFile(name))) !== undefined;
    return !isThere && !manifests.some((text) => runs(text, referenceName({ name }, settings)));
  });
  const there = kustomizationIn(base, read);
  const file = there?.file ?? newFile(base);
  const text =
    there?.text ?? (fresh.length > 0 ? undefined : emptyKustomization('What every environment has.'));
  return new Map([
    ...fresh.map((name): [string, string] => [
      posix.join(base, manifestFile(name)),
      deployment(name, referenceName({ name }, settings)),
    ]),
    [file, withWanted(text, file, { resources: fresh.map(manifestFile) })],
  ]);
}

function manifestFile(image: string): string {
  return `${resourceName(image)}.yaml`;
}

function yamlBelow(tree: Tree, directory: string): string[] {
  if (!tree.exists(directory)) return [];
  return tree.children(directory).flatMap((name) => {
    const path = posix.join(directory, name);
    if (!tree.isFile(path)) return yamlBelow(tree, path);
    return /\.ya?ml$/.test(name) ? [path] : [];
  });
}

function isProject(tree: Tree, directory: string): boolean {
  return ['project.json', 'package.json'].some((file) => tree.isFile(posix.join(directory, file)));
}

/** What COPY takes is in the project's own directory, whatever holds for others. */
function projectJson(name: string, options: PluginOptions): string {
  const { buildTargetName, context } = resolveOptions(options);
  const targets = { [buildTargetName]: { options: { context: 'project' } } };
  return `${JSON.stringify({ name, ...(context === 'workspace' ? { targets } : {}) }, undefined, 2)}\n`;
}

function template(name: string): string {
  return readFileSync(join(__dirname, 'files', name), 'utf8');
}

/** Adds a file where there is none. A script can be run, but for those that another one reads. */
function addFile(tree: Tree, path: string, text: string): void {
  if (!tree.exists(path)) tree.write(path, text, { mode: text.startsWith('#!') ? 0o755 : 0o644 });
}
