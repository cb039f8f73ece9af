import childProcess from 'node:child_process';
import { join } from 'node:path';
import { EngineConnection } from '../../src/builders/engine/engine-connection';
import { type Builds, OwnBuilds } from '../../src/executors/build/builds';
import { Crew } from '../../src/executors/build/crew';
import { onInterruption } from '../../src/executors/build/interruption';
import { inParallel } from '../../src/support/parallel';

/** What the process says when its workers are ready, and when all is done. */
export type Said =
  | { readonly workers: readonly number[] }
  | {
      /** By project: whether it was built, what there was to say, and by whom. */
      readonly outcomes: Readonly<Record<string, { success: boolean; log: string; own: boolean }>>;
    };

/**
 * A process that builds `<project>/Containerfile` for some projects of a workspace, two at once:
 * `<alone|helped> <workspace> <project>…`. Where others are to help it, it builds the first project until they are
 * ready. It goes on when it is told to.
 */
async function main([how, root, first, ...names]: string[]): Promise<void> {
  const workers: number[] = [];
  const { fork } = childProcess;
  childProcess.fork = ((...args: Parameters<typeof fork>) => {
    const worker = fork(...args);
    workers.push(worker.pid!);
    return worker;
  }) as typeof fork;

  const images = [first!, ...names].map((name) => ({
    project: name,
    projectRoot: name,
    targetName: 'image-build',
    name,
    options: { containerfile: `${name}/Containerfile` },
  }));
  const assignment = { root: root!, cache: join(root!, '.cache'), images };
  const own = new OwnBuilds(assignment, new EngineConnection((line) => console.error(line)));
  const ownTasks = new Set<string>();
  const observed: Builds = {
    build: (task) => {
      ownTasks.add(task);
      return own.build(task);
    },
    stop: () => own.stop(),
    close: () => own.close(),
  };
  const crew = new Crew(observed, assignment, images.length, 2, () => how === 'helped');
  const release = onInterruption(() => crew.stop());
  do {
    ownTasks.clear();
    await crew.build(`${first}:image-build`);
  } while (how === 'helped' && ownTasks.size > 0);
  say({ workers });
  await new Promise((resolve) => process.once('message', resolve));

  const outcomes: Record<string, { success: boolean; log: string; own: boolean }> = {};
  await inParallel(names, 2, async (name) => {
    const outcome = await crew.build(`${name}:image-build`);
    outcomes[name] = { ...outcome, own: ownTasks.has(`${name}:image-build`) };
  });
  release();
  await crew.close();
  say({ outcomes });
  process.disconnect();
}

function say(what: Said): void {
  if (process.connected) process.send!(what);
}

void main(process.argv.slice(2));
