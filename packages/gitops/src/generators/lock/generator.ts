import { type Tree, createProjectGraphAsync, logger } from '@nx/devkit';
import { join } from 'node:path';
import { LayerTrees } from '../../builders/assemble/layer-trees';
import { openRegistry } from '../../oci/registry';
import { workspaceDataDirectory } from '../../plugin/nx-internals';
import { GitopsError } from '../../support/errors';
import { LOCK_FILE, type BaseLock, formatBaseLock, parseBaseLock } from '../../workspace/base-lock';
import { Bases } from '../../workspace/bases';
import { type Project, collectConfigurations, collectImages } from '../../workspace/collect';
import {
  type LockScope,
  basesInUse,
  describeChange,
  describeDifference,
  lockChanges,
  lockGaps,
  refreshLock,
} from '../../workspace/lock-bases';
import { readSettings } from '../../workspace/settings';
import { Stores } from '../../workspace/stores';
import { Workspace } from '../../workspace/workspace';

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
  const before = tree.read(LOCK_FILE, 'utf8') ?? undefined;
  const lock: BaseLock = before === undefined ? new Map() : parseBaseLock(before);
  const projects = await projectsOfGraph();
  // What is locked so far must not stand in the way of what is written.
  const workspace = new Workspace(
    tree.root,
    readSettings(tree.root),
    collectImages(projects),
    () => new Map(),
  );
  const used = basesInUse(workspace, collectConfigurations(projects));
  if (options.check && options.missing) {
    const missing = lockGaps(used, lock).missing.map((name) => `${name} is not locked`);
    return settle(missing, 'nx g gitops:lock --missing');
  }

  const trees = new LayerTrees(join(workspaceDataDirectory(), 'gitops', 'trees'));
  const bases = new Bases(workspace, trees, undefined, new Stores(tree.root, openRegistry));
  const { refreshed, failures } = await refreshLock(bases, used, lock, options).finally(() => bases.close());
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

async function projectsOfGraph(): Promise<Record<string, Project>> {
  const { nodes } = await createProjectGraphAsync();
  return Object.fromEntries(Object.entries(nodes).map(([name, { data }]) => [name, data]));
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
