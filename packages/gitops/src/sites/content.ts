import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LayerTrees } from '../builders/assemble/layer-trees';
import { readAll } from '../filetree/entry';
import type { FileTree } from '../filetree/file-tree';
import type { Image } from '../oci/image';
import type { Layer } from '../oci/layer';
import { type BlobSource, hasLocalFiles } from '../oci/store';

/** Where a root image has what it brings to a cluster. */
const DIRECTORY = 'gitops';

/**
 * Writes what a root image has in /gitops into a directory. Of its layers only those are fetched that have some of it.
 * @param source where the image is
 * @returns whether there is anything
 */
export async function takeOut(
  image: Image,
  source: BlobSource,
  trees: LayerTrees,
  directory: string,
): Promise<boolean> {
  const pathOf = ({ descriptor }: Layer): string | undefined =>
    hasLocalFiles(source) ? source.path(descriptor) : undefined;
  const layers = await image.layers();
  const list = (some: readonly Layer[]): Promise<FileTree> =>
    trees.tree(some, { contents: false, pathOf, listings: source });
  // Of all layers: one that has nothing there may still remove what is below it.
  const listed = await list(layers);
  if (listed.get(DIRECTORY)?.type !== 'directory') return false;
  const wanted: Layer[] = [];
  for (const layer of layers) if ((await list([layer])).get(DIRECTORY)) wanted.push(layer);
  const contents = await trees.tree(wanted, { contents: true, pathOf, listings: source });
  copy({ listed, contents }, DIRECTORY, directory);
  return true;
}

/**
 * Links are written as what they mean. Those that lead out of /gitops are left out, as are those that lead to a
 * directory that they are in.
 */
function copy(
  trees: { readonly listed: FileTree; readonly contents: FileTree },
  from: string,
  to: string,
  above: readonly string[] = [DIRECTORY],
): void {
  const { listed, contents } = trees;
  mkdirSync(to, { recursive: true });
  for (const name of listed.list(from)) {
    const path = listed.resolve(`${from}/${name}`);
    if (!path.startsWith(`${DIRECTORY}/`)) continue;
    const entry = listed.get(path);
    if (entry?.type === 'directory' && !above.includes(path))
      copy(trees, path, join(to, name), [...above, path]);
    if (entry?.type !== 'file') continue;
    const content = contents.get(path)?.content;
    writeFileSync(join(to, name), content ? readAll(content) : '');
    if (entry.mode & 0o111) chmodSync(join(to, name), 0o755);
  }
}
