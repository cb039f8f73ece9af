import { type ContextSource, contextSources } from '../containerfile/context-sources';
import type { Containerfile } from '../containerfile/instructions';
import { parseContainerfile } from '../containerfile/parse';
import { type Source, type StagePlan, lockImages, planStages } from '../containerfile/stages';
import type { Variables } from '../containerfile/scope';
import { type Platform, parsePlatform } from '../oci/platform';

/** One place where a container file names another image. */
export interface ImageUse {
  readonly via: 'FROM' | '--from';
  readonly reference: string;
  /** Without the digest, where that is the lock's. */
  readonly written?: string;
  readonly line: number;
}

/** `LABEL dependency.<image>="<range>"`. */
export interface DependencyLabel {
  readonly image: string;
  readonly range: string;
  readonly line: number;
}

/** What a container file says of its surroundings; a function of its text and of the build's options. */
export interface Analysis {
  /** The container file as it is written. */
  readonly text: string;
  readonly containerfile: Containerfile;
  readonly buildArgs: Variables;
  readonly variants: readonly { readonly platform: Platform; readonly plan: StagePlan }[];
  readonly uses: readonly ImageUse[];
  readonly labels: readonly DependencyLabel[];
  readonly sources: readonly ContextSource[];
}

export interface AnalysisOptions {
  readonly target?: string;
  readonly buildArgs: Variables;
  readonly platforms: readonly string[];
}

const DEPENDENCY_LABEL = 'dependency.';

/** The latest analysis of each file: the project graph asks for all of them twice, and again after each change. */
const latest = new Map<string, { readonly input: string; readonly analysis: Analysis }>();

/**
 * Reads a container file.
 * @param file the path that errors name
 * @throws GitopsError with file and line
 */
export function analyse(text: string, file: string, options: AnalysisOptions): Analysis {
  const input = JSON.stringify([text, options]);
  const known = latest.get(file);
  if (known?.input === input) return known.analysis;
  const analysis = analyseAnew(text, file, options);
  latest.set(file, { input, analysis });
  return analysis;
}

function analyseAnew(text: string, file: string, options: AnalysisOptions): Analysis {
  const containerfile = parseContainerfile(text, file);
  const { target, buildArgs } = options;
  const variants = options.platforms.map(parsePlatform).map((platform) => ({
    platform,
    plan: planStages(containerfile, { ...(target === undefined ? {} : { target }), buildArgs, platform }),
  }));
  return {
    text,
    containerfile,
    buildArgs,
    variants,
    uses: usesOf(variants),
    labels: dependencyLabels(variants[0]!.plan),
    sources: distinct(variants.flatMap(({ plan }) => contextSources(containerfile, plan, buildArgs))),
  };
}

/**
 * The analysis with images held at what a lock has for them.
 * @param lock the reference with a digest; undefined leaves what is written
 */
export function lockAnalysis(analysis: Analysis, lock: (use: ImageUse) => string | undefined): Analysis {
  const found = analysis.uses.map((use) => [use.reference, lock(use)] as const);
  const locked = new Map(found.filter(([, reference]) => reference !== undefined));
  if (locked.size === 0) return analysis;
  const variants = analysis.variants.map(({ platform, plan }) => ({
    platform,
    plan: lockImages(plan, (reference) => locked.get(reference)),
  }));
  return { ...analysis, variants, uses: usesOf(variants) };
}

function usesOf(variants: Analysis['variants']): ImageUse[] {
  return distinct(variants.flatMap(({ plan }) => imageUses(plan)));
}

function imageUses({ stages }: StagePlan): ImageUse[] {
  const use = (via: ImageUse['via'], source: Source, line: number): ImageUse[] => {
    if (source.kind !== 'image') return [];
    const { reference, written } = source;
    return [{ via, reference, ...(written === undefined ? {} : { written }), line }];
  };
  return stages.flatMap(({ stage, base, sources }) => [
    ...use('FROM', base, stage.from.line),
    ...sources.flatMap(({ source, line }) => use('--from', source, line)),
  ]);
}

/** Of the target's stage and those that it is made from: labels of other stages are not the image's. */
function dependencyLabels({ stages, target }: StagePlan): DependencyLabel[] {
  const planned = stages.find(({ stage }) => stage.index === target)!;
  const own = planned.stage.instructions.flatMap((instruction) =>
    instruction.keyword === 'LABEL'
      ? instruction.pairs
          .map(({ name, value }) => ({ name: unquote(name), range: unquote(value), line: instruction.line }))
          .filter(({ name }) => name.startsWith(DEPENDENCY_LABEL))
          .map(({ name, range, line }) => ({ image: name.slice(DEPENDENCY_LABEL.length), range, line }))
      : [],
  );
  return planned.base.kind === 'stage'
    ? [...dependencyLabels({ stages, target: planned.base.stage } as StagePlan), ...own]
    : own;
}

function unquote(word: string): string {
  return word.replace(/^(["'])(.*)\1$/s, '$2');
}

function distinct<T>(items: readonly T[]): T[] {
  const seen = new Map(items.map((item) => [JSON.stringify(item), item]));
  return [...seen.values()];
}
