import { ContainerfileError, quoted } from './errors';
import { readFlags } from './flags';
import type { Arg, Env, From, Label, Pair } from './instructions';
import { requireArgs, type Statement } from './statement';
import { splitBlanks, splitFirst } from './text';
import { splitQuoted } from './words';

/** `FROM [--platform=p] image [AS name]`. */
export function readFrom(statement: Statement): From {
  const { platform } = readFlags('FROM', statement.flags, { platform: 'text' }, statement.place);
  const [image, as, name, ...rest] = splitBlanks(statement.args);
  if (!image || rest.length > 0 || (as !== undefined && (as.toLowerCase() !== 'as' || !name))) {
    throw new ContainerfileError(
      'FROM takes an image, and perhaps AS and a name',
      statement.place,
      'write FROM image or FROM image AS name',
    );
  }
  return {
    keyword: 'FROM',
    ...statement.located,
    image,
    stage: name === undefined ? undefined : stageName(name, statement),
    platform,
  };
}

function stageName(written: string, { place }: Statement): string {
  const name = written.toLowerCase();
  if (name === 'scratch') {
    throw new ContainerfileError('a stage may not be called scratch', place, 'give it another name');
  }
  if (!/^[a-z][a-z0-9-_.]*$/.test(name)) {
    throw new ContainerfileError(
      `${quoted(written)} is no name for a stage`,
      place,
      'use letters, digits, "-", "_" and ".", a letter first',
    );
  }
  return name;
}

/** `ARG name name=value ...`. */
export function readArg(statement: Statement): Arg {
  readFlags('ARG', statement.flags, {}, statement.place);
  requireArgs(statement, 'name=value');
  const args = splitQuoted(statement.args, statement.escape).map((word) => {
    const equals = word.indexOf('=');
    if (equals === 0) throw blankName(statement);
    return equals === -1 ? { name: word } : { name: word.slice(0, equals), value: word.slice(equals + 1) };
  });
  return { keyword: 'ARG', ...statement.located, args };
}

export function readEnv(statement: Statement): Env {
  return { keyword: 'ENV', ...statement.located, pairs: readPairs(statement) };
}

export function readLabel(statement: Statement): Label {
  return { keyword: 'LABEL', ...statement.located, pairs: readPairs(statement) };
}

/** `a=1 b="2 3"`, or the old `a 1 and all the rest`. */
function readPairs(statement: Statement): Pair[] {
  const { keyword, args, place } = statement;
  readFlags(keyword, statement.flags, {}, place);
  requireArgs(statement, 'name=value');
  const words = splitQuoted(args, statement.escape);
  if (!words[0]?.includes('=')) {
    const [name, value] = splitFirst(args);
    if (value === '') {
      throw new ContainerfileError(
        `${keyword} ${quoted(name)} has no value`,
        place,
        `write ${keyword} name=value`,
      );
    }
    return [{ name, value }];
  }
  return words.map((word) => {
    const equals = word.indexOf('=');
    if (equals === -1) {
      throw new ContainerfileError(
        `${quoted(word)} in ${keyword} has no "="`,
        place,
        `write name=value, with quotes around a value that has blanks`,
      );
    }
    if (equals === 0) throw blankName(statement);
    return { name: word.slice(0, equals), value: word.slice(equals + 1) };
  });
}

function blankName({ keyword, place }: Statement): ContainerfileError {
  return new ContainerfileError(`a name in ${keyword} is blank`, place, 'write a name before the "="');
}
