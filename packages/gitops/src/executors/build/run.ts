import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { cacheDirectory } from '../../plugin/nx-internals';
import { GitopsError } from '../../support/errors';
import { EngineConnection } from '../../builders/engine/engine-connection';
import { LayerTrees } from '../../builders/assemble/layer-trees';
import { type BuildResult, ImageBuilder } from '../../workspace/build';
import type { BuildOptions } from '../../workspace/build-options';
import { type Project, collectImages } from '../../workspace/collect';
import { outputPath } from '../../workspace/image';
import { keepParsed } from '../../workspace/parsed';
import { Workspace } from '../../workspace/workspace';
import { onInterruption } from './interruption';

export interface Outcome {
  readonly success: boolean;
  /** What there is to say, with its last line's end. */
  readonly log: string;
}

/** The images of one run of Nx: they share what was looked up once. */
export interface Run {
  /** @param task `project:target` */
  build(task: string): Promise<Outcome>;
  close(): Promise<void>;
}

export const DEFAULT_CONCURRENCY = availableParallelism();

/**
 * Starts a run. A mistake in gitops.yaml is reported by each build, so that Nx names the projects that it stops.
 * @param given the options of the targets to build, by `project:target`
 */
export function openRun(
  workspaceRoot: string,
  projects: Readonly<Record<string, Project>>,
  given: ReadonlyMap<string, BuildOptions>,
): Run {
  const cache = cacheDirectory();
  const engine = new EngineConnection((line) => process.stdout.write(`${line}\n`));
  const interrupted = new AbortController();
  let builder: ImageBuilder | undefined;
  let images: Workspace['images'] = [];
  const running = new Set<Promise<Outcome>>();
  const release = onInterruption(() => {
    interrupted.abort(new GitopsError('interrupted'));
    return Promise.allSettled(running);
  });

  function start(): ImageBuilder {
    images = collectImages(projects, given);
    const workspace = Workspace.open(workspaceRoot, images, keepParsed(cache));
    return new ImageBuilder(workspace, new LayerTrees(join(cache, 'trees')), cache, engine, {
      signal: interrupted.signal,
    });
  }

  async function build(task: string): Promise<Outcome> {
    const lines: string[] = [];
    try {
      interrupted.signal.throwIfAborted();
      builder ??= start();
      const image = images.find(({ project, targetName }) => task === `${project}:${targetName}`);
      if (!image) throw new Error(`${task} builds no image`);
      const result = await builder.build(image, {
        log: (line) => lines.push(line),
        onOutput: (line) => process.stdout.write(`${image.name} | ${line}\n`),
      });
      return outcome(true, [...lines, summary(result)]);
    } catch (error) {
      if (error instanceof GitopsError) return outcome(false, [...lines, error.message]);
      return outcome(false, [...lines, `a fault in gitops: ${(error as Error).stack ?? String(error)}`]);
    }
  }

  return {
    build(task) {
      const work = build(task).finally(() => running.delete(work));
      running.add(work);
      return work;
    },
    async close() {
      release();
      await builder?.close();
    },
  };
}

function outcome(success: boolean, lines: readonly string[]): Outcome {
  return { success, log: lines.map((line) => `${line}\n`).join('') };
}

function summary({ image, built, digest, files }: BuildResult): string {
  const what = built ? `built from ${files} ${files === 1 ? 'file' : 'files'}` : 'up to date';
  return `${image.name}: ${what}, ${digest.slice(0, 'sha256:'.length + 12)} in ${outputPath(image)}`;
}
