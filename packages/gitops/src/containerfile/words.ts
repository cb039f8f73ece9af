import { isSpace } from './text';

/**
 * Splits the arguments of ENV, LABEL and ARG into words. Quotes and escapes hold a word together and stay in it.
 * What is left open at the end of the text is closed there.
 */
export function splitQuoted(text: string, escape: string): string[] {
  const words: string[] = [];
  let word = '';
  let quote: string | undefined;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (quote === undefined && isSpace(char)) {
      if (word !== '') words.push(word);
      word = '';
    } else if (char === escape && quote !== "'") {
      if (i + 1 < text.length) word += char + text[++i]!;
    } else {
      word += char;
      if (char === quote) quote = undefined;
      else if (quote === undefined && (char === '"' || char === "'")) quote = char;
    }
  }
  return word === '' ? words : [...words, word];
}

/**
 * Reads `["a", "b"]`. As with BuildKit, whatever follows the closing bracket is ignored.
 *
 * @returns `undefined` if it is not JSON (then it is in shell form), `'mixed'` for an array of other things
 */
export function parseJsonWords(text: string): string[] | 'mixed' | undefined {
  if (text[0] !== '[') return undefined;
  const end = endOfArray(text);
  if (end === undefined) return undefined;
  try {
    const value: unknown[] = JSON.parse(text.slice(0, end));
    return value.every((item) => typeof item === 'string') ? value : 'mixed';
  } catch {
    return undefined;
  }
}

/** Where the bracket that opens `text` is closed. */
function endOfArray(text: string): number | undefined {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (inString) {
      if (char === '\\') i++;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === '[' || char === '{') depth++;
    else if ((char === ']' || char === '}') && --depth === 0) return i + 1;
  }
  return undefined;
}
