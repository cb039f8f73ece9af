import type { Actor } from '../ledger/entry';
import { type Past, detailsOf, historyOf } from '../ledger/history';
import type { Draft, Ledger } from '../ledger/ledger';
import type { View } from '../ledger/merge';
import { type Objection, type Protections, arrivals, objections } from '../ledger/protection';
import { ANTE, POST, type Rings } from '../ledger/rings';
import { type ImageState, type State, applied, holding, imageState } from '../ledger/state';
import { breaches, changeOf, closure, withPost } from '../ledger/transitions';
import { isTaken, versionIn } from '../ledger/version';
import type { Store, WritableRepository } from '../oci/store';
import type { Digest } from '../oci/types';
import { GitopsError } from '../support/errors';
import { inParallel } from '../support/parallel';
import { followTags } from './follow';
import { breachObjection, listed } from './objections';
import { type Shipment, type Transferred, contentsOf, resolved, transfer } from './transfer';

/** A state store, with what a workspace has in it. */
export interface Side {
  readonly store: Pick<Store, 'where'>;
  readonly ledger: Ledger;
  readonly repositoryOf: (image: string) => WritableRepository;
}

export interface CopyContext {
  /** Nothing is written there. */
  readonly from: Side;
  readonly to: Side;
  /** Those of the workspace, which both stores serve. */
  readonly rings: Rings;
  readonly protections: Protections;
  /** Who is named by the entry in the ledger of the other store. */
  readonly actor: Actor;
  /** How many images are looked at, and how many blobs travel, at once. */
  readonly concurrency: number;
  readonly signal?: AbortSignal;
  /** Is told of each blob that has travelled. */
  readonly log: (line: string) => void;
}

/** What is to be copied. */
export interface CopyRequest {
  /** The ring whose versions are copied, to the same ring of the other store. */
  readonly ring: string;
  /** The images that are asked for, by name; what they depend on comes along. */
  readonly images: readonly string[];
  /** Whether to do it whatever stands against it; the actor's reason is recorded. */
  readonly force?: boolean;
}

/** One image of a copy. */
export interface CopyItem {
  readonly image: string;
  readonly version: string;
  readonly digest: Digest;
  /** The version that the ring holds in the other store; undefined where it holds none. */
  readonly before?: string;
  /** Whether that ring holds just this, the other store has it, or it is to travel. */
  readonly state: 'held' | 'stored' | 'missing';
}

/** What a copy comes to, as things are. */
export interface CopyPlan {
  readonly ring: string;
  /** What the ring was found to hold: what is copied, whatever changes there meanwhile. */
  readonly source: State;
  /** What it was planned on: the other store's ledger. */
  readonly view: View;
  /** By name, sorted. */
  readonly items: readonly CopyItem[];
  /** No entry is written where it has no changes. */
  readonly draft: Draft;
  /** What stood against it, and is overridden. */
  readonly overridden: readonly Objection[];
}

/** What has come of a copy. */
export interface Copied extends Transferred {
  readonly plan: CopyPlan;
  /** Whether an entry was written for it. */
  readonly isRecorded: boolean;
}

/**
 * Copies what a ring holds to the same ring of another store, by digest: the images with all their platforms, and what is
 * attached to them; then one entry in the ledger there; then the tags there follow. Where that ends in the middle,
 * running it again carries on.
 */
export class Copy {
  constructor(
    private readonly context: CopyContext,
    private readonly request: CopyRequest,
  ) {}

  /** @throws GitopsError where it cannot be done */
  async plan(): Promise<CopyPlan> {
    const { from, to, rings } = this.context;
    checkRing(rings, this.request.ring);
    const source = await readVerified(from.ledger);
    return this.planOn(source.state, await readVerified(to.ledger));
  }

  /**
   * Does it.
   * @param plan what was announced
   * @param announce is told of another plan, where others have changed the ring there meanwhile
   * @throws GitopsError where it cannot be done
   */
  async run(plan: CopyPlan, announce: (plan: CopyPlan) => void): Promise<Copied> {
    const { to, actor, signal, concurrency, log } = this.context;
    const shipments = await this.shipments(plan);
    const transferred = await transfer(shipments, { concurrency, signal, log });
    signal?.throwIfAborted();
    let current = plan;
    const { view, draft } = await to.ledger.commit(actor, async (now) => {
      if (headsOf(now) !== headsOf(current.view)) {
        const next = await this.planOn(plan.source, now);
        if (JSON.stringify(next.draft) !== JSON.stringify(current.draft)) announce(next);
        current = next;
      }
      return current.draft.changes.length > 0 ? current.draft : undefined;
    });
    const { confirmed } = draft ? view : await to.ledger.settled(actor, view);
    const manifests = new Map(plan.items.map(({ digest }, i) => [digest, shipments[i]!.contents.top]));
    await followTags(to.ledger, confirmed, to.repositoryOf, manifests);
    return { ...transferred, plan: current, isRecorded: draft !== undefined };
  }

  private async shipments({ items }: CopyPlan): Promise<Shipment[]> {
    const { from, to, signal } = this.context;
    return this.mapped(items, async ({ image, digest }) => {
      const source = from.repositoryOf(image);
      const contents = await contentsOf(source, digest, { signal });
      return { contents, from: source, to: to.repositoryOf(image) };
    });
  }

  private async planOn(source: State, view: View): Promise<CopyPlan> {
    const { ring } = this.request;
    const images = this.imagesOf(source);
    await this.checkVersions(source, view, images);
    const items = await this.mapped(images, (image) => this.item(image, source, view));
    const draft = this.draft(source, view, items);
    if (draft.changes.length === 0) return { ring, source, view, items, draft, overridden: [] };
    const overridden = this.against(view.state, draft);
    if (overridden.length === 0) return { ring, source, view, items, draft, overridden };
    if (!this.request.force) throw this.refusal(overridden);
    const operation = { ...draft.operation, forced: overridden };
    return { ring, source, view, items, draft: { ...draft, operation }, overridden };
  }

  /** What is copied: the images that are asked for, and what they depend on. */
  private imagesOf(source: State): string[] {
    const { ring, images } = this.request;
    const missing = images.filter((image) => !holding(source, image, ring));
    if (missing.length === 0) return closure(source, ring, images).sort();
    throw new GitopsError(
      `the ring ${ring} of ${this.context.from.store.where} does not hold ${missing.join(', ')}`,
      undefined,
      'push or promote them there first',
    );
  }

  private async item(image: string, source: State, { state }: View): Promise<CopyItem> {
    const { from, to, signal } = this.context;
    const { ring } = this.request;
    const { version, digest } = holding(source, image, ring)!;
    const before = versionIn(imageState(state, image).rings, ring);
    const item = { image, version, digest, ...(before === undefined ? {} : { before }) };
    if (before === version) return { ...item, state: 'held' };
    const descriptor = await resolved(from.repositoryOf(image), digest, { signal });
    const isThere = await to.repositoryOf(image).has(descriptor, { signal });
    return { ...item, state: isThere ? 'stored' : 'missing' };
  }

  private draft(source: State, { state }: View, items: readonly CopyItem[]): Draft {
    const { from, rings } = this.context;
    const { ring } = this.request;
    const moved = items.filter(({ state: found }) => found !== 'held');
    const changes = moved.map(({ image, version, before }) => ({
      ...changeOf(image, ring, before, version),
      ...(isTaken(imageState(state, image).taken, version) ? {} : { isNew: true }),
    }));
    const details = moved.map(({ image, version }): [string, ImageState] => {
      const { [version]: described } = imageState(source, image).versions;
      return [image, { rings: {}, taken: {}, versions: { [version]: described! } }];
    });
    return {
      operation: { kind: 'copy', ring, store: from.store.where },
      changes: withPost(state, rings, changes),
      details: { images: Object.fromEntries(details) },
    };
  }

  /**
   * A version never changes.
   * @throws GitopsError where the other store knows one of them as something else
   */
  private async checkVersions(source: State, view: View, images: readonly string[]): Promise<void> {
    const found = await this.mapped(images, async (image) => {
      const { version, digest } = holding(source, image, this.request.ring)!;
      const there = await this.known(image, version, view);
      if (there === undefined || there === digest) return undefined;
      return `${image} ${version} is ${there} there and ${digest} here`;
    });
    const others = found.filter((line) => line !== undefined);
    if (others.length === 0) return;
    throw new GitopsError(
      `nothing is copied to ${this.context.to.store.where}: ${listed(others)}`,
      undefined,
      'push to one of the two stores only, where these images need new versions',
    );
  }

  /** What the other store knows as a version; undefined for nothing. */
  private async known(image: string, version: string, view: View): Promise<Digest | undefined> {
    const { ledger, repositoryOf } = this.context.to;
    const { versions, taken } = imageState(view.state, image);
    if (versions[version]) return versions[version].digest;
    const tagged = await repositoryOf(image).resolve(version, { signal: this.context.signal });
    // The ledger only says that it, or a later one of its line, was taken; and tags can be removed.
    if (tagged || !isTaken(taken, version)) return tagged?.digest;
    const wanted = [{ image, ring: this.request.ring, to: version }];
    const past = await detailsOf(wanted, view.state, standing(historyOf(ledger.entries, view)));
    return past && imageState(past, image).versions[version]?.digest;
  }

  /** How long versions were in a ring, and in which, is for the store that they come from to say. */
  private against(state: State, draft: Draft): Objection[] {
    const { protections } = this.context;
    const after = applied(state, draft, draft.details)!;
    const holds = Object.fromEntries(Object.entries(protections).map(([name, { hold }]) => [name, { hold }]));
    const broken = breaches(state, after).map(breachObjection);
    return [
      ...broken,
      ...objections(
        state,
        holds,
        arrivals(draft.changes, () => undefined),
      ),
    ];
  }

  private refusal(against: readonly Objection[]): GitopsError {
    return new GitopsError(
      `nothing is copied to the ring ${this.request.ring} of ${this.context.to.store.where}: ${listed(against)}`,
      undefined,
      'see to that first, or override it with --force --reason=…',
    );
  }

  private async mapped<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
    const results: R[] = [];
    await inParallel([...items.entries()], this.context.concurrency, async ([i, item]) => {
      this.context.signal?.throwIfAborted();
      results[i] = await work(item);
    });
    return results;
  }
}

async function readVerified(ledger: Ledger): Promise<View> {
  const view = await ledger.read();
  for (const head of view.heads) await ledger.verify(head);
  return view;
}

async function* standing(history: AsyncIterable<Past>): AsyncGenerator<Past> {
  for await (const past of history) if (past.stands) yield past;
}

function headsOf({ heads }: View): string {
  return heads.map(({ tag }) => tag).join();
}

/** @throws GitopsError for a ring that there is not, and for `post` */
function checkRing(rings: Rings, ring: string): void {
  const usable = [ANTE, ...rings.named];
  if (usable.includes(ring)) return;
  throw new GitopsError(
    ring === POST
      ? `nothing is copied from ${POST}: it holds what was shifted off the last ring`
      : `there is no ring ${ring}`,
    undefined,
    `use one of ${usable.join(', ')}`,
  );
}
