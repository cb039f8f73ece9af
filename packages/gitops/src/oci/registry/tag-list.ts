import { readAll } from '../content';
import { StoreError } from '../store-error';
import type { ApiRequest, Client } from './client';
import { pages } from './pages';

/**
 * The tags of a repository (distribution-spec, "Listing Tags"), sorted here: not every registry does it, and those that
 * do have different notions of it.
 * @param request for the first page
 * @param where the repository, in a user's words
 * @param after only what sorts after it; registries that do not know `last` list everything
 */
export async function* tagList(
  client: Client,
  request: ApiRequest,
  where: string,
  after = '',
): AsyncIterable<string> {
  const url = new URL(request.url);
  // "Case-insensitive alphanumeric order", says the specification: what comes after `B` there is not all that does here.
  if (after && after === after.toLowerCase()) url.searchParams.set('last', after);
  const tags = new Set<string>();
  for await (const response of pages(client, { ...request, url })) {
    // Nothing has been pushed there yet.
    if (response.status === 404) return response.drain();
    if (response.status !== 200) throw await client.failure(response, where);
    for (const tag of read(await readAll(response.body), where)) if (tag > after) tags.add(tag);
  }
  yield* [...tags].sort();
}

function read(bytes: Buffer, where: string): string[] {
  try {
    const { tags } = JSON.parse(bytes.toString('utf8')) as { tags?: unknown };
    if (tags === null || tags === undefined) return [];
    if (Array.isArray(tags) && tags.every((tag) => typeof tag === 'string')) return tags;
  } catch {
    // As below.
  }
  throw new StoreError('corrupt', `the list of tags of ${where} cannot be read`);
}
