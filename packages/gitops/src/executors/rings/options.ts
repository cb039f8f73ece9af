import { GitopsError } from '../../support/errors';

/** The options of the executor `rings`; each is documented in its schema. */
export interface RingsOptions {
  readonly json?: boolean;
  readonly log?: boolean;
  readonly limit?: number;
  readonly ring?: string;
  readonly diff?: string;
  readonly at?: string | number;
  readonly sites?: boolean;
  readonly repair?: boolean;
  readonly hold?: string;
  readonly release?: string;
  readonly reason?: string | number;
}

/** What is to be done: one of these, or else the board is shown. */
export type Action = 'log' | 'diff' | 'at' | 'sites' | 'repair' | 'hold' | 'release' | 'board';

const ACTIONS = ['log', 'diff', 'at', 'sites', 'repair', 'hold', 'release'] as const;

/** @throws GitopsError for options that do not go together */
export function actionOf(options: RingsOptions): Action {
  const wanted = ACTIONS.filter((action) => options[action] !== undefined && options[action] !== false);
  if (wanted.length > 1)
    throw new GitopsError(`--${wanted.join(' and --')} do not go together`, undefined, 'use one of them');
  const action = wanted[0] ?? 'board';
  const check = (option: keyof RingsOptions, actions: readonly Action[]): void => {
    if (options[option] !== undefined && !actions.includes(action))
      throw new GitopsError(
        `--${option} goes with --${actions.join(' or --')} only`,
        undefined,
        `leave it out`,
      );
  };
  check('ring', ['log']);
  check('limit', ['log']);
  check('reason', ['hold', 'release']);
  if (action === 'hold' && !options.reason)
    throw new GitopsError(
      'a hold needs a reason',
      undefined,
      'add --reason=…, which all see who are held up',
    );
  return action;
}
