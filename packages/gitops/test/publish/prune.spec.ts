import { join } from 'node:path';
import type { ExecutorContext } from '@nx/devkit';
import prune, { type PruneOptions } from '../../src/executors/prune/prune';
import { type RunningRegistry, startDockerRegistry } from '../oci/docker-registry';
import { whenAvailable } from '../support/available';
import { writeFiles } from '../support/files';
import { inEachStore, useMachine } from './each-store';
import { FILES, Shop, change, contents } from './fixture';

const directory = useMachine();
const DAY_MS = 86_400_000;

interface Said {
  readonly success: boolean;
  readonly lines: readonly string[];
  readonly errors: readonly string[];
}

/** Runs the executor, so many days from now. */
async function run(shop: Shop, options: PruneOptions = {}, days = 1): Promise<Said> {
  writeFiles(shop.root, {
    'gitops.yaml': `project: acme/shop\nstore: ${shop.store}\nrings: [developers, testers, users]\n`,
  });
  const now = Date.now() + days * DAY_MS;
  const lines: string[] = [];
  const errors: string[] = [];
  const spies = [
    jest.spyOn(Date, 'now').mockReturnValue(now),
    jest.spyOn(console, 'log').mockImplementation((text: string) => void lines.push(...text.split('\n'))),
    jest.spyOn(console, 'error').mockImplementation((text: string) => void errors.push(text)),
  ];
  try {
    const { success } = await prune(options, { root: shop.root } as ExecutorContext);
    return { success, lines, errors };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

const ALL: PruneOptions = { dryRun: false, days: 0, entries: 0 };

/** Four pushes to developers; testers have what came second. */
async function history(shop: Shop): Promise<void> {
  await shop.push();
  shop.write(change('base', 1));
  await shop.push();
  await shop.push({ ring: 'testers' });
  for (const seed of [2, 3]) {
    shop.write(change('web', seed));
    await shop.push();
  }
}

/** The tags of an image, of those that list what is attached only how many there are. */
async function tags(shop: Shop, image: string): Promise<string[]> {
  const all = await shop.shelf.tags(image);
  const others = all.filter((tag) => !tag.startsWith('sha256-'));
  return [...others, `${all.length - others.length} lists`];
}

inEachStore('a prune', directory, (newStore) => {
  let shop: Shop;
  beforeEach(async () => {
    shop = new Shop(directory(), newStore());
    await history(shop);
  });

  it('says what may go, and deletes nothing unless it is told to', async () => {
    const before = await tags(shop, 'web');
    const { success, lines } = await run(shop, { days: 0, entries: 0 });
    expect(success).toBe(true);
    expect(lines[0]).toMatch(/^IMAGE {2}VERSION {2}DIGEST {8}WHY$/);
    expect(lines.slice(1, 6)).toEqual(
      ['api    0.1.0  ', 'base   0.1.0  ', 'root   0.1.0  ', 'web    0.1.0  ', 'web    0.2.0  '].map((row) =>
        expect.stringMatching(
          new RegExp(`^${row}  [0-9a-f]{12}  no ring holds it since 000000000[25]-[0-9a-f]{12} \\(20`),
        ),
      ),
    );
    expect(lines.slice(6)).toEqual([
      'kept: 5 versions that rings hold or sites run, 0 more that the last 0 days or 0 entries of the ledger name, or another tag',
      'would delete 5 versions, 15 manifests; --dryRun=false does it',
    ]);
    expect(await tags(shop, 'web')).toEqual(before);
  });

  it('deletes what nobody needs, and an image of each ring can be pulled whole', async () => {
    const { success, lines, errors } = await run(shop, ALL);
    expect([success, errors]).toEqual([true, []]);
    expect(lines.slice(7)).toEqual([
      'deleted api 0.1.0',
      'deleted base 0.1.0',
      'deleted root 0.1.0',
      'deleted web 0.1.0',
      'deleted web 0.2.0',
      'deleted 5 versions, 15 manifests',
    ]);
    expect(await tags(shop, 'web')).toEqual(['0.1.1', '0.2.1', 'developers', 'testers', '2 lists']);
    expect(await tags(shop, 'base')).toEqual(['0.1.1', 'developers', 'testers', '1 lists']);
    expect(await shop.shelf.find('web', '0.2.0')).toBeUndefined();
    const second = contents(FILES, change('base', 1));
    expect(await shop.shelf.files('web', 'testers')).toEqual(second);
    expect(await shop.shelf.files('web')).toEqual({ ...second, ...contents(change('web', 3)) });
    // There is nothing more to do; and a push goes on from it.
    expect((await run(shop, ALL)).lines[0]).toBe('nothing may go');
    shop.write(change('api', 4));
    expect((await shop.clone().push()).failed).toEqual({});
    expect(await shop.shelf.files('web')).toEqual({
      ...second,
      ...contents(change('web', 3), change('api', 4)),
    });
  });

  it.each<[string, PruneOptions, number, string[]]>([
    ['the last 50 entries', { dryRun: false }, 100, []],
    [
      'not what is older than 30 days, where entries do not count',
      { dryRun: false, entries: 0 },
      31,
      ['deleted web 0.1.0', 'deleted web 0.2.0'],
    ],
    ['what was named in the last hour in any case', ALL, 0, []],
  ])('keeps what the ledger names: %s', async (_, options, days, expected) => {
    const { lines } = await run(shop, options, days);
    expect(lines.filter((line) => line.startsWith('deleted web'))).toEqual(expected);
  });

  it('gives all of it as JSON', async () => {
    const { lines } = await run(shop, { ...ALL, json: true });
    const { going, deleted, kept, unknown, keptAfterAll } = JSON.parse(lines.join('\n'));
    expect(deleted).toEqual(going);
    expect(going).toHaveLength(5);
    expect(kept).toHaveLength(5);
    expect([unknown, keptAfterAll]).toEqual([[], []]);
  });
});

describe('a prune of a workspace that has pushed nothing', () => {
  it('has nothing to do', async () => {
    const shop = new Shop(directory(), `oci:${join(directory(), 'store')}`);
    expect(await run(shop, ALL)).toMatchObject({
      success: true,
      errors: [],
      lines: ['nothing may go', expect.any(String), 'deleted 0 versions, 0 manifests'],
    });
  });
});

whenAvailable('docker-registry', 'a prune in a registry that allows no deletes', () => {
  let registry: RunningRegistry;
  beforeAll(async () => {
    registry = await startDockerRegistry({ deletes: false });
  });
  afterAll(() => registry.stop());

  it('is one line that says what to do, and nothing is gone', async () => {
    const shop = new Shop(directory(), `http://${registry.host}/shop`);
    await history(shop);
    const before = await tags(shop, 'web');
    expect(await run(shop, { days: 0, entries: 0 })).toMatchObject({ success: true, errors: [] });
    const { success, errors } = await run(shop, ALL);
    expect(success).toBe(false);
    expect(errors).toEqual([
      expect.stringMatching(
        /^\S+ does not take the deletion of \S+ \(UNSUPPORTED: .*\); have deletes allowed there \(docker-registry: REGISTRY_STORAGE_DELETE_ENABLED=true\), or leave it to its retention rules$/,
      ),
    ]);
    expect(await tags(shop, 'web')).toEqual(before);
    expect(await shop.shelf.files('web', '0.1.0')).toEqual(contents(FILES));
  });
});
