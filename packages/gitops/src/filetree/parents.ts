import type { Entry } from './entry';
import { compareNames } from './file-tree';

/**
 * Entries of a layer, and the directories above them. Engines unpack each layer on its own: what it does not say of a
 * directory, Docker makes up (0755, root's), and that hides what the layers below say.
 * @param directoryAt what is known of a directory; undefined where nothing is
 * @returns each path once, parents before children, in byte order
 */
export function withParents(
  entries: Iterable<Entry>,
  directoryAt: (path: string) => Entry | undefined,
): Entry[] {
  const all = new Map([...entries].map((entry) => [entry.path, entry]));
  for (const path of [...all.keys()])
    for (let parent = parentOf(path); parent !== '' && !all.has(parent); parent = parentOf(parent)) {
      const directory = directoryAt(parent);
      if (directory) all.set(parent, directory);
    }
  return [...all.values()].sort((a, b) => compareNames(a.path, b.path));
}

/** The directory that a path is in; `''` for the root. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}
