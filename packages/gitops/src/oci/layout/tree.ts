import { join } from 'node:path';
import { GitopsError } from '../../support/errors';
import { repositoryName } from '../names';
import type { Content, PushOptions, Store } from '../store';
import type { Descriptor } from '../types';
import { Layout } from './layout';

/** What a layout itself has in its directory: a repository below another one cannot be called so. */
const TAKEN: ReadonlySet<string> = new Set(['blobs', 'index.json', 'oci-layout']);

/**
 * A directory as a store: each repository is an OCI layout at `<directory>/<repository>`, which other tools read as
 * `oci:<directory>/<repository>:<tag>`.
 */
export class LayoutTree implements Store {
  readonly where: string;
  readonly isRemote = false;

  constructor(private readonly directory: string) {
    this.where = `oci:${directory}`;
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
    return new TreeLayout(this, join(this.directory, name), name);
  }

  async close(): Promise<void> {}
}

/** A layout that can take blobs from its neighbours. */
class TreeLayout extends Layout {
  constructor(
    private readonly tree: LayoutTree,
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
    const neighbour = options.mountFrom === undefined ? undefined : this.tree.repository(options.mountFrom);
    if (neighbour?.path(descriptor)) this.link(descriptor, neighbour);
    else await super.push(descriptor, content, options);
  }
}
