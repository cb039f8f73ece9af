import { readDocument } from './content';
import type { Digest } from './digest';
import { layerFrom } from './layer';
import type { Layer } from './layer';
import { isIndex, parseImageConfig, parseManifest } from './manifest';
import { formatPlatform, pickPlatform } from './platform';
import type { BlobSource, ReadOptions } from './store';
import { StoreError } from './store-error';
import type { Descriptor, ImageConfig, Index, Manifest, Platform } from './types';

/** An image for one platform. Each part is read when it is first asked for, and once. */
export interface Image {
  /** The manifest's descriptor. */
  readonly descriptor: Descriptor;
  readonly digest: Digest;

  /** The manifest, byte for byte. */
  rawManifest(): Promise<Buffer>;
  manifest(): Promise<Manifest>;

  /** The config, byte for byte. */
  rawConfig(): Promise<Buffer>;
  config(): Promise<ImageConfig>;

  /** Bottom first, as in the manifest. @throws StoreError `corrupt` when manifest and config do not go together */
  layers(): Promise<readonly Layer[]>;
}

/** An index within an index within an index is all that anybody makes. */
const MAX_DEPTH = 3;

/**
 * The image that a descriptor names. An index is resolved by platform; without one, it has to hold a single image.
 * @throws StoreError `not-found` when the index has nothing for the platform: it names what there is
 */
export async function imageFrom(
  source: BlobSource,
  descriptor: Descriptor,
  platform?: Platform,
  options?: ReadOptions,
): Promise<Image> {
  let current = descriptor;
  for (let depth = 0; depth <= MAX_DEPTH; depth++) {
    const bytes = await readDocument(source, current, options);
    const document = parseManifest(bytes, `${current.digest} from ${source.where}`);
    if (!isIndex(document)) return new SourceImage(source, current, bytes, document, options);
    current = choose(document, current, source.where, platform);
  }
  throw new StoreError('corrupt', `${descriptor.digest} from ${source.where} is an index nested too deeply`);
}

function choose(index: Index, { digest }: Descriptor, where: string, wanted?: Platform): Descriptor {
  const images = index.manifests.filter(isForAPlatform);
  const chosen = wanted
    ? // An entry without a platform says nothing against it; alone, it is what is meant.
      (pickPlatform(wanted, images, (entry) => entry.platform) ??
      (images.length === 1 && !images[0]!.platform ? images[0] : undefined))
    : images.length === 1
      ? images[0]
      : undefined;
  if (chosen) return chosen;
  const there = images.map((entry) => (entry.platform ? formatPlatform(entry.platform) : 'no platform'));
  const list = there.length > 0 ? `it has ${[...new Set(there)].join(', ')}` : 'it is empty';
  throw wanted
    ? new StoreError(
        'not-found',
        `${digest} from ${where} has no image for ${formatPlatform(wanted)}: ${list}`,
      )
    : new StoreError(
        'not-found',
        `${digest} from ${where} is not a single image: ${list}`,
        'name a platform',
      );
}

/** BuildKit keeps attestations in the same index, as platform unknown/unknown. */
function isForAPlatform({ platform }: Descriptor): boolean {
  return platform?.os !== 'unknown';
}

class SourceImage implements Image {
  private configBytes?: Promise<Buffer>;

  constructor(
    private readonly source: BlobSource,
    readonly descriptor: Descriptor,
    private readonly bytes: Buffer,
    private readonly document: Manifest,
    private readonly options?: ReadOptions,
  ) {}

  get digest(): Digest {
    return this.descriptor.digest;
  }

  async rawManifest(): Promise<Buffer> {
    return this.bytes;
  }

  async manifest(): Promise<Manifest> {
    return this.document;
  }

  rawConfig(): Promise<Buffer> {
    this.configBytes ??= readDocument(this.source, this.document.config, this.options).catch((error) => {
      this.configBytes = undefined;
      throw error;
    });
    return this.configBytes;
  }

  async config(): Promise<ImageConfig> {
    return parseImageConfig(
      await this.rawConfig(),
      `config ${this.document.config.digest} from ${this.source.where}`,
    );
  }

  async layers(): Promise<readonly Layer[]> {
    const { diff_ids: diffIds } = (await this.config()).rootfs;
    const { layers } = this.document;
    if (diffIds.length !== layers.length) {
      throw new StoreError(
        'corrupt',
        `image ${this.digest} from ${this.source.where} is corrupt: ${layers.length} layers, ${diffIds.length} diff_ids`,
      );
    }
    return layers.map((descriptor, i) => layerFrom(this.source, descriptor, diffIds[i]!));
  }
}
