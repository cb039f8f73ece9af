import type { Tree } from '@nx/devkit';
import { posix } from 'node:path';
import { GitopsError } from '../../support/errors';
import { imageName } from '../../workspace/image';
import { gitIgnoreOf } from '../git-ignored';
import type { Kind } from './kind';
import { type Build, type Subject, text } from './subject';

/** What goes into an image: paths relative to the workspace. */
export interface Artefact {
  /** The file that is started, or the directory that is served. */
  readonly path: string;
  /** What is copied: the file, or the directory with it. */
  readonly source: string;
  /** The directory whose files keep their places to one another. */
  readonly home: string;
}

/** Where bundlers and compilers of TypeScript keep the name of the file that they compile. */
const COMPILED: Readonly<Record<string, string>> = {
  '.ts': '.js',
  '.tsx': '.js',
  '.mts': '.mjs',
  '.cts': '.cjs',
};

/**
 * What of a project goes into its image. It is there, or a build makes it.
 * @param given its path, where the user said it
 * @throws GitopsError where there is no such thing, or no build would make it
 */
export function findArtefact(
  tree: Tree,
  kind: Exclude<Kind, 'base'>,
  subject: Subject,
  given: string | undefined,
): Artefact {
  const path = given === undefined ? detect(tree, kind, subject) : posix.join(given);
  if (path === undefined)
    throw new GitopsError(
      `nothing of ${subject.root} is known to go into an image of kind ${kind}: no target of the project makes it`,
      undefined,
      'name it with --artefact=<path>, or choose another --kind',
    );
  if (posix.isAbsolute(path) || path.split('/')[0] === '..')
    throw new GitopsError(
      `${path} is not in the workspace`,
      undefined,
      'name the artefact as seen from the root of the workspace',
    );
  checkMade(tree, path, subject);
  return kind === 'node' ? { path, ...directoryWith(path, subject) } : { path, source: path, home: path };
}

function detect(tree: Tree, kind: Exclude<Kind, 'base'>, subject: Subject): string | undefined {
  const { build, root } = subject;
  switch (kind) {
    case 'node':
      return build ? builtMain(build, subject) : declaredMains(subject).find((main) => tree.isFile(main));
    case 'scratch':
      return build && posix.join(build.outputs[0], imageName(subject.name));
    case 'static':
      if (build) return siteOf(build);
      return ['public', 'src', '.']
        .map((directory) => posix.join(root, directory))
        .find((directory) => tree.isFile(posix.join(directory, 'index.html')));
  }
}

/** The application builders of Angular put what a browser gets into a directory of its own. */
function siteOf({ executor, outputs: [output] }: Build): string {
  return /angular.*:application$/.test(executor) ? posix.join(output, 'browser') : output;
}

/** What package.json says is started, or loaded. */
function declaredMains({ root, manifest }: Subject): string[] {
  const [, started] = /^node (?:-\S+ )*([^\s-]\S*)$/.exec(manifest.scripts?.['start'] ?? '') ?? [];
  return [started, manifest.main, 'index.js'].flatMap((main) =>
    main === undefined ? [] : [posix.join(root, main)],
  );
}

function builtMain(build: Build, subject: Subject): string {
  const [output] = build.outputs;
  const declared = declaredMains(subject).find((main) => isIn(main, output));
  return (
    declared ?? posix.join(output, text(build.options['outputFileName']) ?? compiledMain(build, subject))
  );
}

/** Where the build puts what it makes of the file that its option `main` names. */
function compiledMain({ executor, options }: Build, { root }: Subject): string {
  const main = text(options['main']);
  if (main === undefined) return 'main.js';
  const { name, ext } = posix.parse(main);
  const compiled = COMPILED[ext] ?? ext;
  // A compiler keeps the directories, a bundler does not.
  if (/^@nx\/js:(tsc|swc)$/.test(executor))
    return posix.join(posix.dirname(posix.relative(root, main)), name + compiled);
  return name + (executor === '@nx/esbuild:esbuild' ? esbuildEnd(options, compiled) : compiled);
}

function esbuildEnd({ format, esbuildOptions }: Build['options'], compiled: string): string {
  const { outExtension = {} } = (esbuildOptions ?? {}) as { outExtension?: Record<string, string> };
  const isCommonJs = Array.isArray(format) && format.length === 1 && format[0] === 'cjs';
  return outExtension['.js'] ?? (isCommonJs ? '.cjs' : compiled);
}

/** The whole of what the build makes; of sources, the directory of the project that the file is in. */
function directoryWith(file: string, { root, build }: Subject): Pick<Artefact, 'source' | 'home'> {
  const output = build?.outputs.find((candidate) => isIn(file, candidate)) ?? posix.dirname(file);
  if (build !== undefined || !isIn(file, root)) return { source: output, home: output };
  const [first = ''] = posix.relative(root, output).split('/');
  return { source: posix.join(root, first), home: root };
}

/** What git does not ignore is taken for a source, and no build is waited for. */
function checkMade(tree: Tree, path: string, { build, root }: Subject): void {
  // What is meant for directories holds for what becomes one.
  if (gitIgnoreOf(tree).ignores(path, true)) return;
  const output = build?.outputs.find((candidate) => isIn(path, candidate));
  if (output !== undefined)
    throw new GitopsError(
      `git does not ignore ${output}, so that no image would wait for ${build!.target} to make it`,
      undefined,
      'add it to .gitignore',
    );
  if (!tree.exists(path))
    throw new GitopsError(
      `there is no ${path}`,
      undefined,
      `correct --artefact, relative to the workspace, or write what goes into the image of ${root} first`,
    );
}

/** Whether a path is the directory, or in it. */
export function isIn(path: string, directory: string): boolean {
  return directory === '.' || path === directory || path.startsWith(`${directory}/`);
}
