import type { StoredEntry } from '../../src/ledger/entry';
import { Ledger } from '../../src/ledger/ledger';
import type { Change } from '../../src/ledger/state';
import { MemoryStore } from '../../src/oci/memory';
import type { Side } from '../../src/publish/copy';
import {
  Promotion,
  type PromotionContext,
  type Transition,
  type TransitionPlan,
} from '../../src/publish/promote';
import { RINGS, give, put, ringsIn, tagsOf } from './copies';

const HOUR_MS = 3_600_000;

export interface Done {
  readonly plan: TransitionPlan;
  /** `testers api 2.0.0 → 2.1.0` */
  readonly moves: readonly string[];
  /** What was announced after the first plan. */
  readonly announced: readonly (readonly string[])[];
}

/** A state store in memory, and what moves versions in it as an executor does. Each time it is read anew. */
export class Releases implements Side {
  readonly store = new MemoryStore('here');
  /** The hour that it is. */
  hour = 0;

  readonly now = (): number => this.hour * HOUR_MS;
  readonly repositoryOf = (image: string) => this.store.repository(`acme/shop/${image}`);

  get ledger(): Ledger {
    return new Ledger(this.repositoryOf('ledger'), { now: this.now });
  }

  /** Pushes versions to a ring, each with those that it was made with: `api 2.1.0 base 1.0.0`. */
  async push(ring: string, ...versions: string[]): Promise<void> {
    const given = versions.map(async (text) => {
      const [image, version, base, needed] = text.split(' ') as [string, string, string?, string?];
      const dependencies = base === undefined ? {} : { [base]: needed! };
      return { image, version, ring, dependencies, digest: await put(this, image, text) };
    });
    await give(this, await Promise.all(given), { operation: { kind: 'push', ring } });
  }

  promotion(transition: Partial<Transition> = {}, context: Partial<PromotionContext> = {}): Promotion {
    const { kind = 'promote', ring = 'developers' } = transition;
    const { ledger, repositoryOf, now } = this;
    return new Promotion(
      { ledger, rings: RINGS, protections: {}, actor: { who: 'mia' }, repositoryOf, now, ...context },
      { kind, images: ['api'], ring, to: kind === 'promote' ? RINGS.after(ring) : undefined, ...transition },
    );
  }

  /** @param onPlanned what happens when it is announced, before it is done */
  async move(
    transition?: Partial<Transition>,
    { onPlanned, ...context }: Partial<PromotionContext> & { onPlanned?: () => Promise<unknown> } = {},
  ): Promise<Done> {
    const promotion = this.promotion(transition, context);
    const announced: string[][] = [];
    const first = await promotion.plan();
    await onPlanned?.();
    const plan = await promotion.run(first, async (next) => void announced.push(shownMoves(next)));
    return { plan, moves: shownMoves(plan), announced };
  }

  unshift(ring: string, ...images: string[]): Promise<Done> {
    return this.move({ kind: 'unshift', ring, ...(images.length > 0 ? { images } : {}) });
  }

  /** Puts a ring on hold, or releases it. */
  async hold(ring: string, why: string | null): Promise<void> {
    await this.ledger.commit({ who: 'ann' }, async ({ state }) => ({
      operation: { kind: why === null ? 'release' : 'hold', ring },
      changes: [],
      holds: { [ring]: why },
      details: state,
    }));
  }

  /** `{ api: 'developers 2.1.0, testers 2.0.0' }` */
  rings(): Promise<Record<string, string>> {
    return ringsIn(this);
  }

  tags(image: string): Promise<string[]> {
    return tagsOf(this.repositoryOf(image));
  }

  /** The latest entry. */
  async latest(): Promise<StoredEntry> {
    return (await this.ledger.read()).heads[0]!;
  }

  async count(): Promise<number> {
    return (await this.ledger.entries.tags(0)).length;
  }
}

export function shownMoves({ draft }: TransitionPlan): string[] {
  return draft.changes.map(shownMove);
}

export function shownMove({ ring, image, from = '-', to = '-' }: Change): string {
  return `${ring} ${image} ${from} → ${to}`;
}
