import { type NxJsonConfiguration, type Tree, formatFiles, logger, updateNxJson } from '@nx/devkit';
import { posix } from 'node:path';
import { type ResolvedOptions, resolveOptions } from '../../plugin/options';
import { GitopsError } from '../../support/errors';
import { collectImages } from '../../workspace/collect';
import { type Settings, readSettings } from '../../workspace/settings';
import { pluginOptions, readExtendedNxJson, withPluginOptions } from '../plugin-entry';
import { type Projects, projectsOfGraph } from '../projects';
import { chooseBase } from './base';
import { type Ingredients, gather } from './ingredients';
import { type Kind, detectKind } from './kind';
import { type Place, findPlace } from './place';
import { readSubject } from './subject';
import { addToTargets, planTargets } from './targets';
import { type Frame, baseText, ignoreText, nodeText, scratchText, staticText } from './text';

/** The options of the generator `image`; each is documented in its schema. */
export interface ImageOptions {
  readonly project?: string | number;
  readonly directory?: string | number;
  readonly kind?: Kind | 'auto';
  readonly base?: string;
  readonly artefact?: string;
  readonly name?: string | number;
  readonly force?: boolean;
  readonly skipFormat?: boolean;
}

/**
 * Writes the container file and the ignore file of a project, or of a directory that becomes one, and sets what its
 * targets need so that what the image takes is made before it.
 * @param given the projects of the workspace; those of the project graph by default
 * @throws GitopsError that says what is wrong; then no file is touched
 */
export default async function imageGenerator(
  tree: Tree,
  options: ImageOptions,
  given?: Projects,
): Promise<void> {
  const nxJson = readExtendedNxJson(tree);
  const projects = given ?? (await projectsOfGraph());
  const settings = readSettings(tree.root);
  const plugin = resolveOptions(pluginOptions(nxJson));

  const place = findPlace(tree, wantedPlace(options), projects, settings);
  const config = projects[place.project] ?? { root: place.root };
  const subject = readSubject(tree, place.project, config, plugin.sourceTargets);
  const kind = !options.kind || options.kind === 'auto' ? detectKind(tree, subject) : options.kind;
  const base = chooseBase(kind, options.base, otherImages(projects, place), settings.project);
  const ingredients = kind === 'base' ? undefined : gather(tree, kind, subject, options.artefact, projects);
  const { context, changes } = planTargets(place, subject, ingredients, plugin);

  const text = containerfileText(kind, { base, context }, place, ingredients, settings);
  write(tree, place.file, text, options.force);
  write(tree, `${place.file}.dockerignore`, ignored(place, context, ingredients), options.force);
  addToTargets(tree, place, changes);
  waitFor(tree, nxJson, Object.keys(ingredients?.install?.targets ?? {}), plugin);
  if (!options.skipFormat) await formatFiles(tree);
  logger.info(`${place.file} makes the image ${place.reference}, of kind ${kind}, from ${base}`);
}

/** On the command line, what looks like a number is one. */
function wantedPlace({ project, directory, name }: ImageOptions): Parameters<typeof findPlace>[1] {
  return {
    ...(project === undefined ? {} : { project: String(project) }),
    ...(directory === undefined ? {} : { directory: String(directory) }),
    ...(name === undefined ? {} : { name: String(name) }),
  };
}

function otherImages(projects: Projects, { file }: Place): string[] {
  return collectImages(projects).flatMap(({ name, options }) =>
    options.containerfile === file ? [] : [name],
  );
}

function containerfileText(
  kind: Kind,
  frame: Frame,
  { root, reference }: Place,
  ingredients: Ingredients | undefined,
  { vendor, project }: Settings,
): string {
  if (kind === 'base' || !ingredients) return baseText(frame, reference, vendor ?? project);
  const { artefact } = ingredients;
  if (kind === 'static') return staticText(frame, artefact);
  return kind === 'scratch' ? scratchText(frame, artefact) : nodeText(frame, root, ingredients);
}

/** Where all of a directory is copied, what is about the image itself stays out; and what was built from it. */
function ignored({ root }: Place, context: string, ingredients: Ingredients | undefined): string {
  if (ingredients?.artefact.source !== root) return ignoreText([]);
  const inRoot = (pattern: string): string => posix.join(posix.relative(context, root), pattern);
  return ignoreText(['**/node_modules', ...['Containerfile*', 'Dockerfile*', 'dist'].map(inRoot)]);
}

/** @throws GitopsError where the file is there, and says something else */
function write(tree: Tree, file: string, text: string, force = false): void {
  const before = tree.read(file, 'utf8');
  if (before === text) return;
  if (before !== null && !force)
    throw new GitopsError(
      `${file} is there already`,
      undefined,
      'use --force to write it anew, or --name=<name> for a second container file beside it',
    );
  tree.write(file, text);
}

/** Has all images wait for more targets, in the projects that have these. */
function waitFor(
  tree: Tree,
  nxJson: NxJsonConfiguration,
  targets: readonly string[],
  { sourceTargets }: ResolvedOptions,
): void {
  const missing = targets.filter((target) => !sourceTargets.includes(target));
  if (missing.length > 0)
    updateNxJson(tree, withPluginOptions(nxJson, { sourceTargets: [...sourceTargets, ...missing] }));
}
