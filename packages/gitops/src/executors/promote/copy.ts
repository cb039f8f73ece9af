import { availableParallelism } from 'node:os';
import { Copy, type Side } from '../../publish/copy';
import { copiedLine, copyRows } from '../../publish/copy-report';
import { openLedger } from '../../publish/open';
import { table } from '../../publish/report';
import { GitopsError } from '../../support/errors';
import { referenceName } from '../../workspace/image';
import { onInterruption } from '../build/interruption';
import type { Desk, PromoteOptions } from './options';

/** Copies what a ring holds to another store. @returns what there is to say of an image */
export async function copyToStore(
  location: string,
  { dryRun = false, force, json }: PromoteOptions,
  { workspace: { settings }, stores, rings, images, ring, actor, log }: Desk,
): Promise<(image: string) => string> {
  const sideOf = (at: string): Side => {
    const store = stores.open(at);
    return {
      store,
      ledger: openLedger(store, settings),
      repositoryOf: (name) => store.repository(referenceName({ name }, settings)),
    };
  };
  const [from, to] = [sideOf(settings.store), sideOf(location)];
  const { where } = to.store;
  if (from.store.where === where)
    throw new GitopsError(
      `${location} is the state store itself`,
      undefined,
      'name another one with --toStore',
    );
  const interrupted = new AbortController();
  const copy = new Copy(
    {
      from,
      to,
      rings,
      protections: settings.protections ?? {},
      actor,
      concurrency: Math.max(4, availableParallelism()),
      signal: interrupted.signal,
      log: json ? () => undefined : log,
    },
    { ring, images, force },
  );
  const plan = await copy.plan();
  const tell = (next: typeof plan): void => {
    if (json) return;
    log(table(copyRows(next)));
    for (const objection of next.overridden) log(`overridden: ${objection}`);
  };
  tell(plan);
  const told = { kind: 'copy', ring, store: where, dryRun, images: plan.items };
  if (dryRun) {
    if (json) log(JSON.stringify(told, undefined, 2));
    return (image) => (json ? '' : `${image}: would be copied to ${where}`);
  }
  const running = copy.run(plan, tell);
  const release = onInterruption(() => {
    interrupted.abort(new GitopsError('interrupted'));
    return running.catch(() => undefined);
  });
  try {
    const copied = await running;
    if (json) log(JSON.stringify({ ...told, blobs: copied.blobs, bytes: copied.bytes }, undefined, 2));
    return (image) => (json ? '' : `${image}: ${copiedLine(copied, where)}`);
  } finally {
    release();
  }
}
