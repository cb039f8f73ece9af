import { type Tree, logger } from '@nx/devkit';
import { GitopsError } from '../../support/errors';
import { imageIgnoring } from '../../workspace/image-ignores';
import { type Chart, environmentFiles } from '../../workspace/kustomize/environment';
import {
  checkUnused,
  directoryFor,
  entryOf,
  personalDirectory,
  plain,
  sourceOf,
} from '../../workspace/kustomize/place';
import { defaultSettings } from '../../workspace/settings';
import type { SettingsEditor } from '../../workspace/settings-editor';
import { addEnvironment, removeEnvironment, renameEnvironment, whereIs } from '../../workspace/site-edits';
import { checkTogether } from '../check-options';
import { type Text, filesOf, openSettings, textOf, writeChanged, writeSettings } from '../settings-tree';

/** The options of the generator `environment`; each is documented in its schema. */
export interface EnvironmentOptions {
  readonly name: Text;
  readonly directory?: Text;
  readonly namespace?: Text;
  readonly replicas?: number;
  readonly patches?: readonly string[];
  readonly from?: Text;
  readonly helm?: string;
  readonly helmRepo?: string;
  readonly helmVersion?: Text;
  readonly personal?: boolean;
  readonly rename?: Text;
  readonly remove?: boolean;
  readonly force?: boolean;
}

/**
 * Adds an environment: a kustomization, and its entry in gitops.yaml or gitops.local.yaml. Or removes one, or gives it
 * another name.
 * @throws GitopsError that says what is wrong; then no file is touched
 */
export default function environmentGenerator(tree: Tree, options: EnvironmentOptions): void {
  checkOptions(options);
  const settings = openSettings(tree);
  const name = String(options.name);
  if (options.remove) remove(tree, settings, name, options.force);
  else if (options.rename !== undefined) rename(tree, settings, name, String(options.rename));
  else add(tree, settings, name, options);
}

/** @throws GitopsError for options that do not go together */
function checkOptions({ name: _name, remove, rename, force, ...others }: EnvironmentOptions): void {
  checkTogether({ remove, rename }, others);
  const lonely =
    force && !remove
      ? ['force', 'remove']
      : ['helmRepo' as const, 'helmVersion' as const].flatMap((key) =>
          others[key] !== undefined && others.helm === undefined ? [key, 'helm'] : [],
        );
  if (lonely.length > 0)
    throw new GitopsError(`--${lonely[0]} goes with --${lonely[1]}`, undefined, 'give both, or none');
}

function add(tree: Tree, settings: SettingsEditor, name: string, options: EnvironmentOptions): void {
  const files = filesOf(tree);
  const which = options.personal ? 'personal' : (whereIs(settings, 'environments', name) ?? 'shared');
  const entry = directoryFor(settings, name, which, textOf(options.directory));
  const after = addEnvironment(settings, name, entry, which);
  const directory = plain(entry);
  const from = textOf(options.from);
  const made = environmentFiles(
    {
      directory,
      project: settings.files.shared.project ?? defaultSettings(tree.root).project,
      from: from === undefined ? undefined : sourceOf(after, from, name, which),
      namespace: textOf(options.namespace),
      replicas: options.replicas,
      patches: options.patches,
      helm: chartOf(options),
    },
    files.read,
  );
  const ignored = which === 'personal' ? [personalDirectory(directory)] : [];
  writeChanged(tree, made);
  for (const path of ignored) writeChanged(tree, imageIgnoring(path, files));
  writeSettings(
    tree,
    after,
    ignored.map((path) => `${path}/`),
  );
  logger.info(`the environment ${name} is in ${directory}; kubectl kustomize ${directory} shows it`);
}

function chartOf({ helm: name, helmRepo: repo, helmVersion }: EnvironmentOptions): Chart | undefined {
  return name === undefined ? undefined : { name, repo, version: textOf(helmVersion) };
}

function rename(tree: Tree, settings: SettingsEditor, name: string, to: string): void {
  const isDone = !whereIs(settings, 'environments', name) && whereIs(settings, 'environments', to);
  if (!isDone) writeSettings(tree, renameEnvironment(settings, name, to));
  logger.info(`the environment ${to} is there; its directory is the same`);
}

function remove(tree: Tree, settings: SettingsEditor, name: string, force = false): void {
  if (!whereIs(settings, 'environments', name)) return logger.info(`there is no environment ${name}`);
  const directory = plain(entryOf(settings, name));
  const after = removeEnvironment(settings, name);
  if (force) checkUnused(after, directory, filesOf(tree).read);
  writeSettings(tree, after);
  if (force) tree.delete(directory);
  else if (tree.exists(directory)) logger.info(`${directory} stays; --force removes it too`);
}
