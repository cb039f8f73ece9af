import { readAll } from '../content';
import { StoreError } from '../store-error';
import type { ApiRequest, Client } from './client';

/**
 * The tags of a repository, page after page as `Link` leads (distribution-spec, "Listing Tags").
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
  let url: URL | undefined = new URL(request.url);
  if (after) url.searchParams.set('last', after);
  for (const visited = new Set<string>(); url && !visited.has(url.href);) {
    visited.add(url.href);
    const response = await client.request({ ...request, url });
    // Nothing has been pushed there yet.
    if (response.status === 404) return response.drain();
    if (response.status !== 200) throw await client.failure(response, where);
    for (const tag of read(await readAll(response.body), where)) if (tag > after) yield tag;
    url = nextPage(client, url, response.headers['link']);
  }
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

/** Only the path counts: a registry behind a proxy may not know its own name. */
function nextPage(client: Client, current: URL, link = ''): URL | undefined {
  const target = /<([^>]*)>\s*;[^,]*\brel="?next\b/i.exec(link)?.[1];
  if (target === undefined || !URL.canParse(target, current.href)) return undefined;
  const { pathname, search } = new URL(target, current);
  return client.url(`${pathname}${search}`);
}
