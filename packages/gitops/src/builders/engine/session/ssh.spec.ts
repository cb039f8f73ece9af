import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server as NetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Client,
  credentials,
  makeGenericClientConstructor,
  Metadata,
  Server,
  ServerCredentials,
} from '@grpc/grpc-js';
import type { Message } from './protobuf';
import { definition, implementation, type Service } from './service';
import { ssh } from './ssh';

/** As the engine does it: the same service, from the other side. */
async function connectTo(service: Service) {
  const server = new Server();
  server.addService(definition(service), implementation(service));
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  const methods = Object.fromEntries(
    Object.entries(definition(service)).map(([name, method]) => [name, { ...method, originalName: name }]),
  );
  const Constructor = makeGenericClientConstructor(methods as never, service.name);
  const client = new Constructor(`127.0.0.1:${port}`, credentials.createInsecure());
  return { client: client as Client & Record<string, (...args: never[]) => unknown>, server };
}

describe('the SSH agent in a session', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gitops-ssh-'));
  const socket = join(folder, 'agent.sock');
  let agent: NetServer;
  let engine: Awaited<ReturnType<typeof connectTo>>;

  beforeAll(async () => {
    agent = createServer({ allowHalfOpen: true }, (connection) => connection.pipe(connection));
    await new Promise<void>((resolve) => agent.listen(socket, resolve));
    engine = await connectTo(ssh({ default: socket, dead: join(folder, 'none.sock') }));
  });
  afterAll(() => {
    engine.client.close();
    engine.server.forceShutdown();
    agent.close();
    rmSync(folder, { recursive: true });
  });

  const forward = (id: string, data: Buffer): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      const metadata = new Metadata();
      metadata.set('buildkit.ssh.id', id);
      const call = (engine.client['ForwardAgent'] as (metadata: Metadata) => never)(
        metadata,
      ) as NodeJS.ReadWriteStream;
      const received: Buffer[] = [];
      call.on('data', (message: Message) => received.push(message['data']));
      call.on('end', () => resolve(Buffer.concat(received)));
      call.on('error', reject);
      call.write({ data } as never);
      call.end();
    });

  it('carries bytes to and fro, and ends when either side does', async () => {
    const data = Buffer.alloc(300_000, 'question');
    expect((await forward('default', data)).equals(data)).toBe(true);
  });

  it.each([
    ['other', /there is no SSH agent other: start one and set SSH_AUTH_SOCK/],
    ['dead', /the SSH agent at .*none\.sock does not answer/],
  ])('says what is wrong with agent %s', async (id, message) => {
    await expect(forward(id, Buffer.from('x'))).rejects.toThrow(message);
  });
});
