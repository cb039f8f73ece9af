import { closest } from '../../containerfile/text';
import { GitopsError } from '../../support/errors';
import type { WorkspaceImage } from '../../workspace/image';
import type { Workspace } from '../../workspace/workspace';

/**
 * The names of the images that a root image deploys: those wanted, else those that no other image is made from.
 * @param directory the root image's own, which it does not deploy
 * @throws GitopsError for a name that no image has
 */
export function deployedImages(
  workspace: Workspace,
  directory: string,
  wanted: readonly string[] | undefined,
): string[] {
  const images = workspace.images.filter(({ projectRoot }) => projectRoot !== directory);
  const names = images.map(({ name }) => name).sort();
  for (const name of wanted ?? []) {
    if (names.includes(name)) continue;
    const near = closest(name, names);
    throw new GitopsError(
      `there is no image ${name} to deploy`,
      undefined,
      near === undefined ? `use some of ${names.join(', ')}` : `did you mean ${near}?`,
    );
  }
  if (wanted !== undefined) return [...new Set(wanted)];
  const used = new Set(images.flatMap((image) => ingredientsOf(workspace, image)));
  return images
    .filter((image) => !used.has(image))
    .map(({ name }) => name)
    .sort();
}

function ingredientsOf(workspace: Workspace, image: WorkspaceImage): readonly WorkspaceImage[] {
  try {
    return workspace.ingredients(image);
  } catch (error) {
    // Its own build says what is wrong with it.
    if (error instanceof GitopsError) return [];
    throw error;
  }
}
