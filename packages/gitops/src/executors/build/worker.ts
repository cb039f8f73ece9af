import { EngineConnection } from '../../builders/engine/engine-connection';
import { type Assignment, EngineElsewhere, OwnBuilds, type Outcome } from './builds';
import { onInterruption } from './interruption';

/** What a process that builds for another one is told: first what it is all about, then one task after the other. */
export type Order = { readonly assignment: Assignment } | { readonly task: string };

/** What it answers to each: that it is ready, what became of the task, or that the task needs an engine. */
export type Answer = 'ready' | 'engine' | Outcome;

/** Who gives the tasks has the one connection to the engine. */
class NoConnection extends EngineConnection {
  constructor() {
    super(() => undefined);
  }

  override get(): Promise<never> {
    return Promise.reject(new EngineElsewhere());
  }
}

let builds: OwnBuilds | undefined;

async function carryOut(order: Order): Promise<Answer> {
  if ('task' in order) return builds!.build(order.task);
  builds = new OwnBuilds(order.assignment, new NoConnection());
  return 'ready';
}

function isElsewhere(error: unknown): Answer {
  if (error instanceof EngineElsewhere) return 'engine';
  throw error;
}

process.on('message', (order: Order) => {
  void carryOut(order).catch(isElsewhere).then(reply);
});

/** Where nobody is there any more to hear it, it has been told to end. */
function reply(answer: Answer): void {
  if (process.connected) process.send!(answer, () => undefined);
}

const stop = async (): Promise<void> => builds?.stop();
const end = async (): Promise<void> => {
  await stop();
  await builds?.close();
};
onInterruption(stop);
// The run is over, or the process that it was for is gone.
process.on('disconnect', () => void end().finally(() => process.exit()));
