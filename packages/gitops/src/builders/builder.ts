import type { Layout } from '../oci/layout';
import type { AssembleRequest } from './assemble/assemble';
import type { LayersByKey, WrittenImage } from './write-image';

/** An image to build for one platform, into a layout whose index.json is left alone. */
export interface BuildRequest extends AssembleRequest {
  /** The container file as it is written. */
  readonly text: string;
  readonly layout: Layout;
  /** Labels that follow from the sources, put over those of the container file. Asking for them reads the sources. */
  readonly labels: Readonly<Record<string, string>>;
  /** Layers that the layout has from an earlier build. */
  readonly known: LayersByKey;
  /** Whether the layers of the bases go into the layout too. */
  readonly full: boolean;
  /** Says when to stop. */
  readonly signal?: AbortSignal;
}

/** A way to build images. All give the same files and the same configuration for the same container file. */
export interface Builder {
  /** @throws GitopsError where it cannot be built; NeedsEngine where another builder may */
  build(request: BuildRequest): Promise<WrittenImage>;
}
