import { type ProjectConfiguration, type TargetConfiguration, type Tree, readJson } from '@nx/devkit';
import { posix } from 'node:path';

/** What an image is made of: a project, or a directory that becomes one. */
export interface Subject {
  readonly name: string;
  /** Relative to the workspace; `.` for the root. */
  readonly root: string;
  /** Inferred ones too. */
  readonly targets: Readonly<Record<string, TargetConfiguration>>;
  readonly manifest: Manifest;
  /** What makes the files that the image takes; undefined where nothing does. */
  readonly build?: Build;
}

/** What is asked of a package.json. */
export interface Manifest {
  readonly name?: string;
  readonly main?: string;
  readonly type?: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly packageManager?: string;
}

/** A target that builds the project. */
export interface Build {
  readonly target: string;
  readonly executor: string;
  /** The command line, where it is one. */
  readonly command: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** What it makes, relative to the workspace; the first is what counts. */
  readonly outputs: readonly [string, ...string[]];
}

/** @param sourceTargets the targets that may build it, as the plugin's option of that name has them */
export function readSubject(
  tree: Tree,
  name: string,
  { root, targets = {} }: Pick<ProjectConfiguration, 'root' | 'targets'>,
  sourceTargets: readonly string[],
): Subject {
  const target = sourceTargets.find((candidate) => targets[candidate] !== undefined);
  const build = target === undefined ? undefined : readBuild(target, targets[target]!, { name, root });
  return { name, root, targets, manifest: readManifest(tree, root), ...(build && { build }) };
}

/** The directory's package.json; an empty one where there is none. */
export function readManifest(tree: Tree, directory: string): Manifest {
  const file = posix.join(directory, 'package.json');
  return tree.isFile(file) ? readJson<Manifest>(tree, file) : {};
}

function readBuild(
  target: string,
  { executor = '', command, options: written, outputs = [], ...rest }: TargetConfiguration,
  project: Pick<Subject, 'name' | 'root'>,
): Build {
  const configured = rest.configurations?.[rest.defaultConfiguration ?? ''] as object | undefined;
  const options = { ...(written as object | undefined), ...configured } as Record<string, unknown>;
  const declared = outputs.flatMap((output) => interpolate(output, project, options));
  const [first = posix.join(project.root, 'dist'), ...others] = declared;
  return {
    target,
    executor,
    command: command ?? text(options['command']) ?? '',
    options,
    outputs: [first, ...others],
  };
}

/** `{projectRoot}/dist/**` → `apps/api/dist`; nothing where it names an option that is not set. */
function interpolate(
  output: string,
  { name, root }: Pick<Subject, 'name' | 'root'>,
  options: Readonly<Record<string, unknown>>,
): string[] {
  const filled = output
    .replace('{workspaceRoot}', '.')
    .replace('{projectRoot}', root)
    .replace('{projectName}', name)
    .replace(/\{options\.(\w+)\}/g, (all, option: string) => text(options[option]) ?? all);
  const parts = posix.join(filled).split('/');
  const wild = parts.findIndex((part) => /[*?[{]/.test(part));
  const fixed = wild === -1 ? parts : parts.slice(0, wild);
  return /\{options\./.test(filled) || fixed.length === 0 ? [] : [fixed.join('/').replace(/\/$/, '')];
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
