import fc from 'fast-check';
import { file, symlink } from '../../test/support/entries';
import { MapTree } from '../../test/support/map-tree';
import { compareNames } from '../filetree/file-tree';
import { GitopsError } from '../support/errors';
import { hasWildcard, matchPath } from './glob';
import { compileIgnore } from './ignore';
import { cleanSource, matchSource, selectFiles } from './sources';

const tree = new MapTree([
  file('package.json'),
  file('a*b'),
  file('azb'),
  file('.env'),
  file('src/main.ts'),
  file('src/lib/one.ts'),
  file('src/lib/two.js'),
  file('src/lib/deep/three.ts'),
  file('docs/one.md'),
  symlink('link.json', 'package.json'),
  symlink('sources', 'src'),
  symlink('src/up', '../docs'),
  symlink('far', 'src/up/one.md'),
  symlink('nowhere', 'gone'),
]);

const find = (source: string, parents = false) => matchSource(tree, source, { parents });

describe('cleanSource', () => {
  it.each([
    ['.', ''],
    ['/', ''],
    ['', ''],
    ['./a', 'a'],
    ['a//b/', 'a/b'],
    ['/a', 'a'],
    ['../../a', 'a'],
    ['a/../../b', 'b'],
    ['a/./b', 'a/b'],
  ])('%s is %s', (source, clean) => {
    expect(cleanSource(source)).toBe(clean);
  });
});

describe('matchSource', () => {
  it.each<[name: string, source: string, found: string[]]>([
    ['a file', 'package.json', ['package.json']],
    ['a directory', 'src/lib/', ['src/lib']],
    ['the root', '.', ['']],
    ['nothing', 'gone', []],
    ['.. is held at the root', '../package.json', ['package.json']],
    ['nothing below a file', 'package.json/x', []],
    ['a wildcard', 'src/lib/*.ts', ['src/lib/one.ts']],
    ['a wildcard finds directories too', 'src/*', ['src/lib', 'src/main.ts', 'src/up → docs']],
    ['a wildcard in the middle', '*/one.md', ['docs/one.md']],
    ['a wildcard takes names that start with a dot', '*env', ['.env']],
    ['a question mark', 'src/lib/???.ts', ['src/lib/one.ts']],
    ['a class', 'a[x-z]b', ['azb']],
    ['an escaped wildcard is a name', 'a\\*b', ['a*b']],
    ['a wildcard that is escaped and one that is not', 's\\rc/*.ts', ['src/main.ts']],
    ['a wildcard that matches nothing', '*.gone', []],
    ['two stars are one without --parents', 'src/**/one.ts', ['src/lib/one.ts']],
    ['a link is followed', 'link.json', ['link.json → package.json']],
    ['a link to a directory is followed', 'sources', ['sources → src']],
    ['a link on the way is followed', 'sources/lib/one.ts', ['sources/lib/one.ts → src/lib/one.ts']],
    ['a link before a wildcard is followed', 'sources/*.ts', ['src/main.ts']],
    ['a link between wildcards is not', 's*/up/*.md', []],
    ['a link that a wildcard finds is followed', 'fa*', ['far → docs/one.md']],
    ['a link to nothing is nothing', 'nowhere', []],
  ])('%s: %s', (_name, source, found) => {
    expect(find(source).map(({ name, path }) => (name === path ? name : `${name} → ${path}`))).toEqual(found);
  });

  it('a link to nothing that a wildcard finds is an error, as in BuildKit', () => {
    expect(() => find('no*')).toThrow(new GitopsError('nowhere is a symbolic link to nothing'));
  });

  it('a malformed pattern is an error', () => {
    expect(() => find('src/[')).toThrow(GitopsError);
  });

  it.each<[name: string, source: string, kept: string[]]>([
    ['all of the name', 'src/lib/one.ts', ['src/lib/one.ts']],
    ['what is behind the pivot', 'src/./lib/one.ts', ['lib/one.ts']],
    ['a pivot at the start is none', './src/main.ts', ['src/main.ts']],
    ['a pivot before a wildcard', 'src/./lib/*.ts', ['lib/one.ts']],
    [
      'two stars: any number of directories',
      'src/**/*.ts',
      ['src/main.ts', 'src/lib/one.ts', 'src/lib/deep/three.ts'],
    ],
    ['two stars with a pivot', 'src/./**/three.ts', ['lib/deep/three.ts']],
    ['two stars at the end: directories', 'src/**', ['src', 'src/lib', 'src/lib/deep']],
  ])('--parents keeps %s', (_name, source, kept) => {
    expect(
      find(source, true)
        .map((match) => match.kept)
        .sort(),
    ).toEqual([...kept].sort());
  });

  it('finds what a look at every path finds', () => {
    fc.assert(
      fc.property(anyTree, anyPattern, fc.boolean(), (paths, pattern, parents) => {
        const tree = new MapTree(paths.map((path) => file(path)));
        const found = matchSource(tree, pattern, { parents }).map(({ path }) => path);
        const isWanted = hasWildcard(pattern)
          ? (path: string) =>
              parents
                ? matchesWithStars(pattern.split('/'), path === '' ? [] : path.split('/'), tree)
                : path !== '' && matchPath(pattern, path)
          : (path: string) => path === cleanSource(pattern);
        expect([...found].sort()).toEqual(['', ...tree.paths].filter(isWanted).sort());
      }),
      { numRuns: 500 },
    );
  });
});

describe('selectFiles', () => {
  const select = (source: string, ...exclude: string[]): string[] =>
    find(source).flatMap((match) => [...selectFiles(tree, match, exclude)].map(({ relative }) => relative));

  it.each<[name: string, source: string, exclude: string[], selected: string[]]>([
    ['a file is itself', 'package.json', [], ['']],
    [
      'a directory, and all that is in it',
      'src',
      [],
      ['', 'lib', 'lib/deep', 'lib/deep/three.ts', 'lib/one.ts', 'lib/two.js', 'main.ts', 'up'],
    ],
    ['without what is excluded', 'src', ['lib', 'up'], ['', 'main.ts']],
    [
      'patterns are relative to the match',
      'src/lib',
      ['lib', 'one.ts'],
      ['', 'deep', 'deep/three.ts', 'two.js'],
    ],
    ['at any depth', 'src', ['**/*.ts', 'up'], ['', 'lib', 'lib/deep', 'lib/two.js']],
    [
      'but an exception, and its directories',
      'src',
      ['lib', '!lib/deep/three.ts', 'up'],
      ['', 'lib', 'lib/deep', 'lib/deep/three.ts', 'main.ts'],
    ],
    [
      'an exception that matches nothing brings no directory',
      'src',
      ['lib', '!lib/gone', 'up'],
      ['', 'main.ts'],
    ],
    ['a matched file by its name', 'src/lib/one.ts', ['*.ts'], []],
    ['a matched link by its own name', 'link.json', ['package.json'], ['']],
    ['a matched file stays for other patterns', 'src/lib/one.ts', ['src', 'lib', '*.js'], ['']],
    ['the matched directory itself cannot be excluded', 'docs', ['.', 'docs', '*'], ['']],
  ])('%s', (_name, source, exclude, selected) => {
    expect(select(source, ...exclude)).toEqual(selected);
  });

  it('does not look into links', () => {
    expect(select('src')).not.toContain('up/one.md');
  });

  it('selects what a look at every path selects, parents first', () => {
    fc.assert(
      fc.property(anyTree, fc.array(anyExclude, { maxLength: 4 }), (paths, exclude) => {
        const tree = new MapTree(paths.map((path) => file(path)));
        const [match] = matchSource(tree, '.', { parents: false });
        const rules = compileIgnore(exclude);
        const kept = tree.paths.filter((path) => !rules.ignored(path));
        const parents = kept.flatMap((path) =>
          path.split('/').map((_, i, parts) => parts.slice(0, i).join('/')),
        );
        const selected = [...selectFiles(tree, match!, exclude)].map(({ relative }) => relative);
        expect(selected).toEqual([...new Set(['', ...kept, ...parents])].sort(bySegments));
      }),
      { numRuns: 500 },
    );
  });
});

const anyName = fc.constantFrom('a', 'b', 'ab', 'a.ts', '.c', 'é');
const anyTree = fc
  .array(
    fc.array(anyName, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/')),
    { maxLength: 8 },
  )
  // A path is not both a file and a directory.
  .map((paths) => paths.filter((path) => !paths.some((other) => other.startsWith(`${path}/`))));
const anyPart = fc.oneof(anyName, fc.constantFrom('*', '?', 'a*', '*.ts', '[ab]', '[^a]', '**', '\\a'));
const anyPattern = fc
  .array(anyPart, { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join('/'))
  .filter((pattern) => !pattern.includes('\\') || hasWildcard(pattern));
const anyExclude = fc
  .tuple(
    fc.constantFrom('', '', '!'),
    anyPattern.filter((pattern) => !pattern.includes('\\')),
  )
  .map(([not, pattern]) => not + pattern);

/** `**` for any number of directories, the plain way. */
function matchesWithStars([part, ...rest]: string[], path: string[], tree: MapTree, above = ''): boolean {
  if (part === undefined) return path.length === 0;
  if (part === '**') {
    for (let count = 0; count <= path.length; count++) {
      const directory = [above, ...path.slice(0, count)].filter(Boolean).join('/');
      if (tree.get(directory)?.type !== 'directory') break;
      if (matchesWithStars(rest, path.slice(count), tree, directory)) return true;
    }
    return false;
  }
  const [name, ...below] = path;
  return (
    name !== undefined &&
    matchPath(part, name) &&
    matchesWithStars(rest, below, tree, [above, name].filter(Boolean).join('/'))
  );
}

function bySegments(a: string, b: string): number {
  const [as, bs] = [a.split('/'), b.split('/')];
  for (let i = 0; i < Math.min(as.length, bs.length); i++)
    if (as[i] !== bs[i]) return compareNames(as[i]!, bs[i]!);
  return as.length - bs.length;
}
