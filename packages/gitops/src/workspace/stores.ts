import { isAbsolute, join } from 'node:path';
import { LayoutTree } from '../oci/layout';
import type { Store } from '../oci/store';

const LAYOUT = 'oci:';

/** Whether a store is a directory, which needs no network. */
export function isDirectoryStore(location: string): boolean {
  return location.startsWith(LAYOUT);
}

/** How an image in a store is referred to: by its host and what comes before the repositories' names. */
export function storePrefix(location: string): string {
  return location.replace(/^https?:\/\//, '').replace(/\/$/, '');
}

/**
 * The repository in the state store that a reference with a host names; undefined for one elsewhere. Who has a store of
 * their own reads references to the one that all share as references to theirs.
 */
export function repositoryInStore(
  named: string,
  { store, sharedStore }: { readonly store: string; readonly sharedStore?: string },
): string | undefined {
  const prefix = [store, sharedStore ?? store]
    .map((each) => `${storePrefix(each)}/`)
    .find((each) => named.startsWith(each));
  return prefix === undefined ? undefined : named.slice(prefix.length);
}

/** The stores that a run has to do with, each opened once. */
export class Stores {
  private readonly opened = new Map<string, Store>();

  /** @param openRegistry given by who has loaded it: speaking http takes long to load, and most builds do without */
  constructor(
    private readonly workspaceRoot: string,
    private readonly openRegistry: (location: string) => Store = loadRegistry,
  ) {}

  /**
   * @param location `oci:<directory>`, from the workspace's root; or a registry, `[http[s]://]host[:port][/prefix]`
   * @throws GitopsError for what is no registry
   */
  open(location: string): Store {
    let store = this.opened.get(location);
    if (!store) {
      store = isDirectoryStore(location) ? this.directory(location) : this.openRegistry(location);
      this.opened.set(location, store);
    }
    return store;
  }

  async close(): Promise<void> {
    const stores = [...this.opened.values()];
    this.opened.clear();
    await Promise.all(stores.map((store) => store.close()));
  }

  private directory(location: string): Store {
    const directory = location.slice(LAYOUT.length);
    return new LayoutTree(isAbsolute(directory) ? directory : join(this.workspaceRoot, directory));
  }
}

function loadRegistry(location: string): Store {
  const registry = require('../oci/registry') as typeof import('../oci/registry');
  return registry.openRegistry(location);
}
