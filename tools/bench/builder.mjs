// The package's own way to build an image, as its executor calls it: a new run each time, in this process.
import { createRequire } from 'node:module';
import { join } from 'node:path';

const TASK = 'app:image-build';

/**
 * What builds the image of `app/Containerfile` in a workspace.
 * NX_WORKSPACE_DATA_DIRECTORY says where it remembers what files were; it has to be set before.
 */
export function imageBuilder(packageDirectory, workspace) {
  const require = createRequire(import.meta.url);
  const { openRun } = require(join(packageDirectory, 'dist', 'executors', 'build', 'run.js'));
  const options = { containerfile: 'app/Containerfile' };
  const targets = { 'image-build': { executor: 'gitops:build', options } };
  return async () => {
    const run = openRun(workspace, { app: { root: 'app', targets } }, new Map());
    try {
      const { success, log } = await run.build(TASK);
      if (!success) throw new Error(log);
    } finally {
      await run.close();
    }
  };
}
