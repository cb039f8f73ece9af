import type { Heredoc } from './instructions';
import { isSpace } from './text';

/** What `<<-"EOF"` announces. */
export interface HeredocHeader {
  /** The line that ends the body. */
  readonly name: string;
  /** `<<-`: leading tabs do not count. */
  readonly indented: boolean;
  readonly expand: boolean;
}

/** A heredoc with its body as it stands in the file. */
export interface RawHeredoc extends HeredocHeader {
  readonly body: string;
}

/** The heredocs that the arguments of RUN, COPY or ADD announce; none if their quotes do not match. */
export function heredocsIn(args: string): HeredocHeader[] {
  if (!args.includes('<<')) return [];
  return shellWords(args).flatMap((word) => parseHeredocHeader(word) ?? []);
}

/** Reads one word, such as `3<<-"EOF"`; `undefined` if it is no heredoc. */
export function parseHeredocHeader(word: string): HeredocHeader | undefined {
  const match = /^\d*<<(-?)([^<]+)$/.exec(word);
  if (!match) return undefined;
  const written = match[2]!;
  const name = unquote(written);
  if (name === undefined || name === '' || /\s/.test(written)) return undefined;
  return { name, indented: match[1] === '-', expand: name === written };
}

export function toHeredoc({ name, indented, expand, body }: RawHeredoc): Heredoc {
  return { name, content: indented ? body.replace(/^\t+/gm, '') : body, expand };
}

/** Splits as a shell does; the words keep their quotes. Nothing, if a quote or a brace stays open. */
function shellWords(text: string): string[] {
  const words: string[] = [];
  let word = '';
  let quote: string | undefined;
  let braces = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (quote === undefined && braces === 0 && isSpace(char)) {
      if (word !== '') words.push(word);
      word = '';
      continue;
    }
    word += char;
    if (char === '\\' && quote !== "'") word += text[++i] ?? '';
    else if (char === quote) quote = undefined;
    else if (quote === undefined && (char === '"' || char === "'")) quote = char;
    else if (quote === undefined && char === '$' && text[i + 1] === '{') braces++;
    else if (quote === undefined && char === '}' && braces > 0) braces--;
  }
  if (quote !== undefined || braces > 0) return [];
  return word === '' ? words : [...words, word];
}

function unquote(text: string): string | undefined {
  let name = '';
  let quote: string | undefined;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (char === quote) quote = undefined;
    else if (quote === undefined && (char === '"' || char === "'")) quote = char;
    else if (char === '\\' && quote !== "'") name += text[++i] ?? '';
    else name += char;
  }
  return quote === undefined ? name : undefined;
}
