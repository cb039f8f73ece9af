import { StoreError } from '../store-error';
import type { Content } from '../store';
import type { Descriptor } from '../types';
import type { ApiRequest, Client } from './client';
import { isPassing } from './failures';
import type { HttpResponse } from './transport';

/** After so much progress the attempts are counted anew: a large blob over a poor line gets there in the end. */
const PROGRESS = 1024 * 1024;

/**
 * The bytes of a blob or manifest, unverified. Where the connection breaks, reading goes on from there by Range
 * (distribution-spec, "Pulling blobs"), or from the start, dropping what is known, where the registry has no Range.
 * @param what what is read, in a user's words
 * @throws StoreError `cut` when it breaks again and again
 */
export async function* download(
  client: Client,
  request: ApiRequest,
  { size }: Descriptor,
  what: string,
): Content {
  let offset = 0;
  let counted = 0;
  for (let attempt = 1; ; attempt++) {
    const response = await client.request(resumed(request, offset));
    // The registry has no more: whoever verifies sees that it is too short.
    if (response.status === 416 && offset > 0) return response.drain();
    if (response.status !== 200 && response.status !== 206) throw await client.failure(response, what);
    let skip = offset - startOf(response);
    if (skip < 0)
      throw new StoreError('cut', `${what} could not be resumed after ${offset} of ${size} bytes`);
    let error: unknown;
    try {
      for await (const piece of response.body) {
        const fresh = piece.subarray(Math.min(skip, piece.length));
        skip -= piece.length - fresh.length;
        offset += fresh.length;
        if (fresh.length > 0) yield fresh;
      }
    } catch (caught) {
      request.signal?.throwIfAborted();
      if (!isPassing(caught)) throw caught;
      error = caught;
    }
    // Also where only the end of the answer is missing: there are registries that stumble over a Range behind the end.
    if (offset >= size) return;
    if (offset - counted >= PROGRESS) attempt = 0;
    counted = offset;
    if (!(await client.pause(Math.max(1, attempt), undefined, request.signal))) {
      if (error === undefined) return;
      throw new StoreError('cut', `${what} broke off after ${offset} of ${size} bytes`, 'try again');
    }
  }
}

function resumed(request: ApiRequest, offset: number): ApiRequest {
  return offset === 0 ? request : { ...request, headers: { ...request.headers, range: `bytes=${offset}-` } };
}

function startOf({ status, headers }: HttpResponse): number {
  const range = status === 206 ? /^bytes (\d+)-/.exec(headers['content-range'] ?? '') : null;
  return range ? Number(range[1]) : 0;
}
