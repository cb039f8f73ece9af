import type { ExecutorContext } from '@nx/devkit';
import type { BuildOptions } from '../../workspace/build-options';
import { openRun } from './run';

/** Builds one image. What is wrong is one line on standard error. */
export default async function build(
  options: BuildOptions,
  context: ExecutorContext,
): Promise<{ success: boolean }> {
  const task = `${context.projectName}:${context.targetName}`;
  const run = openRun(context.root, context.projectsConfigurations.projects, new Map([[task, options]]));
  try {
    const { success, log } = await run.build(task);
    (success ? process.stdout : process.stderr).write(log);
    return { success };
  } finally {
    await run.close();
  }
}
