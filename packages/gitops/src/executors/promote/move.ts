import type { Change } from '../../ledger/state';
import { openLedger } from '../../publish/open';
import {
  Promotion,
  type Transition,
  type TransitionPlan,
  notHeld,
  promotionRings,
} from '../../publish/promote';
import { table } from '../../publish/report';
import { type Moved, commitLines, movedBy, movedRows } from '../../publish/transition-report';
import type { WritableRepository } from '../../oci/store';
import type { GitopsError } from '../../support/errors';
import { commitsBetween } from '../../workspace/git-log';
import { referenceName } from '../../workspace/image';
import type { Desk, PromoteOptions } from './options';

/** More than that nobody reads, and each costs requests. */
const EXPLAINED = 25;

/** Moves versions from ring to ring. @returns what there is to say of an image */
export async function move(
  options: PromoteOptions,
  { workspace, stores, rings, images, ring, actor, log }: Desk,
): Promise<(image: string) => GitopsError | string> {
  const { settings } = workspace;
  const kind = options.unshift ? 'unshift' : options.shift ? 'shift' : 'promote';
  const to = promotionRings(rings, { kind, ring, to: options.to });
  const transition: Transition = { kind, images, ring, to, force: options.force };
  const store = stores.open(settings.store);
  const repositoryOf = (name: string): WritableRepository =>
    store.repository(referenceName({ name }, settings));
  const ledger = openLedger(store, settings);
  const protections = settings.protections ?? {};
  const promotion = new Promotion({ ledger, rings, protections, actor, repositoryOf }, transition);
  const containerfiles = new Map(workspace.images.map((image) => [image.name, image.options.containerfile]));
  let moves: readonly Moved[] = [];
  const announce = async ({ draft, view, overridden }: TransitionPlan): Promise<void> => {
    moves = await movedBy(draft.changes, {
      states: [view.state, draft.details],
      repositoryOf,
      containerfileOf: (name) => containerfiles.get(name),
      commitsBetween: (from, until) => commitsBetween(workspace.root, from, until),
      explained: options.explain === undefined ? EXPLAINED : options.explain ? Infinity : 0,
    });
    if (options.json) return;
    if (moves.length > 0) log(table(movedRows(moves)));
    for (const line of commitLines(moves)) log(line);
    for (const objection of overridden) log(`overridden: ${objection}`);
  };
  let plan = await promotion.plan();
  await announce(plan);
  if (!options.dryRun) plan = await promotion.run(plan, announce);
  if (options.json) log(JSON.stringify(document(transition, plan, moves, options), undefined, 2));
  const missing = new Set(plan.missing);
  const changes = changesByImage(plan);
  return (image) => {
    if (missing.has(image)) return notHeld(ring, [image]);
    return options.json ? '' : said(image, transition, plan, changes, options.dryRun ?? false);
  };
}

function changesByImage({ draft }: TransitionPlan): ReadonlyMap<string, readonly Change[]> {
  const byImage = new Map<string, Change[]>();
  for (const change of draft.changes) {
    const others = byImage.get(change.image);
    if (others) others.push(change);
    else byImage.set(change.image, [change]);
  }
  return byImage;
}

function document(
  { kind, ring, to }: Transition,
  { draft, overridden, missing }: TransitionPlan,
  moves: readonly Moved[],
  { dryRun = false }: PromoteOptions,
): object {
  const holds = Object.keys(draft.holds ?? {});
  return { kind, ring, to, dryRun, changes: moves, overridden, missing, holds };
}

/** What became of an image, in one line. */
function said(
  image: string,
  { kind, ring, to }: Transition,
  { draft }: TransitionPlan,
  changes: ReadonlyMap<string, readonly Change[]>,
  isDry: boolean,
): string {
  if (changes.size === 0 && kind !== 'unshift')
    return kind === 'shift' ? `${image}: nothing to shift on` : `${image}: ${to ?? ring} holds just that`;
  const own = changes.get(image) ?? [];
  const others = changes.size - (changes.has(image) ? 1 : 0);
  const along = others > 0 ? `, with ${others} ${others === 1 ? 'other image' : 'others'}` : '';
  const what = `${own.length > 0 ? own.map(inWords).join(', ') : 'stays as it is'}${along}`;
  const would = isDry ? 'would be ' : '';
  switch (kind) {
    case 'promote':
      return `${image}: ${would}promoted to ${to}: ${what}`;
    case 'shift':
      return `${image}: ${would}shifted on from ${ring}: ${what}`;
    case 'unshift': {
      const holds = Object.keys(draft.holds ?? {});
      const held = `on hold ${isDry ? 'then' : 'now'}: ${holds.join(', ')} (nx rings --release=${ring})`;
      return `${image}: ${would}taken back from ${ring}: ${what}; ${held}`;
    }
  }
}

function inWords({ ring, from, to }: Change): string {
  return `${ring} ${from ?? '-'} → ${to ?? '-'}`;
}
