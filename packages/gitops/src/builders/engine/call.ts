import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { GitopsError } from '../../support/errors';
import { remedyFor } from './progress/failure';

export interface CallOptions {
  /** Undefined and false are left out; objects go as JSON, lists as repeated parameters. */
  readonly query?: Readonly<Record<string, unknown>>;
  /** A tar stream. */
  readonly body?: Readable;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

const STATUS = {
  200: true,
  201: true,
  204: true,
  400: 'bad parameter',
  404: 'not found',
  409: 'conflict',
  500: 'server error',
};

/**
 * A call of the Engine API whose answer is a stream: dockerode's own methods put a body where none belongs, or
 * leave out what newer engines can.
 * @throws GitopsError what the engine said
 */
export function call(
  docker: Docker,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  { query = {}, body, headers, signal }: CallOptions = {},
): Promise<IncomingMessage> {
  const options = {
    method,
    path: `${path}?`,
    options: { _query: present(query), _body: {} },
    file: body,
    ...(headers && { headers }),
    isStream: true,
    abortSignal: signal,
    statusCodes: STATUS,
  } as unknown as Parameters<typeof docker.modem.dial>[0];
  return new Promise((resolve, reject) => {
    docker.modem.dial(options, (error: unknown, answer: unknown) => {
      if (error) reject(signal?.aborted ? signal.reason : explain(error as EngineError));
      else resolve(answer as IncomingMessage);
    });
  });
}

/** What dockerode throws: the HTTP status, and the engine's own words. */
export interface EngineError extends Error {
  readonly statusCode?: number;
  readonly json?: { readonly message?: string };
  readonly code?: string;
  readonly syscall?: string;
}

/** What an engine, or the way to it, did wrong, as something to tell the user; everything else as it is. */
export function engineFailure(error: unknown): unknown {
  const { statusCode, code = '', syscall } = error as EngineError;
  const isTheirs = statusCode !== undefined || syscall === 'connect' || /^(ECONNRESET|EPIPE)$/.test(code);
  return isTheirs && !(error instanceof GitopsError) ? explain(error as EngineError) : error;
}

function explain(error: EngineError): GitopsError {
  const said = error.json?.message ?? error.message.replace(/^\(HTTP code \d+\) [^-]*- /, '');
  if (error.statusCode) return new GitopsError(said.trim(), undefined, remedyFor(said));
  return new GitopsError(
    `the engine does not answer (${error.code ?? said.trim()})`,
    undefined,
    'see whether it is still running, then try again',
  );
}

function present(query: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(query).filter(([, value]) => value !== undefined && value !== false),
  );
}
