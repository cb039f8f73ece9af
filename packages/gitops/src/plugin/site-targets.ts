import type { TargetConfiguration } from '@nx/devkit';
import type { WorkspaceImage } from '../workspace/image';
import type { Settings } from '../workspace/settings';
import type { ResolvedOptions } from './options';

/** The targets of the root image that bring it to sites: each site is a configuration of them. None is cached. */
export function siteTargets(
  { project }: WorkspaceImage,
  { sites }: Settings,
  options: ResolvedOptions,
): Record<string, TargetConfiguration> {
  const names = Object.keys(sites);
  const [first = 'demo'] = names;
  const configurations = Object.fromEntries(names.map((site) => [site, { site }]));
  const target = (
    name: string,
    executor: string,
    description: string,
    example: object,
  ): TargetConfiguration => ({
    executor,
    options: {},
    configurations,
    cache: false,
    metadata: {
      description,
      technologies: ['container'],
      help: {
        command: `npx nx run ${project}:${name} --help`,
        example: { options: { site: first, ...example } },
      },
    },
  });
  const { siteRenderTargetName, siteDiffTargetName, siteDeployTargetName } = options;
  return {
    [siteRenderTargetName]: target(
      siteRenderTargetName,
      'gitops:site-render',
      'Shows what a site would run',
      {},
    ),
    [siteDiffTargetName]: target(
      siteDiffTargetName,
      'gitops:site-diff',
      'Compares what a site would run with what it runs',
      { check: true },
    ),
    [siteDeployTargetName]: target(
      siteDeployTargetName,
      'gitops:site-deploy',
      'Brings the release of a ring to a site',
      { watch: true },
    ),
  };
}
