import { once } from 'node:events';
import { type IncomingMessage, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The hashes of the tasks that were asked for or sent, each as often as that was. */
export interface Traffic {
  readonly hits: string[];
  readonly misses: string[];
  readonly stores: string[];
  /** Sent, though they were there: what was there stays. */
  readonly conflicts: string[];
  /** What no token was given for, or one that does not allow it. */
  readonly refusals: string[];
}

export interface CacheServer {
  /** What tells Nx of it, with the token of somebody who may read and write. */
  readonly env: Readonly<Record<string, string>>;
  /** The same with any other token. */
  as(token: string): Readonly<Record<string, string>>;
  /** The hashes of all that it keeps, sorted. */
  kept(): string[];
  /** What went on since this was last called, each list sorted. */
  traffic(): Traffic;
  close(): Promise<void>;
}

export interface CacheServerOptions {
  /** Whether there is no room left for anything. */
  readonly isFull?: boolean;
}

interface Answer {
  readonly status: number;
  /** A text is a message to whoever uses Nx. */
  readonly body?: Buffer | string;
}

const PATH = /^\/v1\/cache\/(?<hash>[^/]+)$/;
const WRITER = 'may-read-and-write';
/** The token of somebody who may not write. */
export const READER = 'may-read';

/**
 * A remote cache for Nx on 127.0.0.1, by the OpenAPI specification of those that one hosts oneself. It keeps all in memory.
 * @see https://nx.dev/docs/kb/self-hosted-caching#open-api-specification
 */
export async function startCacheServer({ isFull = false }: CacheServerOptions = {}): Promise<CacheServer> {
  const entries = new Map<string, Buffer>();
  let traffic = none();
  const server = createServer((request, response) => {
    void answer(request).then(
      ({ status, body = '' }) => {
        // Nx takes a message of this very type only.
        const type = typeof body === 'string' ? 'text/plain' : 'application/octet-stream';
        response.writeHead(status, { 'content-type': type }).end(body);
      },
      // Nothing is kept of what was broken off.
      () => response.destroy(),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function answer(request: IncomingMessage): Promise<Answer> {
    const { method, headers } = request;
    const hash = PATH.exec(request.url ?? '')?.groups?.['hash'];
    if (hash === undefined) return { status: 404 };
    const refuse = (status: number, body: string): Answer => {
      traffic.refusals.push(hash);
      return { status, body };
    };
    const isWriter = headers.authorization === `Bearer ${WRITER}`;
    if (!isWriter && headers.authorization !== `Bearer ${READER}`)
      return refuse(401, 'the cache knows no such token');
    if (method === 'GET') return get(hash);
    if (method !== 'PUT') return { status: 405 };
    return isWriter ? put(hash, request) : refuse(403, 'this token may only read');
  }

  function get(hash: string): Answer {
    const body = entries.get(hash);
    traffic[body ? 'hits' : 'misses'].push(hash);
    return body ? { status: 200, body } : { status: 404 };
  }

  async function put(hash: string, request: IncomingMessage): Promise<Answer> {
    if (request.headers['content-length'] === undefined) return { status: 411 };
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (isFull) return { status: 507, body: 'the cache is full' };
    const isNew = !entries.has(hash);
    traffic[isNew ? 'stores' : 'conflicts'].push(hash);
    if (!isNew) return { status: 409 };
    entries.set(hash, Buffer.concat(chunks));
    return { status: 200 };
  }

  const as = (token: string): Record<string, string> => ({
    NX_SELF_HOSTED_REMOTE_CACHE_SERVER: url,
    NX_SELF_HOSTED_REMOTE_CACHE_ACCESS_TOKEN: token,
  });
  return {
    env: as(WRITER),
    as,
    kept: () => [...entries.keys()].sort(),
    traffic() {
      const seen = traffic;
      traffic = none();
      for (const hashes of Object.values(seen) as string[][]) hashes.sort();
      return seen;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function none(): Traffic {
  return { hits: [], misses: [], stores: [], conflicts: [], refusals: [] };
}
