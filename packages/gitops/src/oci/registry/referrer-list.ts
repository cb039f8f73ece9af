import { limited, readAll } from '../content';
import { isIndex, parseManifest } from '../manifest';
import { OCI } from '../media-types';
import { StoreError } from '../store-error';
import type { Descriptor } from '../types';
import type { ApiRequest, Client } from './client';
import { pages } from './pages';

/** A registry that does not know the address says 404; others that do not know it have been seen to say so. */
const UNKNOWN: ReadonlySet<number> = new Set([400, 404, 405, 406, 501]);

/**
 * What refers to a manifest (distribution-spec, "Listing Referrers"); undefined when the registry has no such API.
 * @param request for the first page
 * @param what the manifest, in a user's words
 * @param artifactType undefined for any
 */
export async function referrerList(
  client: Client,
  request: ApiRequest,
  what: string,
  artifactType: string | undefined,
): Promise<readonly Descriptor[] | undefined> {
  const referrers: Descriptor[] = [];
  for await (const response of pages(client, request)) {
    const type = response.headers['content-type']?.split(';')[0]!.trim();
    // Behind some proxies every address exists, as a page of html.
    if (UNKNOWN.has(response.status) || (response.status === 200 && type !== OCI.index)) {
      await response.drain();
      return undefined;
    }
    if (response.status !== 200) throw await client.failure(response, `the referrers of ${what}`);
    const list = `the list of referrers of ${what}`;
    const page = parseManifest(await readAll(limited(response.body, list)), list);
    if (!isIndex(page)) throw new StoreError('corrupt', `${list} is not an index`);
    // Filtering is for the registry to do or not (OCI-Filters-Applied).
    referrers.push(
      ...page.manifests.filter((entry) => artifactType === undefined || entry.artifactType === artifactType),
    );
  }
  return referrers;
}
