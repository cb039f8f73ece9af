import type { ExecutorContext } from '@nx/devkit';
import { examine } from '../../publish/doctor/examine';
import { isHealthy, reportText } from '../../publish/doctor/report';
import { atStore } from '../at-store';

/** The options of the executor `doctor`; each is documented in its schema. */
export interface DoctorOptions {
  readonly json?: boolean;
  readonly probe?: boolean;
}

/** Looks at the state store and the ledger, and says what is wrong. That it fails means that there is a problem. */
export default function doctor(
  { json, probe = true }: DoctorOptions,
  context: ExecutorContext,
): Promise<{ success: boolean }> {
  return atStore(context, async ({ store, settings }) => {
    const examination = await examine(store, settings, { probe });
    console.log(json ? JSON.stringify(examination, undefined, 2) : reportText(examination));
    return isHealthy(examination);
  });
}
