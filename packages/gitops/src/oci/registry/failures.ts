import { StoreError } from '../store-error';
import { parseChallenges } from './challenge';
import type { FoundCredentials } from './credentials';
import { isRetriableStatus } from './retry';
import { NoAnswer } from './transport';
import type { HttpResponse } from './transport';

/** Certificates that node:tls does not accept: the codes of OpenSSL, and Node's own. */
const UNTRUSTED =
  /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|CERT_|ERR_TLS_CERT_ALTNAME_INVALID|INVALID_CA)/;
/** The other side does not speak TLS at all. */
const NOT_TLS = /^(ERR_SSL_|EPROTO)/;

/** Whether the same request may well succeed in a moment: not when nobody is there, or somebody else is. */
export function isPassing(error: unknown): boolean {
  const code = codeOf(error);
  if (code === undefined || code === 'ENOTFOUND' || code === 'ECONNREFUSED') return false;
  if (UNTRUSTED.test(code) || NOT_TLS.test(code)) return false;
  return /^(E[A-Z_]+|UND_ERR_(SOCKET|CONNECT_TIMEOUT|HEADERS_TIMEOUT|BODY_TIMEOUT|RES_CONTENT_LENGTH_MISMATCH|RESPONSE)|HPE_.*)$/.test(
    code,
  );
}

/** What went wrong before there was an answer, in a user's words. Other errors stay as they are. */
export function networkFailure(error: unknown, asked: string): unknown {
  const code = codeOf(error);
  const host = error instanceof NoAnswer ? error.host : asked;
  if (error instanceof StoreError || code === undefined) return error;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return new StoreError('unreachable', `the host ${host} is unknown`, 'check its name and the network');
  }
  if (code === 'ECONNREFUSED') {
    return new StoreError(
      'unreachable',
      `${host} refuses the connection`,
      'check that it runs, and its port',
    );
  }
  if (UNTRUSTED.test(code)) {
    return new StoreError(
      'untrusted',
      `the certificate of ${host} is not trusted (${code})`,
      `put the certificate of its authority into /etc/docker/certs.d/${host}/ca.crt, or name it in NODE_EXTRA_CA_CERTS`,
    );
  }
  if (NOT_TLS.test(code)) {
    return new StoreError(
      'untrusted',
      `${host} does not speak TLS`,
      `if it is meant to speak plain http, write http://${host}`,
    );
  }
  if (/TIMEOUT|ETIMEDOUT/.test(code)) {
    return new StoreError(
      'unreachable',
      `${host} does not answer in time`,
      'check the network, or try again',
    );
  }
  if (isPassing(error)) {
    return new StoreError('unreachable', `the connection to ${host} broke off (${code})`, 'try again');
  }
  return error;
}

export interface FailureContext {
  /** The registry, as users write it. */
  readonly host: string;
  /** What was asked for: `registry.example.com/acme/api:1.2.0`. */
  readonly what: string;
  /** What was tried, where the registry itself wants credentials. */
  readonly found?: FoundCredentials;
}

/** An answer that is not the one hoped for. Reads what is left of it. */
export async function statusFailure(response: HttpResponse, context: FailureContext): Promise<StoreError> {
  const { status, url } = response;
  const { host, what, found } = context;
  const { said, code } = await explanation(response);
  const fail = (kind: StoreError['kind'], text: string, remedy?: string) =>
    new StoreError(kind, `${text}${said}`, remedy, status, code);

  if (status === 401 && found && !(found.credentials && lacksRight(response)))
    return unauthenticated(host, found);
  // The storage that a registry redirects to says 401 too.
  if (status === 401 || status === 403) {
    return fail('forbidden', `${url.host} denies access to ${what}`, 'ask its owner for the right to it');
  }
  if (status === 404) return fail('not-found', `${what} is not there`);
  if (status === 429) {
    return fail(
      'throttled',
      `${url.host} gets too many requests`,
      `try again later, or docker login ${host}`,
    );
  }
  if (isRetriableStatus(status)) {
    return fail('unavailable', `${url.host} answers ${status} to ${what}`, 'try again later');
  }
  if (status === 405) {
    return fail('rejected', `${url.host} does not take ${what}`, 'it may be read-only: ask its owner');
  }
  // A server that speaks TLS says no more than that where it is spoken to in the clear.
  const isNotUnderstood = status === 400 && url.protocol === 'http:' && !said;
  return fail(
    'rejected',
    `${url.host} answers ${status} to ${what}`,
    isNotUnderstood ? `if it speaks TLS, write https://${host}` : undefined,
  );
}

/** Whether the registry knows who asks, and that is not enough (RFC 6750, 3.1). */
function lacksRight({ headers }: HttpResponse): boolean {
  const challenges = parseChallenges(headers['www-authenticate'] ?? '');
  return challenges.some(({ parameters }) => parameters['error'] === 'insufficient_scope');
}

/** No credentials, or wrong ones. */
export function unauthenticated(host: string, { credentials, note }: FoundCredentials): StoreError {
  const what = credentials
    ? `${host} does not accept the credentials`
    : `no credentials for ${host}${note ? ` (${note})` : ''}`;
  return new StoreError('unauthenticated', what, `docker login ${host}`, 401);
}

/** What the registry says about it (distribution-spec, "Error Codes"); a page of html says nothing. */
async function explanation(response: HttpResponse): Promise<{ said: string; code?: string }> {
  try {
    const pieces: Buffer[] = [];
    let length = 0;
    for await (const piece of response.body) {
      pieces.push(piece);
      if ((length += piece.length) > 64 * 1024) break;
    }
    const { errors } = JSON.parse(Buffer.concat(pieces).toString('utf8')) as {
      errors?: { code?: unknown; message?: unknown }[];
    };
    const said = [errors?.[0]?.code, errors?.[0]?.message].filter(
      (text) => typeof text === 'string' && text !== '',
    );
    const [code] = said;
    return {
      said: said.length > 0 ? ` (${printable(said.join(': ')).slice(0, 200)})` : '',
      ...(typeof code === 'string' ? { code } : {}),
    };
  } catch {
    return { said: '' };
  }
}

/** Not everything a stranger writes belongs on a terminal. */
function printable(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ').trim();
}

function codeOf(error: unknown): string | undefined {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown };
  if (typeof code === 'string') return code;
  return cause === undefined ? undefined : codeOf(cause);
}
