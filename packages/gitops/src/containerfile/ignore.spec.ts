import fc from 'fast-check';
import { compileIgnore, ignoreFileCandidates, parseIgnoreFile } from './ignore';

describe('ignore rules', () => {
  it.each([
    [
      'an exclamation mark alone',
      'a\n!',
      'f:2: an exception ! without a pattern; write what it lets in, as in !src',
    ],
    [
      'an exception for the root',
      '!/',
      'f:1: an exception ! without a pattern; write what it lets in, as in !src',
    ],
    [
      'an open class',
      '\n\na[',
      'f:3: the pattern a[ has a [ without its ]; close it, or write \\[ for the character',
    ],
    [
      'a reversed range',
      '[z-a]',
      'f:1: the pattern [z-a] has a range whose end comes before its start; turn it around',
    ],
    [
      'a stray dash',
      '[-x]',
      'f:1: the pattern [-x] has a misplaced - between [ and ]; write \\- for the character',
    ],
    [
      'an empty class',
      '[]',
      'f:1: the pattern [] has a misplaced ] between [ and ]; write \\] for the character',
    ],
    [
      'a backslash before a letter',
      'src\\main',
      'f:1: the pattern src\\main has a backslash before m, which needs none; write / between directories',
    ],
    [
      'a backslash at the end',
      'a\\',
      'f:1: the pattern a\\ ends with a backslash; write \\\\ for a backslash',
    ],
  ])('reports %s', (_name, text, message) => {
    expect(() => parseIgnoreFile(text, 'f')).toThrow(
      expect.objectContaining({ name: 'GitopsError', message }),
    );
  });

  it('says where patterns that are no file come from', () => {
    const place = { file: 'Containerfile', line: 7 };
    expect(() => compileIgnore(['a['], place)).toThrow('Containerfile:7: the pattern a[');
  });

  it('never ignores the root', () => {
    const rules = compileIgnore(['**', '.']);
    expect([
      rules.ignored(''),
      rules.ignored('.'),
      rules.mayContainUnignored(''),
      rules.mayContainUnignored('.'),
    ]).toEqual([false, false, true, true]);
  });

  it.each<[name: string, patterns: string[], directory: string, expected: boolean]>([
    ['not ignored', ['b'], 'a', true],
    ['ignored', ['a'], 'a', false],
    ['beneath an ignored one', ['a'], 'a/x', false],
    ['with an exception beneath', ['a', '!a/x/y'], 'a/x', true],
    ['with an exception beside', ['a', '!ab', '!b/x'], 'a', false],
    ['with an exception at any depth', ['a', '!**/*.log'], 'a', true],
    ['with an exception that a later pattern takes back', ['!a/b', 'a'], 'a', false],
    ['with a wildcard that does not reach', ['*', '!*/e'], 'd/x', false],
    ['with a wildcard that reaches', ['*', '!*/e/f'], 'd/e', true],
  ])('knows whether to enter a directory: %s', (_name, patterns, directory, expected) => {
    expect(compileIgnore(patterns).mayContainUnignored(directory)).toBe(expected);
  });

  it('looks for the ignore file beside the container file first', () => {
    expect(ignoreFileCandidates('apps/api/Containerfile', 'apps')).toEqual([
      'apps/api/Containerfile.dockerignore',
      'apps/api/Containerfile.containerignore',
      'apps/.containerignore',
      'apps/.dockerignore',
    ]);
    expect(ignoreFileCandidates('Containerfile', '.').at(-1)).toBe('.dockerignore');
  });

  it('is quick, whatever the pattern', () => {
    const patterns = Array.from(
      { length: 50 },
      (_, i) => ['**/*a*b*c', '**/tmp', 'dist/**', '*.log'][i % 4]! + i,
    );
    const rules = compileIgnore([...patterns, `${'**/*a*/'.repeat(6)}b`]);
    const start = performance.now();
    for (let i = 0; i < 20_000; i++)
      rules.ignored(`packages/project-${i % 100}/src/lib/component-${i}.spec.ts`);
    rules.ignored(`${'aa/'.repeat(300)}c`);
    // About 0.2 s; backtracking would take minutes.
    expect(performance.now() - start).toBeLessThan(60_000);
  });
});

describe('ignore rules, laws', () => {
  const tree = ['a/b', 'a/c', 'a/x/b', 'a/x/y/b', 'ab', 'b', 'x.log', 'd/x.log', 'd/e/x.log', 'd/e/c/x.log'];
  const segment = fc.constantFrom(
    'a',
    'b',
    'c',
    'd',
    'e',
    'x',
    'x.log',
    '*',
    '**',
    '*.log',
    '?',
    '[a-c]',
    'a*',
    '**b',
  );
  const body = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => segments.join('/'));
  const pattern = fc.tuple(fc.constantFrom('', '!'), body).map(([mark, text]) => mark + text);
  const patterns = fc.array(pattern, { maxLength: 6 });
  const directory = (file: string, depth: number) => file.split('/').slice(0, depth).join('/');

  it('what lies in a directory that need not be entered is ignored', () => {
    fc.assert(
      fc.property(
        patterns,
        fc.constantFrom(...tree),
        fc.integer({ min: 1, max: 3 }),
        (patterns, file, depth) => {
          const rules = compileIgnore(patterns);
          fc.pre(directory(file, depth) !== file);
          expect(rules.ignored(file) || rules.mayContainUnignored(directory(file, depth))).toBe(true);
        },
      ),
    );
  });

  it('the order in which paths are asked for does not matter', () => {
    fc.assert(
      fc.property(patterns, fc.shuffledSubarray(tree), (patterns, files) => {
        const rules = compileIgnore(patterns);
        const fresh = files.map((file) => compileIgnore(patterns).ignored(file));
        expect(files.map((file) => rules.ignored(file))).toEqual(fresh);
      }),
    );
  });

  it('!** at the end lets everything in', () => {
    fc.assert(
      fc.property(patterns, (patterns) => {
        const rules = compileIgnore([...patterns, '!**']);
        expect(tree.filter((file) => rules.ignored(file))).toEqual([]);
      }),
    );
  });

  it('cleaning patterns twice is cleaning them once', () => {
    fc.assert(
      fc.property(fc.array(pattern.map((text) => ` /./${text}//`)), (lines) => {
        const once = parseIgnoreFile(lines.join('\n'));
        expect(parseIgnoreFile(once.join('\n'))).toEqual(once);
      }),
    );
  });
});
