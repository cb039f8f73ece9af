// The package's own way to build an image, as its executor calls it: a new run each time, in this process.
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(import.meta.url);

/** A module of the package. */
export function load(packageDirectory, module) {
  return require(join(packageDirectory, 'dist', module));
}

/**
 * What builds the image of `<project>/Containerfile` in a workspace, `app` where none is named.
 * NX_WORKSPACE_DATA_DIRECTORY says where it remembers what files were; it has to be set before.
 * @param options for the target, besides
 */
export function imageBuilder(packageDirectory, workspace, projects = ['app'], options = {}) {
  const { openRun } = load(packageDirectory, 'executors/build/run.js');
  const target = (name) => ({
    executor: 'gitops:build',
    options: { ...options, containerfile: `${name}/Containerfile` },
  });
  const all = Object.fromEntries(
    projects.map((name) => [name, { root: name, targets: { 'image-build': target(name) } }]),
  );
  return async (project = 'app') => {
    const run = openRun(workspace, all, new Map());
    const unmute = mute();
    try {
      const { success, log } = await run.build(`${project}:image-build`);
      if (!success) throw new Error(log);
    } finally {
      unmute();
      await run.close();
    }
  };
}

/** The steps of an engine's build go to where the table is to go. */
export function mute() {
  const { write } = process.stdout;
  process.stdout.write = () => true;
  return () => (process.stdout.write = write);
}
