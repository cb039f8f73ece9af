import type { Decision } from '../../publish/decide';
import { withDependencies } from '../../publish/candidates';
import { labelImage } from '../../publish/label';
import { digestsIn } from '../../publish/pins';
import { GitopsError } from '../../support/errors';
import { runInOrder } from '../../support/order';
import type { WorkspaceImage } from '../../workspace/image';
import type { Verb } from '../publish/run';

/** Gives built images the versions that they would be pushed with now. */
export const label: Verb = {
  // What an image needs has its own version only when it is pushed: until then it is decided here too.
  planned: ({ workspace, images }) => withDependencies(workspace, images),

  async run(work, planner, { decisions, view: { state } }) {
    const { publishing, workspace, images, concurrency, cache, labels } = work;
    const { bases } = publishing;
    const held = digestsIn(state);
    const wanted = new Map(images.map((image) => [image.name, image]));
    const written = new Map<string, string>();
    const needs = (name: string): string[] =>
      workspace.ingredients(wanted.get(name)!).map((ingredient) => ingredient.name);
    const order = planner.order
      .map(({ name }) => name)
      .filter((name) => wanted.has(name) && !planner.failed.has(name));
    const write = async (name: string): Promise<void> => {
      const image = wanted.get(name)!;
      await planner.orFail(image, async () => {
        const decision = decisions.get(name)!;
        if (decision instanceof GitopsError) throw decision;
        planner.checkNeeds(image);
        written.set(name, await labelImage(image, decision, { workspace, bases, labels, held, cache }));
      });
    };
    for await (const _ of runInOrder(order, needs, concurrency, write));
    const labelled = planner.decide(state);
    return new Map(
      images.map((image): [WorkspaceImage, GitopsError | string] => {
        const decision = labelled.get(image.name)!;
        if (decision instanceof GitopsError) return [image, decision];
        return [image, `${image.name}: labelled ${decision.to} in ${written.get(image.name)}`];
      }),
    );
  },

  intend: ({ image, to, kind }: Decision) =>
    kind === 'new' ? `${image}: would be ${to}` : `${image}: is ${to}`,
};
