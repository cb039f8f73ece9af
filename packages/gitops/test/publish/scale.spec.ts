import { join } from 'node:path';
import { promoteTasks } from '../../src/executors/promote/run';
import rings from '../../src/executors/rings/rings';
import type { ProxyRequest } from '../oci/fault-proxy';
import { answers } from '../oci/faults';
import { withProxiedRegistry } from '../oci/proxied-registry';
import { type Files, makeDirectory, removeDirectory, writeFiles } from '../support/files';
import { Shop } from './fixture';

const CHANGED = ['image-0', 'image-1', 'image-2'];
/** Of the ledger: to read it, to write an entry and to see that it stands, however long that takes. */
const LEDGER = 20;

/** A base, and images on it of a file each. */
function images(count: number): Files {
  const files: Record<string, string> = {
    'base/Containerfile': 'FROM scratch\nCOPY file /base\n',
    'base/file': 'base',
  };
  for (let i = 0; i < count; i++) {
    files[`image-${i}/Containerfile`] = 'FROM acme/shop/base\nCOPY file /\n';
    files[`image-${i}/file`] = `image ${i}`;
  }
  return files;
}

/** A workspace whose images are all in the first ring, and in the next one but for what changed since. */
class Site {
  readonly shop: Shop;
  private readonly names: readonly string[];
  private readonly projects: Record<string, object>;

  constructor(
    directory: string,
    store: string,
    readonly size: number,
  ) {
    const files = images(size);
    this.shop = new Shop(directory, store, files);
    this.names = Object.keys(files)
      .filter((path) => path.endsWith('/file'))
      .map((path) => path.slice(0, -'/file'.length));
    this.projects = Object.fromEntries(
      this.names.map((name) => [
        name,
        {
          root: name,
          targets: {
            'image-build': {
              executor: 'gitops:build',
              options: { containerfile: `${name}/Containerfile` },
            },
          },
        },
      ]),
    );
    writeFiles(this.shop.root, {
      'gitops.yaml': `project: acme/shop\nstore: ${store}\nrings: [developers, testers]\n`,
    });
  }

  change(text: string): void {
    this.shop.write(Object.fromEntries(CHANGED.map((name) => [`${name}/file`, text])));
  }

  async promote(names = this.names): Promise<void> {
    const tasks = names.map((name) => [`${name}:image-promote`, { buildTarget: 'image-build' }] as const);
    const outcomes = await quietly(() => promoteTasks(new Map(tasks), this.context as never));
    expect([...outcomes.values()].filter(({ success }) => !success)).toEqual([]);
  }

  async board(): Promise<void> {
    expect(await quietly(() => rings({}, this.context as never))).toEqual({ success: true });
  }

  private get context(): object {
    return { root: this.shop.root, projectsConfigurations: { version: 2, projects: this.projects } };
  }
}

async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const silent = [
    jest.spyOn(process.stdout, 'write').mockReturnValue(true),
    jest.spyOn(console, 'log').mockReturnValue(),
  ];
  try {
    return await work();
  } finally {
    for (const spy of silent) spy.mockRestore();
  }
}

withProxiedRegistry('the requests in a workspace of 12 images, and of 48', (at) => {
  const before = process.env['XDG_CACHE_HOME'];
  let directory: string;
  let sites: readonly Site[];
  beforeAll(async () => {
    directory = makeDirectory();
    process.env['XDG_CACHE_HOME'] = join(directory, 'home');
    sites = [12, 48].map((size) => {
      return new Site(join(directory, `${size}`), `http://${at.proxy.host}/of-${size}`, size);
    });
    for (const site of sites) {
      expect((await site.shop.push()).failed).toEqual({});
      await site.promote();
    }
  });
  afterAll(() => {
    removeDirectory(directory);
    if (before === undefined) delete process.env['XDG_CACHE_HOME'];
    else process.env['XDG_CACHE_HOME'] = before;
  });

  /** How often each kind of request is made in each workspace; what is asked of the ledger apart from that. */
  async function asked(what: string, work: (site: Site) => Promise<void>): Promise<Record<string, number>[]> {
    const all: Record<string, number>[] = [];
    for (const site of sites) {
      const kinds: Record<string, number> = {};
      let ofLedger = 0;
      const count = ({ method, kind, repository }: ProxyRequest): boolean => {
        if (repository.endsWith('/ledger')) ofLedger++;
        else kinds[`${method} ${kind}`] = (kinds[`${method} ${kind}`] ?? 0) + 1;
        return false;
      };
      at.proxy.heal();
      at.proxy.on(count, answers(500), Infinity);
      await work(site);
      process.stdout.write(`scale: ${what}, of ${site.size}: ${at.proxy.traffic}\n`);
      expect(ofLedger).toBeLessThanOrEqual(LEDGER);
      all.push(kinds);
    }
    return all;
  }

  /** A registry may be slow to show what it has, and is asked once more: not once for each of the 36 others. */
  function expectSame(few: Record<string, number>, many: Record<string, number>): void {
    expect(Object.keys(many).sort()).toEqual(Object.keys(few).sort());
    for (const [kind, count] of Object.entries(few))
      expect([kind, Math.abs(many[kind]! - count) <= CHANGED.length]).toEqual([kind, true]);
  }

  it('of a push grow with what has changed, and not with what there is', async () => {
    const [few, many] = await asked('3 changed, all are pushed', async (site) => {
      site.change('once');
      expect((await site.shop.push()).failed).toEqual({});
    });
    expectSame(few!, many!);
    expect(few!['PUT tag']).toBe(3 * CHANGED.length);
  });

  it('of a push are the same where only what has changed is pushed', async () => {
    const [few, many] = await asked('3 changed, these are pushed', async (site) => {
      site.change('twice');
      expect((await site.shop.push({ images: CHANGED })).failed).toEqual({});
    });
    expectSame(few!, many!);
  });

  it('of a promotion grow with what moves', async () => {
    const [few, many] = await asked('all are promoted, 3 move', (site) => site.promote());
    expectSame(few!, many!);
    // In the ring, and in `post` for what that held before.
    expect(few!['PUT tag']).toBe(2 * CHANGED.length);
  });

  it('of the board are the same', async () => {
    const [few, many] = await asked('the board', (site) => site.board());
    expect([few, many]).toEqual([{}, {}]);
  });
});
