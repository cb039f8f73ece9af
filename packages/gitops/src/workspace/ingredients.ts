import { contentIdentity } from '../builders/content-identity';
import { engineWork } from '../builders/needs-engine';
import type { Digest } from '../oci/digest';
import { StoreError } from '../oci/store-error';
import type { Analysis } from './analysis';
import { type Bases, MANIFEST_UNKNOWN } from './bases';
import type { Workspace } from './workspace';

/** What an image is made from, as far as it can be known without an engine. */
export interface Ingredient {
  readonly name: string;
  readonly digest?: Digest;
  /** Equal for images of ours that hand down the same; of others the digest. */
  readonly content?: Digest;
}

/**
 * Looks up the images that an image is made from.
 * @param log told of those that come with no more than a tag
 * @throws GitopsError with file and line, where one is nowhere
 */
export async function findIngredients(
  workspace: Workspace,
  bases: Bases,
  { variants, uses, containerfile }: Analysis,
  log: (line: string) => void,
): Promise<readonly Ingredient[]> {
  const found: Ingredient[] = [];
  for (const { platform, plan } of variants)
    for (const { reference, written, line } of uses) {
      const place = { file: containerfile.file, line };
      try {
        const base = await bases.find(reference, platform, place);
        const isOurs = workspace.match(reference, place)?.pinned === false;
        const content = isOurs ? await contentIdentity(base.image) : base.digest;
        found.push({ name: base.name, digest: base.digest, content });
        if (base.pinned && platform === variants[0]!.platform)
          log(
            `warning: ${place.file}:${line}: ${reference} is what its tag means now; lock it by nx g gitops:lock, or pin it as ${base.pinned}`,
          );
      } catch (error) {
        // An engine may have images of its own.
        if (!(error instanceof StoreError) || !engineWork(containerfile, plan)) throw error;
        // What it has is not what is locked, where the registry lost that.
        if (written !== undefined && error.code === MANIFEST_UNKNOWN) throw error;
        found.push({ name: reference });
      }
    }
  return found;
}
