import { type Tree } from '@nx/devkit';
import { posix } from 'node:path';
import { GitopsError } from '../../support/errors';
import { environmentFiles } from '../../workspace/kustomize/environment';
import { kustomizationIn } from '../../workspace/kustomize/kustomization';
import { LOCAL, PARENT, entryOf, plain } from '../../workspace/kustomize/place';
import { defaultSettings } from '../../workspace/settings';
import type { SettingsEditor } from '../../workspace/settings-editor';
import { addEnvironment, namesOf } from '../../workspace/site-edits';
import { filesOf, openSettings, writeChanged, writeSettings } from '../settings-tree';

/**
 * Brings gitops.yaml and the kustomizations in step: a directory beside those of the environments is one too, and an
 * environment has a kustomization.
 *
 * @returns what was out of step, a line each
 * @throws GitopsError where a file is not as it should be
 */
export function syncEnvironments(tree: Tree): string[] {
  const settings = openSettings(tree);
  return [...addEntries(tree, settings), ...addKustomizations(tree, settings)];
}

function addEntries(tree: Tree, settings: SettingsEditor): string[] {
  const { read } = filesOf(tree);
  const directories = namesOf(settings, 'environments').map((name) => plain(entryOf(settings, name)));
  const shared = Object.values(settings.files.shared.environments ?? {}).map(plain);
  const parents = new Set(shared.length > 0 ? shared.map((directory) => posix.dirname(directory)) : [PARENT]);
  const found = [...parents].flatMap((parent) =>
    childrenOf(tree, parent).filter(
      (directory) => !directories.includes(directory) && kustomizationIn(directory, read) !== undefined,
    ),
  );
  let after = settings;
  const lines: string[] = [];
  for (const directory of found) {
    const name = posix.basename(directory);
    try {
      after = addEnvironment(after, name, directory, 'shared');
    } catch (error) {
      if (!(error instanceof GitopsError)) throw error;
      throw error.placedAt({ file: directory });
    }
    lines.push(`gitops.yaml does not have the environment ${name}, which is in ${directory}`);
  }
  writeSettings(tree, after);
  return lines;
}

function addKustomizations(tree: Tree, { files: { shared } }: SettingsEditor): string[] {
  const { read } = filesOf(tree);
  const project = shared.project ?? defaultSettings(tree.root).project;
  return Object.entries(shared.environments ?? {}).flatMap(([name, entry]) => {
    const directory = plain(entry);
    if (kustomizationIn(directory, read) !== undefined) return [];
    writeChanged(tree, environmentFiles({ directory, project }, read));
    return [`the environment ${name} of gitops.yaml has no kustomization in ${directory}`];
  });
}

function childrenOf(tree: Tree, parent: string): string[] {
  if (!tree.exists(parent)) return [];
  return tree
    .children(parent)
    .filter((name) => name !== LOCAL)
    .map((name) => posix.join(parent, name))
    .filter((path) => !tree.isFile(path))
    .sort();
}
