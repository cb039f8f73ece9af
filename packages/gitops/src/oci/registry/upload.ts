import { GitopsError } from '../../support/errors';
import { verified } from '../content';
import type { Content } from '../store';
import { StoreError } from '../store-error';
import type { Descriptor } from '../types';
import type { Client } from './client';
import { isPassing, networkFailure } from './failures';
import { isRetriableStatus } from './retry';
import type { HttpResponse } from './transport';

/** Up to here a blob goes in one request; a larger one in a way that can be resumed. */
const MONOLITHIC = 4 * 1024 * 1024;

export interface Upload {
  /** The repository's name in the registry. */
  readonly repository: string;
  readonly descriptor: Descriptor;
  readonly content: () => Content;
  /** Another repository that may have the blob. */
  readonly mountFrom?: string;
  /** In a user's words. */
  readonly what: string;
  readonly signal?: AbortSignal;
}

/** An answer that ends this session of the upload; another may succeed. */
class SessionFailure extends Error {
  constructor(readonly response: HttpResponse) {
    super(`upload answered ${response.status}`);
  }
}

/**
 * Uploads a blob that the registry lacks (distribution-spec, "Pushing a blob in chunks", "Mounting a blob").
 * @param isThere whether the blob has arrived after all, although an answer was lost
 * @throws StoreError
 */
export async function upload(client: Client, job: Upload, isThere: () => Promise<boolean>): Promise<void> {
  let session: URL | undefined;
  for (let attempt = 1; ; attempt++) {
    let response: HttpResponse | undefined;
    try {
      let offset = 0;
      if (session) [session, offset] = await resume(client, job, session);
      session ??= await start(client, job, attempt === 1);
      if (session) await send(client, job, session, offset, (url) => (session = url));
      return;
    } catch (error) {
      job.signal?.throwIfAborted();
      if (error instanceof SessionFailure) response = error.response;
      else if (error instanceof GitopsError || !isPassing(error))
        throw networkFailure(error, client.endpoint.host);
      const isLast = !(await client.pause(attempt, response, job.signal));
      if (await isThere()) return;
      if (isLast) throw await final(client, job, error, response);
      await response?.drain();
    }
  }
}

async function final(client: Client, job: Upload, error: unknown, response?: HttpResponse): Promise<unknown> {
  return response ? client.failure(response, job.what) : networkFailure(error, client.endpoint.host);
}

/** Begins a session. @returns nothing when the blob could be mounted: then all is done */
async function start(client: Client, job: Upload, mayMount: boolean): Promise<URL | undefined> {
  const path = `${job.repository}/blobs/uploads/`;
  if (mayMount && job.mountFrom !== undefined) {
    const mounted = await tryMount(client, job, path, job.mountFrom);
    if (mounted?.status === 201) return undefined;
    if (mounted?.status === 202) return locationOf(client, mounted, client.url(path));
  }
  const url = client.url(path);
  const response = await client.request({
    method: 'POST',
    url,
    headers: { 'content-length': '0' },
    scopes: scopesOf(job),
    signal: job.signal,
  });
  if (response.status !== 202) throw await client.failure(response, job.what);
  await response.drain();
  return locationOf(client, response, url);
}

/** A mount is only a short cut: whatever the registry has against it, the blob is uploaded then. */
async function tryMount(
  client: Client,
  job: Upload,
  path: string,
  from: string,
): Promise<HttpResponse | undefined> {
  const query = new URLSearchParams({ mount: job.descriptor.digest, from });
  try {
    const response = await client.request({
      method: 'POST',
      url: client.url(`${path}?${query}`),
      headers: { 'content-length': '0' },
      scopes: [...scopesOf(job), `repository:${from}:pull`],
      signal: job.signal,
    });
    await response.drain();
    return response;
  } catch (error) {
    if (error instanceof StoreError && error.kind === 'unauthenticated') return undefined;
    throw error;
  }
}

/** Sends what is missing. @param moved each answer may give a new address for the session */
async function send(
  client: Client,
  job: Upload,
  session: URL,
  offset: number,
  moved: (url: URL) => void,
): Promise<void> {
  const { descriptor } = job;
  const rest = descriptor.size - offset;
  if (offset === 0 && descriptor.size <= MONOLITHIC)
    return put(client, job, session, () => body(job, 0), rest);
  let url = session;
  if (rest > 0) {
    const response = await client.exchange({
      method: 'PATCH',
      url,
      headers: {
        'content-type': 'application/octet-stream',
        'content-length': String(rest),
        // Not with the first chunk: there are registries that only know the stream that docker sends.
        ...(offset > 0 ? { 'content-range': `${offset}-${descriptor.size - 1}` } : {}),
      },
      body: () => body(job, offset),
      scopes: scopesOf(job),
      signal: job.signal,
    });
    await check(client, job, response, [202, 204]);
    url = locationOf(client, response, url);
    moved(url);
  }
  await put(client, job, url, () => Buffer.alloc(0), 0);
}

/** Closes the session: what was sent gets its name. */
async function put(
  client: Client,
  job: Upload,
  session: URL,
  content: () => Buffer | Content,
  length: number,
): Promise<void> {
  const response = await client.exchange({
    method: 'PUT',
    url: withDigest(session, job.descriptor.digest),
    headers: { 'content-type': 'application/octet-stream', 'content-length': String(length) },
    body: content,
    scopes: scopesOf(job),
    signal: job.signal,
  });
  // What was sent has its digest. That it is refused all the same was seen where two send the same blob at once.
  await check(client, job, response, [201, 204], [400]);
}

/** How far the session has come; from the beginning in a new one where the registry does not say. */
async function resume(client: Client, job: Upload, session: URL): Promise<[URL | undefined, number]> {
  const response = await client.request({
    method: 'GET',
    url: session,
    scopes: scopesOf(job),
    signal: job.signal,
  });
  await response.drain();
  const range = /^(?:bytes=)?0-(\d+)$/.exec(response.headers['range'] ?? '');
  if (response.status !== 204 || !range) return [undefined, 0];
  // `0-0` is one byte, or none: registries differ. Nothing is lost by starting anew.
  const last = Number(range[1]);
  if (last === 0 || last >= job.descriptor.size) return [undefined, 0];
  return [locationOf(client, response, session), last + 1];
}

async function* body(job: Upload, offset: number): Content {
  let skip = offset;
  for await (const piece of verified(job.content(), job.descriptor, 'what was pushed')) {
    const fresh = piece.subarray(Math.min(skip, piece.length));
    skip -= piece.length - fresh.length;
    if (fresh.length > 0) yield fresh;
  }
}

async function check(
  client: Client,
  job: Upload,
  response: HttpResponse,
  wanted: readonly number[],
  passing: readonly number[] = [],
): Promise<void> {
  const { status } = response;
  if (wanted.includes(status)) return response.drain();
  // 404 and 416: the session is gone or elsewhere.
  if (isRetriableStatus(status) || [404, 416, ...passing].includes(status))
    throw new SessionFailure(response);
  throw await client.failure(response, job.what);
}

function scopesOf({ repository }: Upload): string[] {
  return [`repository:${repository}:pull,push`];
}

function locationOf(client: Client, { headers }: HttpResponse, base: URL): URL {
  return headers['location'] === undefined ? base : client.url(headers['location'], base);
}

/** The query is kept to the letter: registries sign it. */
function withDigest(session: URL, digest: string): URL {
  const url = new URL(session);
  url.search += `${url.search ? '&' : '?'}digest=${encodeURIComponent(digest)}`;
  return url;
}
