import type { Revision } from '../revision/revision';
import { GitopsError } from '../support/errors';
import type { WorkspaceImage } from '../workspace/image';
import type { Workspace } from '../workspace/workspace';
import type { Candidate, Need } from './decide';

/** What an image says of itself to those who decide its version. */
export function candidateOf(workspace: Workspace, image: WorkspaceImage, revision: Revision): Candidate {
  return { image: image.name, revision: revision.hash, needs: needsOf(workspace, image) };
}

/** The images that an image needs in whatever version they have, each once. */
function needsOf(workspace: Workspace, image: WorkspaceImage): Need[] {
  const { labels, containerfile } = workspace.analysis(image);
  const needs = new Map<string, Need>();
  for (const { image: needed, pinned, line } of workspace.dependencies(image)) {
    // Of two labels, the later one is the image's.
    const label = labels.findLast(({ image: name }) => name === needed.name);
    const place = { file: containerfile.file, line: label?.line ?? line };
    if (!pinned) needs.set(needed.name, { image: needed.name, range: label?.range, place });
  }
  return [...needs.values()];
}

/** The images, each after those that it needs, which come in where they are not there. */
export function withDependencies(workspace: Workspace, images: readonly WorkspaceImage[]): WorkspaceImage[] {
  return sorted(images, (image) => {
    try {
      return followed(workspace, image);
    } catch (error) {
      // What is wrong with it stops it, and not all others.
      if (error instanceof GitopsError) return [];
      throw error;
    }
  });
}

/**
 * The images alone, each after those of them that it needs.
 * @throws GitopsError where some need each other
 */
export function inOrder(workspace: Workspace, images: readonly WorkspaceImage[]): WorkspaceImage[] {
  const wanted = new Set(images);
  return withDependencies(workspace, images).filter((image) => wanted.has(image));
}

/** The images of the workspace that an image follows, as ingredients or by a label. */
export function followed(workspace: Workspace, image: WorkspaceImage): WorkspaceImage[] {
  const dependencies = workspace.dependencies(image).filter(({ pinned }) => !pinned);
  return [...new Set(dependencies.map((dependency) => dependency.image))];
}

function sorted(
  images: readonly WorkspaceImage[],
  needs: (image: WorkspaceImage) => readonly WorkspaceImage[],
): WorkspaceImage[] {
  const done = new Set<WorkspaceImage>();
  const path: WorkspaceImage[] = [];
  const visit = (image: WorkspaceImage): void => {
    if (done.has(image)) return;
    if (path.includes(image)) {
      const circle = [...path.slice(path.indexOf(image)), image].map(({ name }) => name);
      throw new GitopsError(
        `no version can be decided, for the images need each other: ${circle.join(' → ')}`,
        { file: image.options.containerfile },
        'take one of these out of the circle',
      );
    }
    path.push(image);
    for (const needed of needs(image)) visit(needed);
    path.pop();
    done.add(image);
  };
  images.forEach(visit);
  return [...done];
}
