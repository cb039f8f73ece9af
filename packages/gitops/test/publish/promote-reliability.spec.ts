import { join } from 'node:path';
import { type RunningRegistry, startDockerRegistry } from '../oci/docker-registry';
import { whenAvailable } from '../support/available';
import { type Files, makeDirectory, removeDirectory } from '../support/files';
import { CONTAINERFILES, type Promoted, RELEASE, contentOfRelease, promoted } from './promotions';
import { type Order, type Report, Worker, killWorkers, makeDesk } from './worker';

const WORKERS = 8;
/** How often developers get another release while others promote. */
const PUSHES = 3;
const ALONE = Array.from({ length: WORKERS }, (_, i) => `image-${i}`);
const FILES: Files = {
  ...CONTAINERFILES,
  ...Object.fromEntries(ALONE.map((image) => [`${image}/Containerfile`, 'FROM scratch\nCOPY file /\n'])),
};
/** What may be said to who is slower than others. */
const TOO_LATE =
  /^(nothing was taken back: |there is nothing to take back: |\d{10}-\w+ cannot be taken back before |others change these rings, )/;

jest.setTimeout(600_000);

/** What became of an order. */
type End = 'pushed' | 'promoted' | 'held already' | 'taken back' | 'too late';

/** Processes that work at the same time in one store after another. */
class Fleet {
  private readonly directory = makeDirectory();
  private workers: readonly Worker[] = [];
  private location = '';
  private readonly ends = new Map<string, End>();

  /** @param apart whether each is on a machine of its own: what is on one machine waits for each other */
  constructor(private readonly apart: boolean) {}

  async start(): Promise<void> {
    const desks = this.desks('oci:nowhere');
    this.workers = await Promise.all(desks.map((desk) => Worker.start(desk)));
  }

  async stop(): Promise<void> {
    await killWorkers();
    removeDirectory(this.directory);
  }

  /** Goes to a store that has nothing, in which developers get all images. */
  async moveTo(location: (directory: string) => string): Promise<void> {
    this.location = location(this.directory);
    this.desks(this.location);
    this.ends.clear();
    const files = Object.fromEntries(ALONE.map((image) => [`${image}/file`, image]));
    await this.push(0, { files: { ...files, ...contentOfRelease('first') }, reason: 'first' });
  }

  async push(worker: number, order: Order): Promise<void> {
    this.note(order.reason, await this.workers[worker]!.push(order));
  }

  async promote(worker: number, order: Order): Promise<void> {
    this.note(order.reason, await this.workers[worker]!.promote(order));
  }

  /** Lets each do its work, and looks at what has become of that. */
  async run(name: string, work: (worker: number) => Promise<void>): Promise<Promoted> {
    const started = performance.now();
    await Promise.all(this.workers.map((_, i) => work(i)));
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const found = await promoted(this.location);
    const { entries, standing, voided, flaws } = found;
    const counts = new Map<End, number>();
    for (const end of this.ends.values()) counts.set(end, (counts.get(end) ?? 0) + 1);
    process.stdout.write(
      `promote: ${name}: ${WORKERS} processes, ${[...counts].map(([end, count]) => `${count} ${end}`).join(', ')}; ` +
        `${entries.length} entries (${standing.length} stand, ${voided.size} void), ${seconds} s\n`,
    );
    expect(flaws).toEqual([]);
    // What was said to be done is in the ledger once, and nothing else is.
    const done = [...this.ends].filter(([, end]) => end !== 'held already' && end !== 'too late');
    expect(standing.map(({ entry: { reason, operation } }) => `${reason}: ${operation.kind}`).sort()).toEqual(
      done.map(([reason, end]) => `${reason}: ${KINDS[end]}`).sort(),
    );
    const undone = standing.flatMap(({ entry }) => entry.operation.undoes ?? []);
    expect(new Set(undone).size).toBe(undone.length);
    return found;
  }

  private note(reason: string, report: Report | undefined): void {
    const ends = new Set(Object.values(report!).map(endOf));
    expect({ reason, ends: [...ends] }).toEqual({ reason, ends: [expect.anything()] });
    this.ends.set(reason, [...ends][0]!);
  }

  private desks(store: string): { root: string; machine: string }[] {
    return ALONE.map((_, i) =>
      makeDesk(join(this.directory, `desk-${i}`), {
        store,
        machine: join(this.directory, this.apart ? `machine-${i}` : 'machine'),
        containerfiles: FILES,
      }),
    );
  }
}

const KINDS: Readonly<Partial<Record<End, string>>> = {
  pushed: 'push',
  promoted: 'promote',
  'taken back': 'unshift',
};

function endOf({ success, log }: Report[string]): End {
  expect(log).toMatch(/^[^\n]+\n$/);
  if (!success) expect(log).toMatch(TOO_LATE);
  if (!success) return 'too late';
  if (/: pushed /.test(log)) return 'pushed';
  if (/: promoted to testers: /.test(log)) return 'promoted';
  if (/: taken back from testers: /.test(log)) return 'taken back';
  expect(log).toMatch(/: testers holds just that\n$/);
  return 'held already';
}

/** A push of other content of all of the release. */
function releaseOf(reason: string): Order {
  return { images: RELEASE, files: contentOfRelease(reason), reason };
}

/** Registers the tests for a fleet. */
function testsOf(where: string, apart: boolean, newStore: (directory: string) => string): void {
  const fleet = new Fleet(apart);
  beforeAll(() => fleet.start());
  afterAll(() => fleet.stop());
  beforeEach(() => fleet.moveTo(newStore));

  it('different images: each arrives, and none is in the way of another', async () => {
    const found = await fleet.run(`an image each, ${where}`, (i) =>
      fleet.promote(i, { images: [ALONE[i]!], reason: String(i) }),
    );
    expect(found.voided.size).toBe(0);
    for (const image of ALONE)
      expect(found.view.state.images[image]!.rings).toEqual({ developers: '0.1.0', testers: '0.1.0' });
  });

  it('a release into the same ring, while another pushes it: it arrives as a whole, each time', async () => {
    let pushes = 0;
    const found = await fleet.run(`one release that is pushed meanwhile, ${where}`, async (i) => {
      for (let round = 0; pushes < PUSHES; round++)
        if (i > 0) await fleet.promote(i, { images: ['web'], reason: `${i}.${round}` });
        else await fleet.push(0, releaseOf(`pushed ${pushes}`)).then(() => pushes++);
      // Whoever was the last to push, all of it is there for who looks afterwards.
      if (i > 0) await fleet.promote(i, { images: ['web'], reason: `${i} at last` });
    });
    for (const image of RELEASE) {
      const { rings } = found.view.state.images[image]!;
      expect(rings['testers']).toBe(rings['developers']);
    }
  });

  it('a release to and fro: whoever is too late is told, and nobody takes back what another has', async () => {
    let pushes = 0;
    await fleet.promote(0, { images: ['web'], reason: 'second' });
    const found = await fleet.run(`one release to and fro, ${where}`, async (i) => {
      for (let round = 0; pushes < PUSHES; round++) {
        const order = (what: string, options: Order['options']) =>
          fleet.promote(i, { images: ['web'], options, reason: `${i}.${round} ${what}` });
        if (i === 0) await fleet.push(0, releaseOf(`pushed ${pushes}`)).then(() => pushes++);
        else {
          // Whoever has taken something back has put the ring on hold.
          await order('promote', { force: true });
          await order('unshift', { ring: 'testers', unshift: true });
        }
      }
    });
    expect(found.standing.map(({ entry }) => entry.operation.kind)).toContain('unshift');
  });
}

describe('a directory in which processes promote at once', () => {
  let count = 0;
  testsOf('directory', true, (directory) => `oci:${join(directory, `store-${++count}`)}`);
});

whenAvailable('docker-registry', 'a registry in which processes promote at once', () => {
  let registry: RunningRegistry;
  let count = 0;
  beforeAll(async () => {
    registry = await startDockerRegistry();
  });
  afterAll(() => registry.stop());
  const newStore = () => `http://${registry.host}/${++count}`;

  describe('from one machine', () => testsOf('docker-registry, one machine', false, newStore));
  describe('from a machine each', () => testsOf('docker-registry, a machine each', true, newStore));
});
