import { isAbsolute, join } from 'node:path';
import { LayoutTree } from '../oci/layout';
import type { Store } from '../oci/store';
import { LAYOUT, isDirectoryStore } from './store-location';

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
