import type { Place } from '../support/errors';
import { ContainerfileError, quoted } from './errors';
import { Pattern } from './pattern';
import { isSpace } from './text';
import { parseWord, type Modifier, type Part, type WordSyntax } from './word-syntax';

export type Escape = '\\' | '`';

/** What a lookup answers for a variable that may be set, to a value that is not known yet. */
export const UNKNOWN: unique symbol = Symbol('unknown');

export type Lookup = (name: string) => string | undefined;
export type PartialLookup = (name: string) => string | undefined | typeof UNKNOWN;

/** The outcome of an expansion in which some variables may be unknown. */
export interface Expansion {
  /** The expanded text; if something is unknown, the part before it. */
  readonly text: string;
  /** The first variable whose unknown value the result depends on; absent: `text` is the whole result. */
  readonly unknown?: string;
}

/** Longer results are a mistake: `ENV a=$a$a`, thirty times over, would fill the memory. */
const MAX_LENGTH = 1 << 20;
const MAX_PATTERN = 256;

/**
 * Expands the variables of a word, and removes its quotes and escapes, as BuildKit does for ENV, LABEL, COPY,
 * ADD, WORKDIR, USER, VOLUME, STOPSIGNAL, ARG and FROM. A variable that is not set is empty.
 *
 * @throws ContainerfileError for what is not well-formed, and where `${x:?message}` asks for it
 */
export function expandWord(word: string, lookup: Lookup, escape: Escape, place: Place): string {
  return expandPartially(word, lookup, escape, place).text;
}

/** As {@link expandWord}, for EXPOSE: splits at the blanks outside of quotes, those in values included. */
export function expandWords(word: string, lookup: Lookup, escape: Escape, place: Place): string[] {
  const words: string[] = [];
  let current = '';
  for (const { text, quoted } of expandParts(word, { escape, quotes: true }, lookup, place).pieces) {
    if (quoted) current += text;
    else {
      for (const char of text) {
        if (!isSpace(char)) current += char;
        else if (current !== '') {
          words.push(current);
          current = '';
        }
      }
    }
  }
  return current === '' ? words : [...words, current];
}

/** Expands the body of a heredoc of COPY or ADD: quotes stay, and the escape character is a backslash. */
export function expandHeredoc(content: string, lookup: Lookup, place: Place): string {
  return textOf(expandParts(content, { escape: '\\', quotes: false }, lookup, place));
}

/** As {@link expandWord}, where values may be {@link UNKNOWN}. */
export function expandPartially(
  word: string,
  lookup: PartialLookup,
  escape: Escape,
  place: Place,
): Expansion {
  const expanded = expandParts(word, { escape, quotes: true }, lookup, place);
  return { text: textOf(expanded), ...(expanded.unknown !== undefined && { unknown: expanded.unknown }) };
}

/** The path, or the directory that it is in whatever is unknown: `a/b/x$U/c` is in `a/b/`. */
export function staticPrefix({ text, unknown }: Expansion): string {
  return unknown === undefined ? text : text.slice(0, text.lastIndexOf('/') + 1);
}

/** The names of the variables in a word, those in defaults and patterns too; none if it is not well-formed. */
export function variablesIn(word: string, escape: Escape): string[] {
  const names = new Set<string>();
  const collect = (parts: readonly Part[]): void => {
    for (const part of parts) {
      if (part.kind === 'text') continue;
      names.add(part.name);
      if (part.modifier?.operator === '/') collect(part.modifier.pattern);
      if (part.modifier) collect(part.modifier.word);
    }
  };
  try {
    collect(parseWord(word, { escape, quotes: true }, { file: '' }));
  } catch (error) {
    if (!(error instanceof ContainerfileError)) throw error;
  }
  return [...names];
}

interface Piece {
  readonly text: string;
  readonly quoted: boolean;
}

interface Expanded {
  readonly pieces: readonly Piece[];
  readonly unknown?: string;
}

function expandParts(word: string, syntax: WordSyntax, lookup: PartialLookup, place: Place): Expanded {
  // Most words have nothing to expand.
  if (!/[$'"\\`]/.test(word)) return { pieces: [{ text: word, quoted: false }] };
  return evaluate(parseWord(word, syntax, place), { lookup, escape: syntax.escape, place });
}

interface Context {
  readonly lookup: PartialLookup;
  readonly escape: string;
  readonly place: Place;
}

/** Ends at the first part that is unknown. */
function evaluate(parts: readonly Part[], context: Context): Expanded {
  const pieces: Piece[] = [];
  let length = 0;
  for (const part of parts) {
    const { text, unknown }: Expansion = part.kind === 'text' ? { text: part.text } : valueOf(part, context);
    pieces.push({ text, quoted: part.quoted });
    length += text.length;
    if (length > MAX_LENGTH) {
      throw new ContainerfileError(
        'a word expands to more than 1 MiB',
        context.place,
        'shorten its variables',
      );
    }
    if (unknown !== undefined) return { pieces, unknown };
  }
  return { pieces };
}

function valueOf(part: Part & { kind: 'variable' }, context: Context): Expansion {
  const { name, modifier } = part;
  const value = context.lookup(name);
  // BuildKit expands the word after a modifier even where it is not used: so its errors count.
  const word = modifier && evaluate(modifier.word, context);
  const pattern = modifier?.operator === '/' ? evaluate(modifier.pattern, context) : undefined;
  if (value === UNKNOWN) return { text: '', unknown: name };
  if (!modifier || !word) return { text: value ?? '' };
  if (modifier.operator === '/') {
    const unknown = pattern?.unknown ?? word.unknown;
    if (unknown !== undefined) return { text: '', unknown };
    const compiled = compile(textOf(pattern!), context);
    return { text: compiled.replace(value ?? '', textOf(word), modifier.all) };
  }
  return modify(name, value, modifier, word, context);
}

function modify(
  name: string,
  value: string | undefined,
  { operator, colon }: Exclude<Modifier, { operator: '/' }>,
  word: Expanded,
  context: Context,
): Expansion {
  const set = value !== undefined && !(colon && value === '');
  const alternative = { text: textOf(word), unknown: word.unknown };
  switch (operator) {
    case '-':
      return set ? { text: value } : alternative;
    case '+':
      return set ? alternative : { text: '' };
    case '?':
      if (set) return { text: value };
      throw new ContainerfileError(
        `${quoted(name)} is not set${colon ? ' or empty' : ''}${alternative.text && `: ${alternative.text}`}`,
        context.place,
        `give it a value with ARG, ENV or --build-arg ${name}=...`,
      );
    default: {
      if (alternative.unknown !== undefined) return { text: '', unknown: alternative.unknown };
      const longest = alternative.text.startsWith(operator);
      const pattern = compile(longest ? alternative.text.slice(1) : alternative.text, context);
      return {
        text:
          operator === '#'
            ? pattern.withoutPrefix(value ?? '', longest)
            : pattern.withoutSuffix(value ?? '', longest),
      };
    }
  }
}

function compile(pattern: string, { escape, place }: Context): Pattern {
  if (pattern.length <= MAX_PATTERN) return new Pattern(pattern, escape);
  throw new ContainerfileError(
    `the pattern ${quoted(pattern)} is longer than ${MAX_PATTERN} characters`,
    place,
    'shorten it',
  );
}

function textOf({ pieces }: Expanded): string {
  return pieces.length === 1 ? pieces[0]!.text : pieces.map(({ text }) => text).join('');
}
