import type { Place } from '../support/errors';
import { ContainerfileError, quoted } from './errors';

/** A piece of a word. What is `quoted` (or escaped) never splits a word at its blanks. */
export type Part =
  | { readonly kind: 'text'; readonly text: string; readonly quoted: boolean }
  | {
      readonly kind: 'variable';
      readonly name: string;
      readonly modifier?: Modifier;
      readonly quoted: boolean;
    };

export type Modifier =
  | {
      readonly operator: '-' | '+' | '?' | '#' | '%';
      /** `:-` and the like: an empty variable counts as unset. */
      readonly colon: boolean;
      readonly word: readonly Part[];
    }
  | {
      readonly operator: '/';
      readonly all: boolean;
      readonly pattern: readonly Part[];
      readonly word: readonly Part[];
    };

export interface WordSyntax {
  readonly escape: string;
  /** In heredocs, quotes are plain text. */
  readonly quotes: boolean;
}

/** How deep `${a:-${b:-...}}` may go: deeper is a mistake, and would exhaust the stack. */
const MAX_DEPTH = 50;

/**
 * Takes a word apart into text and variables.
 *
 * @throws ContainerfileError for quotes and braces left open, and modifiers that there are not
 */
export function parseWord(word: string, syntax: WordSyntax, place: Place): Part[] {
  return new WordParser(word, syntax, place).parts(undefined, false);
}

class WordParser {
  private position = 0;
  private depth = 0;

  constructor(
    private readonly word: string,
    private readonly syntax: WordSyntax,
    private readonly place: Place,
  ) {}

  /**
   * @param stop the character that ends these parts; the end of the word does otherwise
   * @param keepEscapes for patterns, where an escaped `*` is not a bare one
   */
  parts(stop: string | undefined, keepEscapes: boolean): Part[] {
    const parts: Part[] = [];
    for (;;) {
      const char = this.word[this.position];
      if (char === undefined) {
        if (stop !== undefined)
          throw this.error(`lacks "${stop === '}' ? '}' : '/'}"`, 'close what "${" opens');
        return parts;
      }
      if (char === stop) {
        this.position++;
        return parts;
      }
      if (char === '$') parts.push(this.variable(false));
      else if (this.syntax.quotes && char === "'") parts.push(this.singleQuoted());
      else if (this.syntax.quotes && char === '"') parts.push(...this.doubleQuoted());
      else if (char === this.syntax.escape) this.escaped(parts, keepEscapes);
      else parts.push({ kind: 'text', text: this.plain(stop), quoted: false });
    }
  }

  /** At the word's end an escape character is dropped. */
  private escaped(parts: Part[], keepEscape: boolean): void {
    const char = this.word[this.position + 1] ?? '';
    this.position += 2;
    const text = keepEscape ? this.syntax.escape + char : char;
    if (text !== '') parts.push({ kind: 'text', text, quoted: true });
  }

  private plain(stop: string | undefined): string {
    const start = this.position;
    while (this.position < this.word.length) {
      const char = this.word[this.position]!;
      if (char === stop || char === '$' || char === this.syntax.escape) break;
      if (this.syntax.quotes && (char === '"' || char === "'")) break;
      this.position++;
    }
    return this.word.slice(start, this.position);
  }

  private singleQuoted(): Part {
    const end = this.word.indexOf("'", this.position + 1);
    if (end === -1) throw this.error('lacks a closing single quote', "add the other ' or escape this one");
    const text = this.word.slice(this.position + 1, end);
    this.position = end + 1;
    return { kind: 'text', text, quoted: true };
  }

  /** Within double quotes only `"`, `$` and the escape character can be escaped. */
  private doubleQuoted(): Part[] {
    const parts: Part[] = [];
    let text = '';
    for (this.position++; this.word[this.position] !== '"';) {
      const char = this.word[this.position];
      if (char === undefined) {
        throw this.error('lacks a closing double quote', 'add the other " or escape this one');
      }
      if (char === '$') {
        if (text !== '') parts.push({ kind: 'text', text, quoted: true });
        text = '';
        parts.push(this.variable(true));
        continue;
      }
      const next = this.word[this.position + 1];
      if (char === this.syntax.escape && (next === '"' || next === '$' || next === char)) {
        text += next;
        this.position += 2;
      } else {
        text += char;
        this.position++;
      }
    }
    this.position++;
    if (text !== '') parts.push({ kind: 'text', text, quoted: true });
    return parts;
  }

  /** `$name` or `${name...}`; a lone `$` is text. */
  private variable(quoted: boolean): Part {
    this.position++;
    if (this.word[this.position] !== '{') {
      const name = this.name();
      return name === '' ? { kind: 'text', text: '$', quoted } : { kind: 'variable', name, quoted };
    }
    this.position++;
    const first = this.word[this.position];
    if (first === '}' || first === '{' || first === ':') {
      throw this.error('has no name in "${...}"', 'write ${name}, or escape the "$"');
    }
    const name = this.name();
    if (++this.depth > MAX_DEPTH) throw this.error('nests "${" too deeply', 'take it apart with more ARGs');
    const modifier = this.modifier();
    this.depth--;
    return { kind: 'variable', name, modifier, quoted };
  }

  private modifier(): Modifier | undefined {
    let operator = this.word[this.position++];
    const colon = operator === ':';
    if (colon) operator = this.word[this.position++];
    switch (operator) {
      case undefined:
        throw this.error('lacks "}"', 'close what "${" opens');
      case '-':
      case '+':
      case '?':
        return { operator, colon, word: this.parts('}', false) };
      case '#':
      case '%':
        return { operator, colon, word: this.parts('}', true) };
      case '}':
        if (!colon) return undefined;
        break;
      case '/': {
        if (colon) break;
        const all = this.word[this.position] === '/';
        if (all) this.position++;
        return { operator, all, pattern: this.parts('/', true), word: this.parts('}', false) };
      }
    }
    throw this.error(
      `has no modifier ${quoted((colon ? ':' : '') + operator)}`,
      'use one of :- - :+ + :? ? # ## % %% / // after the name',
    );
  }

  /** As in a shell: a name, a number ($1), or one of the special parameters. */
  private name(): string {
    const pattern = /\p{Nd}+|[\p{L}_][\p{L}\p{Nd}_]*|[@*#?\-$!]/uy;
    pattern.lastIndex = this.position;
    const name = pattern.exec(this.word)?.[0] ?? '';
    this.position += name.length;
    return name;
  }

  private error(what: string, remedy: string): ContainerfileError {
    return new ContainerfileError(`${quoted(this.word)} ${what}`, this.place, remedy);
  }
}
