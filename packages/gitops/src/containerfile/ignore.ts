import { posix } from 'node:path';
import { GitopsError, type Place } from '../support/errors';
import { Automaton, parsePattern, type Token } from './patterns';

/** What an ignore file keeps out of a build context. Paths are POSIX, relative to the context's root. */
export interface IgnoreRules {
  ignored(path: string): boolean;
  /**
   * Whether anything beneath `directory` may be wanted: false means that a walker need not enter it.
   * An ignored directory still holds wanted files where an exception (`!pattern`) reaches into it.
   */
  mayContainUnignored(directory: string): boolean;
}

/**
 * The patterns of an ignore file, cleaned as a path is; an exception keeps its `!`.
 * Source: the Dockerfile reference, ".dockerignore file".
 * @param file the path that errors name
 * @throws GitopsError a pattern that is malformed
 */
export function parseIgnoreFile(text: string, file?: string): string[] {
  return text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .flatMap((text, index) => {
      if (text.startsWith('#') || text.trim() === '') return [];
      const pattern = cleanPattern(text);
      compileRule(pattern, file === undefined ? undefined : { file, line: index + 1 });
      return [pattern];
    });
}

/**
 * Where the ignore file of a container file may be: the first that exists counts, the others do not.
 * @param containerfile the container file's path
 * @param context the build context's directory, both as seen from the same place
 */
export function ignoreFileCandidates(containerfile: string, context: string): string[] {
  return [
    `${containerfile}.dockerignore`,
    `${containerfile}.containerignore`,
    posix.join(context, '.containerignore'),
    posix.join(context, '.dockerignore'),
  ];
}

/**
 * Rules from the patterns of an ignore file, or of `COPY --exclude`: the last pattern that matches decides.
 * @throws GitopsError a pattern that is malformed; `place` is where the patterns come from
 */
export function compileIgnore(patterns: readonly string[], place?: Place): IgnoreRules {
  const rules = patterns
    .filter((pattern) => pattern.trim() !== '')
    .map((pattern) => compileRule(pattern, place));
  const directories = new Map<string, Outcome>();

  const outcomeOf = (path: string): Outcome => {
    const slash = path.lastIndexOf('/');
    return decide(rules, path, slash === -1 ? undefined : outcomeOfDirectory(path.slice(0, slash)));
  };
  const outcomeOfDirectory = (path: string): Outcome => {
    let outcome = directories.get(path);
    if (!outcome) directories.set(path, (outcome = outcomeOf(path)));
    return outcome;
  };

  return {
    ignored: (path) => !isRoot(path) && outcomeOf(path).ignored,
    mayContainUnignored: (directory) => {
      if (isRoot(directory)) return true;
      const { ignored, matched } = outcomeOfDirectory(directory);
      if (!ignored) return true;
      const decisive = rules.findLastIndex((rule, index) => !rule.exception && matched[index]);
      return rules.some(
        (rule, index) =>
          index > decisive && rule.exception && rule.automaton.matchesSomeAfter(`${directory}/`),
      );
    },
  };
}

interface Rule {
  readonly exception: boolean;
  readonly automaton: Automaton;
}

interface Outcome {
  readonly ignored: boolean;
  /** For each rule whether it matched the path or a directory above it. */
  readonly matched: readonly boolean[];
}

/**
 * A rule that would change nothing is not asked, and does then not count for what is beneath either:
 * so `a`, `!a/b`, `a` leaves a/b in, as it does in moby's patternmatcher.
 */
function decide(rules: readonly Rule[], path: string, parent?: Outcome): Outcome {
  let ignored = false;
  const matched = rules.map((rule, index) => {
    const match = parent?.matched[index] || (rule.exception === ignored && rule.automaton.matches(path));
    if (match) ignored = !rule.exception;
    return match;
  });
  return { ignored, matched };
}

const isRoot = (path: string): boolean => path === '' || path === '.';

function cleanPattern(text: string): string {
  const trimmed = text.trim();
  if (trimmed.startsWith('!')) {
    const rest = trimmed.slice(1).trim();
    return rest === '' ? '!' : `!${cleanPath(rest)}`;
  }
  return cleanPath(trimmed);
}

/** Go's path.Clean, without the leading slash. */
function cleanPath(path: string): string {
  return posix
    .normalize(path)
    .replace(/(?<=.)\/$/, '')
    .replace(/^\/(?=.)/, '');
}

function compileRule(text: string, place?: Place): Rule {
  const pattern = cleanPattern(text);
  const exception = pattern.startsWith('!');
  const body = exception ? pattern.slice(1) : pattern;
  if (exception && (body === '' || body === '/')) {
    throw new GitopsError('an exception ! without a pattern', place, 'write what it lets in, as in !src');
  }
  const [escape] = /(?<!\\)(?:\\\\)*\\[A-Za-z0-9]/.exec(body) ?? [];
  if (escape) {
    throw new GitopsError(
      `the pattern ${body} has a backslash before ${escape.slice(-1)}, which needs none`,
      place,
      'write / between directories',
    );
  }
  return { exception, automaton: new Automaton(withDoubleStars(body, parsePattern(body, place))) };
}

/** `**` and a slash behind it, which it takes along, as one token. */
function withDoubleStars(pattern: string, tokens: readonly Token[]): Token[] {
  const result: Token[] = [];
  for (let at = 0; at < tokens.length; at++) {
    if (tokens[at]!.kind !== 'star' || tokens[at + 1]?.kind !== 'star') {
      result.push(tokens[at]!);
      continue;
    }
    at++;
    const next = tokens[at + 1];
    if (next?.kind === 'literal' && next.char === '/') at++;
    result.push({ kind: at + 1 < tokens.length ? 'directories' : 'anything' });
  }
  // `**.log` matches any path that ends so; with a second wildcard, `**.l?g`, it stands for directories only.
  if (/^\*\*[^/*?[\]\\]+[^*?[\]\\]*$/.test(pattern)) result[0] = { kind: 'anything' };
  return result;
}
