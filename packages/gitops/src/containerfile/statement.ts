import type { Place } from '../support/errors';
import { ContainerfileError } from './errors';
import type { RawHeredoc } from './heredocs';
import type { Command } from './instructions';
import { parseJsonWords } from './words';

/** An instruction taken apart, its arguments not read yet. */
export interface Statement {
  /** In upper case. */
  readonly keyword: string;
  /** `--name=value`, without their quotes. */
  readonly flags: readonly string[];
  /** What follows the flags, trimmed. */
  readonly args: string;
  readonly heredocs: readonly RawHeredoc[];
  readonly escape: '\\' | '`';
  readonly place: Place;
  readonly located: { readonly line: number; readonly endLine: number; readonly text: string };
}

/**
 * The arguments in JSON form; `undefined` if they are in shell form.
 *
 * @throws ContainerfileError for JSON with anything but strings in it
 */
export function jsonWords({ args, keyword, place }: Statement): string[] | undefined {
  const words = parseJsonWords(args);
  if (words !== 'mixed') return words;
  throw new ContainerfileError(
    `the JSON form of ${keyword} holds more than strings`,
    place,
    'put every item in double quotes',
  );
}

/** RUN, CMD, ENTRYPOINT and what follows HEALTHCHECK CMD. */
export function readCommand(statement: Statement): Command {
  const args = jsonWords(statement);
  return args ? { form: 'exec', args } : { form: 'shell', text: statement.args };
}

export function requireArgs(statement: Statement, example: string): void {
  if (statement.args === '') {
    throw new ContainerfileError(
      `${statement.keyword} has no arguments`,
      statement.place,
      `write ${statement.keyword} ${example}`,
    );
  }
}
