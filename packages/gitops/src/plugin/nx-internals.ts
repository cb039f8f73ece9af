import { join } from 'node:path';

/*
 * What we use of Nx that it does not promise to keep: all of it is here. It is in @nx/devkit/internal too, which takes
 * a tenth of a second to load; in the processes that Nx starts, these modules are there already.
 */

/** Files of the workspace that match one of the globs, without those that git ignores. */
export async function findFiles(workspaceRoot: string, globs: string[]): Promise<string[]> {
  const { globWithWorkspaceContext } = internal('nx/src/utils/workspace-context');
  return globWithWorkspaceContext(workspaceRoot, globs);
}

/** Where the plugin keeps what belongs to this workspace on this machine, without a need to keep it. */
export function cacheDirectory(): string {
  return join(internal('nx/src/utils/cache-directory').workspaceDataDirectory, 'gitops');
}

function internal(module: string): typeof import('@nx/devkit/internal') {
  try {
    return require(module) as typeof import('@nx/devkit/internal');
  } catch {
    return require('@nx/devkit/internal') as typeof import('@nx/devkit/internal');
  }
}
