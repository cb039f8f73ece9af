import type { Actor } from '../../ledger/entry';
import type { Rings } from '../../ledger/rings';
import { GitopsError } from '../../support/errors';
import type { Stores } from '../../workspace/stores';
import type { Workspace } from '../../workspace/workspace';
import { checkForce } from '../publish/tasks';

/** The options of the executor `promote`; each is documented in its schema. */
export interface PromoteOptions {
  readonly buildTarget: string;
  readonly ring?: string;
  readonly to?: string;
  readonly shift?: boolean;
  readonly unshift?: boolean;
  readonly toStore?: string;
  readonly dryRun?: boolean;
  readonly reason?: string | number;
  readonly force?: boolean;
  readonly explain?: boolean;
  readonly json?: boolean;
}

/** What the work on some tasks needs besides their options. */
export interface Desk {
  readonly workspace: Workspace;
  readonly stores: Stores;
  readonly rings: Rings;
  /** The names of the images that are asked for. */
  readonly images: readonly string[];
  readonly ring: string;
  readonly actor: Actor;
  readonly log: (line: string) => void;
}

/** @throws GitopsError for options that do not go together */
export function checkOptions(options: PromoteOptions): void {
  const kinds = (['to', 'shift', 'unshift', 'toStore'] as const).filter((kind) => options[kind]);
  if (kinds.length > 1)
    throw new GitopsError(`--${kinds.join(' and --')} do not go together`, undefined, 'use one of them');
  if (options.unshift && ringOf(options) === undefined)
    throw new GitopsError(
      '--unshift needs a ring',
      undefined,
      'say with --ring which one to take versions from',
    );
  checkForce(options);
}

/** The ring that was named; undefined where the first one is meant. */
export function ringOf({ ring }: PromoteOptions): string | undefined {
  return ring ?? (process.env['GITOPS_RING'] || undefined);
}
