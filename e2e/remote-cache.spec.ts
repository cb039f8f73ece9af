import { copyFileSync, existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { isAvailable, unless } from '../packages/gitops/test/support/available';
import { type Engine, startDocker, whyNoEngine } from '../packages/gitops/test/support/engines';
import { type CacheServer, READER, startCacheServer } from './support/cache-server';
import { type Clone, type TaskRecord, clone } from './support/clone';
import { succeed } from './support/process';
import { buildsDist } from './support/project';
import { type Workspace, createWorkspace } from './support/workspace';

const FILES = {
  'base/Containerfile': 'FROM scratch\nCOPY motd /etc/motd\nCOPY start /bin/start\n',
  'base/motd': 'welcome\n',
  'base/start': '#!/bin/sh\n',
  'api/Containerfile': 'FROM shop/base\nCOPY src /srv\n',
  'api/src/main.js': 'serve();\n',
  'web/Containerfile': 'FROM shop/base\nCOPY --from=shop/api /srv /www\nCOPY page.html /www/\n',
  'web/page.html': '<h1>Shop</h1>\n',
  'app/Containerfile': 'FROM shop/base\nCOPY dist /app\n',
  'app/source.txt': 'app\n',
  // What the image takes is made by a task, and git ignores it.
  'app/project.json': buildsDist('app', 'mkdir -p dist && cp source.txt dist/bundle.txt'),
  'many/Containerfile': 'FROM scratch\nARG TARGETARCH\nCOPY common $TARGETARCH /\n',
  'many/common': 'common\n',
  'many/amd64/word': 'amd64\n',
  'many/arm64/word': 'arm64\n',
  'many/project.json': JSON.stringify({
    name: 'many',
    targets: { 'image-build': { options: { platforms: ['linux/amd64', 'linux/arm64'] } } },
  }),
};
const IMAGES = ['api', 'app', 'base', 'many', 'web'];
const TASKS = [...IMAGES.map((image) => `${image}:image-build`), 'app:build'].sort();
/** A machine that differs from others in all that is not to matter. */
const OTHER = {
  umask: '077',
  time: 1_000_000_000,
  env: { TZ: 'Asia/Tokyo', LANG: 'de_DE.UTF-8', LC_ALL: 'C', USER: 'other', LOGNAME: 'other' },
};
const QUIET = { hits: [], misses: [], stores: [], conflicts: [], refusals: [] };

type Env = Readonly<Record<string, string>>;

async function nx(from: Clone, env: Env, ...args: string[]): Promise<string> {
  const { code, output } = await from.nx([...args, '--output-style=static'], env);
  expect({ code, output }).toMatchObject({ code: 0 });
  return output;
}
const build = (from: Clone, env: Env, ...args: string[]): Promise<string> =>
  nx(from, env, 'run-many', '-t', 'image-build', ...args);

/** The hashes of some tasks of the last run, sorted; of all of them by default. */
function hashes(from: Clone, tasks?: readonly string[]): string[] {
  const run = from.lastRun();
  return (tasks ?? Object.keys(run)).map((task) => run[task]!.hash).sort();
}

/** The tasks of the last run with this status. */
function tasks(from: Clone, status: TaskRecord['cacheStatus']): string[] {
  const run = Object.entries(from.lastRun());
  return run.flatMap(([task, { cacheStatus }]) => (cacheStatus === status ? [task] : [])).sort();
}

/** All files of all images, and of what they take of other tasks. */
function outputs(from: Clone): Record<string, string>[] {
  return [...IMAGES.map((image) => `dist/${image}/image`), 'app/dist'].map((output) => from.files(output));
}

let origin: Workspace;
beforeAll(async () => {
  origin = await createWorkspace(FILES);
  await origin.shell('chmod +x base/start && git commit --all --quiet --message=Mode');
});
afterAll(() => origin.remove());

describe('a remote cache that two clones share', () => {
  /** Where a push builds what it finds nowhere. */
  const PUSHED = '.nx/workspace-data/gitops/pushed';
  /** What is to be made anew after `change`. */
  const REACHED = ['api:image-build', 'app:build', 'app:image-build', 'web:image-build'];
  let server: CacheServer;
  let one: Clone;
  let two: Clone;

  beforeAll(async () => {
    server = await startCacheServer();
    one = await clone(origin, 'one');
    two = await clone(origin, 'two', OTHER);
  });
  afterAll(() => server.close());

  it('is given all that the first one builds', async () => {
    await build(one, server.env);
    expect(tasks(one, 'cache-miss')).toEqual(TASKS);
    expect(server.kept()).toEqual(hashes(one));
    expect(server.traffic()).toMatchObject({ hits: [], stores: hashes(one), conflicts: [], refusals: [] });
  });

  it('has all that the second one needs, on a machine that differs in what is not to matter', async () => {
    const modes = [one, two].map((at) => statSync(at.path('base/motd')).mode & 0o777);
    expect(modes).toEqual([0o644, 0o600]);
    const output = await build(two, server.env);
    expect(output.match(/^> nx run .* {2}\[remote cache\]$/gm)).toHaveLength(TASKS.length);
    expect(output).not.toContain('gitops:build');
    expect(tasks(two, 'remote-cache-hit')).toEqual(TASKS);
    expect(server.traffic()).toEqual({ ...QUIET, hits: hashes(one) });
    expect(hashes(two)).toEqual(hashes(one));
    expect(outputs(two)).toEqual(outputs(one));
  });

  it('has given the images themselves: they are labelled and pushed, and not built for it', async () => {
    const output = await nx(two, server.env, 'run-many', '-t', 'image-label', 'image-push');
    expect(tasks(two, 'local-cache-hit')).toEqual(TASKS);
    for (const image of IMAGES) {
      expect(two.files(`dist/${image}/labelled-image`)).toHaveProperty(['index.json']);
      expect(output).toContain(`${image}: pushed 0.1.0 to developers`);
    }
    expect(server.traffic()).toEqual(QUIET);
    expect(existsSync(two.path(PUSHED))).toBe(false);
  });

  it('is not asked for images by a push, which builds what its ring lacks; they are the same', async () => {
    const pusher = await clone(origin, 'pusher', OTHER);
    await nx(pusher, server.env, 'run-many', '-t', 'image-push');
    expect(server.traffic()).toEqual({ ...QUIET, hits: hashes(one, ['app:build']) });
    expect(existsSync(pusher.path(PUSHED))).toBe(true);
    for (const image of IMAGES) expect(published(pusher, image)).toBe(published(two, image));
  });

  it('takes just what a change reaches', async () => {
    change(two);
    await build(two, server.env);
    expect(tasks(two, 'cache-miss')).toEqual(REACHED);
    expect(tasks(two, 'local-cache-hit')).toEqual(['base:image-build', 'many:image-build']);
    expect(server.traffic()).toMatchObject({ hits: [], stores: hashes(two, REACHED), conflicts: [] });
  });

  it('has it for whoever makes the same change, in place of what was there before', async () => {
    change(one);
    await build(one, server.env);
    expect(tasks(one, 'remote-cache-hit')).toEqual(REACHED);
    expect(tasks(one, 'cache-miss')).toEqual([]);
    expect(server.traffic()).toEqual({ ...QUIET, hits: hashes(two, REACHED) });
    expect(outputs(one)).toEqual(outputs(two));
  });

  it('serves somebody who may only read, and takes nothing', async () => {
    const kept = server.kept();
    const reader = await clone(origin, 'reader');
    reader.write('api/src/main.js', 'listen(80);\n');
    await build(reader, server.as(READER));
    const own = ['api:image-build', 'web:image-build'];
    expect(tasks(reader, 'cache-miss')).toEqual(own);
    expect(server.traffic()).toMatchObject({ stores: [], refusals: hashes(reader, own) });
    expect(server.kept()).toEqual(kept);
  });

  function change(at: Clone): void {
    at.write('api/src/main.js', 'listen();\n');
    at.write('app/source.txt', 'App II\n');
  }

  /** The digest of the image that the embedded store of a clone has as its first version. */
  function published(at: Clone, image: string): string {
    const index = readFileSync(at.path(`.gitops/store/shop/${image}/index.json`), 'utf8');
    const { manifests } = JSON.parse(index) as {
      manifests: { digest: string; annotations?: Record<string, string> }[];
    };
    const name = 'org.opencontainers.image.ref.name';
    return manifests.find(({ annotations }) => annotations?.[name] === '0.1.0')!.digest;
  }
});

/** Nx 23 ends a run that its remote cache fails. What was built is not lost by that, and there is a way without. */
describe('without a remote cache that works', () => {
  const WITHOUT = '--skipRemoteCache';
  let lone: Clone;

  beforeAll(async () => {
    lone = await clone(origin, 'lone');
  });

  async function fails(from: Clone, env: Env): Promise<string> {
    const { code, output } = await from.nx(['run-many', '-t', 'image-build', '--output-style=static'], env);
    expect({ code, output }).toMatchObject({ code: 1 });
    return output;
  }

  it('says why its token is refused, and builds on request', async () => {
    const server = await startCacheServer();
    expect(await fails(lone, server.as('stolen'))).toContain('Unauthorized: the cache knows no such token');
    await build(lone, server.as('stolen'), WITHOUT);
    expect(tasks(lone, 'cache-miss')).toEqual(TASKS);
    expect(server.kept()).toEqual([]);
    await server.close();
  });

  it('says which server is down, leaves what is there, and builds on request', async () => {
    const { env, close } = await startCacheServer();
    await close();
    // What the machine has itself is not asked for.
    await build(lone, env);
    const before = outputs(lone);
    lone.write('web/page.html', '<h1>The shop</h1>\n');
    expect(await fails(lone, env)).toContain(env['NX_SELF_HOSTED_REMOTE_CACHE_SERVER']);
    expect(outputs(lone)).toEqual(before);
    await build(lone, { ...env, NX_SKIP_REMOTE_CACHE: 'true' });
    expect(tasks(lone, 'cache-miss')).toEqual(['web:image-build']);
  });

  it('keeps what it built and could not store', async () => {
    const server = await startCacheServer({ isFull: true });
    const maker = await clone(origin, 'maker');
    expect(await fails(maker, server.env)).toContain('Unexpected response status: 507');
    await build(maker, server.env, WITHOUT);
    const kept = ['api', 'base', 'many', 'web'].map((image) => `${image}:image-build`);
    expect(tasks(maker, 'local-cache-hit')).toEqual(expect.arrayContaining(kept));
    await server.close();
  });
});

describe('two machines that build half of the images each, at the same time', () => {
  let server: CacheServer;
  beforeAll(async () => {
    server = await startCacheServer();
  });
  afterAll(() => server.close());

  it('end well, and leave nothing to do to a third', async () => {
    const [left, right, third] = await Promise.all([
      clone(origin, 'left'),
      clone(origin, 'right', OTHER),
      clone(origin, 'third'),
    ]);
    await Promise.all([
      build(left, server.env, '-p', 'base,many'),
      build(right, server.env, '-p', 'api,app,web'),
    ]);
    // The base is needed on both: who comes second finds it, or has built the same.
    expect(right.files('dist/base/image')).toEqual(left.files('dist/base/image'));
    const { stores, conflicts } = server.traffic();
    expect(stores).toHaveLength(TASKS.length);
    for (const hash of conflicts) expect(hash).toBe(hashes(left, ['base:image-build'])[0]);

    await build(third, server.env);
    expect(tasks(third, 'remote-cache-hit')).toEqual(TASKS);
    expect(server.traffic()).toEqual({ ...QUIET, hits: server.kept() });
    expect(third.files('dist')).toEqual({ ...left.files('dist'), ...right.files('dist') });
  });
});

const missing = isAvailable('busybox') ? undefined : 'busybox is not on PATH';
unless(whyNoEngine('docker') ?? missing, 'an image with RUN, in a remote cache', () => {
  let engine: Engine;
  let server: CacheServer;
  let workspace: Workspace;

  beforeAll(async () => {
    engine = await startDocker();
    server = await startCacheServer();
    workspace = await createWorkspace({
      'shell/Containerfile': 'FROM scratch\nCOPY --chmod=755 busybox /bin/sh\n',
      // Another one each time it is built.
      'run/Containerfile': 'FROM shop/shell\nRUN read id < /proc/sys/kernel/random/uuid && echo $id > /id\n',
      // The engine of the tests has no bridge to give to a RUN.
      'run/project.json': JSON.stringify({
        name: 'run',
        targets: { 'image-build': { options: { network: 'host' } } },
      }),
    });
    copyFileSync(realpathSync((await succeed('which', ['busybox'])).trim()), workspace.path('shell/busybox'));
    await workspace.shell('git add --all && git commit --quiet --message=Shell');
  });
  afterAll(async () => {
    workspace.remove();
    await server.close();
    await engine.stop();
  });

  it('is the same in a clone that has no engine, and is pushed from there', async () => {
    const [one, two] = [await clone(workspace, 'one'), await clone(workspace, 'two', OTHER)];
    expect(await build(one, { ...server.env, ...engine.env })).toContain(
      'run: engine, RUN at run/Containerfile:2',
    );
    await build(two, server.env);
    expect(tasks(two, 'remote-cache-hit')).toEqual(['run:image-build', 'shell:image-build']);
    expect(two.files('dist')).toEqual(one.files('dist'));
    const none = { ...server.env, DOCKER_HOST: 'unix:///nowhere' };
    expect(await nx(two, none, 'image-push', 'run')).toContain('run: pushed 0.1.0 to developers');
  });
});
