import type { Tree } from '@nx/devkit';
import { projectsOfGraph } from '../projects';
import { syncEnvironments } from './environments';
import { syncLock } from './lock';
import { syncRoot } from './root';

/** As Nx has it: where nothing is said, all is in step. */
interface SyncResult {
  readonly outOfSyncMessage: string;
  readonly outOfSyncDetails: string[];
}

/**
 * Keeps gitops.yaml, the kustomizations, the root image and gitops.lock.json in step: `nx sync` runs it, and
 * `nx sync:check` says what it would do.
 * @throws GitopsError that says what is wrong; then Nx touches no file
 */
export default async function syncGenerator(tree: Tree): Promise<SyncResult | undefined> {
  const projects = await projectsOfGraph();
  const details = [
    ...syncEnvironments(tree),
    ...syncRoot(tree, projects),
    ...(await syncLock(tree, projects)),
  ];
  if (details.length === 0) return undefined;
  return {
    outOfSyncMessage: 'gitops.yaml, kustomizations, the root image and gitops.lock.json are not in step.',
    outOfSyncDetails: details,
  };
}
