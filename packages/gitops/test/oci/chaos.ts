import { createHash } from 'node:crypto';
import type { Fault, ProxyRequest } from './fault-proxy';
import { answers, cutsAnswer, cutsRequest, hangsUp, losesAnswer, throttles } from './faults';

/** How many of the requests, from 0 to 1, meet with which fault. One that does not fit a request gives way to others. */
export interface Rates {
  readonly answers500?: number;
  readonly answers502?: number;
  readonly answers503?: number;
  readonly throttles?: number;
  readonly hangsUp?: number;
  readonly losesAnswer?: number;
  /** With a body only. */
  readonly cutsRequest?: number;
  /** GET only. */
  readonly cutsAnswer?: number;
}

/** Every fifth request fails, in all ways that pass by themselves. */
export const FIFTH: Rates = {
  answers500: 0.025,
  answers502: 0.025,
  answers503: 0.025,
  throttles: 0.025,
  hangsUp: 0.025,
  losesAnswer: 0.025,
  cutsRequest: 0.025,
  cutsAnswer: 0.025,
};

const hasBody = ({ headers }: ProxyRequest) => Number(headers['content-length'] ?? 0) > 0;
const isGet = ({ method }: ProxyRequest) => method === 'GET';

const FAULTS: Readonly<Record<keyof Rates, { fault: Fault; fits?: (request: ProxyRequest) => boolean }>> = {
  answers500: { fault: answers(500) },
  answers502: { fault: answers(502) },
  answers503: { fault: answers(503) },
  throttles: { fault: throttles(0) },
  hangsUp: { fault: hangsUp() },
  losesAnswer: { fault: losesAnswer() },
  cutsRequest: { fault: cutsRequest(7), fits: hasBody },
  cutsAnswer: { fault: cutsAnswer(), fits: isGet },
};

/**
 * Faults by chance, and yet the same for the same seed, in whatever order requests come: what befalls one depends on
 * what it asks for and on how often that has been asked for.
 * @param inARow after so many failures of the same request it is let through: for the patience of a client has an end
 */
export function chaos(seed: number, rates: Rates = FIFTH, inARow = 3): Fault {
  const asked = new Map<string, number>();
  const failed = new Map<string, number>();
  return {
    name: 'chaos',
    apply: (request, next, hit) => {
      const key = keyOf(request);
      const count = (asked.get(key) ?? 0) + 1;
      asked.set(key, count);
      const fault = pick(chance(`${seed} ${key} ${count}`), rates, request);
      const failures = failed.get(key) ?? 0;
      failed.set(key, fault && failures < inARow ? failures + 1 : 0);
      if (!fault || failures >= inARow) return next(request);
      return fault.apply(request, next, () => hit(fault.name));
    },
  };
}

/** What is asked for; names that the registry makes up as it goes are no part of it. */
function keyOf({ method, path }: ProxyRequest): string {
  const digest = /[?&]digest=([^&]+)/.exec(path)?.[1] ?? '';
  return `${method} ${path.replace(/(\/blobs\/uploads\/).*/, `$1${digest}`)}`;
}

function pick(number: number, rates: Rates, request: ProxyRequest): Fault | undefined {
  const all = Object.entries(FAULTS).map(([kind, one]) => ({
    ...one,
    rate: rates[kind as keyof Rates] ?? 0,
  }));
  const fitting = all.filter(({ fits }) => fits?.(request) !== false);
  const share = sum(all) / sum(fitting);
  let below = 0;
  return fitting.find(({ rate }) => number < (below += rate * share))?.fault;
}

function sum(faults: readonly { rate: number }[]): number {
  return faults.reduce((total, { rate }) => total + rate, 0);
}

/** A number from 0 to 1 that looks like chance. */
function chance(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE() / 2 ** 32;
}
