import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RunningRegistry, startDockerRegistry } from '../oci/docker-registry';
import { whenAvailable } from '../support/available';
import { listFiles, makeDirectory, removeDirectory } from '../support/files';
import { counted, leftBehind, momentsWithin, seen } from './kills';
import { CONTAINERFILES, RELEASE, boardOf, contentOfRelease, promoted } from './promotions';
import { Shelf } from './shelf';
import { type Desk, type Order, type Report, Worker, killWorkers, makeDesk } from './worker';

/** Two promotions, after which they are all alike; then some that nobody kills, which say when to kill. */
const FIRST = 2;
const MEASURED = 5;

jest.setTimeout(600_000);

let directory: string;
beforeAll(() => {
  directory = makeDirectory();
});
afterEach(killWorkers);
afterAll(() => removeDirectory(directory));

function desk(name: string, store: string): Desk {
  return makeDesk(join(directory, name), {
    store,
    machine: join(directory, `machine of ${name}`),
    containerfiles: CONTAINERFILES,
  });
}

/** The n-th promotion: testers get another release each time, and `post` what they had. */
function order(n: number): Order {
  const ring = n % 2 === 0 ? 'ante' : 'developers';
  return { images: ['web'], options: { ring, to: 'testers' }, reason: String(n) };
}

const succeeded = (report: Report | undefined): void =>
  expect(report).toMatchObject({ web: { success: true } });
const promote = async (worker: Worker, n: number): Promise<void> => succeeded(await worker.promote(order(n)));

/** A release for developers, and another one that no ring sees yet. */
async function publish(worker: Worker): Promise<void> {
  const report = [
    await worker.push({ files: contentOfRelease('one'), reason: 'one' }),
    await worker.push({ files: contentOfRelease('other'), options: { ring: 'ante' }, reason: 'other' }),
  ];
  for (const one of report) succeeded(one);
}

/** All promotions, one after the other, and nobody dies. */
async function undisturbed(at: Desk, count: number): Promise<void> {
  const worker = await Worker.start(at);
  await publish(worker);
  for (let n = 0; n < count; n++) await promote(worker, n);
}

/** What the rings hold, as another process reads it. */
const boardIn = async (location: string): Promise<string> =>
  JSON.stringify(boardOf((await new Shelf(location).ledger()).view.state));

/** How far a promotion had come when it was killed. */
type Progress = 'before the entry' | 'before all tags' | 'after all tags' | 'too late';

interface Killed {
  /** How long a promotion takes that nobody kills, in milliseconds. */
  readonly duration: number;
  readonly counts: ReadonlyMap<Progress, number>;
}

/** Kills promotions, each at another moment, and runs each again. */
async function killed(at: Desk, location: string, kills: number): Promise<Killed> {
  const rescuer = await Worker.start(at);
  await publish(rescuer);
  /** The two boards between which promotions go to and fro. */
  const boards: string[] = [];
  const fresh = async (n: number): Promise<Worker> => {
    const worker = await Worker.start(at);
    // What a process does for the first time takes it long; and here it finds nothing to do.
    await promote(worker, n - 1);
    return worker;
  };
  for (let n = 0; n < FIRST + 1; n++) {
    await promote(rescuer, n);
    boards[n % 2] = await boardIn(location);
  }
  const took: number[] = [];
  let n = FIRST + 1;
  for (; n <= FIRST + MEASURED; n++) {
    const worker = await fresh(n);
    const started = performance.now();
    await promote(worker, n);
    took.push(performance.now() - started);
    expect(await boardIn(location)).toBe(boards[n % 2]);
    await worker.kill();
  }
  const duration = took.sort((a, b) => a - b)[MEASURED >> 1]!;
  const counts = new Map<Progress, number>();
  let next = fresh(n);
  for (const moment of momentsWithin(duration, kills)) {
    const victim = await next;
    const done = victim.promote(order(n));
    await sleep(moment);
    await victim.kill();
    const report = await done;
    // All of it, or nothing.
    const board = await boardIn(location);
    expect([boards[(n + 1) % 2], boards[n % 2]]).toContain(board);
    const { flaws } = await promoted(location);
    const wrongTags = flaws.filter((flaw) => / is .*, not /.test(flaw));
    expect(flaws).toEqual(wrongTags);
    const how: Progress = report
      ? 'too late'
      : board !== boards[n % 2]
        ? 'before the entry'
        : wrongTags.length > 0
          ? 'before all tags'
          : 'after all tags';
    if (how === 'before the entry' || how === 'too late') expect(wrongTags).toEqual([]);
    counts.set(how, (counts.get(how) ?? 0) + 1);
    await promote(rescuer, n);
    expect(await boardIn(location)).toBe(boards[n % 2]);
    expect((await promoted(location)).flaws).toEqual([]);
    next = fresh(++n);
  }
  // What is left behind is removed by the next process that writes in the same place, when it first does.
  await promote(await next, n);
  return { duration, counts };
}

/** Compares with what comes of it where nobody dies. */
async function check(name: string, kills: number, location: (name: string) => string): Promise<void> {
  const at = (which: string): Desk => desk(`${which} (${name})`, location(which));
  const count = FIRST + 1 + MEASURED + kills + 1;
  const [{ duration, counts }] = await Promise.all([
    killed(at('killed'), location('killed'), kills),
    undisturbed(at('undisturbed'), count),
  ]);
  const { standing, voided, entries } = await promoted(location('killed'));
  process.stdout.write(
    `promote: ${kills} kills, ${name}, within ${Math.round(duration)} ms: ${counted(counts)}; ${entries.length} entries\n`,
  );
  expect(await seen(location('killed'), RELEASE)).toEqual(await seen(location('undisturbed'), RELEASE));
  expect(voided.size).toBe(0);
  // Each is there once.
  const expected = ['one', 'other', ...Array.from({ length: count }, (_, n) => String(n))];
  expect(standing.map(({ entry }) => entry.reason)).toEqual(expected);
  expect(leftBehind(at('killed'))).toEqual([]);
}

describe('a promotion that is killed at any moment, and run again', () => {
  it('in a directory: has the same end as one that is not', async () => {
    const location = (name: string): string => `oci:${join(directory, 'stores', name)}`;
    await check('directory', 50, location);
    const files = (name: string): string[] => listFiles(join(directory, 'stores', name));
    const expected = new Set(files('undisturbed'));
    const others = files('killed').filter((file) => !expected.has(file));
    // Neither a file that nobody finished, nor a lock that nobody holds: entries differ by their times.
    expect(others.filter((file) => !/\/ledger\/blobs\/sha256\/[0-9a-f]{64}$/.test(file))).toEqual([]);
  });
});

whenAvailable('docker-registry', 'a promotion that is killed at any moment, and run again', () => {
  let registry: RunningRegistry;
  beforeAll(async () => {
    registry = await startDockerRegistry();
  });
  afterAll(() => registry.stop());

  it('in a registry: has the same end as one that is not', async () => {
    await check('docker-registry', 25, (name) => `http://${registry.host}/${name}`);
  });
});
