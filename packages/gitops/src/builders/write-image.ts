import type { Entry } from '../filetree/entry';
import { tarChunks } from '../filetree/tar/writer';
import { FIXED_TIME } from '../filetree/tar/header';
import { canonicalJson } from '../oci/json';
import { describe } from '../oci/manifest';
import { type Digest, sha256 } from '../oci/digest';
import type { Layout } from '../oci/layout';
import { DOCKER, OCI } from '../oci/media-types';
import { type Platform, normalizePlatform } from '../oci/platform';
import type { Descriptor, History, ImageConfig, Manifest, RunConfig } from '../oci/types';
import { at } from '../support/errors';
import type { Assembled } from './assemble/assemble';

/** A layer that is in the output, under what it was made from. */
export type LayersByKey = ReadonlyMap<string, Descriptor>;

export interface WrittenImage {
  readonly platform: Platform;
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
  /** The layers that it adds to its base. */
  readonly layers: LayersByKey;
}

/** An event loop that only ever writes files hears no Ctrl-C. */
const BYTES_WITHOUT_PAUSE = 32 * 1024 * 1024;

/**
 * Writes an image into a layout: the layers that it adds to its base, its configuration, its manifest.
 * The same image always gives the same bytes. `index.json` is left alone.
 *
 * @param known layers that the layout has already
 * @param labels put over those of the Containerfile; asked for when the layers are written
 */
export async function writeImage(
  layout: Layout,
  image: Assembled,
  platform: Platform,
  labels: () => Readonly<Record<string, string>>,
  known: LayersByKey,
  signal?: AbortSignal,
): Promise<WrittenImage> {
  const base = image.base && {
    config: await image.base.image.config(),
    manifest: await image.base.image.manifest(),
  };
  const layers = new Map<string, Descriptor>();
  const own: Descriptor[] = [];
  for (const { entries, place } of image.steps) {
    if (!entries) continue;
    const layer = await at(place, async () => {
      const there = known.size > 0 ? reusable(layout, known.get(layerKey(entries))) : undefined;
      return there ?? (await writeLayer(layout, entries, signal));
    });
    // Files that had to be written are known by now: a first build reads each of them once.
    layers.set(layerKey(entries), layer);
    own.push(layer);
  }

  return writeDocuments(layout, {
    platform,
    run: { ...image.config, Labels: { ...image.config.Labels, ...labels() } },
    author: image.author,
    history: [...(base?.config.history ?? []), ...history(image)],
    layers: [
      ...(base?.manifest.layers ?? []).map((layer, i) => ({
        layer,
        diffId: base!.config.rootfs.diff_ids[i]!,
      })),
      // A layer that is not compressed is its own diffID.
      ...own.map((layer) => ({ layer, diffId: layer.digest })),
    ],
    own: layers,
  });
}

/** An image whose layers are where they belong. */
export interface ImageParts {
  readonly platform: Platform;
  readonly run: RunConfig;
  readonly author?: string;
  readonly history: readonly History[];
  /** Bottom first, the base's too. */
  readonly layers: readonly { readonly layer: Descriptor; readonly diffId: Digest }[];
  /** Those that the image adds to its base. */
  readonly own: LayersByKey;
}

/** Writes an image's configuration and manifest. They say nothing of who built it, where or when. */
export async function writeDocuments(layout: Layout, parts: ImageParts): Promise<WrittenImage> {
  const { platform, author, own } = parts;
  const { os, architecture, variant } = normalizePlatform(platform);
  const config: ImageConfig = {
    os,
    architecture,
    ...(variant ? { variant } : {}),
    created: new Date(FIXED_TIME * 1000).toISOString().replace('.000', ''),
    ...(author ? { author } : {}),
    config: parts.run,
    rootfs: { type: 'layers', diff_ids: parts.layers.map(({ diffId }) => diffId) },
    history: parts.history,
  };
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: OCI.manifest,
    config: await pushDocument(layout, OCI.config, config),
    layers: parts.layers.map(({ layer }) => asOci(layer)),
  };
  return { platform, descriptor: await pushDocument(layout, OCI.manifest, manifest), manifest, layers: own };
}

/** What a layer is made from: equal keys give equal bytes. */
function layerKey(entries: readonly Entry[]): string {
  const lines = entries.map(({ path, type, mode, uid, gid, link, content, device, xattrs }) =>
    JSON.stringify([path, type, mode, uid, gid, link, content?.size, content?.identity, device, xattrs]),
  );
  return sha256(lines.join('\n'));
}

function reusable(layout: Layout, layer: Descriptor | undefined): Descriptor | undefined {
  return layer && layout.path(layer) !== undefined ? layer : undefined;
}

async function writeLayer(
  layout: Layout,
  entries: readonly Entry[],
  signal?: AbortSignal,
): Promise<Descriptor> {
  const writer = layout.writer();
  try {
    let pause = BYTES_WITHOUT_PAUSE;
    for (const chunk of tarChunks(entries)) {
      writer.write(chunk);
      pause -= chunk.length;
      if (pause > 0) continue;
      pause = BYTES_WITHOUT_PAUSE;
      await new Promise(setImmediate);
      signal?.throwIfAborted();
    }
    return { mediaType: OCI.layer, ...writer.finish() };
  } finally {
    writer.abort();
  }
}

function history({ steps }: Assembled): History[] {
  return steps.map(({ createdBy, entries }) => ({
    created_by: createdBy,
    ...(entries ? {} : { empty_layer: true }),
  }));
}

const OCI_TYPES: Readonly<Record<string, string>> = {
  [DOCKER.layer]: OCI.layer,
  [DOCKER.layerGzip]: OCI.layerGzip,
};

/** A manifest of one kind names layers of the same kind; the bytes are the same. */
function asOci(layer: Descriptor): Descriptor {
  return { ...layer, mediaType: OCI_TYPES[layer.mediaType] ?? layer.mediaType };
}

/** Stores a JSON document as a blob. */
export async function pushDocument(layout: Layout, mediaType: string, document: object): Promise<Descriptor> {
  const bytes = canonicalJson(document);
  const descriptor = describe({ mediaType, bytes });
  await layout.push(descriptor, async function* () {
    yield bytes;
  });
  return descriptor;
}
