import type { TargetConfiguration, TargetDependencyConfig } from '@nx/devkit';
import { LOCK_FILE } from '../workspace/base-lock';
import { type WorkspaceImage, labelledPath } from '../workspace/image';
import type { Workspace } from '../workspace/workspace';
import { mergeDependencies } from './dependencies';
import { orElse } from './infer';
import type { ResolvedOptions } from './options';

/** The targets that executors work on by default, as their schemas have it. */
const USUAL_TARGETS: Readonly<Record<string, string>> = {
  buildTarget: 'image-build',
  labelTarget: 'image-label',
};

/** The names of the targets that an image has besides the one that builds it. */
export interface TargetNames {
  readonly label: string;
  readonly push: string;
  readonly promote: string;
  readonly load: string;
}

/** `image-label`, `image-push`, `image-promote`, `image-load`, each with the suffix that the image's build target has. */
export function targetNames({ targetName }: WorkspaceImage, options: ResolvedOptions): TargetNames {
  const suffix = targetName.startsWith(options.buildTargetName)
    ? targetName.slice(options.buildTargetName.length)
    : '';
  return {
    label: `${options.labelTargetName}${suffix}`,
    push: `${options.pushTargetName}${suffix}`,
    promote: `${options.promoteTargetName}${suffix}`,
    load: `${options.loadTargetName}${suffix}`,
  };
}

/**
 * The targets that work on what was built. None is cached: what they do depends on the state store, or on the engine.
 * Each of their properties is there once for each image, and again in Nx's source maps, and every command of Nx reads
 * both: so nothing is said twice. What they do, and how to use them, their executors' schemas say; so do the names of
 * the targets that they work on, where these are not called as usual.
 * @param sources the tasks that make what the image takes and git ignores
 */
export function imageTargets(
  image: WorkspaceImage,
  sources: readonly TargetDependencyConfig[],
  { workspace, options }: { workspace: Workspace; options: ResolvedOptions },
): Record<string, TargetConfiguration> {
  const names = targetNames(image, options);
  const needed = orElse(() => workspace.dependencies(image), []).filter(({ pinned }) => !pinned);
  const onThose = (target: (names: TargetNames) => string): TargetDependencyConfig[] =>
    needed
      .filter((dependency) => dependency.image !== image)
      .map((dependency) => ({
        projects: [dependency.image.project],
        target: target(targetNames(dependency.image, options)),
        // What is said on the command line holds for all: a dry run above all.
        params: 'forward',
      }));
  const target = (
    executor: string,
    dependsOn: readonly TargetDependencyConfig[],
    more: Readonly<Record<string, string>> = {},
  ): TargetConfiguration => {
    const options = unusual({ buildTarget: image.targetName, ...more });
    return {
      executor,
      ...(Object.keys(options).length > 0 ? { options } : {}),
      ...(dependsOn.length > 0 ? { dependsOn: mergeDependencies(dependsOn) } : {}),
    };
  };

  // Nx then finds the image affected by a change of the lock, whose bases are inputs of the build one by one.
  const isLockable = orElse(() => workspace.externalBases(image), []).length > 0;

  return {
    [names.label]: {
      ...target('gitops:label', [{ target: image.targetName }, ...onThose(({ label }) => label)]),
      outputs: [`{workspaceRoot}/${labelledPath(image)}`],
    },
    // It builds what turns out to be out of date, and nothing else: a task that is not needed cannot be taken back.
    [names.push]: {
      ...target('gitops:push', [...sources, ...onThose(({ push }) => push)], {
        labelTarget: names.label,
      }),
      ...(isLockable ? { inputs: [`{workspaceRoot}/${LOCK_FILE}`] } : {}),
    },
    // It moves what the ledger has: nothing is built for it, and what the image depends on moves along.
    [names.promote]: target('gitops:promote', []),
    [names.load]: target('gitops:load', [{ target: names.label, params: 'forward' }]),
  };
}

/** The options that say something else than the executor's schema does. */
function unusual(options: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(options).filter(([name, value]) => value !== USUAL_TARGETS[name]));
}

/** The targets of the workspace's root project, by their names: they are about all images. */
export function storeTargets(options: ResolvedOptions): Record<string, TargetConfiguration> {
  const target = (
    name: string,
    executor: string,
    description: string,
    example: Record<string, unknown>,
  ): TargetConfiguration => ({
    executor,
    options: {},
    cache: false,
    metadata: {
      description,
      technologies: ['container'],
      help: { command: `npx nx ${name} --help`, example: { options: example } },
    },
  });
  const { ringsTargetName, doctorTargetName, pruneTargetName } = options;
  return {
    [ringsTargetName]: target(
      ringsTargetName,
      'gitops:rings',
      'Shows which version of each image each ring holds, and what was done',
      { log: true },
    ),
    [doctorTargetName]: target(
      doctorTargetName,
      'gitops:doctor',
      'Tries out the state store, and checks the ledger, the images and their tags',
      { json: true },
    ),
    [pruneTargetName]: target(
      pruneTargetName,
      'gitops:prune',
      'Deletes versions of images that no ring holds and no recent entry of the ledger names',
      { days: 30, dryRun: false },
    ),
  };
}
