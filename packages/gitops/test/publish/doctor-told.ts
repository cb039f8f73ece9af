import type { ExecutorContext } from '@nx/devkit';
import doctor, { type DoctorOptions } from '../../src/executors/doctor/doctor';
import type { Shop } from './fixture';
import { SETTINGS } from './workspaces';

/** What the doctor says. */
export interface Told {
  readonly success: boolean;
  /** Each finding with its columns one blank apart; the store before, the guarantee after. */
  readonly lines: readonly string[];
  readonly text: string;
  readonly errors: readonly string[];
}

/** Runs the executor, and gives what it prints. */
export async function tell(shop: Shop, options: DoctorOptions = {}, rings = SETTINGS.rings): Promise<Told> {
  shop.write({
    'gitops.yaml': `project: ${SETTINGS.project}\nstore: ${shop.store}\nrings: [${rings.join(', ')}]\n`,
  });
  const log = jest.spyOn(console, 'log').mockImplementation();
  const error = jest.spyOn(console, 'error').mockImplementation();
  try {
    const { success } = await doctor(options, { root: shop.root } as ExecutorContext);
    const printed = ({ mock }: typeof log) => mock.calls.map(([line]) => String(line));
    const text = printed(log).join('\n');
    return {
      success,
      text,
      lines: text.split('\n').map((line) => line.replace(/ {2,}/g, ' ')),
      errors: printed(error),
    };
  } finally {
    log.mockRestore();
    error.mockRestore();
  }
}

/** Whether it is a warning or a problem. */
export const isBad = (line: string): boolean => /^(warning|problem) /.test(line);
