import fc from 'fast-check';
import { compileSegments, hasWildcard, matchPath, toNxGlob } from './glob';

const { matchGlobPaths } = require('nx/src/native') as {
  matchGlobPaths(globs: string[], paths: string[]): boolean[];
};

describe('hasWildcard', () => {
  it.each([
    ['a/b.txt', false],
    ['', false],
    ['a*', true],
    ['a?', true],
    ['a[b]', true],
    ['a]', false],
    ['a\\*', false],
    ['a\\\\*', true],
    ['{a,b}', false],
    ['!a', false],
  ])('%s: %s', (pattern, expected) => {
    expect(hasWildcard(pattern)).toBe(expected);
  });
});

describe('matchPath', () => {
  it.each<[name: string, pattern: string, yes: string[], no: string[]]>([
    ['no wildcard', 'a/b.txt', ['a/b.txt'], ['a/b_txt', 'a/b.txt/c', 'b.txt', 'a/B.txt']],
    ['a star', '*.txt', ['a.txt', '.txt', 'a.b.txt'], ['a/b.txt', 'a.txtx']],
    ['a star takes hidden files', '*', ['a', '.env'], ['a/b']],
    ['stars in a row', 'a**c', ['ac', 'abc'], ['a/c', 'a/b/c']],
    ['two stars are one', '**/b', ['a/b'], ['b', 'a/x/b']],
    ['two stars in one name', '*a*b*', ['ab', 'xaxbx'], ['ba', 'a/b']],
    ['a question mark', 'a?c', ['abc', 'aéc', 'a😀c'], ['ac', 'abbc', 'a/c']],
    ['a class', '[a-cx]1', ['a1', 'b1', 'x1'], ['d1', '-1', '1']],
    ['a class turned around', '[^a-c]1', ['d1', '^1', 'é1'], ['a1', '/1', '1']],
    ['an exclamation mark turns nothing around', '[!a]1', ['!1', 'a1'], ['b1']],
    ['a caret further on', '[a^]1', ['^1', 'a1'], ['b1']],
    ['wildcards in a class', 'a[*?[]b', ['a*b', 'a?b', 'a[b'], ['axb']],
    ['escapes in a class', '[\\]\\-\\\\]', [']', '-', '\\'], ['a']],
    ['a range with escapes', '[\\a-\\c]', ['b'], ['d', '-']],
    ['a slash in a class', 'a[/b]c', ['abc'], ['a/c']],
    ['a class beyond ASCII', '[à-ö]', ['é'], ['e']],
    ['escapes', '\\*\\?\\[\\a', ['*?[a'], ['xx[a', '\\*?[a']],
    ['an escaped slash', 'a\\/b', ['a/b'], ['a\\/b']],
    ['brackets that open nothing', 'a]b', ['a]b'], ['ab']],
    ['braces and parentheses', '{a,b}(c)+', ['{a,b}(c)+'], ['a', 'b']],
    ['segments', 'a/*/b?.txt', ['a/x/b1.txt', 'a/.x/bb.txt'], ['a/b1.txt', 'a/x/y/b1.txt', 'a/x/b.txt']],
  ])('%s', (_name, pattern, yes, no) => {
    expect(yes.filter((path) => !matchPath(pattern, path))).toEqual([]);
    expect(no.filter((path) => matchPath(pattern, path))).toEqual([]);
  });

  it.each(['[', '[]', '[^]', '[a', '[a-', '[a-]', '[-a]', '[a-b-c]', '[]a]', '[\\', '[z-a]', 'a\\', 'b/[/c'])(
    'is malformed: %s',
    (pattern) => {
      const place = { file: 'api/Containerfile', line: 4 };
      expect(() => matchPath(pattern, 'x', place)).toThrow(`api/Containerfile:4: the pattern ${pattern}`);
    },
  );

  it('needs no time for what backtracking would need years for', () => {
    expect(matchPath(`${'*a'.repeat(20)}b`, 'a'.repeat(5_000))).toBe(false);
  });
});

describe('compileSegments', () => {
  it('follows a pattern down directory by directory', () => {
    const segments = compileSegments('a/*/b?.txt');
    const names = [
      ['a', 'b'],
      ['x', 'y'],
      ['b1.txt', 'c1.txt'],
    ];
    expect(names.map((names, index) => names.filter((name) => segments[index]!.matches(name)))).toEqual([
      ['a'],
      ['x', 'y'],
      ['b1.txt'],
    ]);
  });

  it('names what needs no listing', () => {
    expect(compileSegments('a/b\\*/*/[c]').map(({ literal }) => literal)).toEqual([
      'a',
      'b*',
      undefined,
      undefined,
    ]);
  });
});

describe('toNxGlob', () => {
  it.each<[name: string, pattern: string, glob: string]>([
    ['a path', 'src/main.ts', 'src/main.ts'],
    ['a star', 'package*.json', 'package*.json'],
    ['stars in a row, which Nx would take across slashes', '**/a', '*/a'],
    ['a question mark, which for Nx is one byte', 'a?.txt', 'a*.txt'],
    ['a class', '[a-c_x].ts', '[a-c_x].ts'],
    ['a class turned around', '[^a]b', '*b'],
    ['a class with special characters', '[a\\]]b', '*b'],
    ['a class beyond ASCII', '[à-ö]b', '*b'],
    ['one character in brackets', 'app/[[]slug]/[.]env', 'app/?slug?/.env'],
    ['what is special in Nx only', '{a,b}/(group)/!x', '?a,b?/?group?/?x'],
    ['escapes', 'a\\*\\b', 'a?b'],
    ['what is special nowhere', 'a b/@c+d,e#f~$', 'a b/@c+d,e#f~$'],
  ])('%s', (_name, pattern, glob) => {
    expect(toNxGlob(pattern)).toBe(glob);
  });

  const name = fc.stringMatching(/^[a-c.é*?[\]{}()!@+\\, ^-]{1,5}$/).filter((name) => !/^\.\.?$/.test(name));
  const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'));
  /** A pattern made from a path, so that it has something to match. */
  const patternAndPath = fc.tuple(path, fc.infiniteStream(fc.nat(5))).map(([path, dice]) => {
    const pattern = Array.from(path, (char) => {
      const roll = dice.next().value;
      if (char === '/') return char;
      return ['*', '?', `[\\${char}]`, `[a-b\\${char}]`, `\\${char}`, `\\${char}`][roll]!;
    });
    return { path, pattern: pattern.join('') };
  });

  it('lets Nx match all that the pattern matches', () => {
    fc.assert(
      fc.property(patternAndPath, ({ path, pattern }) => {
        expect(matchPath(pattern, path)).toBe(true);
        expect(matchGlobPaths([`p/${toNxGlob(pattern)}`, toNxGlob(pattern)], [`p/${path}`, path])).toEqual([
          true,
          true,
        ]);
      }),
      { numRuns: 500 },
    );
  });

  it('lets Nx match nothing else where names are plain', () => {
    const segment = fc.stringMatching(/^([a-c.]|\*|\[a-b\]){1,4}$/);
    const pattern = fc.array(segment, { minLength: 1, maxLength: 3 }).map((segments) => segments.join('/'));
    const plain = fc
      .array(fc.stringMatching(/^[a-c][a-c.]{0,3}$/), { minLength: 1, maxLength: 3 })
      .map((names) => names.join('/'));
    fc.assert(
      fc.property(pattern, plain, (pattern, path) => {
        expect(matchGlobPaths([`p/${toNxGlob(pattern)}`], [`p/${path}`])).toEqual([matchPath(pattern, path)]);
      }),
      { numRuns: 500 },
    );
  });
});

describe('matchPath, laws', () => {
  const name = fc.stringMatching(/^[a-c/.*é]{0,8}$/);

  it('agrees with a regular expression', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^([a-c/.]|\*|\?|\[\^a\]|\[b-c\]){0,8}$/), name, (pattern, path) => {
        const expression = pattern.replace(
          /\[\^a\]|[*?.]/g,
          (part) => ({ '*': '[^/]*', '?': '[^/]', '.': '\\.', '[^a]': '[^a/]' })[part]!,
        );
        expect(matchPath(pattern, path)).toBe(new RegExp(`^${expression}$`, 'u').test(path));
      }),
      { numRuns: 500 },
    );
  });

  it('an escaped path matches itself and nothing else', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (path, other) => {
        const pattern = path.replace(/[\\*?[]/g, '\\$&');
        expect(hasWildcard(pattern)).toBe(false);
        expect(matchPath(pattern, path)).toBe(true);
        expect(matchPath(pattern, other)).toBe(path === other);
      }),
    );
  });
});
