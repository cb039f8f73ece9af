import type { ExecutorContext } from '@nx/devkit';
import { Rings } from '../../ledger/rings';
import { openRegistry } from '../../oci/registry';
import { boardOf, boardTable, voidLine } from '../../publish/board';
import { openLedger } from '../../publish/open';
import { GitopsError } from '../../support/errors';
import { collectImages } from '../../workspace/collect';
import { readSettings } from '../../workspace/settings';
import { Stores } from '../../workspace/stores';

/** The options of the executor `rings`; each is documented in its schema. */
export interface RingsOptions {
  readonly json?: boolean;
}

/** Prints which version of each image each ring holds. What is wrong is one line on standard error. */
export default async function rings(
  { json }: RingsOptions,
  context: ExecutorContext,
): Promise<{ success: boolean }> {
  const stores = new Stores(context.root, openRegistry);
  try {
    const settings = readSettings(context.root);
    const ledger = openLedger(stores.open(settings.store), settings);
    const view = await ledger.read();
    for (const head of view.heads) await ledger.verify(head);
    const images = collectImages(context.projectsConfigurations.projects).map(({ name }) => name);
    const board = boardOf(view, new Rings(settings.rings), images);
    const voided = await Promise.all([...view.voided].map((tag) => ledger.entries.read(tag)));
    const lines = voided.filter((entry) => entry !== undefined).map(voidLine);
    const [head] = view.heads;
    const { tag, entry } = head ?? {};
    const latest = entry && { tag, time: entry.time, who: entry.who, run: entry.run, reason: entry.reason };
    console.log(
      json
        ? JSON.stringify({ ...board, latest, void: lines }, undefined, 2)
        : [
            boardTable(board),
            ...lines,
            ...(latest ? [`latest: ${tag} at ${latest.time} by ${latest.who}`] : []),
          ].join('\n'),
    );
    return { success: true };
  } catch (error) {
    if (!(error instanceof GitopsError)) throw error;
    console.error(error.message);
    return { success: false };
  } finally {
    await stores.close();
  }
}
