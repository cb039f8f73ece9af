import type { TargetConfiguration } from '@nx/devkit';
import { type WorkspaceImage, referenceName } from '../workspace/image';
import type { Settings } from '../workspace/settings';
import type { ResolvedOptions } from './options';

/** `image-load`, with the suffix that the image's other targets have. */
export function loadTargetName({ targetName }: WorkspaceImage, options: ResolvedOptions): string {
  return `${options.loadTargetName}${targetName.slice(options.buildTargetName.length)}`;
}

/** The target that loads an image into the local engine. */
export function loadTarget(image: WorkspaceImage, name: string, settings: Settings): TargetConfiguration {
  return {
    executor: 'gitops:load',
    options: { buildTarget: image.targetName },
    // An engine is not a file that could be restored.
    cache: false,
    dependsOn: [image.targetName],
    metadata: {
      description: `Loads the image ${referenceName(image, settings)} into the local container engine`,
      technologies: ['container'],
      help: {
        command: `npx nx run ${image.project}:${name} --help`,
        example: { options: { ring: settings.rings[0] } },
      },
    },
  };
}
