import { contentOf, readAll } from '../oci/content';
import { gzip } from '../oci/gzip';
import type { Layer } from '../oci/layer';
import { describe } from '../oci/manifest';
import { OCI, compressionOf } from '../oci/media-types';
import type { Descriptor, Digest } from '../oci/types';
import type { CompressedLayer, LayerCache } from './layer-cache';

/** Up to so many bytes, remembering a layer costs more than it saves: it is compressed in 2 ms, and sent in no time. */
export const SMALL = 64 * 1024;

/** Compresses layers on their way to a registry, each once; what is compressed already stays as it is. */
export class Compressor {
  constructor(private readonly cache: LayerCache) {}

  /** @returns undefined where there is nothing to do */
  async compress(layer: Layer, signal?: AbortSignal): Promise<CompressedLayer | undefined> {
    if (compressionOf(layer.descriptor.mediaType) !== 'none') return undefined;
    const content = layer.uncompressed({ signal });
    if (layer.descriptor.size <= SMALL) return inMemory(await readAll(gzip(content)));
    return (
      (await this.cache.find(layer.diffId, { signal })) ?? this.cache.add(layer.diffId, content, { signal })
    );
  }

  /** The very bytes that a store has of a layer, where they are on this machine. */
  async find(
    diffId: Digest,
    { digest }: Descriptor,
    signal?: AbortSignal,
  ): Promise<CompressedLayer | undefined> {
    const found = await this.cache.find(diffId, { signal });
    if (!found || found.descriptor.digest === digest) return found;
    await found.close();
    return undefined;
  }

  close(): void {
    this.cache.close();
  }
}

function inMemory(bytes: Buffer): CompressedLayer {
  return {
    descriptor: describe({ mediaType: OCI.layerGzip, bytes }),
    open: () => contentOf(bytes),
    close: async () => undefined,
  };
}
