import { ContainerfileError, quoted } from './errors';
import { parseDuration } from './durations';
import { readFlags } from './flags';
import { toHeredoc } from './heredocs';
import type { Cmd, Entrypoint, Healthcheck, Run, Shell } from './instructions';
import { parseMount } from './mounts';
import { refuseVariable } from './read-transfer';
import { jsonWords, readCommand, requireArgs, type Statement } from './statement';
import { splitFirst } from './text';

export function readRun(statement: Statement): Run {
  const { place, located, heredocs } = statement;
  const { mount, network, security } = readFlags(
    'RUN',
    statement.flags,
    { mount: 'list', network: 'text', security: 'text', device: 'list' },
    place,
  );
  oneOf('network', network, ['default', 'none', 'host'], statement);
  oneOf('security', security, ['sandbox', 'insecure'], statement);
  const mounts = mount.map((text) => parseMount(text, place));
  for (const { from } of mounts) refuseVariable(from, statement);
  return {
    keyword: 'RUN',
    ...located,
    command: readCommand(statement),
    heredocs: heredocs.map(toHeredoc),
    mounts,
    network,
    security,
  };
}

function oneOf(flag: string, value: string | undefined, values: string[], { place }: Statement): void {
  if (value === undefined || values.includes(value)) return;
  throw new ContainerfileError(
    `RUN --${flag} cannot be ${quoted(value)}`,
    place,
    `use one of ${values.join(', ')}`,
  );
}

export function readCmd(statement: Statement): Cmd {
  readFlags('CMD', statement.flags, {}, statement.place);
  return { keyword: 'CMD', ...statement.located, command: readCommand(statement) };
}

export function readEntrypoint(statement: Statement): Entrypoint {
  readFlags('ENTRYPOINT', statement.flags, {}, statement.place);
  return { keyword: 'ENTRYPOINT', ...statement.located, command: readCommand(statement) };
}

export function readShell(statement: Statement): Shell {
  readFlags('SHELL', statement.flags, {}, statement.place);
  const args = jsonWords(statement);
  if (!args?.length) {
    throw new ContainerfileError(
      'SHELL takes its arguments in JSON form',
      statement.place,
      'write SHELL ["/bin/sh", "-c"]',
    );
  }
  return { keyword: 'SHELL', ...statement.located, args };
}

/** `HEALTHCHECK NONE` or `HEALTHCHECK [flags] CMD command`. */
export function readHealthcheck(statement: Statement): Healthcheck {
  const { place, located } = statement;
  requireArgs(statement, 'CMD command, or HEALTHCHECK NONE');
  const flags = readFlags(
    'HEALTHCHECK',
    statement.flags,
    { interval: 'text', timeout: 'text', 'start-period': 'text', 'start-interval': 'text', retries: 'text' },
    place,
  );
  const [type, args] = splitFirst(statement.args);
  switch (type.toUpperCase()) {
    case 'NONE':
      if (args !== '') {
        throw new ContainerfileError(
          'HEALTHCHECK NONE takes no arguments',
          place,
          'remove what follows NONE',
        );
      }
      return { keyword: 'HEALTHCHECK', ...located, check: 'none' };
    case 'CMD':
      break;
    default:
      throw new ContainerfileError(
        `HEALTHCHECK takes CMD or NONE, not ${quoted(type)}`,
        place,
        'write HEALTHCHECK CMD command',
      );
  }
  const command = readCommand({ ...statement, args });
  if (command.form === 'exec' ? command.args.length === 0 : command.text === '') {
    throw new ContainerfileError('HEALTHCHECK CMD has no command', place, 'write HEALTHCHECK CMD command');
  }
  return {
    keyword: 'HEALTHCHECK',
    ...located,
    check: {
      command,
      interval: duration('interval', flags.interval, statement),
      timeout: duration('timeout', flags.timeout, statement),
      startPeriod: duration('start-period', flags['start-period'], statement),
      startInterval: duration('start-interval', flags['start-interval'], statement),
      retries: retries(flags.retries, statement),
    },
  };
}

/** Nanoseconds; 0 means the default, and anything else is 1 ms at least. */
function duration(flag: string, value: string | undefined, { place }: Statement): number | undefined {
  if (!value) return undefined;
  const parsed = parseDuration(value);
  if (parsed === undefined) {
    throw new ContainerfileError(
      `HEALTHCHECK --${flag}=${quoted(value)} is no duration`,
      place,
      'write a number and a unit, such as 30s, 1m30s or 500ms',
    );
  }
  if (parsed !== 0 && parsed < 1e6) {
    throw new ContainerfileError(`HEALTHCHECK --${flag} is less than 1ms`, place, 'make it longer');
  }
  return parsed;
}

function retries(value: string | undefined, { place }: Statement): number | undefined {
  if (!value) return undefined;
  if (!/^\+?\d{1,10}$/.test(value) || Number(value) >= 2 ** 31) {
    throw new ContainerfileError(
      `HEALTHCHECK --retries=${quoted(value)} is no count`,
      place,
      'write a whole number',
    );
  }
  return Number(value);
}
