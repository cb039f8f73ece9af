import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openRegistry } from '../../src/oci/registry';
import type { Store } from '../../src/oci/store';
import { Stores } from '../../src/workspace/stores';
import { audit } from '../ledger/writers';
import { noise } from '../oci/fixtures';
import { withProxiedRegistry } from '../oci/proxied-registry';
import { listFiles, makeDirectory, removeDirectory } from '../support/files';
import { counted, leftBehind, momentsWithin, seen } from './kills';
import { Shelf } from './shelf';
import { TagWatch } from './tag-watch';
import { type Desk, type Order, Worker, killWorkers, makeDesk } from './worker';

const KILLS = 50;
/** Pushes by fresh processes that nobody kills: how long they take says when to kill. */
const MEASURED = 5;
const IMAGES = ['base', 'api'];

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
    containerfiles: {
      'base/Containerfile': 'FROM scratch\nCOPY file /base\n',
      'api/Containerfile': 'FROM acme/shop/base\nCOPY file /api\n',
    },
  });
}

/** The n-th change of both images. */
function order(n: number): Order {
  const files = IMAGES.map((image, i) => [`${image}/file`, noise(30_000, 2 * n + i)] as const);
  return { files: Object.fromEntries(files), reason: String(n) };
}

/** All changes, one after the other, and nobody dies. */
async function undisturbed(at: Desk): Promise<void> {
  const pusher = await Worker.start(at);
  for (let n = 0; n <= KILLS + 1; n++) await succeed(pusher, n);
}

/** How long a push takes a process that has already found out that there is nothing to do. */
async function measure(at: Desk): Promise<number> {
  const took: number[] = [];
  for (let n = 1; n <= MEASURED; n++) {
    const pusher = await Worker.start(at);
    await succeed(pusher, n - 1);
    await succeed(pusher, n - 1);
    const started = performance.now();
    await succeed(pusher, n);
    took.push(performance.now() - started);
    await pusher.kill();
  }
  return took.sort((a, b) => a - b)[MEASURED >> 1]!;
}

async function succeed(pusher: Worker, n: number): Promise<void> {
  const report = await pusher.push(order(n));
  for (const image of IMAGES) expect(report).toMatchObject({ [image]: { success: true } });
}

/** How far a push had come when it was killed. */
type Progress = 'before the claim' | 'before all tags' | 'after all tags' | 'too late';

async function progress(location: string, n: number): Promise<Progress> {
  const shelf = new Shelf(location);
  if ((await shelf.rings())['api'] !== `developers 0.1.${n}`) return 'before the claim';
  const found = await Promise.all(
    IMAGES.flatMap((image) => [shelf.find(image, `0.1.${n}`), shelf.find(image)]),
  );
  const isThere = found.every((one) => one?.labels['org.opencontainers.image.version'] === `0.1.${n}`);
  return isThere ? 'after all tags' : 'before all tags';
}

/**
 * Kills each of the pushes, at a moment that chance chooses and that is another one for each, and runs it again.
 * @param duration how long a push takes
 */
async function killed(at: Desk, location: string, duration: number): Promise<Map<Progress, number>> {
  const counts = new Map<Progress, number>();
  const rescuer = await Worker.start(at);
  await succeed(rescuer, 0);
  const moments = momentsWithin(duration, KILLS);
  let next = Worker.start(at);
  for (let n = 1; n <= KILLS; n++) {
    const victim = await next;
    // What a process does for the first time takes it long.
    await succeed(victim, n - 1);
    const pushed = victim.push(order(n));
    await sleep(moments[n - 1]);
    await victim.kill();
    const how = (await pushed) ? 'too late' : await progress(location, n);
    counts.set(how, (counts.get(how) ?? 0) + 1);
    next = Worker.start(at);
    await succeed(rescuer, n);
    expect(await progress(location, n)).toBe('after all tags');
  }
  // What is left behind is removed by the next process that writes in the same place, when it first does.
  await succeed(await next, KILLS + 1);
  return counts;
}

/** What a ledger and its stores have to be like after all that. */
async function check(location: string, expected: string): Promise<void> {
  expect(await seen(location, IMAGES)).toEqual(await seen(expected, IMAGES));
  const store: Store = new Stores('/nonexistent', openRegistry).open(location);
  try {
    const { standing, voided } = await audit(store.repository('acme/shop/ledger'));
    expect(voided.size).toBe(0);
    const claims = standing.map(({ entry }) => entry.changes.map(({ image, to }) => `${image} ${to}`));
    expect(claims).toEqual(Array.from({ length: KILLS + 2 }, (_, n) => [`base 0.1.${n}`, `api 0.1.${n}`]));
  } finally {
    await store.close();
  }
}

function tell(where: string, duration: number, counts: ReadonlyMap<Progress, number>, more = ''): void {
  process.stdout.write(
    `push: ${KILLS} kills, ${where}, within ${Math.round(duration)} ms: ${counted(counts)}${more}\n`,
  );
}

describe('a push that is killed at any moment, and run again', () => {
  it('into a directory: has the same end as one that is not', async () => {
    const location = (name: string) => `oci:${join(directory, 'stores', name)}`;
    const at = (name: string) => desk(name, location(name));
    const duration = await measure(at('measured'));
    const [counts] = await Promise.all([
      killed(at('killed'), location('killed'), duration),
      undisturbed(at('undisturbed')),
    ]);
    tell('directory', duration, counts);
    await check(location('killed'), location('undisturbed'));
    // Neither a file that nobody finished, nor a lock that nobody holds, nor a blob that nobody needs.
    const files = (name: string) => listFiles(join(directory, 'stores', name));
    const expected = new Set(files('undisturbed'));
    const others = files('killed').filter((file) => !expected.has(file));
    expect(others.filter((file) => !/\/ledger\/blobs\/sha256\/[0-9a-f]{64}$/.test(file))).toEqual([]);
    expect(leftBehind(at('killed'))).toEqual([]);
  });
});

withProxiedRegistry('a push that is killed at any moment, and run again', (between) => {
  it('into a registry: has the same end as one that is not, and no tag of a version ever moves', async () => {
    const watch = new TagWatch();
    between.proxy.on('PUT tag', watch.fault, Infinity);
    const location = (name: string, host = between.registry.host) => `http://${host}/${name}`;
    const at = (name: string, host?: string) => desk(`${name} (docker-registry)`, location(name, host));
    const duration = await measure(at('measured', between.proxy.host));
    const [counts] = await Promise.all([
      killed(at('killed', between.proxy.host), location('killed'), duration),
      undisturbed(at('undisturbed')),
    ]);
    tell('docker-registry', duration, counts, `; ${watch.writes} writes of ${watch.versions} version tags`);
    await check(location('killed'), location('undisturbed'));
    expect(watch.moved).toEqual([]);
    expect(watch.versions).toBe(IMAGES.length * (KILLS + 2 + MEASURED + 1));
    expect(leftBehind(at('killed'))).toEqual([]);
  });
});
