import { join } from 'node:path';
import type { ExecutorContext } from '@nx/devkit';
import { LayerTrees } from '../../builders/assemble/layer-trees';
import { engineFailure } from '../../builders/engine/call';
import { EngineConnection } from '../../builders/engine/engine-connection';
import { cacheDirectory } from '../../plugin/nx-internals';
import { GitopsError } from '../../support/errors';
import { Bases } from '../../workspace/bases';
import { collectImages } from '../../workspace/collect';
import { loadImage } from '../../workspace/load';
import { readSettings } from '../../workspace/settings';
import { labelledOrBuilt } from '../../workspace/whereabouts';
import { Workspace } from '../../workspace/workspace';

/** The options of the executor `load`; each is documented in its schema. */
export interface LoadOptions {
  readonly buildTarget: string;
  readonly ring?: string;
}

/** Loads a built image into the local engine. What is wrong is one line on standard error. */
export default async function load(
  options: LoadOptions,
  context: ExecutorContext,
): Promise<{ success: boolean }> {
  try {
    const names = await run(options, context);
    for (const name of names) console.log(`loaded ${name}`);
    return { success: true };
  } catch (error) {
    const failure = engineFailure(error);
    if (!(failure instanceof GitopsError)) throw failure;
    console.error(failure.message);
    return { success: false };
  }
}

async function run({ buildTarget, ring }: LoadOptions, context: ExecutorContext): Promise<string[]> {
  const settings = readSettings(context.root);
  const images = collectImages(context.projectsConfigurations.projects);
  const image = images.find(
    ({ project, targetName }) => project === context.projectName && targetName === buildTarget,
  );
  if (!image)
    throw new GitopsError(
      `${context.projectName}:${buildTarget} builds no image`,
      undefined,
      'correct the option buildTarget',
    );
  const trees = new LayerTrees(join(cacheDirectory(), 'trees'));
  const workspace = new Workspace(context.root, settings, images);
  const bases = new Bases(workspace, trees, labelledOrBuilt(context.root));
  try {
    const engine = new EngineConnection((line) => console.log(line));
    return await loadImage(image, ring ?? process.env['GITOPS_RING'], { bases, settings, engine });
  } finally {
    await bases.close();
  }
}
