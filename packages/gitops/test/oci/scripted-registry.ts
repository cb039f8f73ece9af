import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Blob } from './fixtures';

/** What was asked, for tests to look at. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export type Answer = (request: Asked, response: ServerResponse) => void;

/**
 * A server of which a test writes the answers: for each request the next of the script, and after its end what the
 * content says. It knows just as much of a registry as reading needs.
 */
export class ScriptedRegistry {
  readonly asked: Asked[] = [];
  private script: Answer[] = [];
  private readonly content = new Map<string, Blob>();
  private usual: Answer = (request, response) => this.serve(request, response);

  private constructor(private readonly server: Server) {}

  static async start(tls?: { key: string; cert: string }): Promise<ScriptedRegistry> {
    const listener: RequestListener = (request, response) => void registry.take(request, response);
    const server = tls ? createTlsServer(tls, listener) : createServer(listener);
    const registry = new ScriptedRegistry(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return registry;
  }

  get host(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The next answers, in this order. */
  next(...answers: Answer[]): this {
    this.script.push(...answers);
    return this;
  }

  /** The answer to all that the script does not cover. */
  always(answer: Answer): this {
    this.usual = answer;
    return this;
  }

  /** Serves the content below any repository. */
  hold(...blobs: Blob[]): this {
    for (const blob of blobs) this.content.set(blob.descriptor.digest, blob);
    return this;
  }

  /** Answers from the content; with Range, as registries do. */
  serve({ path, method, headers }: Asked, response: ServerResponse): void {
    const blob = this.content.get(decodeURIComponent(path.slice(path.lastIndexOf('/') + 1)));
    if (!blob) return fail(404)({} as Asked, response);
    const { bytes, descriptor } = blob;
    const start = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
    if (start >= bytes.length && start > 0) return fail(416)({} as Asked, response);
    response.writeHead(start > 0 ? 206 : 200, {
      'content-type': descriptor.mediaType,
      'content-length': bytes.length - start,
      'docker-content-digest': descriptor.digest,
      ...(start > 0 ? { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` } : {}),
    });
    response.end(method === 'HEAD' ? undefined : bytes.subarray(start));
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const asked = {
      method: request.method!,
      path: request.url!,
      headers: request.headers,
      body: Buffer.concat(pieces).toString('latin1'),
    };
    this.asked.push(asked);
    (this.script.shift() ?? this.usual)(asked, response);
  }
}

/** An answer without a meaning beyond its status. */
export function fail(status: number, headers: Record<string, string> = {}, body = ''): Answer {
  return (_, response) => response.writeHead(status, headers).end(body);
}

export function json(document: unknown, headers: Record<string, string> = {}, status = 200): Answer {
  return (_, response) =>
    response
      .writeHead(status, { 'content-type': 'application/json', ...headers })
      .end(JSON.stringify(document));
}

/** So many of the bytes, and then the connection is gone. */
export function dropAfter(bytes: Buffer, length: number, size = bytes.length): Answer {
  return (_, response) => {
    response.writeHead(200, { 'content-length': size });
    response.write(bytes.subarray(0, length), () => response.destroy());
  };
}

/** These bytes, as if they were all. */
export function whole(bytes: Buffer | string, status = 200): Answer {
  return (_, response) =>
    response.writeHead(status, { 'content-length': Buffer.byteLength(bytes) }).end(bytes);
}

export function redirect(location: string, status = 307): Answer {
  return fail(status, { location });
}

export function challenge(header: string): Answer {
  return fail(401, { 'www-authenticate': header });
}
