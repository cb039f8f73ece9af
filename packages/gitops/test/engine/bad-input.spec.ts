import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineConnection } from '../../src/builders/engine/engine-connection';
import { unless, itUnless } from '../support/available';
import { type Engine, startDocker, whyNoEngine } from '../support/engines';
import { type TestEngine, withEngine } from './fixture';
import { type BuildSettings, SHELL, TestWorkspace } from './workspace';

jest.setTimeout(120_000);

const isRoot = process.getuid?.() === 0;
const withoutRoot = isRoot ? undefined : 'it needs root';

/** The start of a program for another processor (ELF, 64 bits, big-endian, S/390). */
const FOREIGN_PROGRAM = Buffer.concat([
  Buffer.from('7f454c4602020100000000000000000000020016', 'hex'),
  Buffer.alloc(100),
]);

/** A build that fails with one line, and leaves nothing half-written. */
async function failure(shop: TestWorkspace, settings?: BuildSettings): Promise<string> {
  const error = await shop.build('api', settings).then(
    () => undefined,
    (thrown: Error) => thrown,
  );
  expect(error).toMatchObject({
    name: expect.stringMatching(/^(GitopsError|StoreError|EngineUnavailable)$/),
  });
  expect(error!.message).not.toContain('\n');
  expect([...shop.contents('api').keys()].filter((path) => path.includes('.tmp'))).toEqual([]);
  return error!.message;
}

async function shopWith(...lines: string[]): Promise<TestWorkspace> {
  const shop = new TestWorkspace({
    base: SHELL,
    api: { containerfile: ['FROM shop/base', ...lines, ''].join('\n') },
  });
  await shop.build('base');
  return shop;
}

describe('without an engine that can be used', () => {
  let shop: TestWorkspace;
  let server: Server;
  let port: number;

  beforeAll(async () => {
    shop = await shopWith('', 'RUN make');
    server = createServer((_request, response) => {
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify({ Version: '1.13.1', ApiVersion: '1.26', Os: 'linux', Arch: 'amd64' }));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  });
  afterAll(() => {
    server.close();
    shop.remove();
    delete process.env['DOCKER_HOST'];
  });

  it.each([
    [
      'nobody is there',
      'unix:///nonexistent/engine.sock',
      /there is no container engine at unix:.*\(DOCKER_HOST\); install and start/,
    ],
    [
      'the address is malformed',
      'tcp//nowhere',
      /DOCKER_HOST is "tcp\/\/nowhere", which is not the address of an engine; use unix:/,
    ],
    [
      'nobody listens',
      'tcp://127.0.0.1:9',
      /127\.0\.0\.1:9 \(DOCKER_HOST\) does not answer: .*ECONNREFUSED.*; start it, or set DOCKER_HOST/,
    ],
    [
      'the host is unknown',
      'tcp://engine.invalid:2375',
      /engine\.invalid:2375 \(DOCKER_HOST\) does not answer: .*engine\.invalid.*; start it/,
    ],
    [
      'it is too old',
      'tcp://127.0.0.1:PORT',
      /Docker 1\.13\.1 at tcp:\/\/127\.0\.0\.1:\d+ is too old; use Docker 19\.03/,
    ],
  ])('says so where %s', async (_, host, message) => {
    process.env['DOCKER_HOST'] = host.replace('PORT', String(port));
    const said = await failure(shop);
    expect(said).toMatch(message);
    expect(said).toMatch(
      /^api\/Containerfile:3: RUN needs a container engine: .*; or move the step to a target of Nx, /,
    );
    process.env['DOCKER_HOST'] = 'tcp://127.0.0.1:9';
    const docker = await failure(shop, { options: { builder: 'docker' } });
    expect(docker).toMatch(/^api\/Containerfile: the container engine at tcp:\/\/127\.0\.0\.1:9/);
  });

  itUnless(withoutRoot, 'says so where the socket may not be used', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'gitops-socket-'));
    const path = join(directory, 'engine.sock');
    const closed = createServer().listen(path);
    await once(closed, 'listening');
    chmodSync(directory, 0o755);
    chmodSync(path, 0o600);
    process.env['DOCKER_HOST'] = `unix://${path}`;
    const connection = new EngineConnection(() => undefined);
    process.seteuid!(65534);
    try {
      await expect(connection.get()).rejects.toThrow(
        /^you may not use the container engine at unix:.*; join the group/,
      );
    } finally {
      process.seteuid!(0);
      closed.close();
      rmSync(directory, { recursive: true });
    }
  });
});

withEngine('docker', 'a build that goes wrong', (engine) => {
  let shop: TestWorkspace;

  beforeEach(() => Object.assign(process.env, engine().env));
  afterEach(async () => {
    shop.remove();
    expect(await remains(engine())).toEqual([]);
  });
  afterAll(() => delete process.env['DOCKER_HOST']);

  it.each<[string, string[], RegExp, BuildSettings['options']]>([
    [
      'a command that nobody knows',
      ['RUN true', 'RUN frobnicate --all'],
      /^api\/Containerfile:3: RUN frobnicate --all failed with exit code 127: .*frobnicate: not found; see its output above$/,
      {},
    ],
    [
      'a secret that is not given',
      ['RUN --mount=type=secret,id=token,required=true cat /run/secrets/token'],
      /^api\/Containerfile:2: .*token.*; give the secret in the target's option secrets$/,
      {},
    ],
    [
      'a secret whose file is not there',
      ['RUN --mount=type=secret,id=token cat /run/secrets/token'],
      /^api\/Containerfile: the secret token cannot be read from nowhere\/token \(ENOENT\); /,
      { secrets: ['id=token,src=nowhere/token'] },
    ],
    [
      'a secret whose variable is not set',
      ['RUN --mount=type=secret,id=token,required=true cat /run/secrets/token'],
      /^api\/Containerfile:2: .*token.*; give the secret in the target's option secrets$/,
      { secrets: ['id=token,env=NOT_SET_ANYWHERE'] },
    ],
    [
      'a here-document',
      ['RUN <<EOF', 'true', 'EOF'],
      /^api\/Containerfile:2: a here-document is not known to Docker \S+ at \S+; use Docker 23 or newer, or write it without$/,
      {},
    ],
    [
      'a source that is not there',
      ['RUN true', 'COPY nothing /'],
      /^api\/Containerfile:3: COPY source nothing does not exist in the build context \S+; create it, or correct the path$/,
      {},
    ],
    [
      'a network that is not there',
      ['RUN true'],
      /^api\/Containerfile(:\d)?: .*network.*; .*option network/,
      { network: 'frontend' },
    ],
  ])('says so: %s', async (_, lines, message, options) => {
    shop = await shopWith(...lines);
    expect(await failure(shop, { options })).toMatch(message);
    await builds(shop);
  });

  it('says so: a platform that the engine cannot run', async () => {
    const options = { platforms: ['linux/s390x'] };
    shop = new TestWorkspace({
      base: {
        containerfile: 'FROM scratch\nCOPY sh /bin/sh\n',
        files: { sh: { program: FOREIGN_PROGRAM } },
        options,
      },
      api: { containerfile: 'FROM shop/base\nRUN true\n', options },
    });
    await shop.build('base');
    expect(await failure(shop)).toMatch(
      /^api\/Containerfile:2: RUN true failed .*exec format error; build for a platform that the engine has, or install an emulator \(binfmt\)$/,
    );
    shop.add('base', SHELL);
    shop.add('api', { containerfile: '' });
    await builds(shop);
  });

  it('says so: a base that is nowhere', async () => {
    shop = new TestWorkspace({
      base: SHELL,
      api: { containerfile: '\nFROM registry.invalid/none:1\nRUN true\n' },
    });
    expect(await failure(shop)).toMatch(
      /^api\/Containerfile:2: .*registry\.invalid.*; check the reference and that you are logged in to its registry$/,
    );
    await shop.build('base');
    await builds(shop);
  });

  itUnless(withoutRoot, 'says so: no room for the output', async () => {
    shop = await shopWith('RUN head -c 3000000 /dev/zero > /large');
    mkdirSync(join(shop.root, 'small'));
    const mounted = mount(join(shop.root, 'small'), '1m');
    if (!mounted) return;
    try {
      expect(await failure(shop, { options: { outputPath: 'small/image' } })).toMatch(
        /^api\/Containerfile: \S+small\/image\S* cannot be used: no space left on the device; make room/,
      );
    } finally {
      mounted();
    }
    await builds(shop);
  });
});

unless(whyNoEngine('docker'), 'an engine that fails', () => {
  let engine: Engine | undefined;
  let shop: TestWorkspace;

  afterEach(async () => {
    await engine?.stop();
    shop.remove();
    delete process.env['DOCKER_HOST'];
  });

  it('says so when it dies in the middle of a build, and builds when it is back', async () => {
    engine = await startDocker();
    const { pid } = engine;
    Object.assign(process.env, engine.env);
    shop = await shopWith('RUN echo sleeping; sleep 60');
    const started = Date.now();
    const onOutput = (line: string) => void (/ sleeping$/.test(line) && process.kill(pid, 'SIGKILL'));
    expect(await failure(shop, { onOutput })).toMatch(
      /^api\/Containerfile: the engine (went away in the middle of its work|does not answer) \(.*\); see whether it is still running, then try again$/,
    );
    expect(Date.now() - started).toBeLessThan(20_000);
    expect(await failure(shop)).toMatch(/: RUN needs a container engine: .*; start it, or set DOCKER_HOST/);
    engine = await startDocker({ dir: engine.dir });
    await builds(shop);
  });

  itUnless(withoutRoot, 'says so when its disk is full', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'gitops-docker-'));
    mkdirSync(join(dir, 'data'));
    const mounted = mount(join(dir, 'data'), '24m');
    if (!mounted) return;
    try {
      engine = await startDocker({ dir });
      Object.assign(process.env, engine.env);
      shop = await shopWith('COPY large /', 'RUN true');
      shop.write('api', { large: Buffer.alloc(32 * 1024 * 1024) });
      expect(await failure(shop)).toMatch(
        /^api\/Containerfile(:2)?: .*no space left on device.*; make room on the disk of the engine, /,
      );
      spawnSync('mount', ['-o', 'remount,size=200m', join(dir, 'data')]);
      await builds(shop);
    } finally {
      await engine?.stop();
      mounted();
      rmSync(dir, { recursive: true, force: true });
    }
  });
});

/** After what went wrong, the next build goes well. */
async function builds(shop: TestWorkspace): Promise<void> {
  await shop.build('base');
  shop.write('api', { Containerfile: 'FROM shop/base\nRUN echo fine > /fine\n' });
  await shop.build('api');
  expect(await shop.texts('api')).toEqual({ fine: 'fine\n' });
}

/** A small disk; undefined where none can be had. */
function mount(directory: string, size: string): (() => void) | undefined {
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', directory]);
  if (status !== 0) return undefined;
  return () => void spawnSync('umount', [directory]);
}

async function remains({ engine: { docker } }: TestEngine): Promise<string[]> {
  const containers = await docker.listContainers({ all: true });
  const images = await docker.listImages({ all: true });
  return [...containers, ...images].map(({ Id }) => Id);
}
