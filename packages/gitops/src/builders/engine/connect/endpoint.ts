import { posix } from 'node:path';
import { GitopsError } from '../../../support/errors';
import { contextEndpoint, currentContext } from './docker-context';

/** Where an engine may listen, and how we came to think so. */
export type Endpoint = SocketEndpoint | TcpEndpoint;

export interface SocketEndpoint {
  readonly kind: 'socket';
  readonly path: string;
  readonly source: string;
}

export interface TcpEndpoint {
  readonly kind: 'tcp';
  readonly host: string;
  readonly port: number;
  readonly tls?: TlsFiles;
  readonly source: string;
}

/** Paths of PEM files; a missing one is not used. */
export interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly verify: boolean;
}

/** What the choice of an engine depends on. */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly uid: number;
  readonly platform: NodeJS.Platform;
  readonly exists: (path: string) => boolean;
  /** A file's text; undefined where there is none. */
  readonly read: (path: string) => string | undefined;
}

const TLS_PORT = 2376;
const PLAIN_PORT = 2375;

/**
 * The engines to try, the first that answers is taken: what DOCKER_HOST, CONTAINER_HOST or a docker context names is
 * the only one; otherwise every socket that is known to be used and is there.
 * @throws GitopsError what is named cannot be used
 */
export function resolveEndpoints(host: Host): Endpoint[] {
  const { env } = host;
  for (const name of ['DOCKER_HOST', 'CONTAINER_HOST']) {
    const url = env[name];
    if (url) return [parseEndpoint(url, name, environmentTls(host))];
  }
  const context = env['DOCKER_CONTEXT'] || currentContext(host);
  if (context && context !== 'default') return [contextEndpoint(host, context)];
  return knownSockets(host)
    .filter(host.exists)
    .map((path) => ({ kind: 'socket', path, source: 'default' }));
}

/**
 * The endpoint that a URL such as `unix:///run/docker.sock` or `tcp://10.0.0.2:2376` means.
 * @param source where the URL comes from, for messages
 */
export function parseEndpoint(url: string, source: string, tls?: TlsFiles): Endpoint {
  const match = /^(?:(?<scheme>[a-z]+):\/\/)?(?<rest>.*)$/i.exec(url.trim())!;
  const { scheme = 'tcp', rest = '' } = match.groups!;
  switch (scheme) {
    case 'unix':
    case 'npipe':
      if (!rest) break;
      return { kind: 'socket', path: rest, source };
    case 'tcp':
    case 'http':
    case 'https':
      return parseTcp(rest, source, tls ?? (scheme === 'https' ? { verify: true } : undefined), url);
    case 'ssh':
      throw new GitopsError(
        `${source} is ${url}, and engines over SSH are not supported`,
        undefined,
        'forward its socket (ssh -NL /tmp/engine.sock:/var/run/docker.sock host) and set DOCKER_HOST=unix:///tmp/engine.sock',
      );
  }
  throw malformed(url, source);
}

function parseTcp(rest: string, source: string, tls: TlsFiles | undefined, url: string): TcpEndpoint {
  const match = /^(?<host>\[[0-9a-f:.]+\]|[^/:[\]]+)(?::(?<port>\d+))?\/?$/i.exec(rest);
  if (!match) throw malformed(url, source);
  const { host = '', port } = match.groups!;
  return {
    kind: 'tcp',
    host: host.replace(/^\[|\]$/g, ''),
    port: port ? Number(port) : tls ? TLS_PORT : PLAIN_PORT,
    ...(tls && { tls }),
    source,
  };
}

/** As the docker CLI has it: any value of DOCKER_TLS_VERIFY turns TLS on; certificates are those of its folder. */
function environmentTls({ env, home }: Host): TlsFiles | undefined {
  if (!env['DOCKER_TLS_VERIFY']) return undefined;
  const folder = env['DOCKER_CERT_PATH'] || env['DOCKER_CONFIG'] || posix.join(home, '.docker');
  const file = (name: string) => posix.join(folder, name);
  return { ca: file('ca.pem'), cert: file('cert.pem'), key: file('key.pem'), verify: true };
}

function knownSockets({ env, home, uid, platform }: Host): string[] {
  if (platform === 'win32') return ['//./pipe/docker_engine'];
  const runtime = env['XDG_RUNTIME_DIR'] || `/run/user/${uid}`;
  return [
    '/var/run/docker.sock',
    `${runtime}/docker.sock`,
    ...['.docker/run', '.docker/desktop', '.orbstack/run', '.colima/default', '.rd'].map(
      (folder) => `${home}/${folder}/docker.sock`,
    ),
    `${runtime}/podman/podman.sock`,
    '/run/podman/podman.sock',
    `${home}/.local/share/containers/podman/machine/podman.sock`,
  ];
}

function malformed(url: string, source: string): GitopsError {
  return new GitopsError(
    `${source} is ${JSON.stringify(url)}, which is not the address of an engine`,
    undefined,
    'use unix:///path/to/socket or tcp://host:port',
  );
}
