import type { Actor } from '../ledger/entry';
import type { Draft, Ledger } from '../ledger/ledger';
import type { View } from '../ledger/merge';
import { type Objection, type Protections, objections } from '../ledger/protection';
import { ANTE } from '../ledger/rings';
import { type Change, type ImageState, type State, imageState } from '../ledger/state';
import { heldVersion, isTaken } from '../ledger/version';
import { type Digest, sha256 } from '../oci/digest';
import { GitopsError } from '../support/errors';
import { phase } from '../support/phases';
import { runInOrder } from '../support/order';
import { allOf, inParallel } from '../support/parallel';
import type { Listener } from '../workspace/build';
import type { WorkspaceImage } from '../workspace/image';
import type { Workspace } from '../workspace/workspace';
import { followed } from './candidates';
import type { Decision, Decisions } from './decide';
import { checkVersionTag, followTags } from './follow';
import { digestsIn } from './pins';
import type { Plan, Planner } from './planner';
import type { Publications } from './publications';

/** Others have changed meanwhile what an image was made from, or have taken its version. */
class Overtaken extends Error {}

/** What stands against a ring taking what was decided. */
export function pushObjections(
  state: State,
  protections: Protections,
  ring: string,
  decisions: Decisions,
): readonly Objection[] {
  const arriving = [...decisions.values()]
    .filter((decision) => !needsNothing(decision))
    .map((decision) => ({ image: (decision as Decision).image, version: (decision as Decision).to, ring }));
  return ring === ANTE ? [] : objections(state, protections, arriving);
}

/** What is said where that is not overridden. */
export function pushRefused(ring: string, against: readonly Objection[]): GitopsError {
  return new GitopsError(
    `nothing is pushed to ${ring}: ${against.join('; ')}`,
    undefined,
    'push to a ring before it and promote, or override it with --force --reason=…',
  );
}

const MAX_ROUNDS = 10;

export interface PushContext {
  readonly workspace: Workspace;
  readonly ledger: Ledger;
  readonly publications: Publications;
  readonly protections: Protections;
  /** Whether to push what a protected ring would not take. */
  readonly force?: boolean;
  readonly actor: Actor;
  readonly concurrency: number;
  readonly listener: (image: WorkspaceImage) => Listener;
}

/**
 * Publishes images in a ring. What is up to date there is neither built nor sent. What is not is built, sent, claimed
 * in the ledger in one entry, and tagged. Where that ends in the middle, running it again carries on.
 */
export class Push {
  private readonly checked = new Map<WorkspaceImage, string>();

  constructor(
    private readonly context: PushContext,
    private readonly planner: Planner,
  ) {}

  /**
   * @param plan what was announced
   * @returns what became of each image
   * @throws GitopsError where nothing can be done at all; what is wrong with one image is its decision
   */
  async run(plan: Plan): Promise<Decisions> {
    for (let round = 1; ; round++) {
      if ([...plan.decisions.values()].every(needsNothing)) {
        await this.finish(plan.view, 0);
        return plan.decisions;
      }
      this.checkRing(plan.view.state, plan.decisions);
      await phase('build and send', () => this.prepare(plan));
      try {
        return await this.commit();
      } catch (error) {
        if (!(error instanceof Overtaken)) throw error;
        if (round === MAX_ROUNDS)
          throw new GitopsError(
            'others push these images, or what they are made from, and are always faster',
            undefined,
            'run it again when fewer are pushing',
          );
        plan = await this.planner.plan();
      }
    }
  }

  /** Builds and sends what is to have a new version. */
  private async prepare({ decisions, view: { state } }: Plan): Promise<void> {
    const { workspace, publications, concurrency, listener } = this.context;
    const changed = new Map(
      this.planner.order.filter(({ name }) => isNew(decisions.get(name))).map((image) => [image.name, image]),
    );
    const keys = this.keys(decisions, state);
    const needs = (name: string): string[] =>
      followed(workspace, changed.get(name)!).map((needed) => needed.name);
    const make = async (name: string): Promise<void> => {
      const image = changed.get(name)!;
      await this.planner.orFail(image, async () => {
        this.planner.checkNeeds(image);
        for (const [ingredient, digest] of this.heldIngredients(image, decisions, state))
          await publications.useHeld(ingredient, digest);
        const decision = decisions.get(name) as Decision;
        const { versions } = imageState(state, name);
        const before = decision.known === undefined ? undefined : versions[decision.known]?.digest;
        await publications.make(image, keys.get(image)!, before, listener(image));
        await this.put(image, decision, state).catch((error: unknown) => {
          // Which version it gets is decided once more, when it is claimed.
          if (!(error instanceof Overtaken)) throw error;
        });
      });
    };
    for await (const _ of runInOrder([...changed.keys()], needs, concurrency, make));
  }

  private async commit(): Promise<Decisions> {
    const { ledger, actor, publications, concurrency } = this.context;
    let decisions: Decisions = new Map();
    const { view, tries } = await ledger.commit(actor, async ({ state }) => {
      for (;;) {
        decisions = this.planner.decide(state);
        const failures = this.planner.failed.size;
        const draft = await this.draft(decisions, state);
        // What fails now takes those with it that need it.
        if (this.planner.failed.size === failures) return draft;
      }
    });
    const pushed = tries > 0 ? this.planner.order.filter(({ name }) => isNew(decisions.get(name))) : [];
    await allOf(
      inParallel(pushed, concurrency, (image) => publications.putSources(image, actor.commit)),
      this.finish(view, tries),
    );
    return decisions;
  }

  /** @param tries how many entries were written: where there was none, the last one may not be settled yet */
  private async finish(view: View, tries: number): Promise<void> {
    const { ledger, actor, publications } = this.context;
    const { confirmed } = tries > 0 ? view : await ledger.settled(actor, view);
    await followTags(ledger, confirmed, publications.repositoryOf, publications.manifests);
  }

  /** The entry that the decisions make; undefined where there is nothing to write. */
  private async draft(decisions: Decisions, state: State): Promise<Draft | undefined> {
    const { publications } = this.context;
    const { ring } = this.planner.options;
    const keys = this.keys(decisions, state);
    const changes: Change[] = [];
    const images: Record<string, ImageState> = {};
    for (const image of this.planner.order) {
      const decision = decisions.get(image.name);
      if (!decision || decision instanceof GitopsError || decision.kind === 'current') continue;
      const { to, from, dependencies, revision } = decision;
      const change = { image: image.name, ring, ...(from === undefined ? {} : { from }), to };
      if (decision.kind === 'adopted') {
        changes.push(change);
        continue;
      }
      if (!publications.isMade(image, keys.get(image)!)) throw new Overtaken();
      await this.planner.orFail(image, async () => {
        const digest = await this.put(image, decision, state);
        changes.push({ ...change, isNew: true });
        images[image.name] = { rings: {}, taken: {}, versions: { [to]: { digest, revision, dependencies } } };
      });
    }
    if (changes.length === 0) return undefined;
    const forced = this.checkRing(state, decisions);
    const operation = { kind: 'push' as const, ring, ...(forced.length > 0 ? { forced } : {}) };
    return { operation, changes, details: { images } };
  }

  /**
   * @returns what stands against the ring taking what was decided, where that is overridden
   * @throws GitopsError where it is not
   */
  private checkRing(state: State, decisions: Decisions): readonly Objection[] {
    const { protections, force } = this.context;
    const { ring } = this.planner.options;
    const against = pushObjections(state, protections, ring, decisions);
    if (against.length > 0 && !force) throw pushRefused(ring, against);
    return against;
  }

  /** Stores the version that was decided, which nobody else may have given a tag. */
  private async put(image: WorkspaceImage, decision: Decision, state: State): Promise<Digest> {
    const { publications, ledger } = this.context;
    const { digest } = await publications.put(image, decision, digestsIn(state));
    const checked = `${decision.to} ${digest}`;
    if (this.checked.get(image) === checked) return digest;
    try {
      await checkVersionTag(publications.repositoryOf(image.name), decision.to, digest);
    } catch (error) {
      const { state } = await ledger.read();
      if (isTaken(imageState(state, image.name).taken, decision.to)) throw new Overtaken();
      throw error;
    }
    this.checked.set(image, checked);
    return digest;
  }

  /** What the content of each new image is made from, all the way down: where that is another, it is made anew. */
  private keys(decisions: Decisions, state: State): ReadonlyMap<WorkspaceImage, Digest> {
    const keys = new Map<WorkspaceImage, Digest>();
    for (const image of this.planner.order.filter(({ name }) => isNew(decisions.get(name)))) {
      const held = new Map(this.heldIngredients(image, decisions, state));
      const ingredients = this.context.workspace.ingredients(image);
      const parts = ingredients.map((ingredient) => held.get(ingredient) ?? keys.get(ingredient));
      keys.set(image, sha256(parts.join()));
    }
    return keys;
  }

  /** The ingredients that are taken from the store. */
  private heldIngredients(
    image: WorkspaceImage,
    decisions: Decisions,
    state: State,
  ): [WorkspaceImage, Digest][] {
    const { rings, ring } = this.planner.options;
    return this.context.workspace.ingredients(image).flatMap((ingredient): [WorkspaceImage, Digest][] => {
      const decision = decisions.get(ingredient.name);
      if (isNew(decision) || decision instanceof GitopsError) return [];
      const { rings: held, versions } = imageState(state, ingredient.name);
      const version = decision?.to ?? heldVersion(rings, ring, held);
      const digest = version === undefined ? undefined : versions[version]?.digest;
      return digest ? [[ingredient, digest]] : [];
    });
  }
}

function isNew(decision: Decision | GitopsError | undefined): boolean {
  return decision !== undefined && !(decision instanceof GitopsError) && decision.kind === 'new';
}

function needsNothing(decision: Decision | GitopsError): boolean {
  return decision instanceof GitopsError || decision.kind === 'current';
}
