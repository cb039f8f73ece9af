/** Where the parts of a JSON text stand. */
export interface JsonPlaces {
  /** Where each value starts, by its JSON pointer (RFC 6901); of a member, where its name does. */
  readonly offsets: ReadonlyMap<string, number>;
  /** Where the text stops to be JSON; undefined where it is JSON. */
  readonly problem?: number;
}

const TOKEN =
  /[{}[\],:]|"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/uy;
const BLANKS = /[ \t\r\n]*/y;

/** Finds the places in a JSON text: JSON.parse tells none of a value, and not always that of a mistake. */
export function jsonPlaces(text: string): JsonPlaces {
  const tokens = tokensOf(text);
  const offsets = new Map<string, number>();
  let at = 0;

  const take = (token: string): boolean => tokens[at]!.text === token && ++at > 0;
  const value = (pointer: string): boolean => {
    if (!offsets.has(pointer)) offsets.set(pointer, tokens[at]!.offset);
    if (take('{')) return take('}') || list('}', () => member(pointer));
    let index = 0;
    if (take('[')) return take(']') || list(']', () => value(`${pointer}/${index++}`));
    return /^["\w-]/.test(tokens[at]!.text) && ++at > 0;
  };
  const member = (pointer: string): boolean => {
    const { text: name, offset } = tokens[at]!;
    if (!name.startsWith('"')) return false;
    at++;
    const path = `${pointer}/${pointerPart(JSON.parse(name) as string)}`;
    offsets.set(path, offset);
    return take(':') && value(path);
  };
  const list = (end: string, item: () => boolean): boolean => {
    do if (!item()) return false;
    while (take(','));
    return take(end);
  };

  const isJson = value('') && tokens[at]!.offset === text.length;
  return { offsets, ...(isJson ? {} : { problem: tokens[at]!.offset }) };
}

/** The line and the column of an offset, counted from 1. */
export function placeIn(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: before.at(-1)!.length + 1 };
}

/** A name as a part of a JSON pointer. */
export function pointerPart(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** Up to the first that is none; that, or the end, is there as an empty one. */
function tokensOf(text: string): { text: string; offset: number }[] {
  const tokens: { text: string; offset: number }[] = [];
  for (let offset = 0; ;) {
    BLANKS.lastIndex = offset;
    TOKEN.lastIndex = offset += BLANKS.exec(text)![0].length;
    const [token = ''] = TOKEN.exec(text) ?? [];
    tokens.push({ text: token, offset });
    if (token === '') return tokens;
    offset += token.length;
  }
}
