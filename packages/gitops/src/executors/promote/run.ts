import type { ExecutorContext } from '@nx/devkit';
import { actorFrom } from '../../ledger/actor';
import { Rings } from '../../ledger/rings';
import { openRegistry } from '../../oci/registry';
import type { GitopsError } from '../../support/errors';
import { reportPhases } from '../../support/phases';
import { localUser } from '../../support/local-user';
import { collectImages } from '../../workspace/collect';
import { headCommit } from '../../workspace/git-commit';
import { cacheDirectory } from '../../plugin/nx-internals';
import { keepParsed } from '../../workspace/parsed';
import { Stores } from '../../workspace/stores';
import { Workspace } from '../../workspace/workspace';
import type { Runner } from '../publish/batch';
import { type Tasks, imagesOf, inGroups } from '../publish/tasks';
import { copyToStore } from './copy';
import { type Desk, type PromoteOptions, checkOptions, ringOf } from './options';
import { move } from './move';

/** Does promotions: those of the same kind are one entry in the ledger. */
export const promoteTasks: Runner<PromoteOptions> = (tasks, context) =>
  inGroups(
    tasks,
    ({ buildTarget: _, ...options }) => options,
    (options, group) => promoteGroup(options, group, context),
  );

async function promoteGroup(
  options: PromoteOptions,
  tasks: Tasks<PromoteOptions>,
  { root, projectsConfigurations: { projects } }: Pick<ExecutorContext, 'root' | 'projectsConfigurations'>,
): Promise<ReadonlyMap<string, GitopsError | string>> {
  checkOptions(options);
  const workspace = Workspace.open(root, collectImages(projects), keepParsed(cacheDirectory()));
  const names = new Map([...imagesOf(workspace, tasks)].map(([task, { name }]) => [task, name]));
  const rings = new Rings(workspace.settings.rings);
  const stores = new Stores(root, openRegistry);
  const desk: Desk = {
    workspace,
    stores,
    rings,
    images: [...new Set(names.values())].sort(),
    ring: ringOf(options) ?? rings.first,
    actor: actorFrom(process.env, localUser, { reason: options.reason, commit: () => headCommit(root) }),
    log: (line) => void process.stdout.write(`${line}\n`),
  };
  try {
    const said = await (options.toStore === undefined
      ? move(options, desk)
      : copyToStore(options.toStore, options, desk));
    return new Map([...names].map(([task, image]) => [task, said(image)]));
  } finally {
    await stores.close();
    reportPhases(`promotion by process ${process.pid}`);
  }
}
