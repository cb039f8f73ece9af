import type { Tree } from '@nx/devkit';
import { join } from 'node:path';
import { LayerTrees } from '../../builders/assemble/layer-trees';
import { openRegistry } from '../../oci/registry';
import { cacheDirectory } from '../../plugin/nx-internals';
import type { GitopsError } from '../../support/errors';
import { LOCK_FILE, type BaseLock, parseBaseLock } from '../../workspace/base-lock';
import { Bases } from '../../workspace/bases';
import { collectConfigurations, collectImages } from '../../workspace/collect';
import { type LockScope, type UsedBases, basesInUse, refreshLock } from '../../workspace/lock-bases';
import { readSettings } from '../../workspace/settings';
import { Stores } from '../../workspace/stores';
import { Workspace } from '../../workspace/workspace';
import type { Projects } from '../projects';

/** The lock of a workspace, and what is to be in it. */
export interface Locking {
  /** What is locked; nothing where there is no file. */
  readonly lock: BaseLock;
  readonly used: UsedBases;
  /** As {@link refreshLock} does. */
  refresh(scope: LockScope): Promise<{ refreshed: BaseLock; failures: readonly GitopsError[] }>;
}

/** @throws GitopsError where the file, or a container file, is not as it should be */
export async function openLocking(tree: Tree, projects: Projects): Promise<Locking> {
  const text = tree.read(LOCK_FILE, 'utf8') ?? undefined;
  const lock: BaseLock = text === undefined ? new Map() : parseBaseLock(text);
  // What is locked so far must not stand in the way of what is written.
  const workspace = new Workspace(
    tree.root,
    readSettings(tree.root),
    collectImages(projects),
    () => new Map(),
  );
  const used = basesInUse(workspace, collectConfigurations(projects));
  return {
    lock,
    used,
    refresh(scope) {
      const trees = new LayerTrees(join(cacheDirectory(), 'trees'));
      const bases = new Bases(workspace, trees, undefined, new Stores(tree.root, openRegistry));
      return refreshLock(bases, used, lock, scope).finally(() => bases.close());
    },
  };
}
