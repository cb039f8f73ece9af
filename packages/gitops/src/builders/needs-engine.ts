import { isRemote } from '../containerfile/context-sources';
import type { Containerfile, Instruction } from '../containerfile/instructions';
import type { StagePlan } from '../containerfile/stages';
import { GitopsError, type Place } from '../support/errors';

/** Frontends that read what we read. */
const KNOWN_SYNTAX = /^(docker\.io\/)?docker\/dockerfile(:|@|$)/;

/** Something that cannot be assembled: only a container engine does it. */
export class NeedsEngine extends GitopsError {
  /**
   * @param reason what it is: `RUN`
   * @param instead how to do without: `COPY what a target of Nx makes`
   */
  constructor(
    readonly reason: string,
    place: Place | undefined,
    instead: string,
  ) {
    super(`${reason} needs a container engine`, place, instead);
  }
}

/**
 * The first thing in the stages that are needed that only an engine does, as far as the container file tells;
 * undefined where there is none.
 */
export function engineWork({ file, directives }: Containerfile, plan: StagePlan): NeedsEngine | undefined {
  const { syntax } = directives;
  if (syntax && !KNOWN_SYNTAX.test(syntax))
    return new NeedsEngine(
      `the syntax ${syntax}`,
      { file, line: 1 },
      'write it in that of docker/dockerfile',
    );
  for (const { stage } of plan.stages)
    for (const instruction of stage.instructions) {
      const work = workOf(instruction, { file, line: instruction.line });
      if (work) return work;
    }
  return undefined;
}

function workOf(instruction: Instruction, place: Place): NeedsEngine | undefined {
  if (instruction.keyword === 'RUN')
    return new NeedsEngine('RUN', place, 'move the step to a target of Nx, and COPY what it makes');
  if (instruction.keyword !== 'ADD') return undefined;
  const remote = instruction.sources.find(isRemote);
  return remote === undefined
    ? undefined
    : new NeedsEngine(`ADD ${remote}`, place, 'download the file in a target of Nx, and COPY it');
}
