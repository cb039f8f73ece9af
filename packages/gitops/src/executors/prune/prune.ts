import type { ExecutorContext } from '@nx/devkit';
import { openRegistry } from '../../oci/registry';
import { openLedger } from '../../publish/open';
import type { ImagePlan } from '../../publish/prune/plan';
import { Prune, type Pruned } from '../../publish/prune/prune';
import { pruneTable, summary } from '../../publish/prune/report';
import { GitopsError } from '../../support/errors';
import { referenceName } from '../../workspace/image';
import { readSettings } from '../../workspace/settings';
import { Stores } from '../../workspace/stores';

/** The options of the executor `prune`; each is documented in its schema. */
export interface PruneOptions {
  readonly dryRun?: boolean;
  readonly days?: number;
  readonly entries?: number;
  readonly json?: boolean;
}

/** Deletes the versions that nobody needs any more, or says which. What is wrong is one line on standard error. */
export default async function prune(
  { dryRun = true, days = 30, entries = 50, json }: PruneOptions,
  context: ExecutorContext,
): Promise<{ success: boolean }> {
  const stores = new Stores(context.root, openRegistry);
  const log = (line: string): void => (json ? undefined : console.log(line));
  const done: Pruned[] = [];
  try {
    const settings = readSettings(context.root);
    const store = stores.open(settings.store);
    const retention = { days, entries };
    const work = new Prune({
      ledger: openLedger(store, settings),
      repositoryOf: (name) => store.repository(referenceName({ name }, settings)),
      retention,
    });
    const plan = await work.plan();
    log(pruneTable(plan, retention));
    try {
      if (!dryRun) await run(work, plan, done, log);
    } finally {
      // What is gone is gone, whatever came after it.
      if (json) console.log(JSON.stringify({ ...plan, ...outcome(done) }, undefined, 2));
    }
    if (dryRun && plan.going.length > 0) log(`would delete ${summary(plan.going)}; --dryRun=false does it`);
    return { success: true };
  } catch (error) {
    if (!(error instanceof GitopsError)) throw error;
    console.error(error.message);
    return { success: false };
  } finally {
    await stores.close();
  }
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
