import { EngineConnection } from '../../builders/engine/engine-connection';
import { cacheDirectory } from '../../plugin/nx-internals';
import type { BuildOptions } from '../../workspace/build-options';
import { type Project, collectImages } from '../../workspace/collect';
import { type Builds, OwnBuilds } from './builds';
import { Crew } from './crew';
import { onInterruption } from './interruption';

/** The images of one run of Nx. */
export type Run = Pick<Builds, 'build' | 'close'>;

/**
 * Starts a run. A signal that ends the process ends its builds first.
 * @param given the options of the targets to build, by `project:target`
 * @param concurrency how many are built at once; where there is much to build, by so many processes
 */
export function openRun(
  workspaceRoot: string,
  projects: Readonly<Record<string, Project>>,
  given: ReadonlyMap<string, BuildOptions>,
  concurrency = 1,
): Run {
  const assignment = {
    root: workspaceRoot,
    cache: cacheDirectory(),
    images: collectImages(projects, given),
  };
  const engine = new EngineConnection((line) => process.stdout.write(`${line}\n`));
  const own = new OwnBuilds(assignment, engine);
  const builds = concurrency > 1 ? new Crew(own, assignment, given.size, concurrency) : own;
  const release = onInterruption(() => builds.stop());
  return {
    build: (task) => builds.build(task),
    async close() {
      release();
      await builds.close();
    },
  };
}
