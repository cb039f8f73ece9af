import { GitopsError } from '../../support/errors';
import { repositoryName } from '../names';

/** Where a registry's API is, and under which names users keep credentials for it. */
export interface Endpoint {
  /** As users write it: `docker.io`, `localhost:5000`. */
  readonly host: string;
  /** The origin of the API: `https://registry-1.docker.io`. */
  readonly origin: string;
  /** What comes before each repository's name: `acme/` of `registry.example.com/acme`; mostly empty. */
  readonly prefix: string;
  /** The keys of this registry in docker's and podman's configs; credential helpers get the first. */
  readonly credentialKeys: readonly string[];
}

export interface EndpointOptions {
  /** Speak plain http. Without it only to this machine itself, and where the location starts with `http://`. */
  readonly insecure?: boolean;
  /** There is a certificate authority of the registry's own: so it speaks TLS, wherever it is. */
  readonly hasOwnCa?: boolean;
}

const DOCKER_HUB = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);
const LOCATION = /^(?:(https?):\/\/)?((?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?)(?:\/(.+?))?\/?$/i;

/**
 * Reads `[http[s]://]host[:port][/prefix]`.
 * @throws GitopsError when it is something else
 */
export function parseEndpoint(location: string, options: EndpointOptions = {}): Endpoint {
  const match = LOCATION.exec(location);
  if (!match) {
    throw new GitopsError(
      `"${location}" is not a registry`,
      undefined,
      'write host[:port][/prefix], such as registry.example.com',
    );
  }
  const host = match[2]!.toLowerCase();
  const prefix = match[3] === undefined ? '' : `${repositoryName(match[3])}/`;
  if (DOCKER_HUB.has(host)) {
    return {
      host: 'docker.io',
      origin: 'https://registry-1.docker.io',
      prefix,
      credentialKeys: ['https://index.docker.io/v1/', ...DOCKER_HUB],
    };
  }
  const scheme = match[1]?.toLowerCase() ?? (speaksPlain(host, options) ? 'http' : 'https');
  return { host, origin: `${scheme}://${host}`, prefix, credentialKeys: [host] };
}

function speaksPlain(host: string, { insecure, hasOwnCa }: EndpointOptions): boolean {
  return insecure ?? (isLoopback(host) && !hasOwnCa);
}

/** Whether the host, with or without a port, is this machine itself: nobody listens on the way. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  return (
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    name === '[::1]' ||
    /^127(\.\d{1,3}){3}$/.test(name)
  );
}
