import { posix } from 'node:path';
import type { TargetConfiguration, TargetDependencyConfig } from '@nx/devkit';
import type { ContextSource } from '../containerfile/context-sources';
import { compileIgnore, ignoreFileCandidates } from '../containerfile/ignore';
import { environmentArguments } from '../workspace/build-options';
import type { GitIgnore } from '../workspace/gitignore';
import { readIgnoreFile } from '../workspace/ignore-file';
import { type WorkspaceImage, contextRoot, outputPath, referenceName } from '../workspace/image';
import {
  type Input,
  fileGlobs,
  fixedPart,
  ignoredGlobs,
  outputGlobs,
  sourceGlobs,
} from '../workspace/inputs';
import { SETTINGS_FILE } from '../workspace/settings';
import type { Workspace } from '../workspace/workspace';
import { mergeDependencies } from './dependencies';
import { inferredOptions, orElse } from './infer';
import type { ResolvedOptions } from './options';
import type { ProjectFiles } from './project-files';

interface Surroundings {
  readonly workspace: Workspace;
  readonly options: ResolvedOptions;
  readonly projectFiles: ProjectFiles;
  readonly gitIgnore: GitIgnore;
}

/** Where tools commonly put what they build, where a target's outputs do not say. */
const USUAL_OUTPUTS = ['dist', 'build', 'out'];

export interface BuildTarget {
  readonly target: TargetConfiguration;
  /** The tasks that make what the image takes and git ignores. */
  readonly sources: readonly TargetDependencyConfig[];
}

/** The target that builds an image. */
export function buildTarget(image: WorkspaceImage, surroundings: Surroundings): BuildTarget {
  const { workspace, options } = surroundings;
  const { containerfile } = image.options;
  const analysis = orElse(() => workspace.analysis(image), undefined);
  const circle = workspace.circle(image);
  const ingredients = circle ? [] : orElse(() => workspace.ingredients(image), []);
  const ignored = orElse(() => readIgnoreFile(workspace.root, image).patterns, []);
  const built = builtSources(image, analysis?.sources ?? [], ignored, surroundings);
  const sources = built.flatMap(({ dependsOn }) => dependsOn);

  const target = {
    executor: 'gitops:build',
    options: {
      containerfile,
      ...inferredOptions(options),
      outputPath: outputPath(image),
    },
    cache: true,
    outputs: ['{options.outputPath}'],
    inputs: [
      ...fileInputs(image, analysis?.sources ?? [], ignored),
      ...environmentArguments(image.options.buildArgs).map((env) => ({ env })),
      ...ingredients.map((base) => ({ dependentTasksOutputFiles: `${outputPath(base)}/index.json` })),
      ...built.flatMap(({ globs }) => globs.map((glob) => ({ dependentTasksOutputFiles: glob }))),
      ...lockedInputs(image, workspace),
      // Without a gitops.yaml the images are called after it.
      { json: '{workspaceRoot}/package.json', fields: ['name'] },
      { externalDependencies: [] },
    ],
    dependsOn: mergeDependencies([
      ...ingredients.map((base) => ({ projects: [base.project], target: base.targetName })),
      ...sources,
    ]),
    metadata: {
      description: `Builds the image ${referenceName(image, workspace.settings)} from ${containerfile}`,
    },
  };
  return { target, sources };
}

/**
 * What an image's bases are locked at, as what a command says: a reference holds nothing that means more to a shell. As
 * fields of the lock file, Nx finds no key with a dot in it; as external nodes of the graph, they would change every task
 * that says nothing of external dependencies.
 */
function lockedInputs(image: WorkspaceImage, workspace: Workspace): { runtime: string }[] {
  const locked = orElse(() => workspace.externalBases(image), []).filter(
    ({ written }) => written !== undefined,
  );
  return [...new Set(locked.map(({ reference }) => reference))].map((reference) => ({
    runtime: `echo ${reference}`,
  }));
}

function fileInputs(
  image: WorkspaceImage,
  sources: readonly ContextSource[],
  ignored: readonly string[],
): Input[] {
  const { containerfile } = image.options;
  const context = contextRoot(image);
  const candidates = ignoreFileCandidates(containerfile, context);
  const globs = sources.flatMap((source) => sourceGlobs(source, context, image.projectRoot));
  return [
    ...new Set<string>([
      `{workspaceRoot}/${SETTINGS_FILE}`,
      ...fileGlobs([containerfile, ...(globs.length ? candidates : [])], image.projectRoot),
      ...globs,
      ...(globs.length ? ignoredGlobs(ignored, context, image.projectRoot) : []),
    ]),
  ];
}

interface BuiltSource {
  readonly globs: readonly string[];
  readonly dependsOn: readonly TargetDependencyConfig[];
}

/** Sources that git ignores, or that hold such files: other tasks make them, and Nx hashes them as those tasks' outputs. */
function builtSources(
  image: WorkspaceImage,
  sources: readonly ContextSource[],
  ignored: readonly string[],
  { options, projectFiles, gitIgnore }: Surroundings,
): BuiltSource[] {
  const context = contextRoot(image);
  const rules = orElse(() => compileIgnore(ignored), undefined);
  return sources.flatMap((source): BuiltSource[] => {
    const path = posix.join(context, fixedPart(source));
    if (path !== '.' && gitIgnore.ignores(path, true))
      return [{ globs: outputGlobs(source, context), dependsOn: dependsOnMakers(path) }];
    const outputs = outputsOf(image.projectRoot).filter(
      (output) =>
        isBelow(output, path) &&
        gitIgnore.ignores(output, true) &&
        !rules?.ignored(posix.relative(context, output)),
    );
    return outputs.map((output) => ({ globs: [`${output}/**/*`], dependsOn: dependsOnMakers(output) }));
  });

  function dependsOnMakers(path: string): TargetDependencyConfig[] {
    const owner = owningProject(path);
    return options.sourceTargets.map((target) =>
      owner === undefined ? { target } : { projects: [owner], target },
    );
  }

  /** The name of another project that makes `path`, in its own directory or in `dist/<its directory>`. */
  function owningProject(path: string): string | undefined {
    const root = projectFiles.above(path) ?? projectFiles.above(path.replace(/^[^/]+\//, ''));
    return root === undefined || root === image.projectRoot
      ? undefined
      : (projectFiles.at(root)?.name ?? posix.basename(root));
  }

  function outputsOf(projectRoot: string): string[] {
    const targets = projectFiles.at(projectRoot)?.targets ?? {};
    const declared = options.sourceTargets.flatMap((target) => targets[target]?.outputs ?? []);
    return declared.length
      ? declared.map((output) =>
          posix.join(output.replace('{projectRoot}', projectRoot).replace('{workspaceRoot}', '.')),
        )
      : USUAL_OUTPUTS.map((output) => posix.join(projectRoot, output));
  }
}

function isBelow(path: string, directory: string): boolean {
  return directory === '.' || path === directory || path.startsWith(`${directory}/`);
}
