import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import Docker from 'dockerode';
import { type Engine, startDocker, whyNoEngine } from '../packages/gitops/test/support/engines';
import { unless } from '../packages/gitops/test/support/available';
import { readImage } from './support/image';
import { type Result, run } from './support/process';

const root = join(__dirname, '..');

/** The sample's image with RUN, in this very workspace. */
unless(whyNoEngine('docker'), 'the sample image with RUN', () => {
  let engine: Engine;
  let docker: Docker;

  beforeAll(async () => {
    engine = await startDocker();
    docker = new Docker({ socketPath: engine.socket });
  });
  afterAll(() => engine.stop());

  const nx = (...args: string[]): Promise<Result> =>
    run(process.execPath, [join(root, 'node_modules/nx/dist/bin/nx.js'), ...args, '--output-style=static'], {
      cwd: root,
      env: { ...process.env, ...engine.env, NX_DAEMON: 'false' },
    });

  it('is built by the engine, on bases that are not', async () => {
    // The engine of the tests has no bridge to give to a RUN.
    const { output, code } = await nx(
      'run',
      'web:image-build-minified',
      '--network=host',
      '--noCache',
      '--skipNxCache',
    );
    expect({ code, output }).toMatchObject({ code: 0 });
    expect(output).toContain('web-minified: engine, RUN at e2e/shop/web/Containerfile.minified:4');
    expect(output).toMatch(/^engine: Docker \S+ at unix:\S+, BuildKit$/m);
    expect(output).toMatch(/^web-minified \| .*RUN \["\/bin\/server", "shop\.js"/m);
    expect(output).not.toContain('web: engine');
    const [base, minified] = ['image', 'image-minified'].map((name) =>
      readImage(join(root, 'dist/e2e/shop/web', name)),
    );
    const below = base!.config.rootfs.diff_ids;
    expect(minified!.config.rootfs.diff_ids.slice(0, below.length)).toEqual(below);
    expect(await docker.listImages({ all: true })).toEqual([]);
  });

  it('is loaded, and serves the shop', async () => {
    // What the command line was before is what the layout holds: building again is up to date.
    const labelled = await nx('image-label-minified', 'web', '--excludeTaskDependencies');
    expect(labelled).toMatchObject({ code: 0 });
    const { output, code } = await nx('image-load-minified', 'web', '--excludeTaskDependencies');
    expect({ code, output }).toMatchObject({ code: 0 });
    expect(output).toContain('loaded shop/web-minified:developers');
    // The version that it would be pushed with.
    expect(output).toMatch(/^loaded shop\/web-minified:\d+\.\d+\.\d+$/m);

    const port = await freePort();
    const container = await docker.createContainer({
      Image: 'shop/web-minified:developers',
      Entrypoint: ['/bin/server', '--servedir=/www', `--serve=127.0.0.1:${port}`, '--watch=forever'],
      HostConfig: { NetworkMode: 'host' },
    });
    await container.start();
    try {
      const script = await eventually(`http://127.0.0.1:${port}/shop.js`);
      expect(script.trim().split('\n')).toHaveLength(1);
      expect(JSON.parse(await eventually(`http://127.0.0.1:${port}/api/products.json`))).toMatchObject([
        { name: 'Apple' },
        { name: 'Pear' },
      ]);
    } finally {
      await container.remove({ force: true });
    }
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}

/** A page's text, as soon as its server answers. */
async function eventually(url: string): Promise<string> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await (await fetch(url)).text();
    } catch (error) {
      if (attempt === 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
