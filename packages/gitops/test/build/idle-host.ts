import fs from 'node:fs';
import promises from 'node:fs/promises';
import { relative } from 'node:path';
import type { ExecutorContext, TaskGraph } from '@nx/devkit';

/** What a run of Nx with some images does to files and modules, as Nx calls the executor. */
export interface Observed {
  readonly log: readonly string[];
  /** Paths in the workspace, as often as they were opened or written. */
  readonly read: readonly string[];
  readonly written: readonly string[];
  /** Of our own sources, and of packages. */
  readonly loaded: readonly string[];
}

const read: string[] = [];
const written: string[] = [];

/** Takes note of what is opened by whatever way our sources do that. */
function watchFiles(): void {
  const watch = <O extends object, K extends keyof O>(
    owner: O,
    name: K,
    isWrite: (flags: unknown) => boolean,
  ): void => {
    const original = owner[name] as (...args: unknown[]) => unknown;
    const watched = (...args: unknown[]): unknown => {
      // One that is used by another one opens the same file.
      if (!isWatching) return original(...args);
      (isWrite(args[1]) ? written : read).push(String(args[0]));
      isWatching = false;
      try {
        return original(...args);
      } finally {
        isWatching = true;
      }
    };
    owner[name] = watched as O[K];
  };
  let isWatching = true;
  const byFlags = (flags: unknown): boolean => flags !== undefined && flags !== 'r';
  watch(fs, 'openSync', byFlags);
  watch(promises, 'open', byFlags);
  watch(fs, 'readFileSync', () => false);
  watch(fs, 'writeFileSync', () => true);
  watch(fs, 'mkdirSync', () => true);
}

/** A process that builds `<project>/Containerfile` in one batch: `<workspace> <project>…`. */
async function main([root, ...names]: string[]): Promise<void> {
  // A batch starts with what Nx has loaded.
  require('nx/src/utils/cache-directory');
  const before = new Set(Object.keys(require.cache));
  watchFiles();
  const { default: batch } =
    require('../../src/executors/build/batch') as typeof import('../../src/executors/build/batch');
  const target = (name: string) => ({
    executor: 'gitops:build',
    options: { containerfile: `${name}/Containerfile` },
  });
  const projects = Object.fromEntries(
    names.map((name) => [name, { root: name, targets: { 'image-build': target(name) } }]),
  );
  const tasks = Object.fromEntries(
    names.map((name) => [
      `${name}:image-build`,
      { id: `${name}:image-build`, target: { project: name, target: 'image-build' } },
    ]),
  );
  // The first one goes before the others.
  const dependencies = Object.fromEntries(
    Object.keys(tasks).map((task, i) => [task, i === 0 ? [] : [`${names[0]}:image-build`]]),
  );
  const inputs = Object.fromEntries(
    names.map((name) => [`${name}:image-build`, { containerfile: `${name}/Containerfile` }]),
  );
  const context = { root, projectsConfigurations: { projects } } as unknown as ExecutorContext;
  const log: string[] = [];
  for await (const { result } of batch({ tasks, dependencies } as unknown as TaskGraph, inputs, {}, context))
    log.push(result.terminalOutput);
  const inWorkspace = (paths: string[]): string[] =>
    paths.map((path) => relative(root!, path)).filter((path) => !path.startsWith('..'));
  const loaded = Object.keys(require.cache).filter((file) => !before.has(file));
  process.send!({
    log,
    read: inWorkspace(read),
    written: inWorkspace(written),
    loaded,
  } satisfies Observed);
  process.disconnect();
}

void main(process.argv.slice(2));
