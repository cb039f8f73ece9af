import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import fc from 'fast-check';
import { GitIgnore } from './gitignore';

type Files = Record<string, string>;

/** What there is in the workspace of each case. */
const tree = [
  ...['a', 'b', '.env', 'x.log', 'k.log', '#h', '!bang', 'sp ', 'A.txt', 'é.txt', '[z]', 'a+b', 'a(b'],
  ...['dist/main.js', 'dist/sub/x', 'docs/a/b/c', 'docs/a.txt', 'docs/c'],
  ...['low/dist/main.js', 'low/x.log', 'low/k.log', 'low/a/b', 'low/deep/x.log', 'low/deep/dist/y'],
  ...['we[i]rd*/a', 'we[i]rd*/b/a', 'weird/a', 'foo/bar/baz', 'foo/bar.js'],
];

describe('GitIgnore', () => {
  const cases: [name: string, files: Files, ignored: string[]][] = [
    ['nothing without a file', {}, []],
    ['a name at any depth', { '.gitignore': 'c' }, ['docs/a/b/c', 'docs/c']],
    ['a leading slash: here only', { '.gitignore': '/a' }, ['a']],
    ['a slash in the middle: here only', { '.gitignore': 'a/b' }, []],
    ['a directory takes what is beneath', { '.gitignore': 'docs' }, ['docs/a.txt', 'docs/a/b/c', 'docs/c']],
    ['a slash at the end: directories only', { '.gitignore': 'a/\nc/' }, ['docs/a/b/c', 'low/a/b']],
    ['a star stays within a segment', { '.gitignore': 'docs/*.txt' }, ['docs/a.txt']],
    ['two stars', { '.gitignore': 'docs/**/c' }, ['docs/a/b/c', 'docs/c']],
    ['two stars in front', { '.gitignore': '**/deep/x.log' }, ['low/deep/x.log']],
    ['two stars at the end', { '.gitignore': 'foo/**' }, ['foo/bar.js', 'foo/bar/baz']],
    [
      'two stars before a slash at the end',
      { '.gitignore': 'low/**/' },
      ['low/a/b', 'low/deep/dist/y', 'low/deep/x.log', 'low/dist/main.js'],
    ],
    ['two stars alone', { '.gitignore': '*\n!/**' }, []],
    ['two stars twice', { '.gitignore': 'docs/**/**/c' }, ['docs/a/b/c', 'docs/c']],
    ['two stars within a name', { '.gitignore': 'low/d**/x.log' }, ['low/deep/x.log']],
    ['three stars', { '.gitignore': '***/deep' }, ['low/deep/dist/y', 'low/deep/x.log']],
    ['an escaped star', { '.gitignore': 'we\\[i\\]rd\\*/a' }, ['we[i]rd*/a']],
    ['the last match decides', { '.gitignore': '*.log\n!k.log' }, ['low/deep/x.log', 'low/x.log', 'x.log']],
    [
      'nothing comes back from an ignored directory',
      { '.gitignore': 'foo\n!foo/bar.js' },
      ['foo/bar.js', 'foo/bar/baz'],
    ],
    ['but from what a star ignores', { '.gitignore': 'foo/*\n!foo/bar.js' }, ['foo/bar/baz']],
    [
      'marks and slashes without a name',
      { '.gitignore': '/\n//\n*.log\n!\n!/', 'low/.gitignore': '/\n!\n' },
      ['k.log', 'low/deep/x.log', 'low/k.log', 'low/x.log', 'x.log'],
    ],
    ['comments, blanks and escapes', { '.gitignore': '# a\n\n\\#h\n\\!bang\n' }, ['!bang', '#h']],
    [
      'spaces at the end',
      { '.gitignore': 'a   \nsp\\ ' },
      ['a', 'docs/a/b/c', 'low/a/b', 'sp ', 'we[i]rd*/a', 'we[i]rd*/b/a', 'weird/a'],
    ],
    [
      'line ends of Windows',
      { '.gitignore': 'b\r\nx.log\r\n' },
      ['b', 'docs/a/b/c', 'low/a/b', 'low/deep/x.log', 'low/x.log', 'we[i]rd*/b/a', 'x.log'],
    ],
    ['a byte order mark', { '.gitignore': '\uFEFFfoo' }, ['foo/bar.js', 'foo/bar/baz']],
    ['case counts', { '.gitignore': 'a.TXT' }, []],
    ['characters that regular expressions know', { '.gitignore': 'a+b\na(b\n.env' }, ['.env', 'a(b', 'a+b']],
    ['a class', { '.gitignore': '[kx].log' }, ['k.log', 'low/deep/x.log', 'low/k.log', 'low/x.log', 'x.log']],
    ['nested: holds beneath it', { 'low/.gitignore': 'dist' }, ['low/deep/dist/y', 'low/dist/main.js']],
    ['nested: a leading slash', { 'low/.gitignore': '/dist' }, ['low/dist/main.js']],
    ['nested: a slash in the middle', { 'low/.gitignore': 'deep/dist' }, ['low/deep/dist/y']],
    ['nested: a slash at the end', { 'low/.gitignore': 'dist/' }, ['low/deep/dist/y', 'low/dist/main.js']],
    ['nested: has the last word', { '.gitignore': '*.log', 'low/.gitignore': '!*.log' }, ['k.log', 'x.log']],
    [
      'nested: brings back a directory',
      { '.gitignore': 'dist', 'low/.gitignore': '!/dist' },
      ['dist/main.js', 'dist/sub/x', 'low/deep/dist/y'],
    ],
    [
      'nested twice',
      { 'low/.gitignore': '*.log', 'low/deep/.gitignore': '!x.log' },
      ['low/k.log', 'low/x.log'],
    ],
    [
      'nested in an ignored directory: not read',
      { '.gitignore': 'dist', 'dist/.gitignore': '!*' },
      ['dist/main.js', 'dist/sub/x', 'low/deep/dist/y', 'low/dist/main.js'],
    ],
    [
      'nested: comments and escapes',
      { 'low/.gitignore': '#dist\n\\x.log\n\n' },
      ['low/deep/x.log', 'low/x.log'],
    ],
    ['nested in a directory with wildcards in its name', { 'we[i]rd*/.gitignore': 'b' }, ['we[i]rd*/b/a']],
    ['nested in the same, with a leading slash', { 'we[i]rd*/.gitignore': '/a' }, ['we[i]rd*/a']],
  ];

  it.each(cases)('%s', (_name, files, ignored) => {
    expect(ignoredBy(files)).toEqual(ignored);
  });

  it.each<[name: string, files: Files, ignored: string[]]>([
    [
      '.nxignore counts as well',
      { '.gitignore': 'foo', '.nxignore': '/a' },
      ['a', 'foo/bar.js', 'foo/bar/baz'],
    ],
    ['.nxignore has the last word', { '.gitignore': 'foo', '.nxignore': '!foo' }, []],
    ['over nested files too', { 'low/.gitignore': '!k.log', '.nxignore': '/low/k.log' }, ['low/k.log']],
  ])('%s', (_name, files, ignored) => {
    expect(ignoredBy(files)).toEqual(ignored);
  });

  it('tells a directory from a file', () => {
    const rules = new GitIgnore((file) => ({ '.gitignore': 'dist/' })[file]);
    expect([rules.ignores('dist'), rules.ignores('dist', true), rules.ignores('dist/x')]).toEqual([
      false,
      true,
      true,
    ]);
    expect([rules.ignores(''), rules.ignores('.', true)]).toEqual([false, false]);
  });

  it('reads each file once, and none in an ignored directory', () => {
    const read: string[] = [];
    const rules = new GitIgnore((file) => (read.push(file), file === '.gitignore' ? 'dist' : undefined));
    ['low/a', 'low/b', 'dist/x', 'dist/y/z', 'low/dist/x'].forEach((file) => rules.ignores(file));
    expect(read).toEqual(['.nxignore', '.gitignore', 'low/.gitignore']);
  });

  describe('as git sees it', () => {
    let repository: string;
    beforeAll(() => {
      repository = fs.mkdtempSync(path.join(os.tmpdir(), 'gitops-gitignore-'));
      git('init', '--quiet');
      tree.forEach((file) => write(file, ''));
    });
    afterAll(() => fs.rmSync(repository, { recursive: true, force: true }));

    it.each(cases)('%s', (_name, files) => {
      expect(ignoredBy(files)).toEqual(ignoredByGit(files));
    });

    it('whatever the patterns', () => {
      const segment = fc.constantFrom(
        '***',
        'a',
        'b',
        'c',
        'dist',
        'docs',
        'low',
        'deep',
        'foo',
        '*',
        '**',
        '*.log',
        '?',
        '[a-c]',
        'x.log',
        'k*',
        'bar*',
      );
      const pattern = fc
        .tuple(
          fc.constantFrom('', '!'),
          fc.constantFrom('', '/'),
          fc.array(segment, { minLength: 1, maxLength: 3 }),
          fc.constantFrom('', '/'),
        )
        .map(([not, start, segments, end]) => not + start + segments.join('/') + end);
      const file = fc.array(pattern, { maxLength: 5 }).map((patterns) => patterns.join('\n'));
      const files = fc.dictionary(
        fc.constantFrom('.gitignore', 'low/.gitignore', 'docs/.gitignore', 'low/deep/.gitignore'),
        file,
      );
      fc.assert(
        fc.property(files, (files) => {
          expect(ignoredBy(files)).toEqual(ignoredByGit(files));
        }),
        { numRuns: 60 },
      );
    });

    function ignoredByGit(files: Files): string[] {
      Object.entries(files).forEach(([file, text]) => write(file, text));
      const output = git('check-ignore', '--no-index', '--stdin', '-z', tree.join('\0'));
      Object.keys(files).forEach((file) => fs.rmSync(path.join(repository, file)));
      return output.split('\0').filter(Boolean).sort();
    }

    function write(file: string, text: string): void {
      fs.mkdirSync(path.dirname(path.join(repository, file)), { recursive: true });
      fs.writeFileSync(path.join(repository, file), text);
    }

    function git(...args: string[]): string {
      const input = args[0] === 'check-ignore' ? args.pop() : '';
      const env = {
        ...process.env,
        GIT_CONFIG_GLOBAL: os.devNull,
        GIT_CONFIG_NOSYSTEM: '1',
        XDG_CONFIG_HOME: repository,
      };
      const { stdout, stderr, status } = spawnSync('git', ['-c', 'core.ignoreCase=false', ...args], {
        cwd: repository,
        input,
        env,
        encoding: 'utf8',
      });
      if (status === null || status > 1) throw new Error(stderr || 'git does not start');
      return stdout;
    }
  });
});

function ignoredBy(files: Files): string[] {
  const rules = new GitIgnore((file) => files[file]);
  return tree.filter((file) => rules.ignores(file)).sort();
}
