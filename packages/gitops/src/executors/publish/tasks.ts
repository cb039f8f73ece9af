import { GitopsError } from '../../support/errors';
import type { WorkspaceImage } from '../../workspace/image';
import type { Workspace } from '../../workspace/workspace';

/** Tasks of Nx with their options, by `project:target`. */
export type Tasks<Options> = ReadonlyMap<string, Options>;

export interface Outcome {
  readonly success: boolean;
  /** What there is to say, with its last line's end. */
  readonly log: string;
}

/**
 * Does the work of tasks in groups, one after the other. A mistake that stops a group is reported by each of its tasks.
 * @param keyOf tasks with an equal key are one piece of work
 * @param work what there is to say of each task
 */
export async function inGroups<Options>(
  tasks: Tasks<Options>,
  keyOf: (options: Options) => unknown,
  work: (options: Options, tasks: Tasks<Options>) => Promise<ReadonlyMap<string, GitopsError | string>>,
): Promise<ReadonlyMap<string, Outcome>> {
  const groups = new Map<string, Map<string, Options>>();
  for (const [name, options] of tasks) {
    const key = JSON.stringify(keyOf(options));
    const group = groups.get(key) ?? new Map<string, Options>();
    groups.set(key, group.set(name, options));
  }
  const outcomes = new Map<string, Outcome>();
  for (const group of groups.values()) {
    const [options] = group.values();
    const found = await attempt(() => work(options!, group));
    for (const name of group.keys())
      outcomes.set(name, outcome(found instanceof Error ? found : (found.get(name) ?? '')));
  }
  return outcomes;
}

/**
 * The images that tasks are for, by task.
 * @throws GitopsError where a buildTarget builds none
 */
export function imagesOf(
  workspace: Workspace,
  tasks: Tasks<{ readonly buildTarget: string }>,
): Map<string, WorkspaceImage> {
  const images = new Map(workspace.images.map((image) => [`${image.project}:${image.targetName}`, image]));
  return new Map(
    [...tasks].map(([task, { buildTarget }]) => {
      const target = `${projectOf(task)}:${buildTarget}`;
      const image = images.get(target);
      if (image) return [task, image];
      throw new GitopsError(`${target} builds no image`, undefined, 'correct the option buildTarget');
    }),
  );
}

/** @throws GitopsError where something is to be overridden, and the ledger would not say why */
export function checkForce({
  force,
  reason,
}: {
  readonly force?: boolean;
  readonly reason?: string | number;
}): void {
  if (force && !reason)
    throw new GitopsError(
      '--force has to be accounted for',
      undefined,
      'add --reason=…, which the ledger keeps',
    );
}

/** A project's name may have colons in it, a target's has none. */
export function projectOf(task: string): string {
  return task.slice(0, task.lastIndexOf(':'));
}

async function attempt<T>(work: () => Promise<T>): Promise<T | Error> {
  try {
    return await work();
  } catch (error) {
    return error as Error;
  }
}

function outcome(said: string | Error): Outcome {
  if (typeof said === 'string') return { success: true, log: said === '' ? '' : `${said}\n` };
  if (said instanceof GitopsError) return { success: false, log: `${said.message}\n` };
  return { success: false, log: `a fault in gitops: ${said.stack ?? String(said)}\n` };
}
