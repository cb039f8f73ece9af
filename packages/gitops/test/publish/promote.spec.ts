import { join } from 'node:path';
import type { PromoteOptions } from '../../src/executors/promote/options';
import { promoteTasks } from '../../src/executors/promote/run';
import { writeFiles } from '../support/files';
import { inEachStore, useMachine } from './each-store';
import { Shop, change } from './fixture';
import { Shelf } from './shelf';

const directory = useMachine();
const IMAGES = ['base', 'api', 'web', 'root'];
const PROJECTS = Object.fromEntries(
  IMAGES.map((name) => [
    name,
    {
      root: name,
      targets: {
        'image-build': { executor: 'gitops:build', options: { containerfile: `${name}/Containerfile` } },
      },
    },
  ]),
);

interface Promoted {
  readonly printed: readonly string[];
  /** What was said of each image that went well, and of each that did not. */
  readonly said: Readonly<Record<string, string>>;
  readonly failed: Readonly<Record<string, string>>;
}

let shop: Shop;
let yaml: string;

/** Runs the executor for images, all at once. */
async function promote(
  images: readonly string[],
  options: Omit<PromoteOptions, 'buildTarget'> = {},
): Promise<Promoted> {
  writeFiles(shop.root, { 'gitops.yaml': `project: acme/shop\nstore: ${shop.store}\n${yaml}` });
  const tasks = images.map(
    (name) => [`${name}:image-promote`, { buildTarget: 'image-build', ...options }] as const,
  );
  const context = { root: shop.root, projectsConfigurations: { version: 2, projects: PROJECTS } };
  const printed: string[] = [];
  const write = jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed.push(...String(text).trimEnd().split('\n'));
    return true;
  });
  try {
    const outcomes = [...(await promoteTasks(new Map(tasks), context))];
    const those = (wanted: boolean): Record<string, string> =>
      Object.fromEntries(
        outcomes
          .filter(([, { success }]) => success === wanted)
          .map(([task, { log }]) => [task.slice(0, task.indexOf(':')), log.trimEnd()]),
      );
    return {
      printed: printed.map((line) => line.replace(/ +/g, ' ')),
      said: those(true),
      failed: those(false),
    };
  } finally {
    write.mockRestore();
  }
}

inEachStore('a promotion', directory, (newStore) => {
  beforeEach(async () => {
    yaml = 'rings: [developers, testers, users]\n';
    shop = new Shop(directory(), newStore());
    await shop.push({ images: ['base', 'api', 'root'] });
  });

  const FIRST = [
    'IMAGE RING FROM TO WHY',
    'api testers - → 0.1.0 the ring holds none',
    'base testers - → 0.1.0 the ring holds none',
  ];

  it('is announced, and in a dry run nothing else', async () => {
    expect(await promote(['api'], { dryRun: true })).toEqual({
      printed: FIRST,
      said: { api: 'api: would be promoted to testers: testers - → 0.1.0, with 1 other image' },
      failed: {},
    });
    expect((await shop.shelf.ledger()).entries).toBe(1);
    expect(await promote(['api'])).toEqual({
      printed: FIRST,
      said: { api: 'api: promoted to testers: testers - → 0.1.0, with 1 other image' },
      failed: {},
    });
    expect(await shop.shelf.rings()).toEqual({
      api: 'developers 0.1.0, testers 0.1.0',
      base: 'developers 0.1.0, testers 0.1.0',
      root: 'developers 0.1.0',
    });
    expect(await promote(['api'])).toEqual({
      printed: [],
      said: { api: 'api: testers holds just that' },
      failed: {},
    });
  });

  it('of several images is one entry, and none is stopped by one that is not there', async () => {
    const { said, failed } = await promote(['root', 'web', 'base']);
    expect(said).toEqual({
      base: 'base: promoted to testers: testers - → 0.1.0, with 2 others',
      root: 'root: promoted to testers: testers - → 0.1.0, with 2 others',
    });
    expect(failed).toEqual({
      web: 'the ring developers does not hold web; push it there first, with --ring=developers, or promote it to there',
    });
    expect((await shop.shelf.ledger()).entries).toBe(2);
  });

  it('says which files it brings, unless it is told not to', async () => {
    await promote(['root']);
    shop.write(change('base'));
    await shop.push({ images: ['base', 'api', 'root'] });
    const rows = async (explain?: boolean) =>
      (await promote(['base', 'api'], { explain, dryRun: true, force: true, reason: 'why' })).printed;
    expect(await rows()).toEqual([
      FIRST[0],
      'api testers 0.1.0 → 0.2.0 base 0.1.0 → 0.2.0',
      'base testers 0.1.0 → 0.2.0 revision changed: base/base.bin',
      'overridden: root 0.1.0 needs api 0.1.0, but testers would hold 0.2.0',
    ]);
    expect(await rows(false)).toContain('base testers 0.1.0 → 0.2.0 revision changed');
  });

  it('is a document for programs', async () => {
    const { printed, said } = await promote(['base', 'web'], { json: true });
    expect(said).toEqual({ base: '' });
    expect(JSON.parse(printed.join('\n'))).toEqual({
      kind: 'promote',
      ring: 'developers',
      to: 'testers',
      dryRun: false,
      changes: [{ image: 'base', ring: 'testers', to: '0.1.0', why: 'the ring holds none' }],
      overridden: [],
      missing: ['web'],
      holds: [],
    });
  });

  it('is taken back, and the ring is on hold then', async () => {
    await promote(['api']);
    const would = (await promote(['api'], { unshift: true, ring: 'testers', dryRun: true })).said['api'];
    expect(would).toBe(
      'api: would be taken back from testers: testers 0.1.0 → -, with 1 other image; on hold then: testers (nx rings --release=testers)',
    );
    const { said } = await promote(['api'], { unshift: true, ring: 'testers', reason: 'it broke' });
    expect(said['api']).toMatch(/^api: taken back from testers: .*; on hold now: testers \(nx/);
    const { failed } = await promote(['api', 'root']);
    expect(Object.keys(failed)).toEqual(['api', 'root']);
    expect(failed['root']).toMatch(
      /^nothing moves to testers: testers is on hold: \S+ was taken back by \S+: it broke; see to that first/,
    );
    expect((await promote(['api'], { force: true, reason: 'mended' })).printed.at(-1)).toMatch(
      /^overridden: testers is on hold: /,
    );
  });

  it('shifts the whole chain on', async () => {
    const { said } = await promote(['root'], { shift: true });
    expect(said['root']).toBe('root: shifted on from developers: testers - → 0.1.0, with 2 others');
    await promote(['root'], { shift: true });
    expect((await promote(['root'], { shift: true, ring: 'testers' })).said['root']).toBe(
      'root: nothing to shift on',
    );
  });

  it('copies to another store', async () => {
    const toStore = `oci:${join(directory(), 'elsewhere')}`;
    const { said, failed } = await promote(['api'], { toStore });
    expect(failed).toEqual({});
    expect(said['api']).toMatch(/^api: .* to oci:/);
    expect(await new Shelf(toStore).rings()).toMatchObject({ api: 'developers 0.1.0' });
    expect((await promote(['api'], { toStore: shop.store })).failed['api']).toBe(
      `${shop.store} is the state store itself; name another one with --toStore`,
    );
  });

  it.each<[options: Omit<PromoteOptions, 'buildTarget'>, message: string]>([
    [{ ring: 'nobody' }, 'there is no ring nobody; use one of ante, developers, testers, users'],
    [{ to: 'testers', shift: true }, '--to and --shift do not go together; use one of them'],
    [{ force: true }, '--force has to be accounted for; add --reason=…, which the ledger keeps'],
    [
      { ring: 'users' },
      'users is the last ring: there is none after it; name the ring that versions come from, with --ring=testers',
    ],
  ])('says of each image what is wrong with all: %j', async (options, message) => {
    expect(await promote(['api', 'root'], options)).toEqual({
      printed: [],
      said: {},
      failed: { api: message, root: message },
    });
  });

  it('heeds what gitops.yaml says', async () => {
    yaml = 'rings: [developers, { name: testers, soak: 24h }]\n';
    expect((await promote(['base'])).failed['base']).toMatch(
      /^nothing moves to testers: testers takes only what was in developers for 1d: base 0\.1\.0 was for \d+s; see/,
    );
  });
});
