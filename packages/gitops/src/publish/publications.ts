import { contentOf } from '../oci/content';
import { formatPlatform } from '../oci/platform';
import type { RawManifest, Store, WritableRepository } from '../oci/store';
import { StoreError } from '../oci/store-error';
import type { Descriptor, Digest } from '../oci/types';
import type { Revision } from '../revision/revision';
import { phase } from '../support/phases';
import type { Bases } from '../workspace/bases';
import type { ImageBuilder, Listener } from '../workspace/build';
import { type WorkspaceImage, contextRoot, referenceName } from '../workspace/image';
import { type Whereabouts, inLayout } from '../workspace/whereabouts';
import type { Workspace } from '../workspace/workspace';
import type { Decision } from './decide';
import type { Sources } from './explain';
import { externalDependencies } from './external';
import { type KnownLayer, knownLayers } from './known-layers';
import { type DigestOf, pinsLayer, pinsOf, withLayer } from './pins';
import { putSources, sourcesOf } from './sources';
import type { Sent, Uploader } from './upload';
import {
  type StoredVariant,
  type Variant,
  type Version,
  imagesOf,
  putVersion,
  variantsOf,
  versionOf,
} from './version';

const BASE_NAME = 'org.opencontainers.image.base.name';

export interface PublicationsContext {
  readonly workspace: Workspace;
  readonly store: Store;
  readonly builder: ImageBuilder;
  readonly bases: Bases;
  readonly uploader: Uploader;
  /** Where the bases find the images of the workspace; kept up to date here. */
  readonly whereabouts: Map<WorkspaceImage, Whereabouts>;
  /** The labels that each image's target adds. */
  readonly labels: (image: WorkspaceImage) => Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** An image that was built, and whose layers are in the store. */
interface Made {
  /** What it was made from: where that is another, it has to be made anew. */
  readonly key: string;
  readonly place: Whereabouts;
  readonly variants: readonly Variant[];
  readonly external: Readonly<Record<string, string>>;
  readonly sent: Sent;
  /** What is in its layers. */
  readonly listings: readonly Descriptor[];
  /** Its last version, and what that was stamped with. */
  version?: Version;
  stamp?: string;
}

/** The images of a run on their way into the state store. */
export class Publications {
  /** The manifests that were put there, by their digests. */
  readonly manifests = new Map<Digest, RawManifest>();
  private readonly made = new Map<WorkspaceImage, Made>();
  private readonly held = new Map<WorkspaceImage, Promise<readonly StoredVariant[]>>();
  private readonly revisions = new Map<WorkspaceImage, Revision>();
  /** By image and version. */
  private readonly digests = new Map<string, Digest>();

  constructor(private readonly context: PublicationsContext) {}

  readonly repositoryOf = (name: string): WritableRepository =>
    this.context.store.repository(referenceName({ name }, this.context.workspace.settings));

  /**
   * The revision that an image's sources have.
   * @throws GitopsError that says what is wrong with them
   */
  async revision(image: WorkspaceImage): Promise<Revision> {
    const revision = await this.context.builder.revision(image);
    this.revisions.set(image, revision);
    return revision;
  }

  /** What the image was made from, for those who want to know what changed. */
  sources(image: WorkspaceImage): Sources {
    return sourcesOf(this.revisions.get(image)!, contextRoot(image));
  }

  /**
   * From now on the image is what the store has of it.
   * @throws StoreError where it has not
   */
  async useHeld(image: WorkspaceImage, digest: Digest): Promise<void> {
    const { whereabouts, store } = this.context;
    if (whereabouts.get(image)?.descriptor?.digest === digest) return;
    const source = this.repositoryOf(image.name);
    const descriptor = await source.resolve(digest);
    if (!descriptor)
      throw new StoreError(
        'not-found',
        `${source.where} does not have ${digest}, which a ring holds`,
        'restore it from a copy of the store',
      );
    whereabouts.set(image, { source, descriptor, isWhole: true, isPullable: store.isRemote });
    this.held.delete(image);
  }

  /** Whether the image was made, from what the key says. */
  isMade(image: WorkspaceImage, key: string): boolean {
    return this.made.get(image)?.key === key;
  }

  /**
   * Makes the image of its sources, and brings its layers to the store. Its ingredients have to be made, or held.
   * @param before the digest of a version of it in the store, with which it may have layers in common
   */
  async make(
    image: WorkspaceImage,
    key: string,
    before: Digest | undefined,
    listener: Listener,
  ): Promise<void> {
    const { builder, bases, uploader, whereabouts, workspace, store, signal } = this.context;
    const known = this.made.get(image);
    if (known?.key === key) {
      whereabouts.set(image, known.place);
      return;
    }
    const { layout } = await builder.build(image, listener);
    const place = inLayout(layout);
    whereabouts.set(image, place);
    const repository = this.repositoryOf(image.name);
    const source = bases.sourceOf(image);
    // What its own repository has need not even be mounted.
    const layers = new Map<Digest, KnownLayer>([
      ...(await this.layersOfIngredients(image)),
      ...(store.isRemote ? await this.layersOf(repository, before) : []),
    ]);
    const images = await imagesOf(source, place.descriptor!);
    const { variants, listings, sent } = await phase('compress and send', () =>
      uploader.upload(repository, images, layers, signal),
    );
    const external = await externalDependencies(workspace, bases, image);
    this.made.set(image, { key, place, variants, listings, sent, external });
  }

  /**
   * Stores the version that was decided for an image that was made; without a tag.
   * @param held the digests of the versions that the ledger knows
   * @returns the digest of its manifest, or of the index of its platforms
   */
  async put(image: WorkspaceImage, { to, dependencies }: Decision, held: DigestOf): Promise<Descriptor> {
    const { labels, workspace } = this.context;
    const made = this.made.get(image)!;
    const bases = await this.digestsOfIngredients(image);
    const pins = pinsOf(workspace, image, dependencies, (name, version) => {
      return held(name, version) ?? this.digests.get(`${name}:${version}`);
    });
    const stamp = JSON.stringify([
      to,
      dependencies,
      [...bases].map(([name, digests]) => [name, [...digests]]),
      pins,
    ]);
    if (made.version && made.stamp === stamp) return made.version.descriptor;
    const repository = this.repositoryOf(image.name);
    const layer = pins && pinsLayer(pins);
    if (layer) await repository.push(layer.descriptor, () => contentOf(layer.bytes));
    const variants = layer ? made.variants.map((variant) => withLayer(variant, layer)) : made.variants;
    const version = versionOf(variants, (platform, config) => ({
      version: to,
      dependencies: { ...made.external, ...dependencies },
      baseDigest: bases.get(config.config?.Labels?.[BASE_NAME] ?? '')?.get(formatPlatform(platform)),
      labels: labels(image),
    }));
    await putVersion(repository, version);
    this.manifests.set(version.descriptor.digest, version.top);
    this.digests.set(`${image.name}:${to}`, version.descriptor.digest);
    Object.assign(made, { version, stamp });
    return version.descriptor;
  }

  /** Keeps the list of what the image was made from beside it. */
  async putSources(image: WorkspaceImage, commit: string | undefined): Promise<void> {
    const { version, listings } = this.made.get(image)!;
    const sources = { ...this.sources(image), ...(commit === undefined ? {} : { commit }) };
    await putSources(this.repositoryOf(image.name), version!.descriptor, sources, listings);
  }

  /** What went to the store for an image. */
  sent(image: WorkspaceImage): Sent | undefined {
    return this.made.get(image)?.sent;
  }

  private async layersOf(
    repository: WritableRepository,
    digest: Digest | undefined,
  ): Promise<[Digest, KnownLayer][]> {
    const descriptor = digest && (await repository.resolve(digest));
    return descriptor ? knownLayers(repository.name, await variantsOf(repository, descriptor)) : [];
  }

  private async layersOfIngredients(image: WorkspaceImage): Promise<[Digest, KnownLayer][]> {
    const layers: [Digest, KnownLayer][] = [];
    for (const ingredient of this.context.workspace.ingredients(image)) {
      const variants = this.madeNow(ingredient)?.variants ?? (await this.heldVariants(ingredient));
      layers.push(...knownLayers(this.repositoryOf(ingredient.name).name, variants));
    }
    return layers;
  }

  /** The manifest of each platform of the images that it is made from, by their names. */
  private async digestsOfIngredients(
    image: WorkspaceImage,
  ): Promise<Map<string, ReadonlyMap<string, Digest>>> {
    const { workspace } = this.context;
    const digests = new Map<string, ReadonlyMap<string, Digest>>();
    for (const ingredient of workspace.ingredients(image)) {
      const name = referenceName(ingredient, workspace.settings);
      const version = this.madeNow(ingredient)?.version;
      const held = version ? [] : await this.heldVariants(ingredient);
      digests.set(
        name,
        version?.digests ?? new Map(held.map(({ platform, digest }) => [formatPlatform(platform), digest])),
      );
    }
    return digests;
  }

  /** The image as it was made, unless the store's is used. */
  private madeNow(image: WorkspaceImage): Made | undefined {
    const made = this.made.get(image);
    return made && this.context.whereabouts.get(image) === made.place ? made : undefined;
  }

  private heldVariants(image: WorkspaceImage): Promise<readonly StoredVariant[]> {
    let variants = this.held.get(image);
    if (!variants) {
      const { source, descriptor } = this.context.whereabouts.get(image)!;
      variants = variantsOf(source, descriptor!);
      this.held.set(image, variants);
    }
    return variants;
  }
}
