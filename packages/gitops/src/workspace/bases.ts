import type { BaseImage } from '../builders/assemble/base-image';
import type { LayerTrees } from '../builders/assemble/layer-trees';
import { chain } from '../oci/chain';
import { type Image, imageFrom } from '../oci/image';
import type { Digest } from '../oci/digest';
import { type Platform, formatPlatform } from '../oci/platform';
import { type Reference, formatReference, normalizeReference, parseReference } from '../oci/reference';
import { type BlobSource, type LocalFiles, type Repository, hasLocalFiles } from '../oci/store';
import { StoreError } from '../oci/store-error';
import type { Descriptor } from '../oci/types';
import { GitopsError, type Place, at } from '../support/errors';
import { Recent } from '../support/recent';
import { LOCK_FILE } from './base-lock';
import { type WorkspaceImage, referenceName } from './image';
import { isDirectoryStore, repositoryInStore } from './store-location';
import { Stores } from './stores';
import { type Locate, inOutputs } from './whereabouts';
import type { Workspace } from './workspace';

/** What the distribution specification calls it, where a repository has no such tag or digest. */
export const MANIFEST_UNKNOWN = 'MANIFEST_UNKNOWN';

/** Images of the workspace whose documents are in memory: those that are made from one are built soon after another. */
const KEPT = 500;

/** Finds the images that others are made from: of the workspace, in the state store, in a registry. */
export class Bases {
  private readonly known = new Recent<string, { image: Image; source: BlobSource & LocalFiles }>(KEPT);

  /**
   * @param locate where the images of the workspace are; where they are built to by default
   * @param stores closed with it
   */
  constructor(
    private readonly workspace: Workspace,
    private readonly trees: LayerTrees,
    private readonly locate: Locate = inOutputs(workspace.root),
    private readonly stores: Stores = new Stores(workspace.root),
  ) {}

  /**
   * The image that a reference names.
   * @throws GitopsError at `place` where it is nowhere
   */
  async find(reference: string, platform: Platform, place: Place): Promise<BaseImage> {
    const match = this.workspace.match(reference, { file: place.file, line: place.line! });
    return at(place, () =>
      match && !match.pinned ? this.built(match.image, platform) : this.stored(reference, platform, place),
    );
  }

  close(): Promise<void> {
    return this.stores.close();
  }

  /**
   * What the workspace made of one of its images.
   * @throws GitopsError where it is not built
   */
  async built(image: WorkspaceImage, platform: Platform): Promise<BaseImage> {
    const { descriptor, source: holder, isPullable } = this.locate(image);
    if (!descriptor)
      throw new GitopsError(
        `${image.name} is not built`,
        undefined,
        `run nx run ${image.project}:${image.targetName}`,
      );
    const key = [holder.where, descriptor.digest, formatPlatform(platform)].join(' ');
    const { image: found, source } = await this.known.get(key, async () => {
      const source = this.sourceOf(image);
      return { image: await imageFrom(source, descriptor, platform), source };
    });
    return {
      ...this.baseImage(found, referenceName(image, this.workspace.settings), source, source),
      ...(isPullable ? { pullable: `${holder.where}@${descriptor.digest}` } : {}),
    };
  }

  /** What has all layers of an image: where it is are its own ones only, those below are where its base is. */
  sourceOf(image: WorkspaceImage): BlobSource & LocalFiles {
    const sources: BlobSource[] = [];
    const seen = new Set<WorkspaceImage>();
    const visit = (next: WorkspaceImage): void => {
      if (seen.has(next)) return;
      seen.add(next);
      const { source, isWhole } = this.locate(next);
      sources.push(source);
      if (isWhole) return;
      const { uses, containerfile } = this.workspace.analysis(next);
      for (const { reference, via, line } of uses) {
        if (via !== 'FROM') continue;
        const place = { file: containerfile.file, line };
        const match = this.workspace.match(reference, place);
        if (match && !match.pinned) visit(match.image);
        else sources.push(...this.candidates(reference, place).map(({ repository }) => repository));
      }
    };
    visit(image);
    // What is on this machine is asked first.
    const local = sources.filter(hasLocalFiles);
    const source = chain(...local, ...sources.filter((other) => !hasLocalFiles(other)));
    return {
      where: source.where,
      has: (descriptor, options) => source.has(descriptor, options),
      open: (descriptor, options) => source.open(descriptor, options),
      path: (descriptor) => local.map((layout) => layout.path(descriptor)).find((path) => path !== undefined),
    };
  }

  /**
   * What a reference to an image that is not built here means now: an index, where that is for several platforms.
   * @throws StoreError where it is nowhere, or where that cannot be found out
   */
  async lookUp(reference: string, place: Place): Promise<Digest> {
    return (await this.located(reference, place)).descriptor.digest;
  }

  private async stored(reference: string, platform: Platform, place: Place): Promise<BaseImage> {
    const parsed = parseReference(reference, place);
    const { repository, descriptor } = await this.located(reference, place);
    const image = await imageFrom(repository, descriptor, platform);
    return {
      ...this.baseImage(image, baseName(parsed), repository),
      ...(parsed.digest ? {} : { pinned: `${reference}@${descriptor.digest}` }),
      ...(hasLocalFiles(repository) ? {} : { pullable: `${repository.where}@${descriptor.digest}` }),
    };
  }

  private async located(
    reference: string,
    place: Place,
  ): Promise<{ repository: Repository; descriptor: Descriptor }> {
    const candidates = this.candidates(reference, place);
    for (const { repository, tagOrDigest } of candidates) {
      const descriptor = await resolve(repository, tagOrDigest, reference);
      if (descriptor) return { repository, descriptor };
    }
    const locked = this.workspace.lockedName(reference);
    throw new StoreError(
      'not-found',
      `there is no image ${reference} in ${candidates.map(({ repository }) => repository.where).join(' or ')}`,
      locked === undefined
        ? `correct the name, or put the image there; an image of this workspace is called ${this.workspace.settings.project}/<image>`
        : `${LOCK_FILE} has this digest: run nx g gitops:lock ${locked}`,
      undefined,
      MANIFEST_UNKNOWN,
    );
  }

  /** Where an image that is not built here may be, the nearest first. */
  private candidates(text: string, place: Place): { repository: Repository; tagOrDigest: string }[] {
    const { settings } = this.workspace;
    const reference = parseReference(text, place);
    const { host, repository } = reference;
    const tagOrDigest = reference.digest ?? reference.tag ?? 'latest';
    const named = host === undefined ? repository : `${host}/${repository}`;
    const inStore = repositoryInStore(named, settings);
    const store = this.stores.open(settings.store).repository(inStore ?? repository);
    // An image of ours is taken from our store alone: elsewhere, anybody may have given the name away.
    if (inStore !== undefined || this.workspace.match(text, { file: place.file, line: place.line! }))
      return [{ repository: store, tagOrDigest }];
    const remote = normalizeReference(reference);
    const registry = this.stores.open(remote.host!).repository(remote.repository);
    // A directory may stand in for any registry, as where there is no network.
    const isStandIn = host === undefined && isDirectoryStore(settings.store);
    return [...(isStandIn ? [store] : []), registry].map((found) => ({ repository: found, tagOrDigest }));
  }

  /** @param listings of an image of ours: of others, what they say of their layers is not to be trusted */
  private baseImage(image: Image, name: string, source: BlobSource, listings?: BlobSource): BaseImage {
    return {
      image,
      name,
      digest: image.digest,
      tree: async (contents) =>
        this.trees.tree(await image.layers(), {
          contents,
          listings,
          pathOf: ({ descriptor }) => (hasLocalFiles(source) ? source.path(descriptor) : undefined),
        }),
    };
  }
}

/** With its tag, where it has one: the digest has a label of its own. */
function baseName({ digest, ...named }: Reference): string {
  return formatReference(
    normalizeReference(named.tag === undefined && digest ? { ...named, digest } : named),
  );
}

async function resolve(
  repository: Repository,
  tagOrDigest: string,
  reference: string,
): Promise<Descriptor | undefined> {
  try {
    return await repository.resolve(tagOrDigest);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    throw new StoreError(
      error.kind,
      `the image ${reference} cannot be looked up: ${error.what}`,
      error.remedy,
    );
  }
}
