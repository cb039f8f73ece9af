import { existsSync, readFileSync } from 'node:fs';
import { Agent as HttpAgent } from 'node:http';
import { Agent } from 'node:https';
import { homedir } from 'node:os';
import { inspect } from 'node:util';
import type Docker from 'dockerode';
import { GitopsError } from '../../../support/errors';
import { type Endpoint, type Host, type TcpEndpoint, resolveEndpoints } from './endpoint';

/** An engine that answered. */
export interface Engine {
  readonly docker: Docker;
  readonly kind: 'docker' | 'podman';
  /** `20.10.24`. */
  readonly version: string;
  /** The platform it runs on, and builds for by default: `linux/amd64`. */
  readonly platform: string;
  /** Whether it builds with BuildKit, and takes a session. */
  readonly buildkit: boolean;
  /** For the log: `Docker 20.10.24 at unix:///var/run/docker.sock`. */
  readonly description: string;
}

/** The first Engine API with BuildKit, sessions and outputs: Docker 19.03, and what Podman speaks. */
const MIN_API = [1, 40] as const;

const INSTALL = 'install and start Docker or Podman, or set DOCKER_HOST';

/**
 * The engine that the environment names, else the first of the usual ones that answers.
 * @throws GitopsError there is none, or it cannot be used
 */
export async function connectEngine(host: Host = thisHost()): Promise<Engine> {
  const endpoints = resolveEndpoints(host);
  if (endpoints.length === 0) throw new GitopsError('there is no container engine', undefined, INSTALL);
  let first: unknown;
  for (const endpoint of endpoints) {
    try {
      return await connect(endpoint);
    } catch (error) {
      first ??= error;
    }
  }
  throw first;
}

function thisHost(): Host {
  return {
    env: process.env,
    home: homedir(),
    uid: process.getuid?.() ?? 0,
    platform: process.platform,
    exists: existsSync,
    read: (path) => {
      try {
        return readFileSync(path, 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
  };
}

async function connect(endpoint: Endpoint): Promise<Engine> {
  // Loading it takes a third of a second, and most commands need no engine.
  const { default: Client } = await import('dockerode');
  const docker = new Client(clientOptions(endpoint));
  const where = addressOf(endpoint);
  let answer: Docker.DockerVersion;
  try {
    answer = await docker.version();
  } catch (error) {
    throw explain(error as NodeJS.ErrnoException & { statusCode?: number }, endpoint, where);
  }
  const kind = answer.Components?.some(({ Name }) => /podman/i.test(Name)) ? 'podman' : 'docker';
  const name = `${kind === 'podman' ? 'Podman' : 'Docker'} ${answer.Version}`;
  if (!atLeast(answer.ApiVersion, MIN_API)) {
    throw new GitopsError(
      `${name} at ${where} is too old`,
      undefined,
      'use Docker 19.03 or newer, or Podman 4 or newer',
    );
  }
  return {
    docker,
    kind,
    version: answer.Version,
    platform: `${answer.Os}/${answer.Arch}`,
    buildkit: kind === 'docker' && answer.Os === 'linux',
    description: `${name} at ${where}`,
  };
}

/**
 * Everything is said, since dockerode takes from the environment what is not. No connection is kept for later: the
 * engine may have been started anew by then.
 */
function clientOptions(endpoint: Endpoint): Docker.DockerOptions & { agent: HttpAgent } {
  if (endpoint.kind === 'socket') {
    return {
      socketPath: endpoint.path,
      host: undefined,
      port: undefined,
      protocol: 'http',
      agent: terse(new HttpAgent()),
    };
  }
  const { host, port, tls } = endpoint;
  return {
    socketPath: undefined,
    host,
    port,
    protocol: tls ? 'https' : 'http',
    agent: terse(tls ? tlsAgent(endpoint) : new HttpAgent()),
  };
}

/**
 * dockerode describes every request as a text, though nobody reads it, and its agent with all that its open
 * connections hold: seconds for each call while several builds run.
 */
function terse<T extends HttpAgent>(agent: T): T {
  return Object.defineProperty(agent, inspect.custom, { value: () => 'Agent' });
}

function tlsAgent({ tls, source }: TcpEndpoint): Agent {
  const read = (file: string | undefined) => {
    if (!file) return undefined;
    try {
      return readFileSync(file);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new GitopsError(
        `${file} cannot be read (${code}), and ${source} asks for TLS`,
        undefined,
        'correct DOCKER_CERT_PATH, or unset DOCKER_TLS_VERIFY',
      );
    }
  };
  return new Agent({
    ca: read(tls!.ca),
    cert: read(tls!.cert),
    key: read(tls!.key),
    rejectUnauthorized: tls!.verify,
  });
}

function addressOf(endpoint: Endpoint): string {
  if (endpoint.kind === 'socket') return `unix://${endpoint.path}`;
  const host = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host;
  return `tcp://${host}:${endpoint.port}`;
}

function explain(
  error: NodeJS.ErrnoException & { statusCode?: number },
  { kind, source }: Endpoint,
  where: string,
): GitopsError {
  const named = source === 'default' ? where : `${where} (${source})`;
  const code = error.code ?? '';
  if (code === 'ENOENT')
    return new GitopsError(`there is no container engine at ${named}`, undefined, INSTALL);
  if (code === 'EACCES' || code === 'EPERM') {
    return new GitopsError(
      `you may not use the container engine at ${named}`,
      undefined,
      'join the group that owns the socket (sudo usermod -aG docker $USER, then log in again), or use a rootless engine',
    );
  }
  if (
    /^ERR_(TLS|SSL|OSSL)|DECODER/.test(`${code} ${error.message}`) ||
    /CERT|SIGNED|EPROTO|SELF_SIGNED/.test(code)
  ) {
    return new GitopsError(
      `the container engine at ${named} and this side do not trust each other (${error.message})`,
      undefined,
      'correct the certificates in DOCKER_CERT_PATH',
    );
  }
  if (/client sent an HTTP request to an HTTPS server/i.test(error.message)) {
    return new GitopsError(
      `the container engine at ${named} wants TLS`,
      undefined,
      'set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH',
    );
  }
  const what =
    kind === 'socket' && code === 'ECONNREFUSED' ? 'nothing listens any more' : error.message.trim();
  return new GitopsError(
    `the container engine at ${named} does not answer: ${what}`,
    undefined,
    'start it, or set DOCKER_HOST',
  );
}

function atLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [a = 0, b = 0] = version.split('.').map(Number);
  return a > major || (a === major && b >= minor);
}
