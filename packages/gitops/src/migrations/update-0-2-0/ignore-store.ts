import type { Tree } from '@nx/devkit';
import { ignoreInGit } from '../../generators/git-ignored';
import { readSettings } from '../../workspace/settings';

const DIRECTORY = '.gitops/';

/**
 * Adds `.gitops/` to .gitignore where the state store is the embedded one and git does not ignore that.
 * @throws GitopsError where gitops.yaml is not as it should be
 */
export default function ignoreStore(tree: Tree): void {
  const { store } = readSettings(tree.root);
  if (store.startsWith(`oci:${DIRECTORY}`)) ignoreInGit(tree, { [DIRECTORY]: store.replace('oci:', '') });
}
