import type { Entry } from './entry';

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';

/**
 * What one layer says of a file tree: what is there, and what of the layers below is hidden.
 * Source: OCI image specification, layer.md, "Whiteouts".
 */
export class LayerIndex {
  private readonly entries = new Map<string, Entry>();
  private readonly children = new Map<string, Set<string>>();
  private readonly whiteouts = new Set<string>();
  private readonly opaque = new Set<string>();

  constructor(entries: Iterable<Entry> = []) {
    for (const entry of entries) this.add(entry);
  }

  add(entry: Entry): void {
    const slash = entry.path.lastIndexOf('/');
    const parent = slash === -1 ? '' : entry.path.slice(0, slash);
    const name = entry.path.slice(slash + 1);
    if (name === OPAQUE) this.opaque.add(parent);
    else if (name.startsWith(WHITEOUT)) this.whiteouts.add(join(parent, name.slice(WHITEOUT.length)));
    else if (entry.path !== '') {
      this.entries.set(entry.path, entry);
      this.link(parent, name);
    }
  }

  /** Takes back what was added at and below `path`. */
  delete(path: string): void {
    for (const name of this.children.get(path) ?? []) this.delete(join(path, name));
    this.children.delete(path);
    this.entries.delete(path);
    const slash = path.lastIndexOf('/');
    this.children.get(slash === -1 ? '' : path.slice(0, slash))?.delete(path.slice(slash + 1));
  }

  get(path: string): Entry | undefined {
    return this.entries.get(path);
  }

  /** Names in a directory, as far as this layer knows. */
  names(path: string): Iterable<string> {
    return this.children.get(path) ?? [];
  }

  /** Whether something lies below `path`: then it is a directory, even where no entry says so. */
  hasChildren(path: string): boolean {
    return this.children.has(path);
  }

  /** Whether this layer hides what the layers below have at `path`. */
  hides(path: string): boolean {
    if (this.whiteouts.has(path)) return true;
    for (let at = path.lastIndexOf('/'); ; at = path.lastIndexOf('/', at - 1)) {
      const ancestor = at === -1 ? '' : path.slice(0, at);
      if (this.opaque.has(ancestor)) return true;
      if (ancestor === '') return false;
      if (this.whiteouts.has(ancestor)) return true;
      const entry = this.entries.get(ancestor);
      if (entry && entry.type !== 'directory') return true;
    }
  }

  private link(parent: string, name: string): void {
    for (;;) {
      const names = this.children.get(parent);
      if (names) {
        names.add(name);
        return;
      }
      this.children.set(parent, new Set([name]));
      if (parent === '') return;
      const slash = parent.lastIndexOf('/');
      name = parent.slice(slash + 1);
      parent = slash === -1 ? '' : parent.slice(0, slash);
    }
  }
}

/** Either part may be empty. */
export function join(parent: string, name: string): string {
  return parent === '' ? name : name === '' ? parent : `${parent}/${name}`;
}
