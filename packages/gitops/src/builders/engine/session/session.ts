import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js';
import type Docker from 'dockerode';
import { auth, type Credentials } from './auth';
import { type Directory, fileSync } from './file-sync';
import { HEALTH_REQUEST, HEALTH_RESPONSE, SERVING } from './messages';
import type { Message } from './protobuf';
import { secrets } from './secrets';
import { definition, implementation, methodPaths, type Service } from './service';
import { ssh } from './ssh';

export interface SessionOptions {
  /** Files by the name that the frontend gives their directory: `context`, `dockerfile`. */
  readonly directories: Readonly<Record<string, Directory>>;
  /**
   * Names what is built, the same from build to build: the engine keeps the files of the last build with the same
   * key, and only asks for those that changed.
   */
  readonly sharedKey: string;
  /** Credentials of one registry. Without it, the engine is given none. */
  readonly credentials?: (host: string) => Promise<Credentials | undefined>;
  readonly secret?: (id: string) => Promise<Buffer | undefined>;
  /** Sockets of SSH agents by id: `{ default: process.env.SSH_AUTH_SOCK }`. */
  readonly sshAgents?: Readonly<Record<string, string>>;
}

/** What BuildKit calls back on while it builds. */
export interface Session {
  /** Goes to the build as `session`. */
  readonly id: string;
  /** To be called when the build is over, however it ended. */
  close(): void;
}

/** Opens a session on the engine. */
export async function openSession(docker: Docker, options: SessionOptions): Promise<Session> {
  const id = randomUUID();
  const services = [
    health(),
    fileSync(options.directories),
    auth(options.credentials ?? (async () => undefined)),
    secrets(options.secret ?? (async () => undefined)),
    ssh(options.sshAgents ?? {}),
  ];
  const socket = await hijack(docker, id, options.sharedKey, services.flatMap(methodPaths));
  const close = await serve(socket, services);
  return { id, close };
}

/** The engine watches the session with this, and takes it for dead where there is no answer. */
function health(): Service {
  const handle = (_call: ServerUnaryCall<Message, Message>, callback: sendUnaryData<Message>) =>
    callback(null, { status: SERVING });
  return {
    name: 'grpc.health.v1.Health',
    methods: { Check: { request: HEALTH_REQUEST, response: HEALTH_RESPONSE, handle } },
  };
}

/** Turns a request around: on its connection, from here on, the engine is the client. */
function hijack(docker: Docker, id: string, sharedKey: string, methods: string[]): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    docker.modem.dial(
      {
        method: 'POST',
        path: '/session',
        hijack: true,
        headers: {
          Upgrade: 'h2c',
          'X-Docker-Expose-Session-Uuid': id,
          'X-Docker-Expose-Session-Name': 'gitops',
          'X-Docker-Expose-Session-Sharedkey': sharedKey,
          'X-Docker-Expose-Session-Grpc-Method': methods,
        },
        statusCodes: { 200: true, 500: 'server error' },
      } as unknown as Parameters<typeof docker.modem.dial>[0],
      (error: unknown, socket: unknown) => (error ? reject(error as Error) : resolve(socket as Duplex)),
    );
  });
}

async function serve(socket: Duplex, services: readonly Service[]): Promise<() => void> {
  // It takes a while to load, and only builds by BuildKit need it.
  const grpc = await import('@grpc/grpc-js');
  // It writes to stderr about headers that it leaves out; what that means is dealt with in file-sync.ts.
  grpc.setLogVerbosity(grpc.logVerbosity.NONE);
  const server = new grpc.Server();
  for (const service of services) server.addService(definition(service), implementation(service));
  // The engine closes the connection as it likes once the build is over.
  socket.on('error', () => undefined);
  // Over TLS, the two sides have not agreed on HTTP/2, but from here on speak it; Node would refuse.
  if ('alpnProtocol' in socket) socket.alpnProtocol = 'h2';
  const injector = server.createConnectionInjector(grpc.ServerCredentials.createInsecure());
  injector.injectConnection(socket);
  return () => {
    injector.destroy();
    server.forceShutdown();
    socket.destroy();
  };
}
