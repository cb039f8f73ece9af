import { followLinks } from './links';
import { type Entry, type Tree, directory } from './entry';
import { type LayerIndex, join } from './layer-index';

/** An image's files: layers, one over the other. Never changed; a layer on top gives a new tree. */
export class FileTree implements Tree {
  /** @param layers the topmost first */
  private constructor(private readonly layers: readonly LayerIndex[]) {}

  static readonly empty = new FileTree([]);

  with(layer: LayerIndex): FileTree {
    return new FileTree([layer, ...this.layers]);
  }

  /** What is at `path`, its last part not followed if it is a symlink. */
  get(path: string): Entry | undefined {
    if (path === '') return directory('');
    let implied = false;
    for (const layer of this.layers) {
      const entry = layer.get(path);
      if (entry) return implied && entry.type !== 'directory' ? directory(path) : entry;
      implied ||= layer.hasChildren(path);
      if (layer.hides(path)) break;
    }
    return implied ? directory(path) : undefined;
  }

  /** Names in a directory, sorted by their bytes. */
  list(path: string): string[] {
    const names = new Set<string>();
    for (const layer of this.layers) {
      for (const name of layer.names(path))
        if (!names.has(name) && this.get(join(path, name))) names.add(name);
      if (path !== '' && (layer.hides(path) || (layer.get(path)?.type ?? 'directory') !== 'directory')) break;
    }
    return [...names].sort(compareNames);
  }

  /**
   * The path that `path` means when every symlink in it is followed inside the image, the last one included.
   * It need not exist: what follows a missing part is kept as it is.
   * @throws GitopsError where links go in a circle
   */
  resolve(path: string): string {
    return followLinks(path, (at) => this.get(at));
  }
}

/** Byte order of UTF-8, whatever the locale. */
export function compareNames(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left === right) continue;
    // UTF-16 order differs from UTF-8 order only where surrogates meet the last characters of the basic plane.
    const both = Math.min(left, right) >= 0xd800;
    return both ? Buffer.compare(Buffer.from(a), Buffer.from(b)) : left - right;
  }
  return a.length - b.length;
}
