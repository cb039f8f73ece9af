import type { Layer } from '../oci/layer';
import type { Digest } from '../oci/digest';
import type { Layout } from '../oci/layout';
import { isLayout, readIndex } from '../oci/layout/index-file';
import { replaceContent } from '../oci/layout/replace';
import { OCI } from '../oci/media-types';
import { normalizePlatform } from '../oci/platform';
import type { Descriptor, Index } from '../oci/types';
import { type LayersByKey, type WrittenImage, pushDocument } from './write-image';

/** What an image was made from: where it is equal, there is nothing to do. */
const KEY = 'dev.gitops.build';
/** The same, for images made from bases that are equal in what they hand down. */
const CONTENT = 'dev.gitops.content';
/** The image's own layers by what they were made from: what is unchanged is not written again. */
const LAYERS = 'dev.gitops.layers';
/** The other blobs that the output has to hold. */
const BLOBS = 'dev.gitops.blobs';

/** What an earlier build left in an output. */
export interface Output {
  /** The manifest's digest, or the index's. */
  readonly digest: Digest;
  readonly key: string | undefined;
  readonly content: string | undefined;
  readonly layers: LayersByKey;
  /** Whether all blobs are there, in their sizes. */
  readonly isWhole: boolean;
}

/** Reads an output; undefined where there is none, or none that can be read. */
export function readOutput(layout: Layout): Output | undefined {
  try {
    if (!isLayout(layout.directory)) return undefined;
    const [entry] = readIndex(layout.directory).manifests;
    if (!entry) return undefined;
    const annotations = entry.annotations ?? {};
    const { [KEY]: key, [CONTENT]: content, [LAYERS]: layers = '{}', [BLOBS]: blobs = '[]' } = annotations;
    const byKey = new Map(Object.entries(JSON.parse(layers) as Record<string, Descriptor>));
    const others = JSON.parse(blobs) as Descriptor[];
    const isWhole = [entry, ...byKey.values(), ...others].every((blob) => layout.path(blob) !== undefined);
    return { digest: entry.digest, key, content, layers: byKey, isWhole };
  } catch {
    // What cannot be read is made anew.
    return undefined;
  }
}

/**
 * Makes the images what the layout holds, and nothing else: one alone, several as an index of platforms.
 * @param options.full whether the layers of their bases are there too
 * @returns the digest of the image, or of the index
 */
export async function publish(
  layout: Layout,
  images: readonly WrittenImage[],
  { key, content, full }: { key: string; content: string; full: boolean },
): Promise<Digest> {
  const manifests = images.map(({ descriptor, platform }) => ({
    ...descriptor,
    platform: normalizePlatform(platform),
  }));
  const index: Index = { schemaVersion: 2, mediaType: OCI.index, manifests };
  const top = images.length === 1 ? manifests[0]! : await pushDocument(layout, OCI.index, index);
  const layers = new Map(images.flatMap((image) => [...image.layers]));
  const others = [
    ...(images.length === 1 ? [] : images.map(({ descriptor }) => descriptor)),
    ...images.flatMap(({ manifest }) => [manifest.config, ...(full ? manifest.layers : [])]),
  ];
  const annotations = {
    [KEY]: key,
    [CONTENT]: content,
    [LAYERS]: JSON.stringify(Object.fromEntries(layers)),
    [BLOBS]: JSON.stringify(others.map(({ mediaType, digest, size }) => ({ mediaType, digest, size }))),
  };
  const kept = [top, ...others, ...layers.values()].map(({ digest }) => digest);
  replaceContent(layout, [{ ...top, annotations }], kept);
  return top.digest;
}

/** Adds the layers of a base, so that other tools find all of the image in one place. */
export async function addLayers(
  layout: Layout,
  layers: readonly Layer[],
  signal?: AbortSignal,
): Promise<void> {
  for (const layer of layers) await layout.push(layer.descriptor, () => layer.open(), { signal });
}
