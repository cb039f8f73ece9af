import { type Clock, SYSTEM_CLOCK } from '../oci/registry/retry';
import { GitopsError } from '../support/errors';
import { type Kubectl, find, succeed } from './kubectl';

interface Pod {
  readonly metadata: { readonly name: string };
  readonly status: {
    readonly phase: string;
    readonly conditions?: readonly Condition[];
    readonly containerStatuses?: readonly {
      readonly state: { readonly waiting?: { readonly reason?: string; readonly message?: string } };
    }[];
  };
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

interface Job {
  readonly status: { readonly conditions?: readonly Condition[] };
}

interface Event {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
}

/** How much of the log is kept for the last line, in characters. */
const TAIL = 2000;
class JobGone extends GitopsError {}

const PAUSE_MS = 1000;
/** A registry may be slow, or a secret be made a little later. */
const PATIENCE_MS = 20_000;
/** A cluster may have to start a machine first. */
const UNSCHEDULED_PATIENCE_MS = 10 * 60_000;
/** How often in a row the cluster may give no answer while a Job runs, which goes on without us. */
const MAX_MISSES = 30;
/** What does not get better by waiting. */
const HOPELESS = ['InvalidImageName', 'CreateContainerConfigError', 'CreateContainerError'];

/**
 * Shows what a Job says, and waits until it is done.
 * @throws GitopsError where it fails, or cannot start: then it is removed
 */
export async function follow(
  kubectl: Kubectl,
  namespace: string,
  job: string,
  print: (text: string) => void,
  clock: Clock = SYSTEM_CLOCK,
): Promise<void> {
  const pod = await started(kubectl, namespace, job, clock);
  let tail = '';
  let shown = 0;
  // The log may break off, and then starts over: what became of the Job is told by the Job.
  for (;;) {
    let at = 0;
    const onOutput = (text: string): void => {
      const fresh = text.slice(Math.max(0, shown - at));
      at += text.length;
      shown = Math.max(shown, at);
      tail = (tail + fresh).slice(-TAIL);
      if (fresh !== '') print(fresh);
    };
    await kubectl.call(['logs', '-f', pod, '-n', namespace], { onOutput });
    const end = await endOf(kubectl, namespace, job, clock);
    if (end === 'Complete') return;
    const last = lastLine(tail);
    if (end === 'Failed')
      throw new GitopsError(
        `the Job ${job} failed${last === '' ? '' : `: ${last.replace(/^reconcile: /, '')}`}`,
        undefined,
        'run it again when that is mended: it goes on where it stopped',
      );
    await clock.sleep(PAUSE_MS);
  }
}

/** @returns the name of the Job's pod, once that has started */
async function started(kubectl: Kubectl, namespace: string, job: string, clock: Clock): Promise<string> {
  let waiting: { reason: string; since: number } | undefined;
  for (;;) {
    const text = await succeed(
      kubectl,
      ['get', 'pods', '-n', namespace, '-l', `job-name=${job}`, '-o', 'json'],
      `the pods of the Job ${job} cannot be read`,
    );
    const [pod] = (JSON.parse(text) as { items: Pod[] }).items;
    if (pod && pod.status.phase !== 'Pending') return pod.metadata.name;
    const trouble = pod ? troubleOf(pod) : await refused(kubectl, namespace, job);
    if (!trouble) waiting = undefined;
    else if (waiting?.reason !== trouble.reason) waiting = { reason: trouble.reason, since: clock.now() };
    const patience = waiting?.reason === 'Unscheduled' ? UNSCHEDULED_PATIENCE_MS : PATIENCE_MS;
    const isOver = waiting && clock.now() - waiting.since > patience;
    if (trouble && (HOPELESS.includes(trouble.reason) || isOver)) {
      await kubectl.call(['delete', 'job', job, '-n', namespace, '--wait=false']);
      throw new GitopsError(
        `the Job ${job} cannot start: ${trouble.message}`,
        undefined,
        'mend that, and run it again: nothing was changed',
      );
    }
    if (!pod && (await ended(kubectl, namespace, job)) === 'Failed')
      throw new GitopsError(`the Job ${job} failed before it started`);
    await clock.sleep(PAUSE_MS);
  }
}

function troubleOf({ status }: Pod): { reason: string; message: string } | undefined {
  const waiting = status.containerStatuses?.[0]?.state.waiting;
  const { reason = '', message } = waiting ?? {};
  if (/^(ErrImagePull|ImagePullBackOff)$/.test(reason))
    return { reason: 'ImagePull', message: message ?? 'its image cannot be pulled' };
  if (HOPELESS.includes(reason)) return { reason, message: message ?? reason };
  const unscheduled = status.conditions?.find(
    ({ type, status: is }) => type === 'PodScheduled' && is === 'False',
  );
  return unscheduled
    ? { reason: 'Unscheduled', message: unscheduled.message ?? 'no node takes it' }
    : undefined;
}

/** Why there is no pod: a quota, or somebody who admits none. */
async function refused(
  kubectl: Kubectl,
  namespace: string,
  job: string,
): Promise<{ reason: string; message: string } | undefined> {
  const selector = `involvedObject.kind=Job,involvedObject.name=${job}`;
  const { code, stdout } = await kubectl.call([
    'get',
    'events',
    '-n',
    namespace,
    '--field-selector',
    selector,
    '-o',
    'json',
  ]);
  if (code !== 0) return undefined;
  const warning = (JSON.parse(stdout) as { items: Event[] }).items.findLast(({ type }) => type === 'Warning');
  return warning && { reason: warning.reason, message: warning.message };
}

/** As {@link ended}, from a cluster that may be away for a moment. */
async function endOf(
  kubectl: Kubectl,
  namespace: string,
  job: string,
  clock: Clock,
): Promise<string | undefined> {
  for (let misses = 0; ; misses++) {
    try {
      return await ended(kubectl, namespace, job);
    } catch (error) {
      if (error instanceof JobGone || misses === MAX_MISSES) throw error;
      await clock.sleep(PAUSE_MS);
    }
  }
}

async function ended(kubectl: Kubectl, namespace: string, job: string): Promise<string | undefined> {
  const found = await find<Job>(kubectl, 'job', job, namespace);
  if (!found) throw new JobGone(`the Job ${job} is gone`, undefined, 'somebody deleted it: run it again');
  return found.status.conditions?.find(
    ({ type, status }) => status === 'True' && (type === 'Complete' || type === 'Failed'),
  )?.type;
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? '';
}
