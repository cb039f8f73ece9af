import type { ExecutorContext, TaskGraph } from '@nx/devkit';
import type { Outcome, Tasks } from './tasks';

export interface TaskOutcome {
  readonly task: string;
  readonly result: { readonly success: boolean; readonly terminalOutput: string };
}

export type Batch<Options> = (
  graph: TaskGraph,
  inputs: Readonly<Record<string, Options>>,
  overrides: unknown,
  context: ExecutorContext,
) => AsyncGenerator<TaskOutcome>;

export type Executor<Options> = (options: Options, context: ExecutorContext) => Promise<{ success: boolean }>;

/** Does tasks of a kind, and says what became of each. */
export type Runner<Options> = (
  tasks: Tasks<Options>,
  context: Pick<ExecutorContext, 'root' | 'projectsConfigurations'>,
) => Promise<ReadonlyMap<string, Outcome>>;

/** The implementation of an executor for all its tasks of a run at once. */
export function batchOf<Options>(run: Runner<Options>): Batch<Options> {
  return async function* batch({ tasks }, inputs, _overrides, context) {
    const names = new Map(
      Object.entries(tasks).map(([task, { target }]) => [task, `${target.project}:${target.target}`]),
    );
    const given = new Map([...names].map(([task, name]) => [name, inputs[task]!]));
    const outcomes = await run(given, context);
    for (const [task, name] of names) {
      const { success, log } = outcomes.get(name)!;
      yield { task, result: { success, terminalOutput: log } };
    }
  };
}

/** The implementation of an executor for one task. What is wrong is one line on standard error. */
export function executorOf<Options>(run: Runner<Options>): Executor<Options> {
  return async (options, context) => {
    const name = `${context.projectName}:${context.targetName}`;
    const { success, log } = (await run(new Map([[name, options]]), context)).get(name)!;
    (success ? process.stdout : process.stderr).write(log);
    return { success };
  };
}
