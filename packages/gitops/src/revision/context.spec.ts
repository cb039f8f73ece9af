import { chmodSync, chownSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type Files, useDirectory, writeFiles } from '../../test/support/files';
import { isRoot, unprivileged } from '../../test/support/unprivileged';
import { compileIgnore } from '../containerfile/ignore';
import type { Entry } from '../filetree/entry';
import { GitopsError } from '../support/errors';
import { BuildContext } from './context';
import { FileHashes } from './file-hashes';

const directory = useDirectory();

function context(files: Files, ...ignore: string[]): BuildContext {
  writeFiles(directory(), files);
  return new BuildContext(directory(), compileIgnore(ignore), FileHashes.load(join(directory(), '.none')));
}

/** All paths below one, parents first. */
function walk(context: BuildContext, path = ''): string[] {
  return context.list(path).flatMap((name) => {
    const below = path === '' ? name : `${path}/${name}`;
    return [below, ...(context.get(below)!.type === 'directory' ? walk(context, below) : [])];
  });
}

const plain = (entry: Entry | undefined) => entry && { ...entry, content: entry.content?.size };

describe('BuildContext', () => {
  it.each([
    ['0644', 0o644, 0o644],
    ['0600', 0o600, 0o644],
    ['0666', 0o666, 0o644],
    ['0755', 0o755, 0o755],
    ['0700', 0o700, 0o755],
    ['0100', 0o100, 0o755],
    ['0654: others may run it, its owner may not', 0o654, 0o644],
    ['setuid', 0o4755, 0o755],
    ['sticky', 0o1644, 0o644],
  ])("a file's mode: %s", (_name, mode, expected) => {
    const files = context({ file: { content: 'abc', mode } });
    expect(plain(files.get('file'))).toEqual({
      path: 'file',
      type: 'file',
      mode: expected,
      uid: 0,
      gid: 0,
      content: 3,
    });
  });

  it.each([0o755, 0o700, 0o1777, 0o2775])("a directory's mode: %o", (mode) => {
    const files = context({ 'd/f': '' });
    chmodSync(join(directory(), 'd'), mode);
    expect(files.get('d')).toEqual({ path: 'd', type: 'directory', mode: 0o755, uid: 0, gid: 0 });
  });

  it.each(['target', '../outside', '/etc/passwd', 'not/there', './a//b/'])(
    'a link is kept as it is: %s',
    (link) => {
      expect(context({ l: { link } }).get('l')).toEqual({
        path: 'l',
        type: 'symlink',
        mode: 0o777,
        uid: 0,
        gid: 0,
        link,
      });
    },
  );

  (isRoot ? it : it.failing)('an owner is not kept (shown by root alone)', () => {
    const files = context({ file: 'x' });
    chownSync(join(directory(), 'file'), 1234, 5678);
    expect(files.get('file')).toMatchObject({ uid: 0, gid: 0 });
  });

  it.each<[name: string, path: string]>([
    ['what is not there', 'gone'],
    ['what is below a file', 'file/x'],
    ['what is below nothing', 'gone/x/y'],
  ])('has nothing for %s', (_name, path) => {
    const files = context({ file: 'x' });
    expect([files.get(path), files.list(path)]).toEqual([undefined, []]);
  });

  it('lists names in the order of their bytes', () => {
    expect(context({ b: '', a: '', 'a-': '', é: '', Z: '', '\uffee': '', '\u{1f600}': '' }).list('')).toEqual(
      ['Z', 'a', 'a-', 'b', 'é', '\uffee', '\u{1f600}'],
    );
  });

  it.each<[name: string, ignore: string[], left: string[]]>([
    ['nothing', [], ['.env', 'README.md', 'docs', 'docs/a.md', 'docs/b', 'docs/b/c.txt', 'src', 'src/x.ts']],
    ['a file', ['.env'], ['README.md', 'docs', 'docs/a.md', 'docs/b', 'docs/b/c.txt', 'src', 'src/x.ts']],
    ['a directory', ['docs', '.env'], ['README.md', 'src', 'src/x.ts']],
    ['by pattern, at any depth', ['**/*.md', '.env'], ['docs', 'docs/b', 'docs/b/c.txt', 'src', 'src/x.ts']],
    ['all but what is in a directory', ['*', '!src'], ['src', 'src/x.ts']],
    [
      'all but a file, its directories kept for it',
      ['*', '!docs/b/c.txt'],
      ['docs', 'docs/b', 'docs/b/c.txt'],
    ],
    ['an exception for what is not there keeps no directory', ['*', '!docs/gone.md'], []],
    ['all but files of a kind', ['**', '!**/*.md'], ['README.md', 'docs', 'docs/a.md']],
  ])('without what is ignored: %s', (_name, ignore, left) => {
    const files = context(
      { '.env': '', 'README.md': '', 'docs/a.md': '', 'docs/b/c.txt': '', 'src/x.ts': '' },
      ...ignore,
    );
    expect(walk(files)).toEqual(left);
    for (const path of [
      '.env',
      'README.md',
      'docs',
      'docs/a.md',
      'docs/b',
      'docs/b/c.txt',
      'src',
      'src/x.ts',
    ])
      expect([path, files.get(path) !== undefined]).toEqual([path, left.includes(path)]);
  });

  it.each<[name: string, path: string, expected: boolean]>([
    ['an ignored file', 'a.log', true],
    ['a file in an ignored directory', 'dist/x', true],
    ['a file that is not ignored', 'a.txt', false],
    ['an ignored name of nothing', 'b.log', false],
    ['a name below an ignored file', 'a.log/x', false],
    ['the root', '', false],
  ])('tells that the ignore file is the reason: %s', (_name, path, expected) => {
    expect(context({ 'a.log': '', 'dist/x': '', 'a.txt': '' }, '*.log', 'dist').ignores(path)).toBe(expected);
  });

  it('resolves links, and never leaves the context', () => {
    const files = context({
      'a/b/f': '',
      l: { link: 'a/b' },
      'a/up': { link: '../../../a' },
      abs: { link: '/a' },
    });
    expect(['l/f', 'a/up/b', 'abs/b/f', '../l'].map((path) => files.resolve(path))).toEqual([
      'a/b/f',
      'a/b',
      'a/b/f',
      'a/b',
    ]);
  });

  it('works on what it saw first', () => {
    const files = context({ a: '1', 'd/x': '' });
    const seen = [files.list(''), files.list('d'), files.get('a'), files.get('b')];
    writeFileSync(join(directory(), 'b'), '');
    rmSync(join(directory(), 'a'));
    rmSync(join(directory(), 'd'), { recursive: true });
    expect([files.list(''), files.list('d'), files.get('a'), files.get('b')]).toEqual(seen);
  });

  it('times do not matter', () => {
    const files = context({ a: '1' });
    utimesSync(join(directory(), 'a'), 1, 1);
    expect(plain(files.get('a'))).toEqual({
      path: 'a',
      type: 'file',
      mode: 0o644,
      uid: 0,
      gid: 0,
      content: 1,
    });
  });

  it('an error: a directory that may not be read', () => {
    const files = context({ 'd/x': '' });
    chmodSync(join(directory(), 'd'), 0);
    const message = (path: string) =>
      new GitopsError(
        `${path} cannot be read (EACCES); make it readable, or leave it out with the ignore file`,
      );
    expect(() => unprivileged(() => files.list('d'))).toThrow(message('d'));
    expect(() => unprivileged(() => files.get('d/x'))).toThrow(message('d/x'));
  });

  it('no error: a directory that may not be read, but is ignored', () => {
    const files = context({ 'd/x': '', 'e/x': '' }, 'd');
    chmodSync(join(directory(), 'd'), 0);
    expect(unprivileged(() => walk(files))).toEqual(['e', 'e/x']);
  });

  it('an error: a context that is not readable names it', () => {
    mkdirSync(join(directory(), 'private'), { mode: 0 });
    const files = new BuildContext(join(directory(), 'private'), compileIgnore([]), FileHashes.load('none'));
    expect(() => unprivileged(() => files.list(''))).toThrow(
      `${join(directory(), 'private')} cannot be read (EACCES)`,
    );
  });

  it('an error: a socket, unless it is ignored', async () => {
    const server = createServer().listen(join(directory(), 'run.sock'));
    await new Promise((resolve) => server.once('listening', resolve));
    try {
      expect(() => context({}).get('run.sock')).toThrow(
        new GitopsError(
          'run.sock is neither a file, a directory nor a symbolic link; leave it out with the ignore file',
        ),
      );
      expect(context({}, '*.sock').get('run.sock')).toBeUndefined();
    } finally {
      server.close();
    }
  });
});
