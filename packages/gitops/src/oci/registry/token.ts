import { readAll } from '../content';
import { StoreError } from '../store-error';
import type { Credentials } from './credentials';
import { isRetriableStatus } from './retry';
import type { HttpRequest, HttpResponse } from './transport';

export interface TokenServer {
  readonly realm: URL;
  readonly service?: string;
}

export type Send = (request: HttpRequest) => Promise<HttpResponse>;

/** A token and how long to use it. */
export interface Token {
  readonly token: string;
  readonly validMs: number;
}

/** What a token is valid for when the server does not say (distribution, docs/spec/auth/token.md). */
const DEFAULT_VALID_S = 60;
/** Not to be caught by a token that expires on its way. */
const MARGIN_S = 10;

/**
 * Gets a token: by GET with a password or anonymously (token.md), by POST with an identity token (oauth.md).
 * @throws StoreError `unauthenticated` when the server gives none
 */
export async function fetchToken(
  server: TokenServer,
  scopes: readonly string[],
  credentials: Credentials | undefined,
  send: Send,
): Promise<Token> {
  const request =
    credentials?.kind === 'identity-token'
      ? refreshRequest(server, scopes, credentials.token)
      : tokenRequest(server, scopes, credentials);
  const response = await send(request);
  if (response.status !== 200) {
    await response.drain();
    throw refusal(server, response.status, credentials !== undefined);
  }
  return read(await readAll(response.body), server);
}

function tokenRequest(
  { realm, service }: TokenServer,
  scopes: readonly string[],
  credentials: Credentials | undefined,
): HttpRequest {
  const url = new URL(realm);
  if (service) url.searchParams.set('service', service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  const basic =
    credentials?.kind === 'password'
      ? Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')
      : undefined;
  return { method: 'GET', url, headers: basic ? { authorization: `Basic ${basic}` } : {} };
}

function refreshRequest(
  { realm, service }: TokenServer,
  scopes: readonly string[],
  token: string,
): HttpRequest {
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    refresh_token: token,
    client_id: 'gitops',
    scope: scopes.join(' '),
    ...(service ? { service } : {}),
  });
  return {
    method: 'POST',
    url: realm,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: () => form.toString(),
  };
}

function read(bytes: Buffer, { realm }: TokenServer): Token {
  try {
    const answer = JSON.parse(bytes.toString('utf8')) as Record<string, unknown>;
    const token = answer['token'] || answer['access_token'];
    const seconds = typeof answer['expires_in'] === 'number' ? answer['expires_in'] : DEFAULT_VALID_S;
    if (typeof token === 'string') return { token, validMs: Math.max(1, seconds - MARGIN_S) * 1000 };
  } catch {
    // As below: the answer may hold a token, so it is not shown.
  }
  throw new StoreError('unauthenticated', `the token server ${realm.host} answered without a token`);
}

function refusal({ realm }: TokenServer, status: number, hadCredentials: boolean): StoreError {
  if (isRetriableStatus(status)) {
    const kind = status === 429 ? 'throttled' : 'unavailable';
    return new StoreError(
      kind,
      `the token server ${realm.host} answers ${status}`,
      'try again later',
      status,
    );
  }
  const why = hadCredentials ? 'does not accept the credentials' : 'gives no token without credentials';
  return new StoreError('unauthenticated', `the token server ${realm.host} ${why}`, undefined, status);
}
