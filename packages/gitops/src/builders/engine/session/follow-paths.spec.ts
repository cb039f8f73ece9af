import { type Entry, type Tree, bytes, directory } from '../../../filetree/entry';
import { neededFiles } from './follow-paths';

/** `a/b` is a file, `a/` a directory, `a -> b` a link. */
function tree(...lines: string[]): Tree {
  const entries = new Map<string, Entry>();
  for (const line of lines) {
    const [path = '', link] = line.split(' -> ');
    for (let at = path.indexOf('/'); at > 0; at = path.indexOf('/', at + 1))
      entries.set(path.slice(0, at), directory(path.slice(0, at)));
    if (path.endsWith('/')) continue;
    const base = { path, mode: 0o644, uid: 0, gid: 0 };
    entries.set(
      path,
      link
        ? { ...base, type: 'symlink', link }
        : { ...base, type: 'file', content: bytes(Buffer.alloc(0), '') },
    );
  }
  return {
    get: (path) => (path === '' ? directory('') : entries.get(path)),
    list: (path) =>
      [...entries.keys()]
        .filter((key) => key.slice(0, Math.max(0, key.lastIndexOf('/'))) === path)
        .map((key) => key.slice(path === '' ? 0 : path.length + 1))
        .sort(),
    resolve: (path) => path,
  };
}

describe('neededFiles', () => {
  const files = tree(
    'a/b/c',
    'a/b-d',
    'a/e/',
    'x.txt',
    'y.txt',
    'z',
    'in -> a/b',
    'abs -> /a/e',
    'deep/up -> ../z',
    'round -> round',
  );

  it.each([
    [
      [],
      ['a', 'a/b', 'a/b/c', 'a/b-d', 'a/e', 'abs', 'deep', 'deep/up', 'in', 'round', 'x.txt', 'y.txt', 'z'],
    ],
    [['a/b'], ['a', 'a/b', 'a/b/c']],
    [['*.txt'], ['x.txt', 'y.txt']],
    [
      ['a/*/c', 'z'],
      ['a', 'a/b', 'a/b/c', 'z'],
    ],
    [['in'], ['a', 'a/b', 'a/b/c', 'in']],
    [['in/c'], ['a', 'a/b', 'a/b/c', 'in']],
    [['abs'], ['a', 'a/e', 'abs']],
    [['deep/up'], ['deep', 'deep/up', 'z']],
    [['/a/e/'], ['a', 'a/e']],
    [['nothing', 'x.txt/below'], []],
    [['round'], ['round']],
    [
      ['.'],
      ['a', 'a/b', 'a/b/c', 'a/b-d', 'a/e', 'abs', 'deep', 'deep/up', 'in', 'round', 'x.txt', 'y.txt', 'z'],
    ],
  ])('for %p', (paths, expected) => {
    expect([...neededFiles(files, paths)].map(({ path }) => path)).toEqual(expected);
  });
});
