// The package's own way to publish images and to move them, as its executors call it: a new run each time, in this process.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { load, mute } from './builder.mjs';

/** What pushes images of a workspace. */
export function pusher(packageDirectory, workspace, names) {
  const { runnerOf } = load(packageDirectory, 'executors/publish/run.js');
  const { push } = load(packageDirectory, 'executors/push/verb.js');
  return () => run(runnerOf(push), workspace, names, 'image-push', {});
}

/** What promotes images of a workspace, from a ring to the next. */
export function promoter(packageDirectory, workspace, names) {
  const { promoteTasks } = load(packageDirectory, 'executors/promote/run.js');
  return (ring) => run(promoteTasks, workspace, names, 'image-promote', { ring });
}

async function run(runner, root, names, verb, options) {
  const tasks = new Map(names.map((name) => [`${name}:${verb}`, { buildTarget: 'image-build', ...options }]));
  const unmute = mute();
  try {
    const outcomes = await runner(tasks, { root, projectsConfigurations: { projects: projectsOf(names) } });
    const failed = [...outcomes.values()].find(({ success }) => !success);
    if (failed) throw new Error(failed.log);
  } finally {
    unmute();
  }
}

/** Projects, as Nx has them, each with an image of its own name. */
export function projectsOf(names) {
  const target = (name) => ({
    executor: 'gitops:build',
    options: { containerfile: `${name}/Containerfile` },
  });
  return Object.fromEntries(
    names.map((name) => [name, { root: name, targets: { 'image-build': target(name) } }]),
  );
}

export function writeProject(workspace, name, containerfile, file) {
  mkdirSync(join(workspace, name), { recursive: true });
  writeFileSync(join(workspace, name, 'Containerfile'), containerfile);
  writeFileSync(join(workspace, name, 'file'), file);
}
