import { setTimeout as delay } from 'node:timers/promises';
import { contentOf, readAll } from '../../src/oci/content';
import { sha256 } from '../../src/oci/digest';
import { MANIFEST_TYPES } from '../../src/oci/media-types';
import { Broken } from './fault-proxy';
import type { Answer, Fault, ProxyRequest } from './fault-proxy';

type Bytes = AsyncIterable<Buffer>;
type Apply = Fault['apply'];

/** A fault that strikes whatever comes. */
function fault(
  name: string,
  apply: (...args: [Parameters<Apply>[0], Parameters<Apply>[1]]) => Promise<Answer>,
): Fault {
  return {
    name,
    apply: (request, next, hit) => {
      hit();
      return apply(request, next);
    },
  };
}

/** An answer as registries give it when they do not want to (distribution-spec, "Error Codes"). */
function refusal(status: number, code: string, headers: Answer['headers'] = {}): Answer {
  const body = JSON.stringify({ errors: [{ code, message: code.toLowerCase().replace(/_/g, ' ') }] });
  const all = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers };
  return { status, headers: all, body: contentOf(body) };
}

/** The registry is not asked; this is the answer. */
export function answers(status: number, code = 'UNKNOWN', headers: Answer['headers'] = {}): Fault {
  return fault(`answers ${status}`, async ({ method }) => {
    const answer = refusal(status, code, headers);
    return method === 'HEAD' ? { ...answer, body: contentOf() } : answer;
  });
}

/** Too many requests, come back after so many seconds. */
export function throttles(seconds: number): Fault {
  return answers(429, 'TOOMANYREQUESTS', { 'retry-after': String(seconds) });
}

/** The connection ends, and the registry has heard nothing. */
export function hangsUp(): Fault {
  return fault('hangs up', async () => {
    throw new Broken('hung up');
  });
}

/** The registry does it, and nobody hears that it did. */
export function losesAnswer(): Fault {
  return fault('loses the answer', async (request, next) => {
    const { body } = await next(request);
    await readAll(body);
    throw new Broken('answer lost');
  });
}

/** The registry gets so many bytes of the body, and the connection ends. */
export function cutsRequest(after: number): Fault {
  return fault('cuts the request', async (request, next) => {
    const answered = next({ ...request, body: first(request.body, after) }).then(({ body }) => readAll(body));
    // What it says to that is lost; but it has done with it.
    await answered.catch(() => undefined);
    throw new Broken('request cut');
  });
}

export interface Cut {
  /** After so many bytes; by default half of them. */
  readonly after?: number;
  /** Without a word of how long it would have been. */
  readonly chunked?: boolean;
}

/** The connection ends in the middle of the answer. An answer without a body is lost. */
export function cutsAnswer({ after, chunked = false }: Cut = {}): Fault {
  return fault('cuts the answer', async (request, next) => {
    const { status, headers, body } = await next(request);
    const { 'content-length': length, ...others } = headers;
    const end = after ?? Math.floor(Number(length ?? 0) / 2);
    return { status, headers: chunked ? others : headers, body: first(body, end) };
  });
}

/** The answer has as many bytes as it should, and one of them is wrong. */
export function corrupts(): Fault {
  return fault('corrupts', async (request, next) => {
    const answer = await next(request);
    return { ...answer, body: changed(answer.body) };
  });
}

/**
 * A manifest that is put under a tag is confirmed, and the tag does not come to be.
 * @param stored whether the manifest does, by its digest
 */
export function losesTag({ stored = false } = {}): Fault {
  return fault('loses the tag', async (request, next) => {
    const bytes = await readAll(request.body);
    const digest = sha256(bytes);
    const path = `/v2/${request.repository}/manifests/${digest}`;
    if (stored)
      return next({ ...request, kind: 'manifest', reference: digest, path, body: contentOf(bytes) });
    const headers = { location: path, 'docker-content-digest': digest, 'content-length': 0 };
    return { status: 201, headers, body: contentOf() };
  });
}

/** The request arrives later. */
export function delays(ms: number): Fault {
  return fault('delays', async (request, next) => {
    await delay(ms);
    return next(request);
  });
}

/** Holds requests back until the test opens it: what happens in between is certain. */
export class Gate {
  open!: () => void;
  private arrive!: () => void;
  private readonly opened = new Promise<void>((resolve) => (this.open = resolve));
  /** Resolves when a request stands before it. */
  readonly arrived = new Promise<void>((resolve) => (this.arrive = resolve));

  readonly fault = fault('holds back', async (request, next) => {
    this.arrive();
    await this.opened;
    return next(request);
  });
}

/** Leaves out of the headers what a manifest is: only its bytes tell. */
export function tellsNothing(): Fault {
  return fault('tells nothing', async (request, next) => {
    const answer = await next(request);
    const { 'docker-content-digest': _d, etag: _e, ...headers } = answer.headers;
    return { ...answer, headers };
  });
}

/** Says of what it gives that it is something else. */
export function misnames(): Fault {
  return fault('misnames', async (request, next) => {
    const answer = await next(request);
    if (answer.headers['docker-content-digest'] === undefined) return answer;
    const digest = sha256('something else');
    return { ...answer, headers: { ...answer.headers, 'docker-content-digest': digest } };
  });
}

/** For `PUT tag`: a tag that is there is not overwritten, not even by the same; of several at once one succeeds. */
export function keepsTags(status = 409, code = 'TAG_INVALID'): Fault {
  const last = new Map<string, Promise<unknown>>();
  return {
    name: 'keeps the tag',
    apply: (request, next, hit) => {
      const turn = (last.get(request.path) ?? Promise.resolve()).then(async () => {
        if (!(await isThere(request, next))) return next(request);
        hit();
        return refusal(status, code);
      });
      last.set(
        request.path,
        turn.catch(() => undefined),
      );
      return turn;
    },
  };
}

/** For `*`: the list of tags is as it was so many ms ago, as far as tags were added since by way of this proxy. */
export function staleList(ms: number, now: () => number = Date.now): Fault {
  const young = new YoungTags(ms, now);
  return {
    name: 'lists the tags of old',
    apply: async (request, next, hit) => {
      if (request.method !== 'GET' || request.kind !== 'tags') return young.watch(request, next);
      const answer = await next(request);
      if (answer.status !== 200) return answer;
      const list = JSON.parse((await readAll(answer.body)).toString()) as { tags: string[] | null };
      const tags = (list.tags ?? []).filter((tag) => !young.has(request.repository, tag));
      if (tags.length < (list.tags ?? []).length) hit();
      const body = JSON.stringify({ ...list, tags });
      const headers = { ...answer.headers, 'content-length': Buffer.byteLength(body) };
      return { ...answer, headers, body: contentOf(body) };
    },
  };
}

/** For `*`: a tag that was added by way of this proxy is listed, but not found for so many ms. */
export function lateTags(ms: number, now: () => number = Date.now): Fault {
  const young = new YoungTags(ms, now);
  return {
    name: 'does not find the tag',
    apply: async (request, next, hit) => {
      const isRead = request.method === 'GET' || request.method === 'HEAD';
      if (!isRead || request.kind !== 'tag' || !young.has(request.repository, request.reference)) {
        return young.watch(request, next);
      }
      hit();
      const answer = refusal(404, 'MANIFEST_UNKNOWN');
      return request.method === 'HEAD' ? { ...answer, body: contentOf() } : answer;
    },
  };
}

/** Tags that have not been there for long. */
class YoungTags {
  private readonly born = new Map<string, number>();

  constructor(
    private readonly ms: number,
    private readonly now: () => number,
  ) {}

  has(repository: string, tag: string): boolean {
    return this.now() - (this.born.get(`${repository}:${tag}`) ?? -Infinity) < this.ms;
  }

  /** Passes the request on, and sees whether it adds a tag. */
  async watch(request: ProxyRequest, next: (request: ProxyRequest) => Promise<Answer>): Promise<Answer> {
    if (request.method !== 'PUT' || request.kind !== 'tag') return next(request);
    const isNew = !(await isThere(request, next));
    const answer = await next(request);
    if (isNew && answer.status === 201)
      this.born.set(`${request.repository}:${request.reference}`, this.now());
    return answer;
  }
}

async function isThere(
  request: ProxyRequest,
  next: (request: ProxyRequest) => Promise<Answer>,
): Promise<boolean> {
  const { authorization, host } = request.headers;
  const headers = { host, accept: MANIFEST_TYPES.join(), ...(authorization && { authorization }) };
  const { status, body } = await next({ ...request, method: 'HEAD', headers, body: contentOf() });
  await readAll(body);
  return status === 200;
}

async function* first(body: Bytes, length: number): Bytes {
  let left = length;
  for await (const piece of body) {
    if (left > 0) yield piece.subarray(0, left);
    left -= piece.length;
    if (left <= 0) break;
  }
  throw new Broken(`cut after ${length} bytes`);
}

async function* changed(body: Bytes): Bytes {
  let done = false;
  for await (const piece of body) {
    const copy = Buffer.from(piece);
    if (!done && copy.length > 0) copy[copy.length >> 1]! ^= 1;
    done ||= copy.length > 0;
    yield copy;
  }
}
