import { setTimeout as delay } from 'node:timers/promises';

/** Time, as far as waiting needs it; tests have their own. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const SYSTEM_CLOCK: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    await delay(ms, undefined, { signal });
  },
};

export interface RetryPolicy {
  /** How often a request is sent at most. */
  readonly attempts: number;
  /** The first pause; each further one is up to twice as long. */
  readonly baseMs: number;
  /** No pause is longer, and no longer one is granted to a registry that asks for it. */
  readonly maxMs: number;
}

export const RETRY_POLICY: RetryPolicy = { attempts: 5, baseMs: 200, maxMs: 30_000 };

/** Too many requests, and what passes by itself. */
export function isRetriableStatus(status: number): boolean {
  return status === 429 || status === 500 || status === 502 || status === 503 || status === 504;
}

/**
 * How long to pause before the next attempt; undefined when there is no point in one.
 * Between half and all of the exponential pause, so that many clients do not come back at the same moment.
 * @param attempt the one that failed, counted from 1
 * @param retryAfterMs what the registry asked for
 */
export function pauseAfter(
  attempt: number,
  { attempts, baseMs, maxMs }: RetryPolicy,
  retryAfterMs?: number,
  random: () => number = Math.random,
): number | undefined {
  if (attempt >= attempts) return undefined;
  if (retryAfterMs !== undefined) return retryAfterMs <= maxMs ? retryAfterMs : undefined;
  const full = Math.min(maxMs, baseMs * 2 ** (attempt - 1));
  return full / 2 + (random() * full) / 2;
}

/** `Retry-After` in milliseconds: seconds or a date (RFC 9110, 10.2.3); undefined when it is absent or neither. */
export function retryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
