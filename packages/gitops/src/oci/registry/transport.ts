import type { Dispatcher } from 'undici';
import type { Content } from '../store';
import { certificatesFor } from './certificates';
import { isLoopback } from './endpoint';
import { GitopsError } from '../../support/errors';

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Opens the body; a request that is sent again needs it again. */
  readonly body?: () => Buffer | string | Content;
  readonly signal?: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  /** By name in lower case; of a repeated header all values, joined with a comma. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** What answered, after redirects. */
  readonly url: URL;
  readonly body: Content;
  /** Reads the rest and drops it, so that the connection can be used again. */
  drain(): Promise<void>;
}

/** The network's failure, and whose it is: after a redirect that is another host than the one asked. */
export class NoAnswer extends Error {
  constructor(
    readonly host: string,
    options: ErrorOptions,
  ) {
    super(`no answer from ${host}`, options);
  }
}

export interface Timeouts {
  readonly connectMs: number;
  /** Until the headers of an answer: a registry moves a large blob to its storage before it answers. */
  readonly headersMs: number;
  /** Between two pieces of a body. */
  readonly bodyMs: number;
}

export const TIMEOUTS: Timeouts = { connectMs: 10_000, headersMs: 120_000, bodyMs: 60_000 };

export interface TransportOptions {
  readonly timeouts?: Partial<Timeouts>;
  /** The host that `caFile` is for. */
  readonly host?: string;
  readonly caFile?: string;
  readonly certificateDirectories?: readonly string[];
}

/**
 * Single exchanges over http: connections, TLS, proxies (HTTP_PROXY, HTTPS_PROXY, NO_PROXY) and timeouts.
 * Neither redirects nor errors of the other side mean anything here.
 */
export class Transport {
  private readonly dispatchers = new Map<string, Dispatcher>();
  private readonly timeouts: Timeouts;

  constructor(private readonly options: TransportOptions = {}) {
    this.timeouts = { ...TIMEOUTS, ...options.timeouts };
  }

  /** @throws NoAnswer, or what the body throws while it is opened and read */
  async send({ method, url, headers, body, signal }: HttpRequest): Promise<HttpResponse> {
    const response = await this.dispatcherFor(url)
      .request({
        origin: url.origin,
        path: url.pathname + url.search,
        method,
        headers: { 'user-agent': 'gitops', ...headers },
        body: body?.() as Dispatcher.RequestOptions['body'],
        signal,
      })
      .catch((error: unknown): never => {
        throw error instanceof GitopsError ? error : new NoAnswer(url.host, { cause: error });
      });
    return {
      status: response.statusCode,
      headers: Object.fromEntries(
        Object.entries(response.headers).map(([name, value]) => [
          name,
          Array.isArray(value) ? value.join(', ') : value,
        ]),
      ),
      url,
      body: response.body,
      drain: () => response.body.dump({ limit: 256 * 1024 }).catch(() => undefined),
    };
  }

  async close(): Promise<void> {
    const all = [...this.dispatchers.values()];
    this.dispatchers.clear();
    await Promise.all(all.map((dispatcher) => dispatcher.destroy()));
  }

  /** One for each origin: certificates belong to a host. */
  private dispatcherFor({ origin, host, protocol }: URL): Dispatcher {
    let dispatcher = this.dispatchers.get(origin);
    if (!dispatcher) {
      dispatcher = this.createDispatcher(host, protocol === 'https:');
      this.dispatchers.set(origin, dispatcher);
    }
    return dispatcher;
  }

  private createDispatcher(host: string, secure: boolean): Dispatcher {
    // Loading undici takes a while; nobody pays for it who does not talk to a registry.
    const { Agent, EnvHttpProxyAgent } = require('undici') as typeof import('undici');
    const { caFile, certificateDirectories } = this.options;
    const tls = secure
      ? certificatesFor(host, host === this.options.host ? caFile : undefined, certificateDirectories)
      : {};
    const options = {
      connect: { ...tls, timeout: this.timeouts.connectMs },
      requestTls: tls,
      headersTimeout: this.timeouts.headersMs,
      bodyTimeout: this.timeouts.bodyMs,
    };
    return isLoopback(host) ? new Agent(options) : new EnvHttpProxyAgent(options);
  }
}
