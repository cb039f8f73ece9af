import { availableParallelism } from 'node:os';
import type { ExecutorContext, TaskGraph } from '@nx/devkit';
import { runInOrder } from '../../support/order';
import type { BuildOptions } from '../../workspace/build-options';
import { openRun } from './run';

interface TaskOutcome {
  readonly task: string;
  readonly result: { readonly success: boolean; readonly terminalOutput: string };
}

/**
 * Builds the images of a run together: each after those that it is made from, others at the same time. Where
 * one fails, those that are made from it fail, and nothing else.
 *
 * @param inputs the options of each task, those of the command line among them
 */
export default async function* batch(
  { tasks, dependencies }: TaskGraph,
  inputs: Readonly<Record<string, BuildOptions>>,
  _overrides: unknown,
  context: ExecutorContext,
): AsyncGenerator<TaskOutcome> {
  const given = new Map(Object.entries(tasks).map(([task, { target }]) => [nameOf(target), inputs[task]!]));
  const concurrency =
    [...given.values()].reduce((most, own) => Math.max(most, own.concurrency ?? 0), 0) ||
    availableParallelism();
  const run = openRun(context.root, context.projectsConfigurations.projects, given, concurrency);
  const needs = (task: string): string[] => (dependencies[task] ?? []).filter((other) => other in tasks);
  const failed = new Set<string>();
  try {
    yield* runInOrder(Object.keys(tasks), needs, concurrency, async (task): Promise<TaskOutcome> => {
      const missing = needs(task).find((other) => failed.has(other));
      const { success, log } = missing
        ? { success: false, log: `not built: ${missing} failed\n` }
        : await run.build(nameOf(tasks[task]!.target));
      if (!success) failed.add(task);
      return { task, result: { success, terminalOutput: log } };
    });
  } finally {
    await run.close();
  }
}

/** A task's ID has the configuration in it too. */
function nameOf({ project, target }: { project: string; target: string }): string {
  return `${project}:${target}`;
}
