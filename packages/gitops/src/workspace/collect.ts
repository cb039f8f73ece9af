import type { BuildOptions } from './build-options';
import { asContainerFile } from './container-files';
import { type WorkspaceImage, imageName } from './image';

/** The executor, under the package's own name. */
export const BUILD_EXECUTOR = 'gitops:build';

export interface Project {
  readonly root: string;
  readonly targets?: Readonly<Record<string, Target>>;
}

interface Target {
  readonly executor?: string;
  readonly options?: unknown;
  readonly configurations?: Readonly<Record<string, unknown>>;
}

/**
 * The images of a workspace as its project graph has them: every target that builds one, inferred or written.
 * @param given options of targets that are being run, by `project:target`: they go before those of the graph
 */
export function collectImages(
  projects: Readonly<Record<string, Project>>,
  given: ReadonlyMap<string, BuildOptions> = new Map(),
): WorkspaceImage[] {
  return Object.entries(projects).flatMap(([project, { root, targets = {} }]) =>
    Object.entries(targets).flatMap(([targetName, target]): WorkspaceImage[] => {
      const options = given.get(`${project}:${targetName}`) ?? (target.options as BuildOptions | undefined);
      if (target.executor !== BUILD_EXECUTOR || typeof options?.containerfile !== 'string') return [];
      const suffix = asContainerFile(options.containerfile)?.suffix;
      return [
        {
          project,
          projectRoot: root,
          targetName,
          name: options.image ?? imageName(project, suffix),
          options,
        },
      ];
    }),
  );
}

/** The images of a workspace in all ways in which their targets are configured. */
export function collectConfigurations(projects: Readonly<Record<string, Project>>): WorkspaceImage[] {
  return collectImages(projects).flatMap((image) => {
    const { configurations = {} } = projects[image.project]!.targets![image.targetName]!;
    const configured = Object.values(configurations) as Partial<BuildOptions>[];
    return [image, ...configured.map((options) => ({ ...image, options: { ...image.options, ...options } }))];
  });
}
