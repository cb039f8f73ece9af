import { readdirSync } from 'node:fs';
import type { PromoteOptions } from '../../src/executors/promote/options';
import { promoteTasks } from '../../src/executors/promote/run';
import { type PublishOptions, runnerOf } from '../../src/executors/publish/run';
import type { Outcome } from '../../src/executors/publish/tasks';
import { push } from '../../src/executors/push/verb';
import { type Files, writeFiles } from '../support/files';

/** What a worker is told to do. */
export interface Order {
  /** Are written first. */
  readonly files?: Files;
  /** All of the workspace, unless some are named. */
  readonly images?: readonly string[];
  /** Those of the executor. */
  readonly options?: Partial<PublishOptions & PromoteOptions>;
  /** Is kept in the ledger. */
  readonly reason: string;
}

const RUNNERS = { push: runnerOf(push), promote: promoteTasks };

export type Verb = keyof typeof RUNNERS;

/** What became of each image, by name. */
export type Report = Readonly<Record<string, Outcome>>;

/** A process that does with the images of a workspace what it is told to, as Nx's does: `<workspace>`. */
function main([root]: string[]): void {
  const all = readdirSync(root!).filter((name) => !name.includes('.'));
  const projects = Object.fromEntries(
    all.map((name) => {
      const options = { containerfile: `${name}/Containerfile` };
      return [name, { root: name, targets: { 'image-build': { executor: 'gitops:build', options } } }];
    }),
  );
  const context = { root: root!, projectsConfigurations: { version: 2, projects } };
  process.on('message', async ([verb, { files = {}, images = all, options, reason }]: [Verb, Order]) => {
    writeFiles(root!, files);
    const given = { buildTarget: 'image-build', ...options, reason };
    const outcomes = await RUNNERS[verb](new Map(images.map((name) => [`${name}:it`, given])), context);
    process.send!(Object.fromEntries(images.map((name) => [name, outcomes.get(`${name}:it`)])));
  });
  process.send!('ready');
}

main(process.argv.slice(2));
