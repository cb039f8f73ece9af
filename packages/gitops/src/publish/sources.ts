import { posix } from 'node:path';
import { canonicalJson } from '../oci/json';
import { attach, readAttached } from '../oci/referrers';
import type { Repository, WritableRepository } from '../oci/store';
import { StoreError } from '../oci/store-error';
import type { Descriptor, Digest } from '../oci/types';
import type { Revision } from '../revision/revision';
import type { Sources } from './explain';

/** The list of what an image was made from, kept beside it. */
const SOURCES_TYPE = 'application/vnd.gitops.sources.v1+json';
const MAX_SIZE = 64 * 1024 * 1024;

/**
 * The files, and the images that are locked beside them: a base may be why a revision changed.
 * @param root the build context, relative to the workspace
 */
export function sourcesOf({ instructions, locked, files }: Revision, root: string): Sources {
  const listed = [...files].filter(([, what]) => what !== 'directory');
  return {
    instructions,
    files: Object.fromEntries([
      ...locked,
      ...listed.map(([path, what]): [string, string] => [posix.join(root, path), what]),
    ]),
  };
}

/**
 * Keeps the list with the image, as a referrer.
 * @param listings of the image's layers, which are to be kept too
 */
export async function putSources(
  repository: WritableRepository,
  subject: Descriptor,
  sources: Sources,
  listings: readonly Descriptor[] = [],
): Promise<void> {
  await attach(repository, subject, {
    artifactType: SOURCES_TYPE,
    mediaType: SOURCES_TYPE,
    content: canonicalJson(sources),
    attachments: listings,
  });
}

/** The list that is kept with an image; undefined where there is none that can be read: it only serves to explain. */
export async function readSources(repository: Repository, subject: Digest): Promise<Sources | undefined> {
  try {
    const bytes = await readAttached(repository, subject, SOURCES_TYPE, { maxSize: MAX_SIZE });
    const value = bytes && (JSON.parse(bytes.toString('utf8')) as Partial<Sources>);
    return value && typeof value.files === 'object' && value.files !== null
      ? {
          instructions: String(value.instructions),
          files: value.files,
          ...(typeof value.commit === 'string' ? { commit: value.commit } : {}),
        }
      : undefined;
  } catch (error) {
    if (error instanceof StoreError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
