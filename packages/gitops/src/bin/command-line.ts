import { closest } from '../containerfile/text';
import { GitopsError } from '../support/errors';
import type { Property, Schema } from './schema';

export type Value = boolean | number | string;

/** What a command line asks for: help, of all commands or of one, or a command with what follows it. */
export interface Request {
  readonly command?: string;
  readonly wantsHelp: boolean;
  readonly args: readonly string[];
}

/** @throws GitopsError for a command that there is not */
export function readRequest(line: readonly string[], commands: readonly string[]): Request {
  const asks = line.some((argument) => argument === '--help' || argument === '-h');
  const words = line.filter((argument) => argument !== '--help' && argument !== '-h');
  const [first, ...others] = words[0] === 'help' ? words.slice(1) : words;
  const wantsHelp = asks || words[0] === 'help' || first === undefined;
  if (first === undefined || commands.includes(first)) return { command: first, wantsHelp, args: others };
  throw new GitopsError(
    `there is no command ${first}`,
    undefined,
    suggestion(first, [...commands, 'help'], `use one of ${commands.join(', ')}`),
  );
}

/**
 * The options of a command, with the defaults of those that are not among the arguments, as Nx has them.
 * @param args `--limit=5`, `--json`, `--no-probe`; of one that is there twice the last counts
 * @throws GitopsError for what the schema does not have
 */
export function readOptions(args: readonly string[], { properties }: Schema): Record<string, Value> {
  const defaults = Object.entries(properties).flatMap(([name, { default: value }]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return Object.fromEntries([...defaults, ...args.map((argument) => readOption(argument, properties))]);
}

function readOption(argument: string, properties: Schema['properties']): readonly [string, Value] {
  const [, name, text] = /^--([^=]+)(?:=(.*))?$/s.exec(argument) ?? [];
  if (name === undefined)
    throw new GitopsError(`${argument} is no option`, undefined, 'write options as --name=value');
  const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
  if (property) return [name, valueOf(name, text, property)];
  const flags = Object.keys(properties).filter((flag) => properties[flag]!.type === 'boolean');
  const negated = flags.find((flag) => name === `no-${flag}`);
  if (negated !== undefined && text === undefined) return [negated, false];
  if (negated !== undefined)
    throw new GitopsError(`--${name} takes no value`, undefined, `write --${name} or --${negated}`);
  const known = [...Object.keys(properties), ...flags.map((flag) => `no-${flag}`)];
  const all = Object.keys(properties).map((option) => `--${option}`);
  throw new GitopsError(
    `unknown option --${name}`,
    undefined,
    suggestion(name, known, `use one of ${all.join(', ')}`, '--'),
  );
}

function valueOf(name: string, text: string | undefined, { type, minimum }: Property): Value {
  if (type === 'boolean') {
    if (text === undefined || text === 'true') return true;
    if (text === 'false') return false;
    throw new GitopsError(
      `--${name} is true or false, not ${text || 'nothing'}`,
      undefined,
      `write --${name} or --no-${name}`,
    );
  }
  if (!text) throw new GitopsError(`--${name} needs a value`, undefined, `write --${name}=…`);
  if (type === 'string') return text;
  const number = /^-?\d+$/.test(text) ? Number(text) : NaN;
  if (number >= (minimum ?? -Infinity)) return number;
  const least = minimum === undefined ? '' : ` of at least ${minimum}`;
  throw new GitopsError(`--${name} is a whole number${least}, not ${text}`);
}

function suggestion(word: string, known: readonly string[], otherwise: string, prefix = ''): string {
  const near = closest(word, known);
  return near === undefined ? otherwise : `did you mean ${prefix}${near}?`;
}
