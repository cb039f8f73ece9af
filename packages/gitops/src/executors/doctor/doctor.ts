import type { ExecutorContext } from '@nx/devkit';
import { openRegistry } from '../../oci/registry';
import { examine } from '../../publish/doctor/examine';
import { isHealthy, reportText } from '../../publish/doctor/report';
import { GitopsError } from '../../support/errors';
import { readSettings } from '../../workspace/settings';
import { Stores } from '../../workspace/stores';

/** The options of the executor `doctor`; each is documented in its schema. */
export interface DoctorOptions {
  readonly json?: boolean;
  readonly probe?: boolean;
}

/** Looks at the state store and the ledger, and says what is wrong. That it fails means that there is a problem. */
export default async function doctor(
  { json, probe = true }: DoctorOptions,
  context: ExecutorContext,
): Promise<{ success: boolean }> {
  const stores = new Stores(context.root, openRegistry);
  try {
    const settings = readSettings(context.root);
    const examination = await examine(stores.open(settings.store), settings, { probe });
    console.log(json ? JSON.stringify(examination, undefined, 2) : reportText(examination));
    return { success: isHealthy(examination) };
  } catch (error) {
    if (!(error instanceof GitopsError)) throw error;
    console.error(error.message);
    return { success: false };
  } finally {
    await stores.close();
  }
}
