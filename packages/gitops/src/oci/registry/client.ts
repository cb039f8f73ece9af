import { GitopsError } from '../../support/errors';
import { MAX_DOCUMENT_SIZE, contentOf, limited, readAll } from '../content';
import { StoreError } from '../store-error';
import { Authorizer } from './authorizer';
import type { FoundCredentials } from './credentials';
import type { Endpoint } from './endpoint';
import { isPassing, networkFailure, statusFailure, unauthenticated } from './failures';
import { isRetriableStatus, pauseAfter, retryAfter } from './retry';
import type { Clock, RetryPolicy } from './retry';
import type { HttpRequest, HttpResponse, Transport } from './transport';

/** A request to a registry. Credentials go along as the registry demands for the scopes. */
export interface ApiRequest extends HttpRequest {
  readonly scopes: readonly string[];
}

export interface ClientOptions {
  readonly clock: Clock;
  readonly retry: RetryPolicy;
  readonly lookUpCredentials: () => Promise<FoundCredentials>;
}

const MAX_REDIRECTS = 5;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** The distribution API of one registry: authorization, redirects, and patience. */
export class Client {
  private readonly origin: URL;
  private readonly authorizer: Authorizer;

  constructor(
    readonly endpoint: Endpoint,
    private readonly transport: Transport,
    private readonly options: ClientOptions,
  ) {
    this.origin = new URL(endpoint.origin);
    this.authorizer = new Authorizer(
      this.origin,
      options.lookUpCredentials,
      (request) => this.patiently(request, async () => whole(await this.follow(request))),
      options.clock,
    );
  }

  /** The address of a path below `/v2/`, or of a Location that the registry gave. */
  url(path: string, base: URL = new URL('/v2/', this.origin)): URL {
    const url = new URL(path, base);
    // A registry behind a proxy that does TLS may not know that it is reached by https.
    if (url.host === this.origin.host) url.protocol = this.origin.protocol;
    return url;
  }

  /**
   * Sends a request, again if need be, and gives the answer, whatever it says.
   * @throws StoreError when there is none
   */
  request(request: ApiRequest): Promise<HttpResponse> {
    return this.patiently(request, () => this.exchange(request));
  }

  /**
   * The same where the answer is a document: it has been read, and where that broke off the request was sent again.
   * @throws StoreError `corrupt` when it is too large
   */
  document(request: ApiRequest, maxSize?: number): Promise<HttpResponse> {
    return this.patiently(request, async () => whole(await this.exchange(request), maxSize));
  }

  /** Sends a request once, or twice when the registry asks for credentials first. @throws what the network throws */
  async exchange(request: ApiRequest): Promise<HttpResponse> {
    const header = await this.authorization(request);
    const response = await this.follow(authorized(request, header));
    if (response.status !== 401 || response.url.origin !== this.origin.origin) return response;
    await response.drain();
    this.authorizer.challenged(response.headers['www-authenticate'] ?? '', request.scopes, header);
    const answer = await this.authorization(request);
    return answer === undefined || answer === header ? response : this.follow(authorized(request, answer));
  }

  /** The error for an answer. @param what what was asked for, in a user's words */
  async failure(response: HttpResponse, what: string): Promise<StoreError> {
    const isOwn = response.url.origin === this.origin.origin;
    const found = response.status === 401 && isOwn ? await this.authorizer.credentials() : undefined;
    return statusFailure(response, { host: this.endpoint.host, what, found });
  }

  /**
   * Waits after a failed attempt.
   * @returns false when there have been enough of them
   */
  async pause(attempt: number, response?: HttpResponse, signal?: AbortSignal): Promise<boolean> {
    const { clock, retry } = this.options;
    const asked = retryAfter(response?.headers['retry-after'], clock.now());
    const ms = pauseAfter(attempt, retry, asked);
    if (ms === undefined) return false;
    await clock.sleep(ms, signal);
    return true;
  }

  private async patiently(request: HttpRequest, send: () => Promise<HttpResponse>): Promise<HttpResponse> {
    for (let attempt = 1; ; attempt++) {
      try {
        const response = await send();
        if (!isRetriableStatus(response.status)) return response;
        if (!(await this.pause(attempt, response, request.signal))) return response;
        await response.drain();
      } catch (error) {
        request.signal?.throwIfAborted();
        if (error instanceof GitopsError) throw error;
        if (!isPassing(error) || !(await this.pause(attempt, undefined, request.signal))) {
          throw networkFailure(error, request.url.host);
        }
      }
    }
  }

  private async authorization({ url, scopes }: ApiRequest): Promise<string | undefined> {
    // An upload may continue at another host: what is ours to give was given to the registry.
    if (url.origin !== this.origin.origin) return undefined;
    try {
      return await this.authorizer.header(scopes);
    } catch (error) {
      if (!(error instanceof StoreError) || (error.status !== 401 && error.status !== 403)) throw error;
      throw unauthenticated(this.endpoint.host, await this.authorizer.credentials());
    }
  }

  /** Follows redirects of reads. Credentials stay behind where the host changes. */
  private async follow(request: HttpRequest): Promise<HttpResponse> {
    let current = request;
    for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
      const response = await this.transport.send(current);
      const { location } = response.headers;
      const isRead = request.method === 'GET' || request.method === 'HEAD';
      if (!REDIRECTS.has(response.status) || location === undefined || !isRead) return response;
      await response.drain();
      current = redirected(current, location);
    }
    throw new StoreError('unavailable', `${request.url.host} redirects more than ${MAX_REDIRECTS} times`);
  }
}

async function whole(response: HttpResponse, maxSize = MAX_DOCUMENT_SIZE): Promise<HttpResponse> {
  const { status, url, body } = response;
  if (status !== 200) return response;
  const bytes = await readAll(limited(body, `the answer of ${url.host}`, maxSize));
  return { ...response, body: contentOf(bytes) };
}

function redirected(request: HttpRequest, location: string): HttpRequest {
  const from = request.url;
  const url = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (url?.protocol !== 'https:' && url?.protocol !== from.protocol) {
    throw new StoreError(
      'untrusted',
      `${from.host} redirects to ${url ? url.origin : 'nowhere'}, which is not safe`,
    );
  }
  if (url.origin === from.origin) return { ...request, url };
  const { authorization: _, ...headers } = request.headers ?? {};
  return { ...request, url, headers };
}

function authorized(request: ApiRequest, authorization: string | undefined): HttpRequest {
  return authorization === undefined
    ? request
    : { ...request, headers: { ...request.headers, authorization } };
}
