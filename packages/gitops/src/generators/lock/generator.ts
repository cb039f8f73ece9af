import { type Tree, logger } from '@nx/devkit';
import { GitopsError } from '../../support/errors';
import { LOCK_FILE, formatBaseLock } from '../../workspace/base-lock';
import {
  type LockScope,
  describeChange,
  describeDifference,
  lockChanges,
  lockGaps,
} from '../../workspace/lock-bases';
import { projectsOfGraph } from '../projects';
import { openLocking } from './locking';

/** The options of the generator `lock`; each is documented in its schema. */
export interface LockOptions extends LockScope {
  readonly check?: boolean;
}

/**
 * Writes what the external bases of all images mean now into gitops.lock.json, or checks that it says so.
 * @throws GitopsError that says what is wrong; then no file is touched
 */
export default async function lockGenerator(tree: Tree, options: LockOptions): Promise<void> {
  if (options.missing && options.names?.length)
    throw new GitopsError('--missing and names do not go together', undefined, 'use one of them');
  const { lock, used, refresh } = await openLocking(tree, await projectsOfGraph());
  if (options.check && options.missing) {
    const missing = lockGaps(used, lock).missing.map((name) => `${name} is not locked`);
    return settle(missing, 'nx g gitops:lock --missing');
  }

  const { refreshed, failures } = await refresh(options);
  const changes = lockChanges(lock, refreshed);
  const differences = options.check ? changes.map(describeDifference) : [];
  failures.forEach(({ message }) => logger.error(message));
  if (failures.length > 0 && differences.length === 0)
    throw new GitopsError(`${count(failures.length)} could not be looked up`, undefined, 'see above');
  if (options.check) return settle(differences, 'nx g gitops:lock');
  changes.forEach((change) => logger.info(describeChange(change)));
  if (changes.length === 0) logger.info(`nothing has changed: ${count(refreshed.size)} locked`);
  else tree.write(LOCK_FILE, formatBaseLock(refreshed));
}

/** @throws GitopsError where there are differences, which are told one by one */
function settle(differences: readonly string[], remedy: string): void {
  differences.forEach((line) => logger.error(line));
  if (differences.length > 0)
    throw new GitopsError(`${LOCK_FILE} is not up to date`, undefined, `run ${remedy}`);
  logger.info(`${LOCK_FILE} is up to date`);
}

function count(bases: number): string {
  return bases === 1 ? '1 base' : `${bases} bases`;
}
