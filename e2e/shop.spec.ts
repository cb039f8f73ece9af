import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type File, filesOf, readImage } from './support/image';
import { run, succeed } from './support/process';
import { REPOSITORY } from './support/template';
import { whenAvailable } from '../packages/gitops/test/support/available';

const IMAGES = ['api', 'base', 'root', 'web'];
const layout = (image: string): string => join(REPOSITORY, 'dist/e2e/shop', image, 'image');

/** The sample, as part of this repository: the plugin is loaded from its sources here. */
describe('the shop', () => {
  beforeAll(async () => {
    const { code, output } = await run(
      join(REPOSITORY, 'node_modules/.bin/nx'),
      ['run-many', '-t', 'image-build', '-p', IMAGES.join()],
      { cwd: REPOSITORY, env: { ...process.env, NX_DAEMON: 'false' } },
    );
    expect({ code, output }).toMatchObject({ code: 0 });
  });

  it('has in each image what its container file says', async () => {
    const base = await filesOf(layout('base'));
    expect(base.get('bin/server')).toMatchObject({ mode: 0o755, owner: '0:0' });
    expect(base.has('www')).toBe(true);

    const api = await filesOf(layout('api'), layout('base'));
    expect(products(api)).toEqual(['apple', 'pear']);
    const web = await filesOf(layout('web'), layout('api'), layout('base'));
    expect(products(web)).toEqual(['apple', 'pear']);
    expect(web.get('www/index.html')?.content).toEqual(
      readFileSync(join(REPOSITORY, 'e2e/shop/web/public/index.html')),
    );
    expect((await filesOf(layout('root'))).has('deploy/base/kustomization.yaml')).toBe(true);
  });

  it('names its images after the workspace', () => {
    for (const image of IMAGES)
      expect(readImage(layout(image)).config.config.Labels).toMatchObject({
        'org.opencontainers.image.ref.name': `shop/${image}`,
        'org.opencontainers.image.revision': expect.stringMatching(/[0-9a-f]{64}$/) as string,
      });
  });

  whenAvailable('skopeo', 'for other tools', () => {
    it.each(IMAGES)('can be inspected: %s', async (image) => {
      const said = await succeed('skopeo', ['inspect', `oci:${layout(image)}`]);
      expect(JSON.parse(said)).toMatchObject({ Digest: readImage(layout(image)).digest });
    });
  });

  it('runs: the web image serves its pages, and the catalogue of the api', async () => {
    const web = await filesOf(layout('web'), layout('api'), layout('base'));
    const root = mkdtempSync(join(tmpdir(), 'gitops-shop-'));
    const port = await freePort();
    let server: ChildProcess | undefined;
    try {
      unpack(web, root);
      // As in a container, only that the root is a directory here.
      const { Entrypoint: [program, ...args] = [] } = readImage(layout('web')).config.config;
      const own = args.map((arg) =>
        arg.replace('--servedir=', `--servedir=${root}`).replace(/0\.0\.0\.0:\d+/, `127.0.0.1:${port}`),
      );
      server = spawn(join(root, program!), own, { stdio: ['pipe', 'ignore', 'ignore'] });
      const page = await get(`http://127.0.0.1:${port}/`);
      expect(page).toContain('<title>Shop</title>');
      expect(JSON.parse(await get(`http://127.0.0.1:${port}/api/products.json`))).toEqual([
        { id: 'apple', name: 'Apple', price: 0.4 },
        { id: 'pear', name: 'Pear', price: 0.6 },
      ]);
    } finally {
      server?.kill();
      rmSync(root, { recursive: true, force: true });
    }
  });
});

function products(files: ReadonlyMap<string, File>): string[] {
  return [...files.keys()].flatMap((path) => /^www\/api\/products\/(.*)\.json$/.exec(path)?.[1] ?? []).sort();
}

function unpack(files: ReadonlyMap<string, File>, root: string): void {
  for (const [path, { type, mode, content }] of files) {
    const to = join(root, path);
    if (type === 'directory') {
      mkdirSync(to, { recursive: true });
    } else {
      mkdirSync(dirname(to), { recursive: true });
      writeFileSync(to, content);
      chmodSync(to, mode);
    }
  }
  expect(readdirSync(root).sort()).toEqual(['bin', 'www']);
}

async function get(url: string): Promise<string> {
  for (let i = 0; ; i++) {
    try {
      return await (await fetch(url)).text();
    } catch (error) {
      // It takes a moment to start.
      if (i === 100) throw error;
      await sleep(50);
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
