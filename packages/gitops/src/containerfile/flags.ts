import type { Place } from '../support/errors';
import { ContainerfileError, quoted } from './errors';
import { closest, isSpace, trimStart } from './text';

/**
 * Takes `--name=value` words off the start of an instruction's arguments. Quotes and backslashes in them are
 * resolved here; `--` ends them.
 */
export function splitFlags(text: string): { flags: string[]; rest: string } {
  const flags: string[] = [];
  let rest = text;
  while (rest.startsWith('--')) {
    const { word, end } = readFlag(rest);
    rest = trimStart(rest.slice(end));
    if (word === '--') break;
    flags.push(word);
  }
  return { flags, rest };
}

function readFlag(text: string): { word: string; end: number } {
  let word = '';
  let quote: string | undefined;
  let i = 0;
  for (; i < text.length; i++) {
    const char = text[i]!;
    if (quote === undefined && isSpace(char)) break;
    if (char === '\\') word += text[++i] ?? '';
    else if (char === quote) quote = undefined;
    else if (quote === undefined && (char === '"' || char === "'")) quote = char;
    else word += char;
  }
  return { word, end: Math.min(i, text.length) };
}

/** How often a flag may be given, and what with. */
export type FlagKind = 'text' | 'boolean' | 'list';

/** A flag that is not given is `undefined`, a list is empty then. */
export type FlagValues<S extends Record<string, FlagKind>> = {
  [N in keyof S]: { text: string | undefined; boolean: boolean | undefined; list: string[] }[S[N]];
};

/**
 * Reads the flags that an instruction has been given against those that it knows.
 *
 * @throws ContainerfileError for an unknown flag, one given twice, one without its value
 */
export function readFlags<const S extends Record<string, FlagKind>>(
  keyword: string,
  flags: readonly string[],
  known: S,
  place: Place,
): FlagValues<S> {
  const values: Record<string, string | boolean | string[] | undefined> = {};
  for (const name in known) values[name] = known[name] === 'list' ? [] : undefined;
  for (const flag of flags) {
    const equals = flag.indexOf('=');
    const name = equals === -1 ? flag.slice(2) : flag.slice(2, equals);
    const value = equals === -1 ? undefined : flag.slice(equals + 1);
    if (!Object.hasOwn(known, name)) throw unknownFlag(keyword, name, Object.keys(known), place);
    if (value === undefined && known[name] !== 'boolean') {
      throw new ContainerfileError(
        `${keyword} --${name} has no value`,
        place,
        `write --${name}=..., without blanks`,
      );
    }
    const earlier = values[name];
    if (Array.isArray(earlier)) earlier.push(value!);
    else if (earlier !== undefined) {
      throw new ContainerfileError(`${keyword} --${name} is given twice`, place, 'remove one of the two');
    } else values[name] = known[name] === 'boolean' ? toBoolean(keyword, name, value, place) : value!;
  }
  return values as FlagValues<S>;
}

function toBoolean(keyword: string, name: string, value: string | undefined, place: Place): boolean {
  switch (value?.toLowerCase()) {
    case undefined:
    case 'true':
      return true;
    case 'false':
      return false;
    default:
      throw new ContainerfileError(
        `${keyword} --${name}=${value} is neither true nor false`,
        place,
        `write --${name} or --${name}=false`,
      );
  }
}

function unknownFlag(keyword: string, name: string, known: string[], place: Place): ContainerfileError {
  const near = closest(name, known);
  return new ContainerfileError(
    `${keyword} has no flag ${quoted(`--${name}`)}`,
    place,
    near
      ? `did you mean --${near}?`
      : known.length > 0
        ? `it knows ${known.map((flag) => `--${flag}`).join(', ')}`
        : 'remove it: it takes no flags',
  );
}
