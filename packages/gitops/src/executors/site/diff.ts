import type { ExecutorContext } from '@nx/devkit';
import { differences } from '../../sites/compare';
import { type SiteOptions, atSiteOf } from './desk';

/** The options of the executor `site-diff`; each is documented in its schema. */
export interface DiffOptions extends SiteOptions {
  readonly check?: boolean;
}

/** Compares what a site would run with what it runs. */
export default function siteDiff(
  { check, ...options }: DiffOptions,
  context: ExecutorContext,
): Promise<{ success: boolean }> {
  return atSiteOf(options, context, async (desk) => {
    const { site, release, namespace } = desk;
    const found = await differences(desk);
    process.stdout.write(found);
    const what = `${release.image} ${release.version} in ${namespace}`;
    console.log(
      found === '' ? `${site.name}: runs ${what}` : `${site.name}: does not run ${what}, see above`,
    );
    return !check || found === '';
  });
}
