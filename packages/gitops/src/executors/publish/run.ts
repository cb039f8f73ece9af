import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { ExecutorContext } from '@nx/devkit';
import { EngineConnection } from '../../builders/engine/engine-connection';
import { workspaceDataDirectory } from '../../plugin/nx-internals';
import type { Decision } from '../../publish/decide';
import { type Publishing, openPublishing } from '../../publish/open';
import type { Plan, Planner } from '../../publish/planner';
import { report, table } from '../../publish/report';
import { readLabels } from '../../publish/stamp';
import { GitopsError } from '../../support/errors';
import { type Project, collectImages } from '../../workspace/collect';
import type { WorkspaceImage } from '../../workspace/image';
import { readSettings } from '../../workspace/settings';
import { Workspace } from '../../workspace/workspace';
import { onInterruption } from '../build/interruption';

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
  readonly reason?: string;
  readonly dryRun?: boolean;
  readonly concurrency?: number;
}

/** A task of Nx, by `project:target`. */
export type PublishTasks = ReadonlyMap<string, PublishOptions>;

export interface Outcome {
  readonly success: boolean;
  /** What there is to say, with its last line's end. */
  readonly log: string;
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
  /** What would be said of an image, were it not a dry run. */
  intend(decision: Decision, ring: string): string;
}

/** Does the work of some tasks in one go. A mistake that stops all of them is reported by each. */
export async function runTasks(
  verb: Verb,
  tasks: PublishTasks,
  context: Pick<ExecutorContext, 'root' | 'projectsConfigurations'>,
): Promise<ReadonlyMap<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  for (const [options, names] of groups(tasks)) {
    const isGiven = new Map(names.map((name) => [name, tasks.get(name)!]));
    const found = await attempt(() => runGroup(verb, options, isGiven, context));
    for (const name of names) {
      const said = found instanceof Map ? (found.get(name) ?? '') : (found as GitopsError);
      outcomes.set(name, outcome(said));
    }
  }
  return outcomes;
}

/** Tasks that go to different rings are different pieces of work. */
function groups(tasks: PublishTasks): [PublishOptions, string[]][] {
  const byKey = new Map<string, [PublishOptions, string[]]>();
  for (const [name, options] of tasks) {
    const key = JSON.stringify([options.ring, options.bump, options.reason, options.dryRun]);
    const group = byKey.get(key) ?? [options, []];
    group[1].push(name);
    byKey.set(key, group);
  }
  return [...byKey.values()];
}

async function runGroup(
  verb: Verb,
  options: PublishOptions,
  tasks: PublishTasks,
  { root, projectsConfigurations: { projects } }: Pick<ExecutorContext, 'root' | 'projectsConfigurations'>,
): Promise<Map<string, GitopsError | string>> {
  const workspace = new Workspace(root, readSettings(root), collectImages(projects));
  const images = new Map([...tasks].map(([task, given]) => [task, imageOf(workspace, task, given)]));
  const labelled = new Map(
    [...tasks].map(([task, given]) => [images.get(task)!, labelsOf(task, given, projects)]),
  );
  const labels = (image: WorkspaceImage): Record<string, string> => labelled.get(image) ?? {};
  const cache = join(workspaceDataDirectory(), 'gitops');
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
  }
}

async function perform(verb: Verb, work: Work): Promise<ReadonlyMap<WorkspaceImage, GitopsError | string>> {
  const { publishing, images, options, log } = work;
  const ring = options.ring ?? (process.env['GITOPS_RING'] || undefined);
  const planner = publishing.planner(verb.planned(work), ring, options.bump);
  const plan = await planner.plan();
  const rows = await report(images, plan, {
    ring: planner.options.ring,
    repositoryOf: publishing.repositoryOf,
    sources: (image) => publishing.publications.sources(image),
  });
  if (rows.length > 0) log(table(rows));
  if (!options.dryRun) return verb.run(work, planner, plan);
  return new Map(
    images.map((image) => {
      const decision = plan.decisions.get(image.name)!;
      const said = decision instanceof GitopsError ? decision : verb.intend(decision, planner.options.ring);
      return [image, said];
    }),
  );
}

function imageOf(workspace: Workspace, task: string, { buildTarget }: PublishOptions): WorkspaceImage {
  const project = projectOf(task);
  const image = workspace.images.find(
    (candidate) => candidate.project === project && candidate.targetName === buildTarget,
  );
  if (image) return image;
  throw new GitopsError(
    `${project}:${buildTarget} builds no image`,
    undefined,
    'correct the option buildTarget',
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

/** A project's name may have colons in it, a target's has none. */
function projectOf(task: string): string {
  return task.slice(0, task.lastIndexOf(':'));
}

async function attempt<T>(work: () => Promise<T>): Promise<T | GitopsError | Error> {
  try {
    return await work();
  } catch (error) {
    return error as Error;
  }
}

function outcome(said: string | Error): Outcome {
  if (typeof said === 'string') return { success: true, log: `${said}\n` };
  if (said instanceof GitopsError) return { success: false, log: `${said.message}\n` };
  return { success: false, log: `a fault in gitops: ${said.stack ?? String(said)}\n` };
}
