import { type Tree, readNxJson, updateNxJson } from '@nx/devkit';
import { hasPlugin, withPlugin } from '../../generators/plugin-entry';

/** Lets `nx sync` keep gitops.yaml, kustomizations, the root image and the lock in step. */
export default function registerSync(tree: Tree): void {
  const nxJson = readNxJson(tree);
  if (!nxJson || !hasPlugin(nxJson)) return;
  const extended = withPlugin(nxJson);
  if (JSON.stringify(extended) !== JSON.stringify(nxJson)) updateNxJson(tree, extended);
}
