import { join } from 'node:path';
import { LayerTrees } from '../../builders/assemble/layer-trees';
import type { EngineConnection } from '../../builders/engine/engine-connection';
import { GitopsError } from '../../support/errors';
import { reportPhases } from '../../support/phases';
import { type BuildResult, ImageBuilder } from '../../workspace/build';
import { type WorkspaceImage, outputPath } from '../../workspace/image';
import { keepParsed } from '../../workspace/parsed';
import { Workspace } from '../../workspace/workspace';

/** What is to be built from. All that a process needs to know to take part in a run. */
export interface Assignment {
  readonly root: string;
  /** A directory of this machine for what saves work. */
  readonly cache: string;
  readonly images: readonly WorkspaceImage[];
}

export interface Outcome {
  readonly success: boolean;
  /** What there is to say, with its last line's end. */
  readonly log: string;
}

/** Builds images of a run. */
export interface Builds {
  /** @param task `project:target` */
  build(task: string): Promise<Outcome>;
  /** Has all builds fail that have not ended yet, and those to come; resolves when none is left. */
  stop(): Promise<void>;
  /** Lets go of what was opened; nothing is built any more. */
  close(): Promise<void>;
}

/** An engine that this process is not to look for: who gave it the task does that. */
export class EngineElsewhere extends Error {}

/** Builds images in this process: they share what was looked up once. */
export class OwnBuilds implements Builds {
  private readonly interrupted = new AbortController();
  private readonly running = new Set<Promise<Outcome>>();
  private readonly images: ReadonlyMap<string, WorkspaceImage>;
  private opened: ImageBuilder | GitopsError | undefined;

  constructor(
    private readonly assignment: Assignment,
    private readonly engine: EngineConnection,
  ) {
    this.images = new Map(
      assignment.images.map((image) => [`${image.project}:${image.targetName}`, image] as const),
    );
  }

  /** @throws EngineElsewhere where the connection to the engine does */
  build(task: string): Promise<Outcome> {
    const work = this.attempt(task).finally(() => this.running.delete(work));
    this.running.add(work);
    return work;
  }

  async stop(): Promise<void> {
    this.interrupted.abort(new GitopsError('interrupted'));
    await Promise.allSettled(this.running);
  }

  async close(): Promise<void> {
    if (this.opened instanceof ImageBuilder) await this.opened.close();
    reportPhases(`builds of process ${process.pid}`);
  }

  private async attempt(task: string): Promise<Outcome> {
    const lines: string[] = [];
    try {
      // Looking at what is up to date waits for nothing: without a pause, no signal would be heard before the end.
      await new Promise(setImmediate);
      this.interrupted.signal.throwIfAborted();
      const image = this.images.get(task);
      if (!image) throw new Error(`${task} builds no image`);
      const result = await this.builder().build(image, {
        log: (line) => lines.push(line),
        onOutput: (line) => process.stdout.write(`${image.name} | ${line}\n`),
      });
      return outcome(true, [...lines, summary(result)]);
    } catch (error) {
      if (error instanceof EngineElsewhere) throw error;
      if (error instanceof GitopsError) return outcome(false, [...lines, error.message]);
      return outcome(false, [...lines, `a fault in gitops: ${(error as Error).stack ?? String(error)}`]);
    }
  }

  /** A mistake in gitops.yaml is reported by each build, so that Nx names the projects that it stops. */
  private builder(): ImageBuilder {
    this.opened ??= this.open();
    if (this.opened instanceof GitopsError) throw this.opened;
    return this.opened;
  }

  private open(): ImageBuilder | GitopsError {
    const { root, cache, images } = this.assignment;
    try {
      const workspace = Workspace.open(root, images, keepParsed(cache));
      return new ImageBuilder(workspace, new LayerTrees(join(cache, 'trees')), cache, this.engine, {
        signal: this.interrupted.signal,
      });
    } catch (error) {
      if (error instanceof GitopsError) return error;
      throw error;
    }
  }
}

function outcome(success: boolean, lines: readonly string[]): Outcome {
  return { success, log: lines.map((line) => `${line}\n`).join('') };
}

function summary({ image, built, digest, files }: BuildResult): string {
  const what = built ? `built from ${files} ${files === 1 ? 'file' : 'files'}` : 'up to date';
  return `${image.name}: ${what}, ${digest.slice(0, 'sha256:'.length + 12)} in ${outputPath(image)}`;
}
