import { StoreError } from '../../oci/store-error';

/** `problem`: something is wrong, or will go wrong; `warning`: it may; `note`: good to know. */
export type Level = 'ok' | 'note' | 'warning' | 'problem';

/** What was looked at. */
export type Check =
  | 'store'
  | 'moving tags'
  | 'version tags'
  | 'list of tags'
  | 'conditions'
  | 'mounts'
  | 'referrers'
  | 'deletes'
  | 'ledger'
  | 'images'
  | 'image tags'
  | 'rings';

/** What came out. */
export interface Finding {
  readonly check: Check;
  readonly level: Level;
  /** One line, without a full stop. */
  readonly what: string;
  /** What to do about it, without a full stop; undefined where there is nothing to do. */
  readonly remedy?: string;
}

export function finding(check: Check, level: Level, what: string, remedy?: string): Finding {
  return { check, level, what, ...(remedy === undefined ? {} : { remedy }) };
}

/**
 * What a piece of work finds to be damaged; undefined where it does not.
 * @throws whatever else it throws
 */
export async function damage(work: () => Promise<unknown>): Promise<StoreError | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof StoreError && ['corrupt', 'cut', 'not-found'].includes(error.kind)) return error;
    throw error;
  }
}
