import type { Executor } from '../executors/publish/batch';

interface Command {
  /** Loads the executor: each has much that the others do without. */
  readonly load: () => { readonly default: Executor<never> };
  /** Whether it wants to know of the workspace's projects, which takes Nx a while. */
  readonly needsProjects?: boolean;
}

/** The executors of the root project, by their names. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  doctor: {
    load: () => require('../executors/doctor/doctor') as typeof import('../executors/doctor/doctor'),
  },
  prune: { load: () => require('../executors/prune/prune') as typeof import('../executors/prune/prune') },
  rings: {
    load: () => require('../executors/rings/rings') as typeof import('../executors/rings/rings'),
    needsProjects: true,
  },
};
