import type { Ledger } from '../ledger/ledger';
import type { View } from '../ledger/merge';
import type { State } from '../ledger/state';
import type { Revision } from '../revision/revision';
import { GitopsError, at } from '../support/errors';
import type { WorkspaceImage } from '../workspace/image';
import type { Workspace } from '../workspace/workspace';
import { candidateOf, inOrder } from './candidates';
import { type Candidate, type DecideOptions, type Decisions, decide } from './decide';

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

  constructor(
    private readonly workspace: Workspace,
    private readonly ledger: Ledger,
    readonly options: DecideOptions,
    private readonly images: readonly WorkspaceImage[],
    private readonly revisionOf: (image: WorkspaceImage) => Promise<Revision>,
  ) {}

  /** @throws GitopsError where nothing can be decided at all */
  async plan(): Promise<Plan> {
    this.candidates ??= await this.readSources();
    const view = await this.ledger.read();
    return { decisions: this.decide(view.state), view };
  }

  /** What is decided on a state; a function of that, and of what has failed. */
  decide(state: State): Decisions {
    return decide(this.candidates ?? [], state, this.options, this.failed);
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
