import { isAbsolute, join } from 'node:path';
import type { BaseImage } from '../builders/assemble/base-image';
import type { LayerTrees } from '../builders/assemble/layer-trees';
import { chain } from '../oci/chain';
import { type Image, imageFrom } from '../oci/image';
import { Layout, LayoutTree } from '../oci/layout';
import type { Platform } from '../oci/platform';
import { formatReference, normalizeReference, parseReference } from '../oci/reference';
import type { Descriptor } from '../oci/types';
import { type BlobSource, type Repository, type Store, hasLocalFiles } from '../oci/store';
import { StoreError } from '../oci/store-error';
import { GitopsError, type Place, at } from '../support/errors';
import { type WorkspaceImage, outputPath, referenceName } from './image';
import type { Workspace } from './workspace';

const LAYOUT_STORE = 'oci:';

/** Finds the images that others are made from: in the workspace's output, in the state store, in a registry. */
export class Bases {
  private readonly stores = new Map<string, Store>();

  constructor(
    private readonly workspace: Workspace,
    private readonly trees: LayerTrees,
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

  async close(): Promise<void> {
    await Promise.all([...this.stores.values()].map((store) => store.close()));
  }

  /**
   * What the workspace made of one of its images.
   * @throws GitopsError where it is not built
   */
  async built(image: WorkspaceImage, platform: Platform): Promise<BaseImage> {
    const layout = this.output(image);
    const [entry] = layout.entries();
    if (!entry)
      throw new GitopsError(
        `${image.name} is not built`,
        undefined,
        `run nx run ${image.project}:${image.targetName}`,
      );
    const source = this.sourceOf(image);
    return this.baseImage(
      await imageFrom(source, entry, platform),
      referenceName(image, this.workspace.settings),
      source,
    );
  }

  /** An image's output has its own layers only; those below are where its base's are. */
  private sourceOf(
    image: WorkspaceImage,
  ): BlobSource & { path(d: Parameters<Layout['path']>[0]): string | undefined } {
    const layouts: Layout[] = [];
    const others: BlobSource[] = [];
    const seen = new Set<WorkspaceImage>();
    const visit = (next: WorkspaceImage): void => {
      if (seen.has(next)) return;
      seen.add(next);
      layouts.push(this.output(next));
      const { uses, containerfile } = this.workspace.analysis(next);
      for (const { reference, via, line } of uses) {
        if (via !== 'FROM') continue;
        const match = this.workspace.match(reference, { file: containerfile.file, line });
        if (match && !match.pinned) visit(match.image);
        else
          others.push(
            ...this.candidates(reference, { file: containerfile.file, line }).map(
              ({ repository }) => repository,
            ),
          );
      }
    };
    visit(image);
    const source = chain(...layouts, ...others);
    const local = [...layouts, ...others.filter(hasLocalFiles)];
    return {
      where: source.where,
      has: (descriptor, options) => source.has(descriptor, options),
      open: (descriptor, options) => source.open(descriptor, options),
      path: (descriptor) => local.map((layout) => layout.path(descriptor)).find((path) => path !== undefined),
    };
  }

  private output(image: WorkspaceImage): Layout {
    return new Layout(join(this.workspace.root, outputPath(image)));
  }

  private async stored(reference: string, platform: Platform, place: Place): Promise<BaseImage> {
    const parsed = parseReference(reference, place);
    const candidates = this.candidates(reference, place);
    for (const { repository, tagOrDigest } of candidates) {
      const descriptor = await resolve(repository, tagOrDigest, reference);
      if (!descriptor) continue;
      const name = formatReference(normalizeReference(parsed));
      return {
        ...this.baseImage(await imageFrom(repository, descriptor, platform), name, repository),
        ...(parsed.digest ? {} : { pinned: `${reference}@${descriptor.digest}` }),
        ...(hasLocalFiles(repository) ? {} : { pullable: `${repository.where}@${descriptor.digest}` }),
      };
    }
    throw new StoreError(
      'not-found',
      `there is no image ${reference} in ${candidates.map(({ repository }) => repository.where).join(' or ')}`,
      `correct the name, or put the image there; an image of this workspace is called ${this.workspace.settings.project}/<image>`,
    );
  }

  /** Where an image that is not built here may be, the nearest first. */
  private candidates(text: string, place: Place): { repository: Repository; tagOrDigest: string }[] {
    const { settings } = this.workspace;
    const reference = parseReference(text, place);
    const { host, repository } = reference;
    const tagOrDigest = reference.digest ?? reference.tag ?? 'latest';
    const named = host === undefined ? repository : `${host}/${repository}`;
    const isInStore = named.startsWith(`${settings.store}/`);
    const inStore = isInStore ? named.slice(settings.store.length + 1) : repository;
    const store = this.store(settings.store).repository(inStore);
    // An image of ours is taken from our store alone: elsewhere, anybody may have given the name away.
    if (isInStore || this.workspace.match(text, { file: place.file, line: place.line! }))
      return [{ repository: store, tagOrDigest }];
    const remote = normalizeReference(reference);
    const registry = this.store(remote.host!).repository(remote.repository);
    // A directory may stand in for any registry, as where there is no network.
    const isStandIn = host === undefined && settings.store.startsWith(LAYOUT_STORE);
    return [...(isStandIn ? [store] : []), registry].map((found) => ({ repository: found, tagOrDigest }));
  }

  private store(location: string): Store {
    let store = this.stores.get(location);
    if (!store) {
      store = location.startsWith(LAYOUT_STORE) ? this.layoutStore(location) : openRegistry(location);
      this.stores.set(location, store);
    }
    return store;
  }

  private layoutStore(location: string): Store {
    const directory = location.slice(LAYOUT_STORE.length);
    return new LayoutTree(isAbsolute(directory) ? directory : join(this.workspace.root, directory));
  }

  private baseImage(image: Image, name: string, source: BlobSource): BaseImage {
    return {
      image,
      name,
      digest: image.digest,
      tree: async (contents) =>
        this.trees.tree(await image.layers(), {
          contents,
          pathOf: ({ descriptor }) => (hasLocalFiles(source) ? source.path(descriptor) : undefined),
        }),
    };
  }
}

function openRegistry(location: string): Store {
  // Speaking http takes long to load, and most builds do without.
  const registry = require('../oci/registry') as typeof import('../oci/registry');
  return registry.openRegistry(location);
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
