import { join } from 'node:path';
import { Layout } from '../oci/layout';
import type { BlobSource } from '../oci/store';
import type { Descriptor } from '../oci/types';
import { type WorkspaceImage, labelledPath, outputPath } from './image';

/** Where the content of an image of the workspace is. */
export interface Whereabouts {
  readonly source: BlobSource;
  /** The image, or the index of its platforms; undefined where it is not there. */
  readonly descriptor: Descriptor | undefined;
  /** Whether an engine can pull it from there by name. */
  readonly isPullable?: boolean;
  /** Whether the layers of its bases are in the same place. */
  readonly isWhole?: boolean;
}

/** Says where an image of the workspace is. */
export type Locate = (image: WorkspaceImage) => Whereabouts;

/** In the layout that an image was built into. What is in it is read when it is asked for. */
export function inLayout(layout: Layout): Whereabouts {
  return {
    source: layout,
    get descriptor() {
      return layout.entries()[0];
    },
  };
}

/** Where `image-build` puts its images. */
export function inOutputs(workspaceRoot: string): Locate {
  return (image) => inLayout(new Layout(join(workspaceRoot, outputPath(image))));
}

/** Where `image-label` puts its images; for what has no labels yet, where `image-build` does. */
export function labelledOrBuilt(workspaceRoot: string): Locate {
  const outputs = inOutputs(workspaceRoot);
  return (image) => {
    const labelled = inLayout(new Layout(join(workspaceRoot, labelledPath(image))));
    return labelled.descriptor ? labelled : outputs(image);
  };
}
