import type { ExecutorContext } from '@nx/devkit';
import { join } from 'node:path';
import { LayerTrees } from '../../builders/assemble/layer-trees';
import { cacheDirectory } from '../../plugin/nx-internals';
import { type Desk, atSite } from '../../sites/desk';
import { rootOf } from '../../sites/release';
import { GitopsError } from '../../support/errors';
import { collectImages } from '../../workspace/collect';
import { type OpenStore, atStore } from '../at-store';

/** Which site, and which release of it. */
export interface SiteOptions {
  readonly site?: string | number;
  readonly ring?: string | number;
  readonly release?: string | number;
}

/**
 * Works at a site with the release that it is to run. What is wrong is one line on standard error.
 * @param work whether all is well
 * @param check throws a GitopsError for options that do not go together
 */
export function atSiteOf(
  { site, ring, release }: SiteOptions,
  { root, projectsConfigurations: { projects } }: ExecutorContext,
  work: (desk: Desk, open: OpenStore) => Promise<boolean>,
  check: () => void = () => undefined,
): Promise<{ success: boolean }> {
  return atStore({ root }, async (open) => {
    check();
    if (ring !== undefined && release !== undefined)
      throw new GitopsError('--ring and --release do not go together', undefined, 'use one of them');
    const image = rootOf(open.settings);
    const project = collectImages(projects).find(({ name }) => name === image);
    if (!project)
      throw new GitopsError(
        `no project makes the root image ${image}`,
        { file: 'gitops.yaml' },
        'correct root there, or make one: npx nx g gitops:root',
      );
    const trees = new LayerTrees(join(cacheDirectory(), 'trees'));
    try {
      const surroundings = { ...open, root, rootDirectory: project.projectRoot, trees };
      const text = (value: string | number | undefined): string | undefined =>
        value === undefined ? undefined : String(value);
      const options = { site: text(site), ring: text(ring), version: text(release) };
      return await atSite(surroundings, options, (desk) => work(desk, open));
    } finally {
      trees.close();
    }
  });
}
