import type { Entry, Tree } from '../../src/filetree/entry';
import { compareNames } from '../../src/filetree/file-tree';
import { followLinks } from '../../src/filetree/links';
import { dir } from './entries';

/** A tree of the plain kind: entries by path; directories need no entry. */
export class MapTree implements Tree {
  private readonly entries = new Map<string, Entry>();

  constructor(entries: Iterable<Entry>) {
    for (const entry of entries) {
      const parts = entry.path.split('/');
      parts.slice(0, -1).forEach((_, i) => {
        const path = parts.slice(0, i + 1).join('/');
        if (!this.entries.has(path)) this.entries.set(path, dir(path));
      });
      this.entries.set(entry.path, entry);
    }
  }

  /** All paths but the root. */
  get paths(): string[] {
    return [...this.entries.keys()];
  }

  get(path: string): Entry | undefined {
    return path === '' ? dir('') : this.entries.get(path);
  }

  list(path: string): string[] {
    const start = path === '' ? '' : `${path}/`;
    return this.paths
      .filter((other) => other.startsWith(start) && !other.slice(start.length).includes('/'))
      .map((other) => other.slice(start.length))
      .sort(compareNames);
  }

  resolve(path: string): string {
    return followLinks(path, (at) => this.get(at));
  }
}
