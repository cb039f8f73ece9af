import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ignoreFileCandidates, parseIgnoreFile } from '../containerfile/ignore';
import { type WorkspaceImage, contextRoot } from './image';

/**
 * What the ignore file of an image says.
 * @returns the file, relative to the workspace, and its patterns; none where there is none
 * @throws GitopsError for an ignore file that is none
 */
export function readIgnoreFile(
  workspaceRoot: string,
  image: WorkspaceImage,
): { readonly file?: string; readonly patterns: readonly string[] } {
  const candidates = ignoreFileCandidates(image.options.containerfile, contextRoot(image));
  const file = candidates.find((candidate) => existsSync(join(workspaceRoot, candidate)));
  if (file === undefined) return { patterns: [] };
  return { file, patterns: parseIgnoreFile(readFileSync(join(workspaceRoot, file), 'utf8'), file) };
}
