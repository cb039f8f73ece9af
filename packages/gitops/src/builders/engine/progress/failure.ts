import type { Containerfile, Instruction } from '../../../containerfile/instructions';
import { formatReference, normalizeReference, parseReference } from '../../../oci/reference';
import { GitopsError, type Place } from '../../../support/errors';
import type { FailedStep } from './trace';

/** Instructions that BuildKit counts as steps of a stage, besides FROM, which is its first. */
const COUNTED = new Set(['RUN', 'COPY', 'ADD', 'WORKDIR']);

/**
 * What the engine says of a failed build, as one line with the instruction's place.
 * @param message the text of the error that came in the build's stream
 * @param step the step that failed, where the engine traces steps
 */
export function buildFailure(message: string, containerfile: Containerfile, step?: FailedStep): GitopsError {
  const text = innermost(message);
  const parse = /(?:parse error )?(?:on )?line (\d+): (.*)/s.exec(text);
  if (parse) return new GitopsError(parse[2]!, { file: containerfile.file, line: Number(parse[1]) });

  const instruction = step && instructionOf(step.step.name, containerfile);
  const place: Place = { file: containerfile.file, ...(instruction && { line: instruction.line }) };
  const exit = /(?:exit code: |non-zero code: |exit status |while running runtime: exit status )(\d+)/.exec(
    text,
  );
  if (exit) {
    const what = instruction?.text ?? step?.step.name.replace(/^\[.*?\] /, '') ?? 'a command';
    const said = step?.tail.filter((line) => line.trim()).at(-1);
    return new GitopsError(
      `${shorten(what)} failed with exit code ${exit[1]}${said ? `: ${said.trim()}` : ''}`,
      place,
      said && OF_THE_ENGINE.test(said) ? remedyFor(said) : 'see its output above',
    );
  }
  return new GitopsError(text, place, remedyFor(text));
}

/** What a command says that is not its own fault. */
const OF_THE_ENGINE = /no space left on device|exec format error/i;

/** The instruction that a step's name stands for: `[build 2/4] RUN npm ci`, `[linux/arm64 3/3] COPY a b`, `RUN a`. */
export function instructionOf(name: string, { stages }: Containerfile): Instruction | undefined {
  const base = /^\[internal\] load metadata for (\S+)$/.exec(name)?.[1];
  if (base) return stages.find(({ from }) => isNamed(from.image, base))?.from;
  const match =
    /^\[(?:(?<platform>\w+\/[\w/]+?)(?:->[\w/]+)? )?(?:(?<stage>\S+) +)?(?<step>\d+)\/(?<total>\d+)\] (?<keyword>\w+)/.exec(
      name,
    );
  if (!match) return byText(name, stages);
  const { stage: stageName, step, total, keyword } = match.groups!;
  const numbered = /^stage-(\d+)$/.exec(stageName ?? '');
  const candidates = stages.filter(
    ({ name: own, index }) =>
      !stageName || own === stageName || (own === undefined && index === Number(numbered?.[1])),
  );
  const found = candidates
    .map(({ from, instructions }) => [from, ...instructions.filter((item) => COUNTED.has(item.keyword))])
    // Triggers of the base (ONBUILD) are counted too: then the numbers are not those of the file.
    .filter((steps) => steps.length === Number(total))
    .map((steps) => steps[Number(step) - 1]!)
    .filter((instruction) => instruction.keyword === keyword);
  return found.length === 1 ? found[0] : undefined;
}

/** Whether what is written, which may have variables in it, is the image of that full name. */
function isNamed(written: string, fullName: string): boolean {
  try {
    return formatReference(normalizeReference(parseReference(written))) === fullName;
  } catch {
    return false;
  }
}

/** Builders without BuildKit name a step by its text alone. */
function byText(text: string, stages: Containerfile['stages']): Instruction | undefined {
  const found = stages
    .flatMap(({ from, instructions }): Instruction[] => [from, ...instructions])
    .filter((instruction) => collapse(instruction.text) === collapse(text));
  return found.length === 1 ? found[0] : undefined;
}

/** The reason without the layers that passed it on. */
function innermost(message: string): string {
  return message
    .replace(/^failed to solve(?: with frontend [\w.]+)?: /, '')
    .replace(/^(?:failed to (?:build|create) LLB(?: definition)?: |rpc error: code = \w+ desc = )+/, '')
    .replace(/^failed to solve: /, '')
    .replace(/^building at STEP ".*?[^\\]": /, '')
    .trim();
}

/** What to do about what an engine said. */
export function remedyFor(text: string): string | undefined {
  if (/no space left on device/i.test(text))
    return 'make room on the disk of the engine, as by docker system prune';
  if (/secret .*not found|not found: secret/.test(text))
    return "give the secret in the target's option secrets";
  if (/no SSH (key|agent)|ssh.*not found|unset ssh/i.test(text))
    return 'start an SSH agent and set SSH_AUTH_SOCK';
  if (/exec format error|no match for platform|does not match/.test(text))
    return 'build for a platform that the engine has, or install an emulator (binfmt)';
  if (/network \S+ not found|network mode .* not supported/.test(text))
    return "set the target's option network, as to host";
  if (/cache key|calculate checksum/.test(text)) return 'correct the path';
  if (/pull access denied|not found|no such host|manifest unknown|failed to resolve/i.test(text))
    return 'check the reference and that you are logged in to its registry';
  return undefined;
}

function collapse(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

function shorten(text: string): string {
  const line = collapse(text);
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}
