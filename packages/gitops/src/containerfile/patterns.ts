import { GitopsError, type Place } from '../support/errors';

/** One step of a pattern. Classes hold code points, both ends included. */
export type Token =
  | Literal
  /** `?`: one character but `/`. */
  | { readonly kind: 'one' }
  /** `*`: any characters but `/`. */
  | { readonly kind: 'star' }
  /** `[a-z]`, `[^a-z]`. */
  | { readonly kind: 'class'; readonly negated: boolean; readonly ranges: readonly Range[] }
  /** Nothing, or anything that ends with `/`. */
  | { readonly kind: 'directories' }
  /** Anything. */
  | { readonly kind: 'anything' };

export interface Literal {
  readonly kind: 'literal';
  readonly char: string;
}

export type Range = readonly [low: number, high: number];

/**
 * Reads a pattern: `*`, `?`, `[a-z]`, `[^a-z]`, `\x`; two stars are two tokens.
 * Source: Go's path/filepath, Match.
 * @throws GitopsError a class that is empty, unfinished, has a stray `-` or a reversed range; a `\` at the end
 */
export function parsePattern(pattern: string, place?: Place): Token[] {
  const fail = (problem: string, remedy: string): never => {
    throw new GitopsError(`the pattern ${pattern} ${problem}`, place, remedy);
  };
  const chars = Array.from(pattern);
  const tokens: Token[] = [];
  let at = 0;

  const escaped = (): string => chars[at++] ?? fail('ends with a backslash', 'write \\\\ for a backslash');

  const member = (): number => {
    const char = chars[at++] ?? fail('has a [ without its ]', 'close it, or write \\[ for the character');
    if (char === '-' || char === ']') {
      fail(`has a misplaced ${char} between [ and ]`, `write \\${char} for the character`);
    }
    return (char === '\\' ? escaped() : char).codePointAt(0)!;
  };

  const characterClass = (): Token => {
    const negated = chars[at] === '^';
    if (negated) at++;
    const ranges: Range[] = [];
    while (ranges.length === 0 || chars[at] !== ']') {
      const low = member();
      const isRange = chars[at] === '-';
      if (isRange) at++;
      const high = isRange ? member() : low;
      if (high < low) fail('has a range whose end comes before its start', 'turn it around');
      ranges.push([low, high]);
    }
    at++;
    return { kind: 'class', negated, ranges };
  };

  while (at < chars.length) {
    const char = chars[at++]!;
    if (char === '*') tokens.push({ kind: 'star' });
    else if (char === '?') tokens.push({ kind: 'one' });
    else if (char === '[') tokens.push(characterClass());
    else tokens.push({ kind: 'literal', char: char === '\\' ? escaped() : char });
  }
  return tokens;
}

/** A set of places in the pattern that what was read so far may have led to. */
interface State {
  readonly places: readonly number[];
  readonly accepts: boolean;
  /** By character, as far as asked for. */
  readonly next: State[];
}

/**
 * Matches whole texts against a pattern in time linear in the text, whatever the pattern:
 * an automaton whose states are made as texts ask for them.
 */
export class Automaton {
  private readonly states = new Map<string, State>();
  private readonly start: State;

  constructor(private readonly tokens: readonly Token[]) {
    this.start = this.state(this.reach([], 0));
  }

  matches(text: string): boolean {
    return this.read(text).accepts;
  }

  /** Whether some text that begins with `prefix` matches. */
  matchesSomeAfter(prefix: string): boolean {
    return this.read(prefix).places.length > 0;
  }

  private read(text: string): State {
    let state = this.start;
    for (let i = 0; i < text.length && state.places.length > 0; i++) {
      const code = text.codePointAt(i)!;
      if (code > 0xffff) i++;
      state = state.next[code] ??= this.step(state, code);
    }
    return state;
  }

  private step(state: State, code: number): State {
    const slash = code === SLASH;
    const places: number[] = [];
    for (const place of state.places) {
      const token = this.tokens[place];
      switch (token?.kind) {
        case 'literal':
          if (token.char.codePointAt(0) === code) this.reach(places, place + 1);
          break;
        case 'one':
          if (!slash) this.reach(places, place + 1);
          break;
        case 'class':
          if (token.ranges.some(([low, high]) => low <= code && code <= high) !== token.negated) {
            this.reach(places, place + 1);
          }
          break;
        case 'star':
          if (!slash) this.reach(places, place);
          break;
        case 'anything':
          this.reach(places, place);
          break;
        case 'directories':
          // It goes on right after a `/` only: until then there is no way past it.
          if (slash) this.reach(places, place);
          else add(places, place);
          break;
      }
    }
    return this.state(places);
  }

  /** Adds `place`, and what follows it where its token may match nothing. */
  private reach(places: number[], place: number): number[] {
    for (; ; place++) {
      add(places, place);
      const kind = this.tokens[place]?.kind;
      if (kind !== 'star' && kind !== 'anything' && kind !== 'directories') return places;
    }
  }

  private state(places: number[]): State {
    const key = places.sort((a, b) => a - b).join();
    let state = this.states.get(key);
    if (!state) {
      state = { places, accepts: places.includes(this.tokens.length), next: [] };
      this.states.set(key, state);
    }
    return state;
  }
}

const SLASH = 0x2f;

function add(places: number[], place: number): void {
  if (!places.includes(place)) places.push(place);
}
