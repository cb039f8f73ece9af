import { type Actor, type StoredEntry } from '../ledger/entry';
import { type Move, detailsOf, heldSince, historyOf, touched, undoable } from '../ledger/history';
import type { Draft, Ledger } from '../ledger/ledger';
import type { View } from '../ledger/merge';
import {
  type Objection,
  type Protections,
  arrivals,
  objections,
  soaking,
  tooYoung,
} from '../ledger/protection';
import { ANTE, POST, type Rings } from '../ledger/rings';
import { type Change, type State, applied, holding, imageState } from '../ledger/state';
import { breaches, closure, promotion, reversal, shift } from '../ledger/transitions';
import type { WritableRepository } from '../oci/store';
import { GitopsError } from '../support/errors';
import { inParallel } from '../support/parallel';
import { followTags } from './follow';
import { breachObjection, listed } from './objections';

/** What is to move. */
export interface Transition {
  readonly kind: 'promote' | 'shift' | 'unshift';
  /** The images that are asked for, by name. */
  readonly images: readonly string[];
  /** The ring that versions come from; of an unshift the ring that they are taken from. */
  readonly ring: string;
  /** Of a promotion the ring that they go to. */
  readonly to?: string;
  /** Whether to do it whatever stands against it; the actor's reason is recorded. */
  readonly force?: boolean;
}

export interface PromotionContext {
  readonly ledger: Ledger;
  readonly rings: Rings;
  readonly protections: Protections;
  readonly actor: Actor;
  readonly repositoryOf: (image: string) => WritableRepository;
  readonly now?: () => number;
}

/** What a transition comes to, as things are. */
export interface TransitionPlan {
  /** What it was planned on. */
  readonly view: View;
  /** Nothing changes where it has no changes. */
  readonly draft: Draft;
  /** What stood against it, and is overridden. */
  readonly overridden: readonly Objection[];
  /** The images that are asked for, and that the ring does not hold: the others move without them. */
  readonly missing: readonly string[];
}

/** Others have changed meanwhile what moves. */
class Overtaken extends Error {}

const MAX_ROUNDS = 10;
const AT_ONCE = 8;

/** Moves versions from ring to ring: one entry of the ledger, and nothing else. Then the rings' tags follow. */
export class Promotion {
  /** That versions have grown older meanwhile is nothing to announce again. */
  private readonly now: number;

  constructor(
    private readonly context: PromotionContext,
    private readonly transition: Transition,
  ) {
    this.now = (context.now ?? Date.now)();
  }

  /** @throws GitopsError where it cannot be done */
  async plan(): Promise<TransitionPlan> {
    const { ledger } = this.context;
    const view = await ledger.read();
    for (const head of view.heads) await ledger.verify(head);
    return this.planOn(view);
  }

  /**
   * Does it, and lets the tags follow.
   * @param plan what was announced
   * @param announce is told of another plan, where others have changed what moves before it was done
   * @throws GitopsError where it cannot be done
   */
  async run(
    plan: TransitionPlan,
    announce: (plan: TransitionPlan) => Promise<void>,
  ): Promise<TransitionPlan> {
    const { ledger, actor } = this.context;
    let announced = plan;
    for (let round = 1; ; round++) {
      try {
        const { view } = await ledger.commit(actor, async (now) => {
          const next = isSameView(now, announced.view) ? announced : await this.planOn(now);
          if (!isSame(next.draft, announced.draft)) throw new Overtaken();
          return isEmpty(next.draft) ? undefined : next.draft;
        });
        const { confirmed } = isEmpty(announced.draft) ? await ledger.settled(actor, view) : view;
        await followTags(ledger, confirmed, this.context.repositoryOf);
        return announced;
      } catch (error) {
        if (!(error instanceof Overtaken)) throw error;
        if (round === MAX_ROUNDS)
          throw new GitopsError(
            'others change these rings, and are always faster',
            undefined,
            'run it again when fewer are at work',
          );
        const before = announced.draft.operation;
        announced = await this.plan();
        // Who wants to take back one entry does not want to take back another one.
        if (announced.draft.operation.undoes !== before.undoes)
          throw new GitopsError(
            `nothing was taken back: what was promoted to ${this.transition.ring} last is something else by now`,
            undefined,
            'look at nx rings --log, and run it again',
          );
        await announce(announced);
      }
    }
  }

  private async planOn(view: View): Promise<TransitionPlan> {
    const { kind, images, ring } = this.transition;
    const missing = kind === 'unshift' ? [] : images.filter((image) => !holding(view.state, image, ring));
    if (kind !== 'unshift' && missing.length === images.length) throw notHeld(ring, missing);
    const draft = kind === 'unshift' ? await this.unshift(view) : this.forward(view, missing);
    if (isEmpty(draft)) return { view, draft, overridden: [], missing };
    const after = applied(view.state, draft, draft.details)!;
    const overridden = [
      ...breaches(view.state, after).map(breachObjection),
      ...(this.transition.kind === 'unshift' ? [] : await this.protection(view, draft.changes)),
    ];
    if (overridden.length === 0) return { view, draft, overridden, missing };
    if (!this.transition.force) throw refusal(this.transition, overridden);
    return {
      view,
      draft: { ...draft, operation: { ...draft.operation, forced: overridden } },
      overridden,
      missing,
    };
  }

  private forward(view: View, missing: readonly string[]): Draft {
    const { rings } = this.context;
    const { kind, ring } = this.transition;
    const absent = new Set(missing);
    const images = this.transition.images.filter((image) => !absent.has(image));
    const move = { rings, images, ring };
    if (kind === 'shift')
      return { operation: { kind, ring }, changes: shift(view.state, move), details: view.state };
    const to = this.transition.to!;
    return {
      operation: { kind, ring, to },
      changes: promotion(view.state, { ...move, to }),
      details: view.state,
    };
  }

  private async unshift(view: View): Promise<Draft> {
    const { ledger, actor } = this.context;
    const { images, ring } = this.transition;
    // Of a release that moved, it may be that only what the image depends on was another one.
    const release = [...new Set([...images, ...closure(view.state, ring, images)])];
    const found = await undoable(historyOf(ledger.entries, view), ring, release);
    if (!found)
      throw new GitopsError(
        `there is nothing to take back: no promotion of ${shortened(images)} into ${ring} is in the ledger`,
        undefined,
        'nx rings --log shows what is',
      );
    const { stored, later } = found;
    if (later.length > 0) throw laterFirst(stored, later, ring);
    const changes = reversal(view.state, stored.entry.changes);
    const details = await detailsOf(changes, view.state, historyOf(ledger.entries, view));
    if (!details)
      throw new GitopsError(
        `the history is too short: what ${ring} held before ${stored.tag} is no longer in the ledger`,
        undefined,
        'promote a version that a ring holds instead',
      );
    await this.checkThere(view, changes, details);
    const why = `${stored.tag} was taken back by ${actor.who}${actor.reason ? `: ${actor.reason}` : ''}`;
    const holds = touched(stored.entry.changes).filter((one) => one !== ANTE);
    return {
      operation: { kind: 'unshift', to: ring, undoes: stored.digest },
      changes,
      holds: Object.fromEntries(holds.map((one) => [one, why])),
      details,
    };
  }

  /** What no ring has held meanwhile, somebody may have deleted. */
  private async checkThere(view: View, changes: readonly Change[], details: State): Promise<void> {
    await inParallel(changes, AT_ONCE, async ({ image, to }) => {
      if (to === undefined || imageState(view.state, image).versions[to]) return;
      const { digest } = imageState(details, image).versions[to]!;
      const repository = this.context.repositoryOf(image);
      if (await repository.resolve(digest)) return;
      throw new GitopsError(
        `${repository.where} no longer has ${image} ${to}, ${digest}`,
        undefined,
        'restore it from a copy of the store, or promote a version that a ring holds instead',
      );
    });
  }

  private async protection(view: View, changes: readonly Change[]): Promise<Objection[]> {
    const { protections, rings, ledger } = this.context;
    const { kind, ring: source } = this.transition;
    const arriving = arrivals(changes, (ring) =>
      kind === 'promote' ? source : rings.all[rings.all.indexOf(ring) - 1],
    );
    const found = objections(view.state, protections, arriving);
    const soaked = soaking(protections, arriving);
    if (soaked.length === 0) return found;
    const { now } = this;
    const since = await heldSince(
      soaked.map(({ arrival }) => ({ ...arrival, ring: arrival.source })),
      historyOf(ledger.entries, view),
      now - Math.max(...soaked.map(({ soakMs }) => soakMs)),
    );
    const young = soaked.map(({ arrival, soakMs }, i) => tooYoung(arrival, soakMs, since[i], now));
    return [...found, ...young.filter((objection) => objection !== undefined)];
  }
}

/**
 * The ring that a promotion goes to, and whether it can come from where it is to come from.
 * @throws GitopsError for rings that there are not, and for those that nothing can be promoted from or to
 */
export function promotionRings(
  rings: Rings,
  { kind, ring, to }: Pick<Transition, 'kind' | 'ring' | 'to'>,
): string | undefined {
  const usable = [ANTE, ...rings.named];
  const check = (name: string, among: readonly string[], what: string): void => {
    if (among.includes(name)) return;
    if (name === POST) throw new GitopsError(what, undefined, `use one of ${among.join(', ')}`);
    const is = usable.includes(name) ? `${name} does not come after ${ring}` : `there is no ring ${name}`;
    throw new GitopsError(is, undefined, `use one of ${among.join(', ')}`);
  };
  check(
    ring,
    usable,
    `nothing is promoted from ${POST}: it holds what was shifted off; --unshift brings it back`,
  );
  if (kind === 'unshift') return undefined;
  const next = rings.after(ring);
  if (next === undefined)
    throw new GitopsError(
      `${ring} is the last ring: there is none after it`,
      undefined,
      `name the ring that versions come from, with --ring=${rings.all[rings.all.indexOf(ring) - 1]}`,
    );
  if (kind === 'shift') return undefined;
  if (to === undefined) return next;
  check(
    to,
    rings.following(ring),
    `nothing is promoted to ${POST}: what the last ring held goes there by itself`,
  );
  return to;
}

function refusal({ kind, ring, to }: Transition, against: readonly Objection[]): GitopsError {
  const what = kind === 'promote' ? `to ${to}` : kind === 'shift' ? `on from ${ring}` : `back out of ${ring}`;
  return new GitopsError(
    `nothing moves ${what}: ${listed(against)}`,
    undefined,
    'see to that first, or override it with --force --reason=…',
  );
}

function laterFirst(stored: StoredEntry, later: readonly Move[], ring: string): GitopsError {
  const [last] = later;
  const { operation, changes } = last!.entry;
  const where = operation.to ?? changes.find((change) => change.ring !== POST)?.ring ?? ring;
  const image = changes.find((change) => change.ring === where)?.image;
  return new GitopsError(
    `${stored.tag} cannot be taken back before ${later.map(({ tag }) => tag).join(', ')}, which came later and changed the same`,
    undefined,
    `take that back first: image-promote of ${image} with --ring=${where} --unshift`,
  );
}

/** What is said of images that are not where they are to be promoted from. */
export function notHeld(ring: string, images: readonly string[]): GitopsError {
  return new GitopsError(
    `the ring ${ring} does not hold ${images.join(', ')}`,
    undefined,
    `push it there first, with --ring=${ring}, or promote it to there`,
  );
}

function shortened(images: readonly string[]): string {
  const more = images.length > 3 ? `, +${images.length - 3} more` : '';
  return `${images.slice(0, 3).join(', ')}${more}`;
}

/** What is taken back counts as such, even where the rings have it back already. */
function isEmpty({ operation, changes }: Draft): boolean {
  return changes.length === 0 && operation.kind !== 'unshift';
}

function isSameView(a: View, b: View): boolean {
  const tags = ({ heads }: View): string => heads.map(({ tag }) => tag).join();
  return tags(a) === tags(b);
}

function isSame(a: Draft, b: Draft): boolean {
  return (
    JSON.stringify([a.changes, a.operation, a.holds]) === JSON.stringify([b.changes, b.operation, b.holds])
  );
}
