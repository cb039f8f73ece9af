import { POST } from '../ledger/rings';
import { type Change, type PublishedVersion, type State, imageState } from '../ledger/state';
import type { WritableRepository } from '../oci/store';
import { inParallel } from '../support/parallel';
import type { Commits } from '../workspace/git-log';
import type { Reason } from './decide';
import { changedSources, explain } from './explain';
import type { Row } from './report';
import { readSources } from './sources';

/** A version that moves, and what it brings. */
export interface Moved extends Change {
  readonly why: string;
  /** The files in which it differs from what the ring held, as far as they are known. */
  readonly files?: readonly string[];
  readonly commits?: Commits;
}

export interface TransitionReportContext {
  /** Where the versions are described. */
  readonly states: readonly State[];
  readonly repositoryOf: (image: string) => WritableRepository;
  /** What an image is built from, by its name, where the workspace still has it. */
  readonly containerfileOf: (image: string) => string | undefined;
  readonly commitsBetween: (from: string, to: string) => Promise<Commits | undefined>;
  /** For more changes than that it is not asked which files and commits they come from. */
  readonly explained: number;
}

const AT_ONCE = 8;
const MAX_COMMITS = 10;

/** What each change brings to its ring: which files and commits, where that is asked for. */
export async function movedBy(
  changes: readonly Change[],
  context: TransitionReportContext,
): Promise<readonly Moved[]> {
  const isExplained = changes.length <= context.explained;
  const found = new Map<Change, Moved>();
  await inParallel(changes, AT_ONCE, async (change) => {
    found.set(change, await moved(change, context, isExplained));
  });
  return changes.map((change) => found.get(change)!);
}

async function moved(change: Change, context: TransitionReportContext, isExplained: boolean): Promise<Moved> {
  const { image, ring, from, to } = change;
  if (to === undefined) return { ...change, why: 'the ring held none' };
  if (ring === POST) return { ...change, why: 'what the last ring held' };
  if (from === undefined) return { ...change, why: 'the ring holds none' };
  const [before, after] = [from, to].map((version) => versionOf(image, version, context.states));
  if (!before || !after) return { ...change, why: '' };
  const reasons = reasonsFor(before, after);
  // What was changed and changed back.
  if (reasons.length === 0) return { ...change, why: 'made from the same' };
  if (!isExplained) return { ...change, why: explain(reasons, undefined) };
  const repository = context.repositoryOf(image);
  const [then, now] = await Promise.all([before, after].map(({ digest }) => readSources(repository, digest)));
  const files =
    then && now && changedSources(then, now, context.containerfileOf(image) ?? 'its Containerfile');
  const commits =
    then?.commit && now?.commit ? await context.commitsBetween(then.commit, now.commit) : undefined;
  const range = commits && commits.lines.length > 0 ? `; ${counted(commits)}` : '';
  return {
    ...change,
    why: `${explain(reasons, files)}${range}`,
    ...(files ? { files } : {}),
    ...(commits ? { commits } : {}),
  };
}

function versionOf(image: string, version: string, states: readonly State[]): PublishedVersion | undefined {
  return states
    .map((state) => imageState(state, image).versions[version])
    .find((found) => found !== undefined);
}

/** Why one version is another than the other. */
function reasonsFor(before: PublishedVersion, after: PublishedVersion): Reason[] {
  const names = [
    ...new Set([...Object.keys(before.dependencies), ...Object.keys(after.dependencies)]),
  ].sort();
  return [
    ...(before.revision === after.revision ? [] : [{ kind: 'revision' as const }]),
    ...names.flatMap((image): Reason[] => {
      const [from, to] = [before.dependencies[image], after.dependencies[image]];
      return from === to
        ? []
        : [
            {
              kind: 'dependency',
              image,
              ...(from === undefined ? {} : { from }),
              ...(to === undefined ? {} : { to }),
            },
          ];
    }),
  ];
}

function counted({ lines, range, back }: Commits): string {
  return `${lines.length} ${lines.length === 1 ? 'commit' : 'commits'} ${back ? 'back ' : ''}${range}`;
}

/** As rows of a table. */
export function movedRows(moves: readonly Moved[]): Row[] {
  return moves.map(({ image, ring, from, to, why }) => ({
    image,
    ring,
    from: from ?? '-',
    to: to ?? '-',
    why,
  }));
}

/** The commits that all of it comes from, each range once. */
export function commitLines(moves: readonly Moved[]): string[] {
  const ranges = new Map(
    moves.flatMap(({ commits }) => (commits?.lines.length ? [[commits.range, commits]] : [])),
  );
  return [...ranges.values()].flatMap((commits) => [
    `${counted(commits)}:`,
    ...commits.lines.slice(0, MAX_COMMITS).map((line) => `  ${line}`),
    ...(commits.lines.length > MAX_COMMITS ? [`  and ${commits.lines.length - MAX_COMMITS} more`] : []),
  ]);
}
