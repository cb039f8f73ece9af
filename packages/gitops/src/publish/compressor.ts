import { rmSync } from 'node:fs';
import { compressLayer } from '../oci/gzip';
import type { Layer } from '../oci/layer';
import { Layout } from '../oci/layout';
import { temporaryPath } from '../support/temporary';
import { compressionOf } from '../oci/media-types';
import type { Content } from '../oci/store';
import type { Descriptor } from '../oci/types';

/** A layer as it travels. */
export interface CompressedLayer {
  readonly descriptor: Descriptor;
  open(): Content;
}

/** Compresses layers on their way to a registry; what is compressed already stays as it is. */
export class Compressor {
  private layout: Layout | undefined;

  /** @param scratch a directory with room for what is on its way */
  constructor(private readonly scratch: string) {}

  /** @returns undefined where there is nothing to do */
  async compress(layer: Layer, signal?: AbortSignal): Promise<CompressedLayer | undefined> {
    if (compressionOf(layer.descriptor.mediaType) !== 'none') return undefined;
    this.layout ??= this.make();
    const { layout } = this;
    const descriptor = await compressLayer(layer.uncompressed({ signal }), layout, { signal });
    return { descriptor, open: () => layout.open(descriptor, { signal }) };
  }

  /** Removes what was on its way. */
  close(): void {
    if (this.layout) rmSync(this.layout.directory, { recursive: true, force: true });
  }

  private make(): Layout {
    return new Layout(temporaryPath(this.scratch));
  }
}
