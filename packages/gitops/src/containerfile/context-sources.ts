import { staticPrefix } from './expand';
import type { Add, Containerfile, Copy, Run } from './instructions';
import { SCRATCH_ENVIRONMENT, Scope, type Variables } from './scope';
import type { StagePlan } from './stages';

/** What an instruction takes from the build context. */
export interface ContextSource {
  readonly line: number;
  /** A path or pattern below the context's root, variables expanded. */
  readonly pattern: string;
  /**
   * Whether the pattern is all that is taken. Where it holds a variable that only the base image knows, it is not:
   * then `pattern` is the directory that holds whatever the variable makes of it.
   */
  readonly exact: boolean;
  readonly parents: boolean;
  /** `--exclude`. */
  readonly exclude: readonly string[];
}

/**
 * What COPY, ADD and bind mounts of the needed stages take from the build context, without a look at any base image.
 * The project graph declares these as inputs, the revision hashes them, and they are what an image gets.
 *
 * @throws ContainerfileError where a variable cannot be expanded
 */
export function contextSources(file: Containerfile, plan: StagePlan, buildArgs: Variables): ContextSource[] {
  const scopes = new Map<number, Scope>();
  return plan.stages.flatMap(({ stage, base }) => {
    const scope = new Scope({
      file: file.file,
      escape: file.directives.escape,
      globals: plan.globals,
      buildArgs,
      platform: plan.platform,
      env:
        base.kind === 'scratch'
          ? SCRATCH_ENVIRONMENT
          : base.kind === 'stage'
            ? scopes.get(base.stage)
            : undefined,
    });
    scopes.set(stage.index, scope);
    return stage.instructions.flatMap((instruction) => {
      switch (instruction.keyword) {
        case 'ARG':
        case 'ENV':
          scope.apply(instruction);
          return [];
        case 'COPY':
        case 'ADD':
          return transferSources(instruction, scope);
        case 'RUN':
          return mountSources(instruction, scope);
        default:
          return [];
      }
    });
  });
}

/** Whether ADD fetches this source from elsewhere: an address, or a git repository. */
export function isRemote(source: string): boolean {
  return /^(https?|ftp|git|ssh):\/\//i.test(source) || /^git@[^/]+:/.test(source);
}

function transferSources(instruction: Copy | Add, scope: Scope): ContextSource[] {
  if (instruction.keyword === 'COPY' && instruction.from !== undefined) return [];
  const { line, parents } = instruction;
  const heredocs = new Set(instruction.heredocs.map(({ name }) => `<<${name}`));
  return instruction.sources
    .filter((source) => !heredocs.has(source))
    .map((source) => located(source, line, scope))
    .filter(({ pattern }) => instruction.keyword === 'COPY' || !isRemote(pattern))
    .map((source) => {
      const exclude = instruction.exclude.map((pattern) => scope.expandPartially(pattern, line));
      // What is excluded is only known where all of it is; else nothing is taken for excluded.
      const known = exclude.every(({ unknown }) => unknown === undefined);
      return { ...source, parents, exclude: known ? exclude.map(({ text }) => text) : [] };
    });
}

function mountSources(instruction: Run, scope: Scope): ContextSource[] {
  return instruction.mounts
    .filter(({ type, from }) => type === 'bind' && from === undefined)
    .map(({ source }) => ({
      ...located(source ?? '.', instruction.line, scope),
      parents: false,
      exclude: [],
    }));
}

function located(
  source: string,
  line: number,
  scope: Scope,
): Pick<ContextSource, 'line' | 'pattern' | 'exact'> {
  const expansion = scope.expandPartially(source, line);
  return expansion.unknown === undefined
    ? { line, pattern: expansion.text, exact: true }
    : { line, pattern: staticPrefix(expansion), exact: false };
}
