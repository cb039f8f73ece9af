import { type Answer, type Answers, ScriptedKubectl } from '../../test/sites/scripted-kubectl';
import { follow } from './follow-job';

const LOGS = 'logs -f pod-1 -n shop';
const PODS = 'get pods -n shop -l job-name=gitops-demo-k1';
const JOB = 'get job gitops-demo-k1 -n shop';
const EVENTS =
  'get events -n shop --field-selector involvedObject.kind=Job,involvedObject.name=gitops-demo-k1';
const DELETED = 'delete job gitops-demo-k1 -n shop --wait=false';

const pods = (...items: object[]): string => JSON.stringify({ items });
const pod = (phase: string, more: object = {}): string =>
  pods({ metadata: { name: 'pod-1' }, status: { phase, ...more } });
const waiting = (reason: string, message?: string): string =>
  pod('Pending', { containerStatuses: [{ state: { waiting: { reason, message } } }] });
const job = (type?: string, status = 'True'): string =>
  JSON.stringify({ status: type === undefined ? {} : { conditions: [{ type, status }] } });
const events = (...items: object[]): string => JSON.stringify({ items });
const RUNNING = pod('Running');

/** Time passes only while it waits. */
function clock() {
  const time = { now: () => time.ms, sleep: async (ms: number) => void (time.ms += ms), ms: 0 };
  return time;
}

async function followed(answers: Answers) {
  const kubectl = new ScriptedKubectl(answers);
  const time = clock();
  let printed = '';
  const print = (text: string): void => void (printed += text);
  const error = await follow(kubectl, 'shop', 'gitops-demo-k1', print, time).then(
    () => undefined,
    (reason: Error) => reason.message,
  );
  return { error, printed, seconds: time.ms / 1000, isDeleted: kubectl.commands.includes(DELETED), kubectl };
}

describe('a Job that runs', () => {
  it('is followed until it is done', async () => {
    const { error, printed, isDeleted, kubectl } = await followed({
      [PODS]: [pods(), pod('Pending'), RUNNING],
      [JOB]: [job(), job('Complete')],
      [EVENTS]: events(),
      [LOGS]: 'one\ntwo\n',
    });
    expect({ error, printed, isDeleted }).toEqual({
      error: undefined,
      printed: 'one\ntwo\n',
      isDeleted: false,
    });
    expect(kubectl.asked('logs')).toEqual([LOGS]);
  });

  it('may have ended before anybody looked', async () => {
    const { error, printed } = await followed({
      [PODS]: pod('Succeeded'),
      [JOB]: job('Complete'),
      [LOGS]: 'done\n',
    });
    expect({ error, printed }).toEqual({ error: undefined, printed: 'done\n' });
  });

  it.each<[string, logs: Answer[], printed: string]>([
    ['whose log breaks off', ['one\ntw', 'one\ntwo\nthree\n'], 'one\ntwo\nthree\n'],
    ['whose log cannot be read at first', [{ code: 1, stderr: 'error' }, 'one\n'], 'one\n'],
    ['that ends a little later than its log', ['one\n', 'one\n', 'one\n'], 'one\n'],
  ])('is shown once: one %s', async (_name, logs, printed) => {
    const ends = [...logs.slice(1).map(() => job()), job('Complete')];
    const found = await followed({ [PODS]: RUNNING, [JOB]: ends, [LOGS]: logs });
    expect(found).toMatchObject({ error: undefined, printed, seconds: logs.length - 1, isDeleted: false });
    expect(found.kubectl.asked('logs')).toHaveLength(logs.length);
  });

  it('is not done while a condition of it does not hold', async () => {
    const { seconds } = await followed({
      [PODS]: RUNNING,
      [JOB]: [job('Complete', 'False'), job('Complete')],
    });
    expect(seconds).toBe(1);
  });

  it.each([
    ['reconcile: migrates\nreconcile: not ready: api; mend it\n\n', ': not ready: api; mend it'],
    ['sh: no such command\n', ': sh: no such command'],
    ['', ''],
    [`${'x'.repeat(5000)}\nlast\n`, ': last'],
  ])('says with its last line why it failed, and stays there to be looked at', async (log, why) => {
    const found = await followed({ [PODS]: pod('Failed'), [JOB]: job('Failed'), [LOGS]: log });
    expect(found).toMatchObject({
      error: `the Job gitops-demo-k1 failed${why}; run it again when that is mended: it goes on where it stopped`,
      printed: log,
      isDeleted: false,
    });
  });

  it('may be deleted by somebody', async () => {
    const { error, printed } = await followed({ [PODS]: RUNNING, [LOGS]: 'one\n' });
    expect(error).toBe('the Job gitops-demo-k1 is gone; somebody deleted it: run it again');
    expect(printed).toBe('one\n');
  });

  const refused = { code: 1, stderr: 'The connection to the server x was refused' };

  it('is followed on where the cluster is away for a moment', async () => {
    const { error, printed } = await followed({
      [PODS]: RUNNING,
      [JOB]: [...Array.from({ length: 20 }, () => refused), job('Complete')],
      [LOGS]: 'one\n',
    });
    expect({ error, printed }).toEqual({ error: undefined, printed: 'one\n' });
  });

  it('stays where the cluster goes away meanwhile', async () => {
    const { error, isDeleted } = await followed({ [PODS]: RUNNING, [JOB]: refused });
    expect(error).toMatch(/^job gitops-demo-k1 in shop cannot be read: .* was refused; start the cluster/);
    expect(isDeleted).toBe(false);
  });
});

const BACKOFF = 'Back-off pulling image "x/root@sha256:1"';
const QUOTA = {
  type: 'Warning',
  reason: 'FailedCreate',
  message: 'pods "x" is forbidden: exceeded quota: few',
};
const UNSCHEDULED = {
  conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes' }],
};

describe('a Job that cannot start', () => {
  it.each<[string, answers: Answers, message: string, seconds: number]>([
    ['an image that cannot be pulled', { [PODS]: waiting('ImagePullBackOff', BACKOFF) }, BACKOFF, 21],
    [
      'the two ways in which that is said, in turns',
      {
        [PODS]: Array.from({ length: 40 }, (_, i) =>
          waiting(i % 2 === 0 ? 'ErrImagePull' : 'ImagePullBackOff', BACKOFF),
        ),
      },
      BACKOFF,
      21,
    ],
    ['no word about it', { [PODS]: waiting('ErrImagePull') }, 'its image cannot be pulled', 21],
    ['an image that is called wrongly', { [PODS]: waiting('InvalidImageName', 'no name') }, 'no name', 0],
    [
      'a setting that is not there',
      { [PODS]: waiting('CreateContainerConfigError', 'secret "x" not found') },
      'secret "x" not found',
      0,
    ],
    ['no node, for ten minutes', { [PODS]: pod('Pending', UNSCHEDULED) }, '0/1 nodes', 601],
    [
      'a quota',
      {
        [PODS]: pods(),
        [JOB]: job(),
        [EVENTS]: events({ ...QUOTA, message: 'old' }, QUOTA, { ...QUOTA, type: 'Normal', message: 'made' }),
      },
      QUOTA.message,
      21,
    ],
  ])('is removed, with one line: %s', async (_name, answers, message, seconds) => {
    const found = await followed(answers);
    expect(found).toMatchObject({
      error: `the Job gitops-demo-k1 cannot start: ${message}; mend that, and run it again: nothing was changed`,
      printed: '',
      seconds,
      isDeleted: true,
    });
    expect(found.kubectl.asked('logs')).toEqual([]);
  });

  it.each<[string, string]>([
    ['a registry that is slow', waiting('ImagePullBackOff', BACKOFF)],
    ['a node that is busy', pod('Pending', UNSCHEDULED)],
  ])('may get better: %s', async (_name, trouble) => {
    const { error, isDeleted } = await followed({
      [PODS]: [...Array.from({ length: 19 }, () => trouble), RUNNING],
      [JOB]: job('Complete'),
    });
    expect({ error, isDeleted }).toEqual({ error: undefined, isDeleted: false });
  });

  it('is given its time anew when it was better meanwhile', async () => {
    const trouble = Array.from({ length: 15 }, () => waiting('ImagePullBackOff', BACKOFF));
    const { error } = await followed({
      [PODS]: [...trouble, waiting('ContainerCreating'), ...trouble, RUNNING],
      [JOB]: job('Complete'),
    });
    expect(error).toBeUndefined();
  });

  it('is given all the time it takes where nothing is wrong', async () => {
    const { error, seconds } = await followed({
      [PODS]: [...Array.from({ length: 300 }, () => waiting('ContainerCreating')), RUNNING],
      [JOB]: job('Complete'),
    });
    expect({ error, seconds }).toEqual({ error: undefined, seconds: 300 });
  });

  it('stays where nobody can see whether it started', async () => {
    const refused = { code: 1, stderr: 'The connection to the server x was refused' };
    const { error, isDeleted } = await followed({ [PODS]: [pod('Pending'), refused] });
    expect(error).toMatch(/^the pods of the Job gitops-demo-k1 cannot be read: .*; start the cluster/);
    expect(isDeleted).toBe(false);
  });

  it('need not tell why: who may not read events', async () => {
    const forbidden = { code: 1, stderr: 'forbidden' };
    const { error } = await followed({ [PODS]: pods(), [JOB]: job('Failed'), [EVENTS]: forbidden });
    expect(error).toBe('the Job gitops-demo-k1 failed before it started');
  });

  it('may be deleted by somebody', async () => {
    const { error } = await followed({ [PODS]: pods(), [EVENTS]: events() });
    expect(error).toBe('the Job gitops-demo-k1 is gone; somebody deleted it: run it again');
  });
});
