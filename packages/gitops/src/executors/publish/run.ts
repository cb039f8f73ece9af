import { availableParallelism } from 'node:os';
import type { ExecutorContext } from '@nx/devkit';
import { EngineConnection } from '../../builders/engine/engine-connection';
import { cacheDirectory } from '../../plugin/nx-internals';
import type { Decision } from '../../publish/decide';
import { type Publishing, openPublishing } from '../../publish/open';
import type { Plan, Planner } from '../../publish/planner';
import { report, table } from '../../publish/report';
import { readLabels } from '../../publish/stamp';
import { GitopsError } from '../../support/errors';
import { phase, reportPhases } from '../../support/phases';
import { type Project, collectImages } from '../../workspace/collect';
import type { WorkspaceImage } from '../../workspace/image';
import { keepParsed } from '../../workspace/parsed';
import { Workspace } from '../../workspace/workspace';
import { onInterruption } from '../build/interruption';
import type { Runner } from './batch';
import { type Tasks, checkForce, imagesOf, inGroups, projectOf } from './tasks';

/** Much of the work is waiting for the store. */
const DEFAULT_CONCURRENCY = Math.max(4, availableParallelism());

/** What the executors `label` and `push` have in common; each option is documented in their schemas. */
export interface PublishOptions {
  readonly buildTarget: string;
  /** The target whose `labels` an image gets; its own where there is none. */
  readonly labelTarget?: string;
  readonly labels?: readonly string[];
  readonly ring?: string;
  readonly bump?: 'major';
  readonly reason?: string | number;
  readonly dryRun?: boolean;
  /** Whether to push what a protected ring would not take; of `push` alone. */
  readonly force?: boolean;
  readonly concurrency?: number;
}

/** The work that an executor does on a run's images, all of which go to one ring. */
export interface Work {
  readonly publishing: Publishing;
  readonly workspace: Workspace;
  readonly images: readonly WorkspaceImage[];
  readonly options: PublishOptions;
  readonly concurrency: number;
  readonly cache: string;
  readonly labels: (image: WorkspaceImage) => Readonly<Record<string, string>>;
  readonly log: (line: string) => void;
}

/** What an executor of this kind does. */
export interface Verb {
  /** The images on whose versions those of the given ones depend. */
  planned(work: Work): readonly WorkspaceImage[];
  /** @returns what there is to say of each image */
  run(work: Work, planner: Planner, plan: Plan): Promise<ReadonlyMap<WorkspaceImage, GitopsError | string>>;
  /** Why it would do nothing at all. */
  refusal?(work: Work, planner: Planner, plan: Plan): GitopsError | undefined;
  /** What would be said of an image, were it not a dry run. */
  intend(decision: Decision, ring: string): string;
}

/** Does the work of some tasks in one go. Those that go to different rings are different pieces of work. */
export function runnerOf(verb: Verb): Runner<PublishOptions> {
  return (tasks, context) =>
    inGroups(
      tasks,
      ({ ring, bump, reason, dryRun, force }) => [ring, bump, reason, dryRun, force],
      (options, group) => runGroup(verb, options, group, context),
    );
}

async function runGroup(
  verb: Verb,
  options: PublishOptions,
  tasks: Tasks<PublishOptions>,
  { root, projectsConfigurations: { projects } }: Pick<ExecutorContext, 'root' | 'projectsConfigurations'>,
): Promise<Map<string, GitopsError | string>> {
  const cache = cacheDirectory();
  const workspace = Workspace.open(root, collectImages(projects), keepParsed(cache));
  const images = imagesOf(workspace, tasks);
  const labelled = new Map(
    [...tasks].map(([task, given]) => [images.get(task)!, labelsOf(task, given, projects)]),
  );
  const labels = (image: WorkspaceImage): Record<string, string> => labelled.get(image) ?? {};
  const log = (line: string): void => void process.stdout.write(`${line}\n`);
  const interrupted = new AbortController();
  const publishing = openPublishing({
    workspace,
    cache,
    engine: new EngineConnection(log),
    labels,
    signal: interrupted.signal,
  });
  const concurrency =
    Math.max(0, ...[...tasks.values()].map((given) => given.concurrency ?? 0)) || DEFAULT_CONCURRENCY;
  const work = {
    publishing,
    workspace,
    images: [...images.values()],
    options,
    concurrency,
    cache,
    labels,
    log,
  };
  const running = perform(verb, work);
  const release = onInterruption(() => {
    interrupted.abort(new GitopsError('interrupted'));
    return running.catch(() => undefined);
  });
  try {
    const said = await running;
    return new Map([...images].map(([task, image]) => [task, said.get(image) ?? '']));
  } finally {
    release();
    await publishing.close();
    reportPhases(`images of process ${process.pid}`);
  }
}

async function perform(verb: Verb, work: Work): Promise<ReadonlyMap<WorkspaceImage, GitopsError | string>> {
  const { publishing, images, options, log } = work;
  checkForce(options);
  const ring = options.ring ?? (process.env['GITOPS_RING'] || undefined);
  const planner = publishing.planner(verb.planned(work), ring, options.bump);
  const plan = await phase('plan', () => planner.plan());
  const rows = await report(images, plan, {
    ring: planner.options.ring,
    repositoryOf: publishing.repositoryOf,
    sources: (image) => publishing.publications.sources(image),
  });
  if (rows.length > 0) log(table(rows));
  if (!options.dryRun) return verb.run(work, planner, plan);
  const refusal = verb.refusal?.(work, planner, plan);
  if (refusal) throw refusal;
  return new Map(
    images.map((image) => {
      const decision = plan.decisions.get(image.name)!;
      const said = decision instanceof GitopsError ? decision : verb.intend(decision, planner.options.ring);
      return [image, said];
    }),
  );
}

/** The labels are an option of the target that labels; who pushes gets the same ones. */
function labelsOf(
  task: string,
  { labels, labelTarget }: PublishOptions,
  projects: Readonly<Record<string, Project>>,
): Record<string, string> {
  const target = labelTarget === undefined ? undefined : projects[projectOf(task)]?.targets?.[labelTarget];
  return readLabels(labels ?? (target?.options as PublishOptions | undefined)?.labels ?? []);
}
