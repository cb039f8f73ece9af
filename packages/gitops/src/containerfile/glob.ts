import type { Place } from '../support/errors';
import { Automaton, parsePattern, type Literal, type Token } from './patterns';

/** One segment of a pattern, between slashes. */
export interface SegmentMatcher {
  /** The one name that it matches, escapes removed, where it has no wildcard: nothing needs to be listed for it. */
  readonly literal?: string;
  matches(name: string): boolean;
}

/** Whether a source of COPY or ADD is a pattern. An escaped wildcard alone makes it none, as in BuildKit. */
export function hasWildcard(pattern: string): boolean {
  return /[*?[]/.test(pattern.replace(/\\./gsu, ''));
}

/**
 * A pattern of COPY or ADD, one matcher for each segment between slashes, to follow it down a file tree.
 * `*`, `?`, `[a-z]`, `[^a-z]` and `\x` mean what they do in Go's path/filepath, Match; none matches a slash.
 * @throws GitopsError a malformed pattern, at `place`
 */
export function compileSegments(pattern: string, place?: Place): SegmentMatcher[] {
  return segmentsOf(pattern, place).map((tokens) => {
    const automaton = new Automaton(tokens);
    return {
      ...(tokens.every(isLiteral) && { literal: tokens.map(({ char }) => char).join('') }),
      matches: (name) => automaton.matches(name),
    };
  });
}

/** @throws GitopsError a malformed pattern, at `place` */
export function matchPath(pattern: string, path: string, place?: Place): boolean {
  const segments = compileSegments(pattern, place);
  const names = path.split('/');
  return (
    names.length === segments.length && segments.every((segment, index) => segment.matches(names[index]!))
  );
}

/**
 * The pattern as a glob for the inputs of an Nx target. It matches all that the pattern matches, and more
 * only where Nx has no way to say it: Nx matches bytes, so that `?` is too short for `é`, and becomes `*`.
 * @throws GitopsError a malformed pattern, at `place`
 */
export function toNxGlob(pattern: string, place?: Place): string {
  if (/^[\w./-]*$/.test(pattern)) return pattern;
  return segmentsOf(pattern, place)
    .map((tokens) => tokens.map(tokenToNx).join('').replace(/\*+/g, '*'))
    .join('/');
}

function tokenToNx(token: Token): string {
  switch (token.kind) {
    case 'literal':
      return literalToNx(token.char);
    case 'class': {
      const [range] = token.ranges;
      if (!token.negated && token.ranges.length === 1 && range![0] === range![1]) {
        return literalToNx(String.fromCodePoint(range![0]));
      }
      const members = token.ranges.map(([low, high]) => [
        String.fromCodePoint(low),
        String.fromCodePoint(high),
      ]);
      const plain = members.every(([low, high]) => /^\w\w$/.test(low! + high!));
      if (token.negated || !plain) return '*';
      return `[${members.map(([low, high]) => (low === high ? low : `${low}-${high}`)).join('')}]`;
    }
    default:
      return '*';
  }
}

/** Nx's engine loses its way at an escape or a class with a parenthesis or `!` in it: `?` it is, for all. */
function literalToNx(char: string): string {
  return /[\\*?[\]{}()!]/.test(char) ? '?' : char;
}

/** The tokens between slashes, an escaped slash included. */
function segmentsOf(pattern: string, place?: Place): Token[][] {
  const segments: Token[][] = [[]];
  for (const token of parsePattern(pattern, place)) {
    if (isLiteral(token) && token.char === '/') segments.push([]);
    else segments.at(-1)!.push(token);
  }
  return segments;
}

function isLiteral(token: Token): token is Literal {
  return token.kind === 'literal';
}
