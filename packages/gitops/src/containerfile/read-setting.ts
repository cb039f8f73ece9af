import { ContainerfileError } from './errors';
import { readFlags } from './flags';
import type { Expose, Maintainer, StopSignal, User, Volume, Workdir } from './instructions';
import { jsonWords, requireArgs, type Statement } from './statement';
import { splitBlanks } from './text';

export function readWorkdir(statement: Statement): Workdir {
  return { keyword: 'WORKDIR', ...statement.located, path: readLine(statement, '/path') };
}

export function readUser(statement: Statement): User {
  return { keyword: 'USER', ...statement.located, user: readLine(statement, 'name') };
}

export function readStopSignal(statement: Statement): StopSignal {
  return { keyword: 'STOPSIGNAL', ...statement.located, signal: readLine(statement, 'SIGTERM') };
}

export function readMaintainer(statement: Statement): Maintainer {
  return { keyword: 'MAINTAINER', ...statement.located, name: readLine(statement, 'name') };
}

export function readExpose(statement: Statement): Expose {
  return { keyword: 'EXPOSE', ...statement.located, ports: splitBlanks(readLine(statement, 'port')) };
}

export function readVolume(statement: Statement): Volume {
  const line = readLine(statement, '/path');
  const paths = jsonWords(statement) ?? splitBlanks(line);
  if (paths.length === 0 || paths.includes('')) {
    throw new ContainerfileError('a path in VOLUME is empty', statement.place, 'write VOLUME /path');
  }
  return { keyword: 'VOLUME', ...statement.located, paths };
}

/** The whole line is the argument. */
function readLine(statement: Statement, example: string): string {
  readFlags(statement.keyword, statement.flags, {}, statement.place);
  requireArgs(statement, example);
  return statement.args;
}
