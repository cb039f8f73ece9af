import type { Place } from '../support/errors';
import { parseDirectives } from './directives';
import { ContainerfileError, quoted } from './errors';
import { readFlags, splitFlags } from './flags';
import { heredocsIn, type RawHeredoc } from './heredocs';
import type { Arg, Containerfile, From, Instruction, Onbuild, Stage } from './instructions';
import { LineReader, splitLines } from './lines';
import { readCmd, readEntrypoint, readHealthcheck, readRun, readShell } from './read-command';
import {
  readExpose,
  readMaintainer,
  readStopSignal,
  readUser,
  readVolume,
  readWorkdir,
} from './read-setting';
import { readAdd, readCopy } from './read-transfer';
import { readArg, readEnv, readFrom, readLabel } from './read-variables';
import { requireArgs, type Statement } from './statement';
import { closest, splitFirst, trim } from './text';
import { parseJsonWords } from './words';

const READERS: ReadonlyMap<string, (statement: Statement) => Instruction> = new Map<
  string,
  (statement: Statement) => Instruction
>([
  ['FROM', readFrom],
  ['ARG', readArg],
  ['ENV', readEnv],
  ['LABEL', readLabel],
  ['COPY', readCopy],
  ['ADD', readAdd],
  ['RUN', readRun],
  ['CMD', readCmd],
  ['ENTRYPOINT', readEntrypoint],
  ['WORKDIR', readWorkdir],
  ['USER', readUser],
  ['EXPOSE', readExpose],
  ['VOLUME', readVolume],
  ['STOPSIGNAL', readStopSignal],
  ['HEALTHCHECK', readHealthcheck],
  ['SHELL', readShell],
  ['ONBUILD', readOnbuild],
  ['MAINTAINER', readMaintainer],
]);

const TAKES_HEREDOCS = ['RUN', 'COPY', 'ADD'];
const NO_TRIGGERS = ['ONBUILD', 'FROM', 'MAINTAINER'];

/**
 * Reads a container file as BuildKit does. Source: the Dockerfile reference
 * (docs.docker.com/reference/dockerfile), and what BuildKit is seen to do where that is silent.
 *
 * @param file the path that errors name, relative to the workspace
 * @throws ContainerfileError at the first mistake; nothing else, whatever the text
 */
export function parseContainerfile(text: string, file: string): Containerfile {
  const lines = splitLines(text);
  const directives = parseDirectives(lines, file);
  const reader = new LineReader(lines, directives.escape);
  const globals: Arg[] = [];
  const stages: {
    index: number;
    name?: string;
    from: From;
    instructions: Stage['instructions'][number][];
  }[] = [];

  for (let logical = reader.next(); logical; logical = reader.next()) {
    const place = { file, line: logical.line };
    const parts = takeApart(logical.text);
    const heredocs = readBodies(parts, reader, place);
    const instruction = read({
      keyword: parts.keyword,
      flags: parts.flags,
      args: parts.args,
      heredocs,
      escape: directives.escape,
      place,
      located: { line: logical.line, endLine: reader.line, text: trim(logical.text) },
    });
    const stage = stages.at(-1);
    if (instruction.keyword === 'FROM') {
      stages.push({ index: stages.length, name: instruction.stage, from: instruction, instructions: [] });
    } else if (stage) stage.instructions.push(instruction);
    else if (instruction.keyword === 'ARG') globals.push(instruction);
    else {
      throw new ContainerfileError(
        `${instruction.keyword} comes before the first FROM`,
        place,
        'move it below FROM; only ARG may come before it',
      );
    }
  }
  if (stages.length === 0) {
    throw new ContainerfileError('there is no FROM', { file }, 'begin with FROM image or FROM scratch');
  }
  return { file, directives, globals, stages };
}

/** `RUN --x=y args` → its keyword, flags and arguments. */
function takeApart(text: string): Pick<Statement, 'keyword' | 'flags' | 'args'> {
  const [keyword, rest] = splitFirst(trim(text));
  const { flags, rest: args } = splitFlags(rest);
  return { keyword: keyword.toUpperCase(), flags, args };
}

function read(statement: Statement): Instruction {
  const reader = READERS.get(statement.keyword);
  if (reader) return reader(statement);
  const near = closest(statement.keyword, READERS.keys());
  throw new ContainerfileError(
    `${quoted(statement.keyword)} is no instruction`,
    statement.place,
    near
      ? `did you mean ${near}?`
      : 'end the line before with the escape character if it belongs to that one',
  );
}

/** Takes the bodies of the heredocs from the lines that follow. */
function readBodies(
  { keyword, args }: Pick<Statement, 'keyword' | 'args'>,
  reader: LineReader,
  place: Place,
): RawHeredoc[] {
  if (!args.includes('<<')) return [];
  if (keyword === 'ONBUILD') {
    const trigger = takeApart(args);
    return trigger.keyword === 'ONBUILD' ? [] : readBodies(trigger, reader, place);
  }
  if (!TAKES_HEREDOCS.includes(keyword) || Array.isArray(parseJsonWords(args))) return [];
  return heredocsIn(args).map((header) => {
    const body = reader.body(header.name, header.indented);
    if (body === undefined) {
      throw new ContainerfileError(
        `the heredoc ${quoted(header.name)} does not end`,
        place,
        `put ${quoted(header.name)} on a line of its own after its text`,
      );
    }
    return { ...header, body };
  });
}

/** `ONBUILD instruction`: kept as text, but it must read as an instruction. */
function readOnbuild(statement: Statement): Onbuild {
  const { args, flags, place, located, heredocs } = statement;
  readFlags('ONBUILD', flags, {}, place);
  requireArgs(statement, 'instruction');
  const parts = takeApart(args);
  if (NO_TRIGGERS.includes(parts.keyword)) {
    throw new ContainerfileError(
      `${parts.keyword} may not follow ONBUILD`,
      place,
      'put another instruction there',
    );
  }
  read({ ...statement, ...parts });
  const bodies = heredocs.map(({ body, name }) => `\n${body}${name}`).join('');
  return { keyword: 'ONBUILD', ...located, trigger: args + bodies };
}
