import { type TargetConfiguration, type Tree, readJson, writeJson } from '@nx/devkit';
import { isDeepStrictEqual } from 'node:util';
import { posix } from 'node:path';
import type { ResolvedOptions } from '../../plugin/options';
import type { BuildOptions } from '../../workspace/build-options';
import { outputPath } from '../../workspace/image';
import { isIn } from './artefact';
import { type Ingredients, sourcesOf } from './ingredients';
import type { Place } from './place';
import type { Subject } from './subject';

export type Targets = Readonly<Record<string, Partial<TargetConfiguration>>>;

/** What the targets of a project need, so that its image is built from what it takes. */
export interface TargetPlan {
  /** The directory that COPY takes from, relative to the workspace. */
  readonly context: string;
  /** What is added to the project's targets. */
  readonly changes: Targets;
}

/** Where images go that would otherwise end up in what they are made of. */
const APART = '.gitops/images';

/** @param ingredients undefined where nothing is copied */
export function planTargets(
  { root, file, suffix }: Place,
  subject: Subject,
  ingredients: Ingredients | undefined,
  plugin: ResolvedOptions,
): TargetPlan {
  const name = suffix ? `${plugin.buildTargetName}-${suffix}` : plugin.buildTargetName;
  const set = (subject.targets[name]?.options ?? {}) as Partial<BuildOptions>;
  const isWide = (set.context ?? plugin.context) === 'workspace';
  const sources = ingredients ? sourcesOf(ingredients) : [];
  const needsWide = !isWide && sources.some((source) => !isIn(source, root));
  const options = {
    ...(needsWide ? { context: 'workspace' } : {}),
    ...apart(outputPath({ projectRoot: root, options: { containerfile: file, ...set } })),
  };
  const added = Object.entries(ingredients?.install?.targets ?? {})
    .filter(([target]) => !(target in subject.targets))
    .map(([target, files]) => [target, ofNxJs(target, files, subject)]);
  return {
    context: isWide || needsWide ? '.' : root,
    changes: {
      ...(Object.keys(options).length > 0 ? { [name]: { options } } : {}),
      ...Object.fromEntries(added),
    },
  };

  /** Another place for the image, where a build would take the one from before for something it made itself. */
  function apart(output: string): { outputPath?: string } {
    const made = [...(subject.build?.outputs ?? []), ...(ingredients ? [ingredients.artefact.source] : [])];
    return made.some((directory) => isIn(output, directory) && directory !== root)
      ? { outputPath: posix.join(APART, root, posix.basename(output)) }
      : {};
  }
}

/** A target as the generators of Nx for Node applications have it. */
function ofNxJs(name: string, files: readonly string[], { build }: Subject): Partial<TargetConfiguration> {
  const { target, outputs } = build!;
  return {
    executor: `@nx/js:${name}`,
    dependsOn: [target],
    cache: true,
    outputs: files.map((file) => `{workspaceRoot}/${outputs[0]}/${file}`),
    options: { buildTarget: target },
  };
}

interface ProjectFile {
  readonly name?: string;
  readonly targets?: Targets;
  readonly nx?: { readonly targets?: Targets };
}

/**
 * Adds to a project's targets, in project.json, or where there is none in package.json. A directory with neither
 * gets a project.json.
 * @param changes by the target's name; what the target says otherwise stays
 */
export function addToTargets(
  tree: Tree,
  { project, root }: Pick<Place, 'project' | 'root'>,
  changes: Targets,
): void {
  if (Object.keys(changes).length === 0) return;
  const projectJson = posix.join(root, 'project.json');
  const packageJson = posix.join(root, 'package.json');
  const isPackage = !tree.isFile(projectJson) && tree.isFile(packageJson);
  const file = isPackage ? packageJson : projectJson;
  const before: ProjectFile = tree.isFile(file) ? readJson(tree, file) : { name: project };
  const after = isPackage
    ? { ...before, nx: { ...before.nx, targets: merged(before.nx?.targets, changes) } }
    : { ...before, targets: merged(before.targets, changes) };
  if (!isDeepStrictEqual(before, after)) writeJson(tree, file, after);
}

function merged(targets: Targets = {}, changes: Targets): Targets {
  const changed = Object.entries(changes).map(([name, change]) => {
    const options = { ...(targets[name]?.options as object), ...(change.options as object) };
    return [name, { ...targets[name], ...change, options }];
  });
  return { ...targets, ...Object.fromEntries(changed) };
}
