import { join } from 'node:path';
import { GitopsError } from '../../support/errors';
import { isMissing } from '../file-errors';
import { compressionOf } from '../media-types';
import { repositoryName } from '../names';
import type { Content, PushOptions, ReadOptions, Store } from '../store';
import { StoreError } from '../store-error';
import type { Descriptor, Digest } from '../types';
import { Layout } from './layout';
import { LayerLinks } from './layer-links';

/** What a layout itself has in its directory: a repository below another one cannot be called so. */
const TAKEN: ReadonlySet<string> = new Set(['blobs', 'index.json', 'oci-layout']);

/**
 * A directory as a store: each repository is an OCI layout at `<directory>/<repository>`, which other tools read as
 * `oci:<directory>/<repository>:<tag>`. A layer that several repositories have takes the room of one.
 */
export class LayoutTree implements Store {
  readonly where: string;
  readonly isRemote = false;
  private readonly layers: LayerLinks;

  constructor(private readonly directory: string) {
    this.where = `oci:${directory}`;
    this.layers = new LayerLinks(directory);
  }

  repository(name: string): Layout {
    const [, ...below] = repositoryName(name).split('/');
    const taken = below.find((part) => TAKEN.has(part));
    if (taken) {
      throw new GitopsError(
        `a store on disk cannot have the repository ${name}: "${taken}" is a name of the OCI image layout`,
        undefined,
        'give it another name',
      );
    }
    return new TreeLayout(this, this.layers, join(this.directory, name), name);
  }

  async close(): Promise<void> {}
}

/** A layout that can take blobs from its neighbours. */
class TreeLayout extends Layout {
  constructor(
    private readonly tree: LayoutTree,
    private readonly layers: LayerLinks,
    directory: string,
    name: string,
  ) {
    super(directory, name);
  }

  override async push(
    descriptor: Descriptor,
    content: () => Content,
    options: PushOptions = {},
  ): Promise<void> {
    const isLayer = compressionOf(descriptor.mediaType) !== undefined;
    const isLinked =
      (options.mountFrom !== undefined && this.linkFrom(options.mountFrom, descriptor)) ||
      (isLayer && (await this.linkFromAny(descriptor, options)));
    if (!isLinked) await super.push(descriptor, content, options);
    if (isLayer) this.layers.add(descriptor.digest, this.name);
  }

  protected override remove(digest: Digest): void {
    super.remove(digest);
    this.layers.remove(digest, this.name);
  }

  /** @returns false where the neighbour does not have it */
  private linkFrom(name: string, descriptor: Descriptor): boolean {
    try {
      this.link(descriptor, this.tree.repository(name));
      return true;
    } catch (error) {
      // It may have been pruned just now.
      if (isMissing(error) || (error instanceof StoreError && error.kind === 'not-found')) return false;
      throw error;
    }
  }

  /** Links to whichever neighbour has it, unless it is damaged there. */
  private async linkFromAny(descriptor: Descriptor, options: ReadOptions): Promise<boolean> {
    const name = this.path(descriptor) === undefined ? this.layers.find(descriptor.digest) : undefined;
    if (name === undefined) return false;
    try {
      for await (const _ of this.tree.repository(name).open(descriptor, options));
    } catch (error) {
      if (error instanceof StoreError) return false;
      throw error;
    }
    return this.linkFrom(name, descriptor);
  }
}
