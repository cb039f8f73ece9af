import { join } from 'node:path';
import { compileIgnore } from '../containerfile/ignore';
import { BuildContext } from '../revision/context';
import type { FileHashes } from '../revision/file-hashes';
import { readIgnoreFile } from './ignore-file';
import { type WorkspaceImage, contextRoot, outputPath } from './image';

/**
 * The build context of an image, as its ignore file leaves it.
 * @throws GitopsError for an ignore file that is none
 */
export function imageContext(workspaceRoot: string, image: WorkspaceImage, hashes: FileHashes): BuildContext {
  const root = contextRoot(image);
  const output = outputPath(image);
  const { file, patterns } = readIgnoreFile(workspaceRoot, image);
  const rules = compileIgnore([...patterns, ...neverTaken(root, output)], file ? { file } : undefined);
  return new BuildContext(join(workspaceRoot, root), rules, hashes, file);
}

/** An image never holds itself, nor what Nx and this plugin write while it is built. */
function neverTaken(root: string, output: string): string[] {
  if (root === '.') return [literal(output), '.nx'];
  return output.startsWith(`${root}/`) ? [literal(output.slice(root.length + 1))] : [];
}

/** A path as a pattern that stands for it alone: directories may be called `[id]`. */
function literal(path: string): string {
  return path.replace(/[*?[\]\\!#]/g, '\\$&');
}
