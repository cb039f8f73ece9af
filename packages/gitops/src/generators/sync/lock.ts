import type { Tree } from '@nx/devkit';
import { LOCK_FILE, formatBaseLock } from '../../workspace/base-lock';
import { lockGaps } from '../../workspace/lock-bases';
import { openLocking } from '../lock/locking';
import type { Projects } from '../projects';

/**
 * Locks the bases that are not, and lets go of those that are not in use: where there is a lock. What is locked stays
 * as it is, and no registry is asked for it.
 *
 * @returns what was out of step, a line each
 * @throws GitopsError where a base cannot be looked up
 */
export async function syncLock(tree: Tree, projects: Projects): Promise<string[]> {
  if (!tree.exists(LOCK_FILE)) return [];
  const { lock, used, refresh } = await openLocking(tree, projects);
  const { missing, unused } = lockGaps(used, lock);
  if (missing.length + unused.length === 0) return [];
  const { refreshed, failures } = await refresh({ missing: true });
  if (failures[0]) throw failures[0];
  tree.write(LOCK_FILE, formatBaseLock(new Map([...refreshed].filter(([name]) => !unused.includes(name)))));
  return [
    ...missing.map((name) => `${LOCK_FILE} does not have ${name}`),
    ...unused.map((name) => `${LOCK_FILE} has ${name}, which no image is made from`),
  ];
}
