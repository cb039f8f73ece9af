#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ExecutorContext, ProjectsConfigurations } from '@nx/devkit';
import { GitopsError } from '../support/errors';
import { readOptions, readRequest } from './command-line';
import { COMMANDS } from './commands';
import { commandHelp, overview } from './help';
import { readSchema } from './schema';

main(process.argv.slice(2)).then(
  (isSuccess) => (process.exitCode = isSuccess ? 0 : 1),
  (error: unknown) => {
    const message =
      error instanceof GitopsError
        ? error.message
        : `a fault in gitops: ${error instanceof Error ? error.stack : String(error)}`;
    process.stderr.write(`${message}\n`);
    process.exitCode = 1;
  },
);

/** @returns whether all is well */
async function main(line: readonly string[]): Promise<boolean> {
  const names = Object.keys(COMMANDS);
  const { command: name, wantsHelp, args } = readRequest(line, names);
  if (name === undefined) {
    console.log(overview(new Map(names.map((command) => [command, readSchema(command)]))));
    return true;
  }
  const schema = readSchema(name);
  if (wantsHelp) {
    console.log(commandHelp(name, schema));
    return true;
  }
  const options = readOptions(args, schema);
  const root = workspaceRoot(process.cwd());
  // Where Nx runs executors, and looks for the workspace.
  process.chdir(root);
  const { load, needsProjects } = COMMANDS[name]!;
  const projectsConfigurations = needsProjects ? await readProjects() : { version: 2, projects: {} };
  const { success } = await load().default(
    // As their schema has them.
    options as never,
    // All that these executors take of it.
    { root, projectsConfigurations } as ExecutorContext,
  );
  return success;
}

function workspaceRoot(directory: string): string {
  if (existsSync(join(directory, 'nx.json'))) return directory;
  const above = dirname(directory);
  if (above !== directory) return workspaceRoot(above);
  throw new GitopsError(
    `${process.cwd()} is in no Nx workspace`,
    undefined,
    'run gitops in a directory that has an nx.json, or below one',
  );
}

/** What is wrong with the projects Nx says itself. Of its daemon it has to let go, or the process would not end. */
async function readProjects(): Promise<ProjectsConfigurations> {
  const { createProjectGraphAsync, readProjectsConfigurationFromProjectGraph } =
    require('@nx/devkit') as typeof import('@nx/devkit');
  const graph = await createProjectGraphAsync({ exitOnError: true, resetDaemonClient: true });
  return readProjectsConfigurationFromProjectGraph(graph);
}
