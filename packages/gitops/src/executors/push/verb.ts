import { actorFrom } from '../../ledger/actor';
import type { Decision } from '../../publish/decide';
import { Push, pushObjections, pushRefused } from '../../publish/push';
import { GitopsError } from '../../support/errors';
import { sizeOf } from '../../support/size';
import { localUser } from '../../support/local-user';
import { headCommit } from '../../workspace/git-commit';
import type { WorkspaceImage } from '../../workspace/image';
import type { Verb } from '../publish/run';

/** Publishes: what is out of date in the ring is built, sent, claimed and tagged. */
export const push: Verb = {
  planned: ({ images }) => images,

  async run(work, planner, plan) {
    const { publishing, workspace, images, options, concurrency, log } = work;
    const { ledger, publications } = publishing;
    const actor = actorFrom(process.env, localUser, {
      reason: options.reason,
      commit: () => headCommit(workspace.root),
    });
    const context = {
      workspace,
      ledger,
      publications,
      protections: workspace.settings.protections ?? {},
      force: options.force,
      actor,
      concurrency,
      listener: ({ name }: { name: string }) => ({
        log,
        onOutput: (line: string) => log(`${name} | ${line}`),
      }),
    };
    const decisions = await new Push(context, planner).run(plan);
    return new Map(
      images.map((image): [WorkspaceImage, GitopsError | string] => {
        const decision = decisions.get(image.name)!;
        if (decision instanceof GitopsError) return [image, decision];
        const sent = publications.sent(image);
        return [image, said(decision, planner.options.ring, sent)];
      }),
    );
  },

  refusal({ workspace, options }, { options: { ring } }, { view, decisions }) {
    const against = pushObjections(view.state, workspace.settings.protections ?? {}, ring, decisions);
    return against.length > 0 && !options.force ? pushRefused(ring, against) : undefined;
  },

  intend(decision, ring) {
    switch (decision.kind) {
      case 'new':
        return `${decision.image}: would push ${decision.to} to ${ring}`;
      case 'adopted':
        return `${decision.image}: ${ring} would take ${decision.to}`;
      case 'current':
        return said(decision, ring);
    }
  },
};

function said(
  { image, kind, to }: Decision,
  ring: string,
  sent?: { readonly layers: number; readonly bytes: number },
): string {
  switch (kind) {
    case 'new':
      return `${image}: pushed ${to} to ${ring}, ${amount(sent)} sent`;
    case 'adopted':
      return `${image}: ${ring} takes ${to}`;
    case 'current':
      return `${image}: ${to} is up to date in ${ring}`;
  }
}

/** `2 layers (1.4 MB)` */
function amount({ layers, bytes } = { layers: 0, bytes: 0 }): string {
  if (layers === 0) return 'no layer';
  return `${layers} ${layers === 1 ? 'layer' : 'layers'} (${sizeOf(bytes)})`;
}
