import { createHash } from 'node:crypto';
import { type ContextSource, contextSources } from '../containerfile/context-sources';
import { type Containerfile, type Instruction, historyText } from '../containerfile/instructions';
import type { Variables } from '../containerfile/scope';
import type { StagePlan } from '../containerfile/stages';
import { matchSource, selectFiles } from '../containerfile/sources';
import type { Entry } from '../filetree/entry';
import { compareNames } from '../filetree/file-tree';
import { canonicalJson } from '../oci/json';
import { type Platform, formatPlatform } from '../oci/platform';
import { at } from '../support/errors';
import type { BuildContext } from './context';

/** Changes when the same sources are to give another hash. */
const REVISION_VERSION = 1;

export interface Revision {
  /** sha256 in hex. */
  readonly hash: string;
  /** sha256 in hex of all that is not files: instructions, arguments, platforms. */
  readonly instructions: string;
  /** What a lock holds the images at that it names, as they are written: `node:22` at `node:22@sha256:…`. */
  readonly locked: ReadonlyMap<string, string>;
  /** Every file that takes part, by path, with what the hash takes of it. */
  readonly files: ReadonlyMap<string, string>;
}

export interface RevisionInput {
  readonly containerfile: Containerfile;
  readonly buildArgs: Variables;
  /** One for each platform: a source's name may hold the platform's. */
  readonly variants: readonly { readonly platform: Platform; readonly plan: StagePlan }[];
  readonly context: BuildContext;
}

/**
 * The revision of an image: a hash over its instructions and the sources that they take, equal wherever the same
 * commit is checked out. Comments, file times, owners and modes other than the executable bit are not in it.
 *
 * In it, in this order: the version of this function, the platforms, the values of the build arguments in use, the
 * instructions of the stages that the target needs, the images that are locked, and for each source, sorted by path,
 * its path, kind, executable bit, and content or link target.
 *
 * @throws GitopsError where a source cannot be read, or leaves the context
 */
export function revisionOf(input: RevisionInput): Revision {
  const { containerfile, variants, buildArgs } = input;
  const files = new Map<string, string>();
  for (const { plan } of variants)
    for (const source of contextSources(containerfile, plan, buildArgs))
      at({ file: containerfile.file, line: source.line }, () => collect(input.context, source, files));
  const sorted = [...files].sort(([a], [b]) => compareNames(a, b));
  const hash = createHash('sha256');
  const head = {
    version: REVISION_VERSION,
    platforms: variants.map(({ platform }) => formatPlatform(platform)),
    arguments: variants.map(({ plan }) => usedArguments(plan)),
    directives: { escape: containerfile.directives.escape, syntax: containerfile.directives.syntax },
    // Which stages are needed may depend on the platform: FROM base-$TARGETARCH.
    stages: variants.map(({ plan }) =>
      plan.stages.map(({ stage }) => [stage.from, ...stage.instructions].map(meaning)),
    ),
  };
  const instructions = canonicalJson(head);
  const locked = lockedImages(variants.map(({ plan }) => plan));
  hash.update(instructions);
  if (locked.size > 0) hash.update(`\n${JSON.stringify([...locked.values()])}`);
  hash.update(sorted.map(([path, what]) => `\n${JSON.stringify(path)} ${what}`).join(''));
  return {
    hash: hash.digest('hex'),
    instructions: createHash('sha256').update(instructions).digest('hex'),
    locked,
    files: new Map(sorted),
  };
}

/** Sorted by what is written. */
function lockedImages(plans: readonly StagePlan[]): Map<string, string> {
  const sources = plans
    .flatMap(({ stages }) => stages)
    .flatMap(({ base, sources: others }) => [base, ...others.map(({ source }) => source)]);
  const locked = sources.flatMap((source): [string, string][] =>
    source.kind === 'image' && source.written !== undefined ? [[source.written, source.reference]] : [],
  );
  return new Map(locked.sort(([a], [b]) => compareNames(a, b)));
}

/** The arguments in use, and beside them their values before the first FROM: not every stage need take the same. */
function usedArguments({ usedArgs, globals }: StagePlan): (readonly [string, string, string?])[] {
  return Object.entries(usedArgs).map(([name, value]) => [name, value, globals.get(name)]);
}

/** An instruction without where it stands. Its text counts, for the image's history shows it. */
function meaning<T extends Instruction>(instruction: T): Partial<T> {
  return { ...instruction, line: undefined, endLine: undefined, text: historyText(instruction) };
}

function collect(context: BuildContext, source: ContextSource, files: Map<string, string>): void {
  const matches = source.exact
    ? matchSource(context, source.pattern, source)
    : matchSource(context, source.pattern, { parents: false });
  for (const match of matches) {
    // The name counts beside the content: it may be a link's.
    if (match.name !== match.path) note(files, match.name, `link ${JSON.stringify(match.path)}`);
    for (const { entry } of selectFiles(context, match, source.exclude)) {
      if (entry.path !== '') note(files, entry.path, describe(entry));
    }
  }
}

/** One source may follow a link that another one takes as it is: then both are in the hash. */
function note(files: Map<string, string>, path: string, what: string): void {
  const before = files.get(path);
  if (before === undefined) files.set(path, what);
  else if (!before.split(' and ').includes(what)) files.set(path, `${before} and ${what}`);
}

function describe(entry: Entry): string {
  switch (entry.type) {
    case 'symlink':
      return `symlink ${JSON.stringify(entry.link)}`;
    case 'directory':
      return 'directory';
    default:
      return `${entry.mode & 0o100 ? 'executable' : 'file'} ${entry.content!.identity}`;
  }
}
