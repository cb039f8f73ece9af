import { createServer, request as send } from 'node:http';
import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Writable } from 'node:stream';
import { Traffic } from './traffic';

type Bytes = AsyncIterable<Buffer>;

/** What a request is about: a manifest by its tag or by its digest, a blob, its upload, the list of tags. */
export type Kind = 'tag' | 'manifest' | 'blob' | 'upload' | 'tags' | 'other';

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface ProxyRequest {
  readonly method: Method;
  /** With the query. */
  readonly path: string;
  readonly kind: Kind;
  readonly repository: string;
  /** The tag or digest; of an upload its session. */
  readonly reference: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Bytes;
}

export interface Answer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  /** Where it throws, the connection is gone. */
  readonly body: Bytes;
}

/**
 * Something that goes wrong between a client and a registry. It answers in the registry's place, or changes what is
 * asked or answered; where it throws a Broken, the client's connection is gone.
 */
export interface Fault {
  readonly name: string;
  /**
   * @param next passes the request on, to other faults and then to the registry
   * @param hit counts; a fault that lets a request pass unharmed does not call it
   */
  apply(
    request: ProxyRequest,
    next: (request: ProxyRequest) => Promise<Answer>,
    hit: (name?: string) => void,
  ): Promise<Answer>;
}

/** The end of a connection that is meant. */
export class Broken extends Error {}

/** `PUT tag`: the method and the kind; `tags`: the kind, by any method; or all. */
export type Pattern = '*' | Kind | `${Method} ${Kind}`;

export interface Rule {
  readonly matches: (request: ProxyRequest) => boolean;
  readonly fault: Fault;
  /** How often it still strikes. */
  times: number;
  /** How often it has. */
  hits: number;
}

/** Stands between clients and a registry, passes everything on, and does the harm that a test tells it to. */
export class FaultProxy {
  readonly traffic = new Traffic();
  private rules: readonly Rule[] = [];
  /** What was not meant to happen; stop() throws it. */
  private mistake: unknown;

  private constructor(
    private readonly server: Server,
    private readonly target: string,
  ) {}

  /** @param target `host:port` of the registry */
  static async start(target: string): Promise<FaultProxy> {
    const server = createServer((request, response) => void proxy.take(request, response));
    const proxy = new FaultProxy(server, target);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get host(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Adds a rule. The first one that matches and has times left goes first, and wraps those after it. */
  on(what: Pattern | Rule['matches'], fault: Fault, times = 1): Rule {
    const matches =
      typeof what === 'function'
        ? what
        : ({ method, kind }: ProxyRequest) => ['*', kind, `${method} ${kind}`].includes(what);
    const rule = { matches, fault, times, hits: 0 };
    this.rules = [...this.rules, rule];
    return rule;
  }

  /** No more harm, and counts from zero. */
  heal(): void {
    this.rules = [];
    this.traffic.reset();
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
    if (this.mistake) throw this.mistake;
  }

  private async take(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const request = read(incoming, (length) => (this.traffic.sent += length));
    this.traffic.asked(request);
    try {
      const answer = await this.through(request, this.rules);
      outgoing.writeHead(answer.status, answer.headers);
      for await (const piece of answer.body) {
        this.traffic.received += piece.length;
        await written(outgoing, piece);
      }
      outgoing.end();
    } catch (error) {
      outgoing.destroy();
      // Those with a code are the network's, where either side has gone.
      if (!(error instanceof Broken) && !(error as { code?: string }).code) this.mistake ??= error;
    }
  }

  private through(request: ProxyRequest, rules: readonly Rule[]): Promise<Answer> {
    const i = rules.findIndex((rule) => rule.times > 0 && rule.matches(request));
    const rule = rules[i];
    if (!rule) return this.forward(request);
    return rule.fault.apply(
      request,
      (next) => this.through(next, rules.slice(i + 1)),
      (name = rule.fault.name) => {
        rule.times--;
        rule.hits++;
        this.traffic.harmed(name);
      },
    );
  }

  private forward(request: ProxyRequest): Promise<Answer> {
    const { method, path, body } = request;
    const [host, port] = this.target.split(':');
    const headers = endToEnd(request.headers);
    return new Promise((resolve, reject) => {
      const upstream = send({ host, port, method, path, headers, agent: false });
      upstream.on('error', reject).on('response', (response) => {
        const status = response.statusCode!;
        this.traffic.answered(request, status);
        resolve({ status, headers: this.own(endToEnd(response.headers)), body: response });
      });
      void pass(body, upstream);
    });
  }

  /** A registry that names itself in a Location means the proxy. */
  private own(headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
    const { location } = headers;
    if (typeof location !== 'string') return headers;
    return { ...headers, location: location.replace(`http://${this.target}/`, `http://${this.host}/`) };
  }
}

const PATH = /^\/v2\/(.+)\/(manifests|blobs\/uploads|blobs|tags)\/([^?]*)/;

function read(incoming: IncomingMessage, count: (length: number) => void): ProxyRequest {
  const path = incoming.url!;
  const [, repository = '', where, reference = ''] = PATH.exec(path) ?? [];
  const kinds = { 'blobs/uploads': 'upload', blobs: 'blob', tags: 'tags' } as const;
  const kind =
    where === 'manifests'
      ? reference.includes(':')
        ? 'manifest'
        : 'tag'
      : (kinds[where as keyof typeof kinds] ?? 'other');
  const method = incoming.method as Method;
  return {
    method,
    path,
    kind,
    repository,
    reference,
    headers: incoming.headers,
    body: counted(incoming, count),
  };
}

async function* counted(incoming: IncomingMessage, count: (length: number) => void): Bytes {
  // Who stops reading in the middle may still want to answer.
  for await (const piece of incoming.iterator({ destroyOnReturn: false })) {
    count((piece as Buffer).length);
    yield piece as Buffer;
  }
}

/** Headers without those that are about one connection only (RFC 9110, 7.6.1). */
function endToEnd(headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  const { connection: _c, 'keep-alive': _k, 'transfer-encoding': _t, ...rest } = headers;
  return rest;
}

async function pass(body: Bytes, upstream: ClientRequest): Promise<void> {
  try {
    for await (const piece of body) await written(upstream, piece);
    upstream.end();
  } catch {
    // What has been passed on arrives.
    if (upstream.socket) upstream.socket.end();
    else upstream.destroy();
  }
}

function written(stream: Writable, piece: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(piece, (error) => (error ? reject(error) : resolve()));
  });
}
