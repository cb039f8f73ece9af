import type { Tree } from '@nx/devkit';
import { collectImages } from '../../workspace/collect';
import { referenceName } from '../../workspace/image';
import { plain } from '../../workspace/kustomize/place';
import { readSettings } from '../../workspace/settings';
import type { Projects } from '../projects';
import { withDependencies } from '../root/containerfile';
import { runs } from '../root/manifests';
import { openSettings, yamlBelow } from '../settings-tree';

/**
 * Lets the root image depend on every image that its manifests run: its labels say what a release consists of.
 *
 * @returns what was out of step, a line each
 * @throws GitopsError where its container file cannot be read
 */
export function syncRoot(tree: Tree, projects: Projects): string[] {
  const settings = readSettings(tree.root);
  if (settings.root === undefined) return [];
  const images = collectImages(projects);
  const root = images.find(({ name }) => name === settings.root);
  const file = root?.options.containerfile;
  const before = file === undefined ? null : tree.read(file, 'utf8');
  if (!root || file === undefined || before === null) return [];
  const personal = Object.values(openSettings(tree).files.personal.environments ?? {}).map(plain);
  const manifests = yamlBelow(tree, root.projectRoot)
    .filter((path) => !personal.some((directory) => path.startsWith(`${directory}/`)))
    .map((path) => tree.read(path, 'utf8')!);
  const run = images
    .filter((image) => image !== root)
    .map((image) => ({ name: image.name, reference: referenceName(image, settings) }))
    .filter(({ reference }) => manifests.some((text) => runs(text, reference)))
    .map(({ name }) => name)
    .sort();
  const lines = run
    .filter((name) => withDependencies(before, file, [name]) !== before)
    .map((name) => `${file} has no label dependency.${name}, and its manifests run ${name}`);
  if (lines.length > 0) tree.write(file, withDependencies(before, file, run));
  return lines;
}
