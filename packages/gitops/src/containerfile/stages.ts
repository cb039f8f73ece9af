import { ContainerfileError, quoted } from './errors';
import { expandWord, variablesIn, type Lookup } from './expand';
import type { Containerfile, From, Instruction, Stage } from './instructions';
import { platformArgs, type Platform } from './platform-args';
import { SCRATCH_ENVIRONMENT, Scope, isPredefined, type Variables } from './scope';
import { closest } from './text';

export type { Platform } from './platform-args';

export type Source =
  | { readonly kind: 'scratch' }
  /** The index of an earlier stage. */
  | { readonly kind: 'stage'; readonly stage: number }
  /** An image, as it is written, variables expanded; `platform` only where FROM asks for one. */
  | {
      readonly kind: 'image';
      readonly reference: string;
      readonly platform?: string;
      /** Without the digest, where a lock put one into the reference. */
      readonly written?: string;
    };

/** Where one `COPY --from` or `RUN --mount=from=` takes its files. */
export interface SourceUse {
  /** First line of the instruction. */
  readonly line: number;
  /** As written. */
  readonly from: string;
  readonly source: Source;
}

export interface PlannedStage {
  readonly stage: Stage;
  readonly base: Source;
  /** In the order of the instructions, and of the mounts of one instruction. */
  readonly sources: readonly SourceUse[];
}

export interface StagePlan {
  /** What the target needs, in build order; the last is the target. */
  readonly stages: readonly PlannedStage[];
  /** The target's index among all stages. */
  readonly target: number;
  /** The values of the ARGs before the first FROM: for the stages' scopes. */
  readonly globals: ReadonlyMap<string, string>;
  /** TARGETPLATFORM and its kin: for the stages' scopes. */
  readonly platform: Variables;
  /** The ARGs that the needed stages declare or their FROMs use, with their values as far as they are known. */
  readonly usedArgs: Variables;
  /** Build arguments that no needed stage declares, in alphabetical order: BuildKit warns of them. */
  readonly unusedBuildArgs: readonly string[];
}

export interface PlanOptions {
  /** A stage's name, in whatever case, or its number; the last stage by default. */
  readonly target?: string;
  readonly buildArgs?: Variables;
  readonly platform: Platform;
  /** What it is built on; the target's by default, so that a plan is the same on every machine. */
  readonly buildPlatform?: Platform;
}

/**
 * Finds the stages that a target needs, what each is based on, and where each takes files from.
 *
 * @throws ContainerfileError for a target that there is not, a FROM that expands to nothing, a `from` that
 * names no earlier stage
 */
export function planStages(containerfile: Containerfile, options: PlanOptions): StagePlan {
  const { buildArgs = {}, platform: target, buildPlatform = target } = options;
  const platform = { ...platformArgs(target, buildPlatform) };
  for (const name of Object.keys(platform)) {
    if (Object.hasOwn(buildArgs, name)) platform[name] = buildArgs[name]!;
  }
  const globals = globalArgs(containerfile, buildArgs, platform);
  const lookup: Lookup = (name) =>
    globals.get(name) ?? (Object.hasOwn(platform, name) ? platform[name] : undefined);

  const planned = resolveStages(containerfile, lookup);
  const index = findTarget(containerfile, options.target);
  const stages = neededFor(index, planned);
  const usedArgs = collectArgs(containerfile, stages, { globals, platform, buildArgs }, lookup);
  const declared = new Set(containerfile.globals.flatMap(({ args }) => args.map(({ name }) => name)));
  for (const name of usedArgs.declared) declared.add(name);
  return {
    stages,
    target: index,
    globals,
    platform,
    usedArgs: Object.fromEntries([...usedArgs.values].sort(([a], [b]) => (a < b ? -1 : 1))),
    unusedBuildArgs: Object.keys(buildArgs)
      .filter((name) => !declared.has(name) && !isPredefined(name) && !Object.hasOwn(platform, name))
      .sort(),
  };
}

/**
 * The plan with images held at what a lock has for them.
 * @param lock the reference with a digest; undefined leaves what is written
 */
export function lockImages(plan: StagePlan, lock: (reference: string) => string | undefined): StagePlan {
  const locked = (source: Source): Source => {
    if (source.kind !== 'image') return source;
    const reference = lock(source.reference);
    return reference === undefined ? source : { ...source, reference, written: source.reference };
  };
  const stages = plan.stages.map((planned) => ({
    ...planned,
    base: locked(planned.base),
    sources: planned.sources.map((use) => ({ ...use, source: locked(use.source) })),
  }));
  return { ...plan, stages };
}

/** ARGs before the first FROM see those before them, those of the same instruction included. */
function globalArgs(
  { globals, file, directives }: Containerfile,
  buildArgs: Variables,
  platform: Variables,
): Map<string, string> {
  const values = new Map<string, string>();
  const lookup: Lookup = (name) =>
    values.get(name) ?? (Object.hasOwn(platform, name) ? platform[name] : undefined);
  for (const { args, line } of globals) {
    for (const { name, value } of args) {
      if (Object.hasOwn(buildArgs, name)) values.set(name, buildArgs[name]!);
      else if (value !== undefined)
        values.set(name, expandWord(value, lookup, directives.escape, { file, line }));
    }
  }
  return values;
}

function resolveStages(containerfile: Containerfile, lookup: Lookup): PlannedStage[] {
  const named = new Map<string, number>();
  return containerfile.stages.map((stage) => {
    const base = resolveBase(stage.from, containerfile, named, lookup);
    const sources = stage.instructions.flatMap((instruction) =>
      fromsOf(instruction).map((from) => {
        const { line } = instruction;
        return { line, from, source: resolveFrom(from, instruction, stage, containerfile, named) };
      }),
    );
    // A name that is given twice stands for the later stage from here on.
    if (stage.name !== undefined) named.set(stage.name, stage.index);
    return { stage, base, sources };
  });
}

function resolveBase(
  { image, platform, line }: From,
  { file, directives }: Containerfile,
  named: ReadonlyMap<string, number>,
  lookup: Lookup,
): Source {
  const place = { file, line };
  const expand = (word: string): string => {
    const value = expandWord(word, lookup, directives.escape, place);
    if (value !== '') return value;
    const [name] = variablesIn(word, directives.escape);
    throw new ContainerfileError(
      `${quoted(word)} in FROM expands to nothing`,
      place,
      name
        ? `give ${name} a value: ARG ${name}=... before the first FROM, or --build-arg ${name}=...`
        : 'write the name of an image',
    );
  };
  const reference = expand(image);
  const wanted = platform === undefined ? undefined : expand(platform);
  const stage = named.get(reference);
  if (stage !== undefined) return { kind: 'stage', stage };
  if (reference === 'scratch') return { kind: 'scratch' };
  return { kind: 'image', reference, ...(wanted !== undefined && { platform: wanted }) };
}

function fromsOf(instruction: Instruction): string[] {
  if (instruction.keyword === 'COPY') return instruction.from === undefined ? [] : [instruction.from];
  if (instruction.keyword === 'RUN') return instruction.mounts.flatMap(({ from }) => from ?? []);
  return [];
}

/** COPY takes a stage by name or number, a mount by name only; either takes an image. */
function resolveFrom(
  from: string,
  { keyword, line }: Instruction,
  stage: Stage,
  { file, stages }: Containerfile,
  named: ReadonlyMap<string, number>,
): Source {
  const place = { file, line };
  if (/^[+-]?\d+$/.test(from)) {
    const index = Number(from);
    if (keyword === 'RUN') {
      throw new ContainerfileError(
        `a mount takes no stage number (from=${from})`,
        place,
        'name the stage with FROM ... AS name, and use the name',
      );
    }
    if (index >= 0 && index < stage.index) return { kind: 'stage', stage: index };
    throw new ContainerfileError(
      `--from=${from} is no earlier stage`,
      place,
      stage.index === 0 ? 'this is the first stage' : `use 0 to ${stage.index - 1}, or a name`,
    );
  }
  const index = named.get(from.toLowerCase());
  if (index !== undefined) return { kind: 'stage', stage: index };
  if (from === 'scratch') return { kind: 'scratch' };
  if (!stages.some(({ name }) => name === from.toLowerCase())) return { kind: 'image', reference: from };
  throw new ContainerfileError(
    `unknown stage or later stage ${quoted(from)}`,
    place,
    'a stage can take only from earlier ones: move that stage up',
  );
}

function findTarget({ stages, file }: Containerfile, target: string | undefined): number {
  if (target === undefined || target === '') return stages.length - 1;
  const found =
    stages.findLast(({ name }) => name === target.toLowerCase()) ??
    (/^\d+$/.test(target) ? stages[Number(target)] : undefined);
  if (found) return found.index;
  const names = stages.flatMap(({ name }) => name ?? []);
  const near = closest(target, names);
  throw new ContainerfileError(
    `there is no stage ${quoted(target)}`,
    { file },
    near ? `did you mean ${near}?` : names.length > 0 ? `use one of ${names.join(', ')}` : 'name one with AS',
  );
}

/** The target and all that it needs, in their order in the file: every stage needs only earlier ones. */
function neededFor(target: number, planned: readonly PlannedStage[]): PlannedStage[] {
  const needed = new Set([target]);
  for (let index = target; index >= 0; index--) {
    if (!needed.has(index)) continue;
    const { base, sources } = planned[index]!;
    for (const source of [base, ...sources.map((use) => use.source)]) {
      if (source.kind === 'stage') needed.add(source.stage);
    }
  }
  return planned.filter(({ stage }) => needed.has(stage.index));
}

function collectArgs(
  { file, directives, globals: written }: Containerfile,
  stages: readonly PlannedStage[],
  given: Pick<StagePlan, 'globals' | 'platform'> & { buildArgs: Variables },
  lookup: Lookup,
): { values: Map<string, string>; declared: Set<string> } {
  const values = new Map<string, string>();
  const declared = new Set<string>();
  const scopes = new Map<number, Scope>();
  const addGlobal = (name: string): void => {
    const value = lookup(name);
    if (values.has(name) || value === undefined) return;
    values.set(name, value);
    for (const arg of written.flatMap(({ args }) => args)) {
      if (arg.name === name) variablesIn(arg.value ?? '', directives.escape).forEach(addGlobal);
    }
  };
  for (const { stage, base } of stages) {
    const { image, platform = '' } = stage.from;
    [image, platform].flatMap((word) => variablesIn(word, directives.escape)).forEach(addGlobal);
    const env =
      base.kind === 'stage'
        ? scopes.get(base.stage)
        : base.kind === 'scratch'
          ? SCRATCH_ENVIRONMENT
          : undefined;
    const scope = new Scope({ file, escape: directives.escape, ...given, env });
    scopes.set(stage.index, scope);
    for (const instruction of stage.instructions) {
      if (instruction.keyword !== 'ARG' && instruction.keyword !== 'ENV') continue;
      scope.apply(instruction);
      if (instruction.keyword === 'ARG') for (const { name } of instruction.args) declared.add(name);
    }
    for (const [name, value] of Object.entries(scope.args())) values.set(name, value);
  }
  return { values, declared };
}
