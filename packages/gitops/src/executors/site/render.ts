import type { ExecutorContext } from '@nx/devkit';
import { withoutSecrets } from '../../sites/render';
import { type SiteOptions, atSiteOf } from './desk';

/** Prints what a site would run. */
export default function siteRender(
  options: SiteOptions,
  context: ExecutorContext,
): Promise<{ success: boolean }> {
  return atSiteOf(options, context, async ({ rendered }) => {
    process.stdout.write(withoutSecrets(rendered));
    return true;
  });
}
