import type { ExecutorContext } from '@nx/devkit';
import type { Ledger } from '../ledger/ledger';
import { openRegistry } from '../oci/registry';
import type { Store, WritableRepository } from '../oci/store';
import { openLedger } from '../publish/open';
import { GitopsError } from '../support/errors';
import { referenceName } from '../workspace/image';
import { type Settings, readSettings } from '../workspace/settings';
import { Stores } from '../workspace/stores';

/** The state store of a workspace, and what is in it. */
export interface OpenStore {
  readonly settings: Settings;
  readonly store: Store;
  readonly ledger: Ledger;
  readonly repositoryOf: (image: string) => WritableRepository;
}

/**
 * Works at the state store, and lets go of it. What is wrong is one line on standard error.
 * @param work whether all is well
 */
export async function atStore(
  { root }: Pick<ExecutorContext, 'root'>,
  work: (open: OpenStore) => Promise<boolean>,
): Promise<{ success: boolean }> {
  const stores = new Stores(root, openRegistry);
  try {
    const settings = readSettings(root);
    const store = stores.open(settings.store);
    const repositoryOf = (name: string): WritableRepository =>
      store.repository(referenceName({ name }, settings));
    return { success: await work({ settings, store, ledger: openLedger(store, settings), repositoryOf }) };
  } catch (error) {
    if (!(error instanceof GitopsError)) throw error;
    console.error(error.message);
    return { success: false };
  } finally {
    await stores.close();
  }
}
