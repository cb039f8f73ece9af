import type { Ledger } from '../ledger/ledger';
import type { View } from '../ledger/merge';
import { type State, holding } from '../ledger/state';
import type { Revision } from '../revision/revision';
import { GitopsError, at } from '../support/errors';
import type { WorkspaceImage } from '../workspace/image';
import type { Workspace } from '../workspace/workspace';
import { candidateOf, inOrder } from './candidates';
import { type Candidate, type DecideOptions, type Decision, type Decisions, decide } from './decide';

type HeldVersion = NonNullable<ReturnType<typeof holding>>;

/** What is to be done with some images, as things are. */
export interface Plan {
  readonly decisions: Decisions;
  /** What it was decided on. */
  readonly view: View;
}

/** Decides the versions of images of the workspace. What is wrong with one does not stop the others. */
export class Planner {
  /** The images that get no version, and why. */
  readonly failed = new Map<string, GitopsError>();
  /** Each image after those that it needs. */
  order: readonly WorkspaceImage[] = [];
  private candidates: readonly Candidate[] | undefined;
  /** The images that were up to date at first: who changes one of them meanwhile is not undone. */
  private settled: ReadonlySet<string> = new Set();

  constructor(
    private readonly workspace: Workspace,
    private readonly ledger: Ledger,
    readonly options: DecideOptions,
    private readonly images: readonly WorkspaceImage[],
    private readonly revisionOf: (image: WorkspaceImage) => Promise<Revision>,
  ) {}

  /** @throws GitopsError where nothing can be decided at all */
  async plan(): Promise<Plan> {
    const isFirst = !this.candidates;
    this.candidates ??= await this.readSources();
    const view = await this.ledger.read();
    const decisions = this.decide(view.state);
    if (isFirst)
      this.settled = new Set([...decisions.keys()].filter((name) => isCurrent(decisions.get(name)!)));
    return { decisions, view };
  }

  /** What is decided on a state; a function of that, and of what has failed. */
  decide(state: State): Decisions {
    const settled: [string, Decision][] = [];
    const open: Candidate[] = [];
    for (const candidate of this.candidates ?? []) {
      const held = this.settled.has(candidate.image)
        ? holding(state, candidate.image, this.options.ring)
        : undefined;
      if (held) settled.push([candidate.image, asHeld(candidate, held)]);
      else open.push(candidate);
    }
    // Its own failure goes before what the ring holds.
    return new Map([...settled, ...decide(open, state, this.options, this.failed)]);
  }

  /** Runs a piece of work for an image; a user's mistake in it is what the image fails for. */
  async orFail(image: WorkspaceImage, work: () => Promise<void>): Promise<void> {
    try {
      await at({ file: image.options.containerfile }, work);
    } catch (error) {
      if (!(error instanceof GitopsError)) throw error;
      this.failed.set(image.name, error);
    }
  }

  /** @throws GitopsError where an image that it needs has failed */
  checkNeeds(image: WorkspaceImage): void {
    const missing = this.workspace
      .dependencies(image)
      .find(({ image: needed, pinned }) => !pinned && this.failed.has(needed.name));
    if (!missing) return;
    const place = { file: image.options.containerfile, line: missing.line };
    throw new GitopsError(`it needs ${missing.image.name}, which failed`, place);
  }

  private async readSources(): Promise<Candidate[]> {
    this.order = inOrder(this.workspace, this.images);
    const candidates: Candidate[] = [];
    for (const image of this.order)
      await this.orFail(image, async () => {
        candidates.push(candidateOf(this.workspace, image, await this.revisionOf(image)));
      });
    return candidates;
  }
}

function isCurrent(decision: Decision | GitopsError): boolean {
  return !(decision instanceof GitopsError) && decision.kind === 'current';
}

function asHeld({ image, revision }: Candidate, { version, dependencies }: HeldVersion): Decision {
  return {
    image,
    revision,
    from: version,
    known: version,
    to: version,
    kind: 'current',
    dependencies,
    reasons: [],
  };
}
