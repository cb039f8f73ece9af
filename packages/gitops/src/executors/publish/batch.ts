import type { ExecutorContext, TaskGraph } from '@nx/devkit';
import { type Outcome, type PublishOptions, type Verb, runTasks } from './run';

export interface TaskOutcome {
  readonly task: string;
  readonly result: { readonly success: boolean; readonly terminalOutput: string };
}

export type Batch = (
  graph: TaskGraph,
  inputs: Readonly<Record<string, PublishOptions>>,
  overrides: unknown,
  context: ExecutorContext,
) => AsyncGenerator<TaskOutcome>;

export type Executor = (options: PublishOptions, context: ExecutorContext) => Promise<{ success: boolean }>;

/** The implementation of an executor for all its tasks of a run at once. */
export function batchOf(verb: Verb): Batch {
  return async function* batch({ tasks }, inputs, _overrides, context) {
    const names = new Map(
      Object.entries(tasks).map(([task, { target }]) => [task, `${target.project}:${target.target}`]),
    );
    const given = new Map([...names].map(([task, name]) => [name, inputs[task]!]));
    const outcomes = await runTasks(verb, given, context);
    for (const [task, name] of names) {
      const { success, log } = outcomes.get(name)!;
      yield { task, result: { success, terminalOutput: log } };
    }
  };
}

/** The implementation of an executor for one task. What is wrong is one line on standard error. */
export function executorOf(verb: Verb): Executor {
  return async (options, context) => {
    const name = `${context.projectName}:${context.targetName}`;
    const { success, log }: Outcome = (await runTasks(verb, new Map([[name, options]]), context)).get(name)!;
    (success ? process.stdout : process.stderr).write(log);
    return { success };
  };
}
