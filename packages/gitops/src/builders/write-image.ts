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
import type { Step } from './assemble/stage-draft';
import { divideLayers } from './layer-parts';

/** When everything was made, so that no clock is in an image. */
export const CREATED = new Date(FIXED_TIME * 1000).toISOString().replace('.000', '');

/** A layer that is in the output, under what it was made from. */
export type LayersByKey = ReadonlyMap<string, Descriptor>;

export interface WrittenImage {
  readonly platform: Platform;
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
  /** The layers that it adds to its base. */
  readonly layers: LayersByKey;
}

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
  const steps = divided(image.steps, base?.manifest.layers.length);
  const layers = new Map<string, Descriptor>();
  const own: Descriptor[] = [];
  const pauses = new Pauses(signal);
  for (const { parts, place } of steps)
    for (const entries of parts) {
      const layer = await at(place, async () => {
        const there = known.size > 0 ? reusable(layout, known.get(layerKey(entries))) : undefined;
        return there ?? (await writeLayer(layout, entries, pauses));
      });
      // Files that had to be written are known by now: a first build reads each of them once.
      layers.set(layerKey(entries), layer);
      own.push(layer);
    }

  return writeDocuments(layout, {
    platform,
    run: { ...image.config, Labels: { ...image.config.Labels, ...labels() } },
    author: image.author,
    history: [...(base?.config.history ?? []), ...steps.flatMap(history)],
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
    created: CREATED,
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

async function writeLayer(layout: Layout, entries: readonly Entry[], pauses: Pauses): Promise<Descriptor> {
  const writer = layout.writer();
  try {
    for (const chunk of tarChunks(entries)) {
      writer.write(chunk);
      if (pauses.isDue(chunk.length)) await pauses.take();
    }
    return { mediaType: OCI.layer, ...writer.finish() };
  } finally {
    writer.abort();
  }
}

const BYTES_WITHOUT_PAUSE = 32 * 1024 * 1024;

/** An event loop that only ever writes files hears no Ctrl-C. It gets a turn now and then, however small the layers are. */
class Pauses {
  private left = BYTES_WITHOUT_PAUSE;

  constructor(private readonly signal?: AbortSignal) {}

  /** @param bytes that were written since it was last asked */
  isDue(bytes: number): boolean {
    this.left -= bytes;
    return this.left <= 0;
  }

  async take(): Promise<void> {
    this.left = BYTES_WITHOUT_PAUSE;
    await new Promise(setImmediate);
    this.signal?.throwIfAborted();
  }
}

/** A step, and the layers that it makes: none, one, or the parts of a large one. */
interface DividedStep extends Step {
  readonly parts: readonly (readonly Entry[])[];
}

function divided(steps: readonly Step[], below?: number): DividedStep[] {
  const parts = divideLayers(
    steps.map(({ entries }) => entries),
    below,
  );
  return steps.map((step, i) => ({ ...step, parts: parts[i]! }));
}

/**
 * One line for each layer (OCI image specification, config.md, "history"), with a time: Podman 4.3 shows no history that
 * has none.
 */
function history({ createdBy, parts }: DividedStep): History[] {
  const line = { created: CREATED, created_by: createdBy };
  if (parts.length === 0) return [{ ...line, empty_layer: true }];
  if (parts.length === 1) return [line];
  return parts.map((_, i) => ({ ...line, comment: `part ${i + 1} of ${parts.length}` }));
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
