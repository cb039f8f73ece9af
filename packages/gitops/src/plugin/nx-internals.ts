/** What we use of Nx that it does not promise to keep: all of it is here. */

/** Files of the workspace that match one of the globs, without those that git ignores. */
export async function findFiles(workspaceRoot: string, globs: string[]): Promise<string[]> {
  const { globWithWorkspaceContext } = require('@nx/devkit/internal') as typeof import('@nx/devkit/internal');
  return globWithWorkspaceContext(workspaceRoot, globs);
}

/** Where Nx keeps what belongs to this workspace on this machine, without a need to keep it. */
export function workspaceDataDirectory(): string {
  return (require('@nx/devkit/internal') as typeof import('@nx/devkit/internal')).workspaceDataDirectory;
}
