import type { ExecutorContext } from '@nx/devkit';
import type { ImagePlan } from '../../publish/prune/plan';
import { Prune, type Pruned } from '../../publish/prune/prune';
import { pruneTable, summary } from '../../publish/prune/report';
import { runningRoots } from '../../sites/status';
import { atStore } from '../at-store';

/** The options of the executor `prune`; each is documented in its schema. */
export interface PruneOptions {
  readonly dryRun?: boolean;
  readonly days?: number;
  readonly entries?: number;
  readonly json?: boolean;
  readonly sites?: boolean;
}

/** Deletes the versions that nobody needs any more, or says which. */
export default function prune(
  { dryRun = true, days = 30, entries = 50, json, sites = true }: PruneOptions,
  context: ExecutorContext,
): Promise<{ success: boolean }> {
  const log = (line: string): void => (json ? undefined : console.log(line));
  const done: Pruned[] = [];
  return atStore(context, async ({ settings, ledger, repositoryOf }) => {
    const retention = { days, entries };
    const { root } = context;
    const running = sites ? { running: () => runningRoots({ settings, root }) } : {};
    const work = new Prune({ ledger, repositoryOf, retention, ...running });
    const plan = await work.plan();
    log(pruneTable(plan, retention));
    try {
      if (!dryRun) await run(work, plan, done, log);
    } finally {
      // What is gone is gone, whatever came after it.
      if (json) console.log(JSON.stringify({ ...plan, ...outcome(done) }, undefined, 2));
    }
    if (dryRun && plan.going.length > 0) log(`would delete ${summary(plan.going)}; --dryRun=false does it`);
    return true;
  });
}

async function run(work: Prune, plan: ImagePlan, done: Pruned[], log: (line: string) => void): Promise<void> {
  for await (const pruned of work.run(plan)) {
    const { image, version } = pruned.going;
    done.push(pruned);
    log(pruned.isDeleted ? `deleted ${image} ${version}` : `kept ${image} ${version}: it is in use again`);
  }
  log(`deleted ${summary(outcome(done).deleted)}`);
}

function outcome(done: readonly Pruned[]): { deleted: Pruned['going'][]; keptAfterAll: Pruned['going'][] } {
  const those = (wanted: boolean): Pruned['going'][] =>
    done.filter(({ isDeleted }) => isDeleted === wanted).map(({ going }) => going);
  return { deleted: those(true), keptAfterAll: those(false) };
}
