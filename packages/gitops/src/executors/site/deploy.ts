import type { ExecutorContext } from '@nx/devkit';
import { type DeployOptions, deploy, deployment, listOf, suspend, watch, watching } from '../../sites/deploy';
import type { Desk } from '../../sites/desk';
import { GitopsError } from '../../support/errors';
import type { OpenStore } from '../at-store';
import { type SiteOptions, atSiteOf } from './desk';

/** The options of the executor `site-deploy`; each is documented in its schema. */
export interface SiteDeployOptions extends SiteOptions {
  readonly timeout?: number;
  readonly forceConflicts?: boolean;
  readonly dryRun?: boolean;
  readonly watch?: boolean;
  readonly schedule?: string;
  readonly suspend?: boolean;
  readonly resume?: boolean;
}

const SCHEDULE = '*/5 * * * *';

/** Brings the release of a site to its cluster, or lets the site follow its ring by itself. */
export default function siteDeploy(
  options: SiteDeployOptions,
  context: ExecutorContext,
): Promise<{ success: boolean }> {
  const work = async (desk: Desk, { store }: OpenStore): Promise<boolean> => {
    await (options.suspend || options.resume ? pause(desk, options) : run(desk, store, options));
    return true;
  };
  return atSiteOf(options, context, work, () => check(options));
}

/** @throws GitopsError for options that do not go together */
function check({ watch: isWatch, schedule, suspend: isSuspend, resume, dryRun }: SiteDeployOptions): void {
  const isPause = isSuspend || resume;
  const kinds = [
    isWatch && 'watch',
    isSuspend && 'suspend',
    resume && 'resume',
    isPause && dryRun && 'dryRun',
  ].filter(Boolean);
  if (kinds.length > 1)
    throw new GitopsError(`--${kinds.join(' and --')} do not go together`, undefined, 'use one of them');
  if (schedule !== undefined && !isWatch)
    throw new GitopsError('--schedule goes with --watch only', undefined, 'leave it out');
}

async function pause(desk: Desk, { suspend: isSuspend = false }: SiteDeployOptions): Promise<void> {
  await suspend(desk, isSuspend);
  const { site } = desk;
  console.log(
    isSuspend ? `${site.name}: stays as it is` : `${site.name}: follows the ring ${site.ring} again`,
  );
}

async function run(desk: Desk, { isRemote }: OpenStore['store'], options: SiteDeployOptions): Promise<void> {
  const { site, release, namespace } = desk;
  const deploying: DeployOptions = {
    timeoutSeconds: options.timeout ?? 600,
    forceConflicts: options.forceConflicts,
    id: Date.now().toString(36),
    print: (text) => process.stdout.write(text),
  };
  const { schedule = SCHEDULE } = options;
  const planned = options.watch
    ? await watching(desk, isRemote, { ...deploying, schedule })
    : await deployment(desk, isRemote, deploying);
  if (options.dryRun) {
    const yaml = require('yaml') as typeof import('yaml');
    const { items } = JSON.parse(listOf([...planned.access, planned.run])) as { items: unknown[] };
    process.stdout.write(items.map((item) => `---\n${yaml.stringify(item)}`).join(''));
    console.log(`${site.name}: would run ${release.image} ${release.version} in ${namespace}`);
  } else if (options.watch) {
    await watch(desk, planned);
    console.log(`${site.name}: follows the ring ${release.ring} in ${namespace}, looking at ${schedule}`);
  } else {
    await deploy(desk, planned, deploying);
    console.log(`${site.name}: runs ${release.image} ${release.version} in ${namespace}`);
  }
}
