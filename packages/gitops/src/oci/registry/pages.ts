import type { ApiRequest, Client } from './client';
import type { HttpResponse } from './transport';

/** Not every registry makes pages: then all that there is comes at once. */
const MAX_PAGE_SIZE = 64 * 1024 * 1024;

/**
 * The answers to a request, page after page as `Link` leads (distribution-spec, "Listing Tags"; RFC 8288).
 * @param request for the first page
 */
export async function* pages(client: Client, request: ApiRequest): AsyncIterable<HttpResponse> {
  let url: URL | undefined = request.url;
  for (const visited = new Set<string>(); url && !visited.has(url.href);) {
    visited.add(url.href);
    const response: HttpResponse = await client.document({ ...request, url }, MAX_PAGE_SIZE);
    yield response;
    url = nextPage(client, url, response.headers['link']);
  }
}

/** Only the path counts: a registry behind a proxy may not know its own name. */
function nextPage(client: Client, current: URL, link = ''): URL | undefined {
  const target = /<([^>]*)>\s*;[^,]*\brel="?next\b/i.exec(link)?.[1];
  if (target === undefined || !URL.canParse(target, current.href)) return undefined;
  const { pathname, search } = new URL(target, current);
  return client.url(`${pathname}${search}`);
}
