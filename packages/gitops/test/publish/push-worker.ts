import { readdirSync } from 'node:fs';
import { runnerOf } from '../../src/executors/publish/run';
import type { Outcome } from '../../src/executors/publish/tasks';
import { push } from '../../src/executors/push/verb';
import { type Files, writeFiles } from '../support/files';

/** What a worker is told to do: to write these files, and to push all images. */
export interface Order {
  readonly files: Files;
  /** Is kept in the ledger. */
  readonly reason: string;
}

/** What became of each image, by name. */
export type Report = Readonly<Record<string, Outcome>>;

/** A process that pushes the images of a workspace as often as it is told to, as Nx's does: `<workspace>`. */
function main([root]: string[]): void {
  const images = readdirSync(root!).filter((name) => !name.includes('.'));
  const projects = Object.fromEntries(
    images.map((name) => {
      const options = { containerfile: `${name}/Containerfile` };
      return [name, { root: name, targets: { 'image-build': { executor: 'gitops:build', options } } }];
    }),
  );
  process.on('message', ({ files, reason }: Order) => {
    writeFiles(root!, files);
    const tasks = images.map(
      (name) => [`${name}:image-push`, { buildTarget: 'image-build', reason }] as const,
    );
    const context = { root: root!, projectsConfigurations: { version: 2, projects } };
    void runnerOf(push)(new Map(tasks), context).then((outcomes) =>
      process.send!(Object.fromEntries(images.map((name) => [name, outcomes.get(`${name}:image-push`)]))),
    );
  });
  process.send!('ready');
}

main(process.argv.slice(2));
