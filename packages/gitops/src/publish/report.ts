import type { State } from '../ledger/state';
import { imageState } from '../ledger/state';
import { GitopsError } from '../support/errors';
import { inParallel } from '../support/parallel';
import type { WritableRepository } from '../oci/store';
import type { WorkspaceImage } from '../workspace/image';
import type { Decision } from './decide';
import { type Sources, changedSources, explain } from './explain';
import type { Plan } from './planner';
import { readSources } from './sources';

/** What is going to happen to one image. */
export interface Row {
  readonly image: string;
  readonly ring: string;
  readonly from: string;
  readonly to: string;
  readonly why: string;
}

export interface ReportContext {
  readonly ring: string;
  readonly repositoryOf: (image: string) => WritableRepository;
  readonly sources: (image: WorkspaceImage) => Sources;
}

const AT_ONCE = 8;

/**
 * A row for each image, in words. Which files changed is asked of the store, where a revision did.
 * An image that fails says so itself later on.
 */
export async function report(
  images: readonly WorkspaceImage[],
  { decisions, view: { state } }: Plan,
  context: ReportContext,
): Promise<Row[]> {
  const rows = new Map<WorkspaceImage, Row>();
  await inParallel(images, AT_ONCE, async (image) => {
    const decision = decisions.get(image.name);
    if (!decision || decision instanceof GitopsError) return;
    const { from, to, reasons } = decision;
    const changed = reasons.some(({ kind }) => kind === 'revision')
      ? await changedFiles(image, decision, state, context)
      : undefined;
    const why = decision.kind === 'adopted' ? `as in ${holders(state, decision)}` : explain(reasons, changed);
    rows.set(image, { image: image.name, ring: context.ring, from: from ?? '-', to, why });
  });
  return images.flatMap((image) => rows.get(image) ?? []);
}

async function changedFiles(
  image: WorkspaceImage,
  { known }: Decision,
  state: State,
  { repositoryOf, sources }: ReportContext,
): Promise<string[] | undefined> {
  const before = imageState(state, image.name).versions[known!];
  const then = before && (await readSources(repositoryOf(image.name), before.digest));
  return then && changedSources(then, sources(image), image.options.containerfile);
}

/** The rings that hold a version. */
function holders(state: State, { image, to }: Decision): string {
  const { rings } = imageState(state, image);
  return Object.keys(rings)
    .filter((ring) => rings[ring] === to)
    .join(', ');
}

const HEADINGS: Row = { image: 'IMAGE', ring: 'RING', from: 'FROM', to: 'TO', why: 'WHY' };

/** The rows as a table, without the last line's end. */
export function table(rows: readonly Row[]): string {
  const all = [HEADINGS, ...rows];
  const width = (cell: (row: Row) => string): number => Math.max(...all.map((row) => cell(row).length));
  const [image, ring, from, to] = [
    width((row) => row.image),
    width((row) => row.ring),
    width((row) => row.from),
    width((row) => row.to),
  ];
  return all
    .map((row) =>
      [
        row.image.padEnd(image!),
        row.ring.padEnd(ring!),
        `${row.from.padStart(from!)} ${row === HEADINGS ? ' ' : '→'} ${row.to.padEnd(to!)}`,
        row.why,
      ].join('  '),
    )
    .join('\n');
}
