import { mkdtempSync, rmSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import { createServer as createNetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectEngine } from './connect';
import type { Host } from './endpoint';

describe('connectEngine', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gitops-connect-'));
  const socket = join(folder, 'engine.sock');
  const servers: Server[] = [];
  afterEach(() => servers.splice(0).forEach((server) => server.close()));
  afterAll(() => rmSync(folder, { recursive: true }));

  const host = (env: Record<string, string>): Host => ({
    env,
    home: folder,
    uid: 0,
    platform: 'linux',
    exists: () => false,
    read: () => undefined,
  });

  const answering = async (body: object, status = 200) => {
    const server = createServer((_request, response) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
    );
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    return connectEngine(host({ DOCKER_HOST: `unix://${socket}` }));
  };

  it.each([
    [
      {
        Version: '20.10.24',
        ApiVersion: '1.41',
        Os: 'linux',
        Arch: 'amd64',
        Components: [{ Name: 'Engine' }],
      },
      { kind: 'docker', version: '20.10.24', platform: 'linux/amd64', buildkit: true },
    ],
    [
      {
        Version: '4.3.1',
        ApiVersion: '1.41',
        Os: 'linux',
        Arch: 'arm64',
        Components: [{ Name: 'Podman Engine' }],
      },
      { kind: 'podman', version: '4.3.1', platform: 'linux/arm64', buildkit: false },
    ],
    [
      {
        Version: '27.0.1',
        ApiVersion: '1.46',
        Os: 'windows',
        Arch: 'amd64',
        Components: [{ Name: 'Engine' }],
      },
      { kind: 'docker', buildkit: false },
    ],
  ])('knows %o', async (answer, expected) => {
    const engine = await answering(answer);
    expect(engine).toMatchObject(expected);
    expect(engine.description).toBe(
      `${engine.kind === 'podman' ? 'Podman' : 'Docker'} ${answer.Version} at unix://${socket}`,
    );
  });

  it('refuses an engine that is too old', async () => {
    const old = { Version: '17.03.2', ApiVersion: '1.27', Os: 'linux', Arch: 'amd64', Components: [] };
    await expect(answering(old)).rejects.toThrow(/^Docker 17\.03\.2 at .* is too old; use Docker 19\.03/);
  });

  it('says that there is none', async () => {
    await expect(connectEngine(host({}))).rejects.toThrow(
      'there is no container engine; install and start Docker or Podman, or set DOCKER_HOST',
    );
    await expect(connectEngine(host({ DOCKER_HOST: 'unix:///nowhere.sock' }))).rejects.toThrow(
      /^there is no container engine at unix:\/\/\/nowhere\.sock \(DOCKER_HOST\); install/,
    );
  });

  it('says that a socket is dead', async () => {
    const dead = join(folder, 'dead.sock');
    const server = createNetServer().listen(dead);
    await new Promise((resolve) => server.on('listening', resolve));
    // Closing would remove the socket; a process that dies does not.
    const { renameSync } = await import('node:fs');
    renameSync(dead, `${dead}.kept`);
    server.close();
    renameSync(`${dead}.kept`, dead);
    await expect(connectEngine(host({ DOCKER_HOST: `unix://${dead}` }))).rejects.toThrow(
      /does not answer: nothing listens any more; start it/,
    );
  });

  it('says that certificates are missing', async () => {
    const env = { DOCKER_HOST: 'tcp://127.0.0.1:1', DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: folder };
    await expect(connectEngine(host(env))).rejects.toThrow(
      /ca\.pem cannot be read \(ENOENT\).*DOCKER_CERT_PATH/,
    );
  });
});
