import { GitopsError } from '../support/errors';

/**
 * Why a store could not do what was asked:
 * `not-found` no such content, tag or repository; `corrupt` wrong size, digest or form; `cut` the content ended early
 * and could not be resumed; `unreachable` no answer; `untrusted` TLS; `unauthenticated`, `forbidden`; `throttled` and
 * `unavailable` after all tries; `rejected` the store refused to take it, such as a tag that may not be overwritten.
 */
export type StoreFailure =
  | 'not-found'
  | 'corrupt'
  | 'cut'
  | 'unreachable'
  | 'untrusted'
  | 'unauthenticated'
  | 'forbidden'
  | 'throttled'
  | 'unavailable'
  | 'rejected';

/** A failure of a store, with its kind for those who act on it. */
export class StoreError extends GitopsError {
  constructor(
    readonly kind: StoreFailure,
    what: string,
    remedy?: string,
    /** The registry's answer, where there was one. */
    readonly status?: number,
    /** What the registry calls it (distribution-spec, "Error Codes"). */
    readonly code?: string,
  ) {
    super(what, undefined, remedy);
  }
}

/** Content that a store does not have. */
export function contentNotFound(digest: string, where: string): StoreError {
  return new StoreError('not-found', `${where} does not have ${digest}`);
}
