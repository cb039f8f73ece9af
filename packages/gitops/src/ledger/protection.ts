import { duration } from '../support/duration';
import { ANTE, POST } from './rings';
import { type Change, type State, holdOf } from './state';

/** What a version has to have gone through before a ring takes it. */
export interface Protection {
  /** How long, in milliseconds, it was in the ring that it comes from. */
  readonly soakMs?: number;
  /** The only ring that it may come from. */
  readonly from?: string;
  /** Whether the ring takes nothing. */
  readonly hold?: boolean;
}

export type Protections = Readonly<Record<string, Protection>>;

/** A version that is to enter a ring. */
export interface Arrival {
  readonly image: string;
  readonly version: string;
  readonly ring: string;
  /** The ring that it comes from; undefined for one that is pushed. */
  readonly source?: string;
}

/** What stands against it, in words; for people, who can override it. */
export type Objection = string;

/** The versions that come into rings in which something runs. */
export function arrivals(
  changes: readonly Change[],
  sourceOf: (ring: string) => string | undefined,
): Arrival[] {
  return changes.flatMap(({ image, ring, to }) => {
    if (to === undefined || ring === ANTE || ring === POST) return [];
    const source = sourceOf(ring);
    return [{ image, version: to, ring, ...(source === undefined ? {} : { source }) }];
  });
}

/** What stands against rings taking anything at all, or anything from where it comes. */
export function objections(
  state: State,
  protections: Protections,
  arriving: readonly Arrival[],
): Objection[] {
  const entries = new Map(arriving.map(({ ring, source }) => [ring, source]));
  return [...entries].flatMap(([ring, source]) => {
    const protection = protectionOf(protections, ring);
    const hold = holdOf(state, ring);
    return [
      ...(hold === undefined ? [] : [`${ring} is on hold: ${hold}`]),
      ...(protection.hold ? [`${ring} is on hold, as gitops.yaml says`] : []),
      ...(protection.from !== undefined && protection.from !== source
        ? [`${ring} takes versions from ${protection.from} only`]
        : []),
      ...(protection.soakMs !== undefined && source === undefined
        ? [`${ring} takes only what was in the ring before it for ${duration(protection.soakMs)}`]
        : []),
    ];
  });
}

/** The arrivals that have to have been in their source for a time, and what time. */
export function soaking(
  protections: Protections,
  arriving: readonly Arrival[],
): { readonly arrival: Arrival & { readonly source: string }; readonly soakMs: number }[] {
  return arriving.flatMap((arrival) => {
    const { soakMs } = protectionOf(protections, arrival.ring);
    const { source } = arrival;
    return soakMs === undefined || source === undefined ? [] : [{ arrival: { ...arrival, source }, soakMs }];
  });
}

/** What stands against an arrival that was in its source since a time; undefined for nothing. */
export function tooYoung(
  { image, version, ring, source }: Arrival,
  soakMs: number,
  since: number | undefined,
  now: number,
): Objection | undefined {
  const age = since === undefined ? 0 : now - since;
  if (age >= soakMs) return undefined;
  return `${ring} takes only what was in ${source} for ${duration(soakMs)}: ${image} ${version} was for ${duration(age)}`;
}

function protectionOf(protections: Protections, ring: string): Protection {
  return Object.hasOwn(protections, ring) ? protections[ring]! : {};
}
