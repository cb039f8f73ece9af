import fc from 'fast-check';
import { dir, file, symlink } from '../../test/support/entries';
import { GitopsError } from '../support/errors';
import { Draft } from './draft';
import type { Entry } from './entry';
import { FileTree, compareNames } from './file-tree';
import { LayerIndex } from './layer-index';
import { parentOf } from './parents';

const below = (...entries: Entry[]): FileTree => FileTree.empty.with(new LayerIndex(entries));

function summary(entries: readonly Entry[]): string[] {
  return entries.map(({ path, type, mode, uid, gid }) => `${path} ${type} ${mode.toString(8)} ${uid}:${gid}`);
}

describe('Draft', () => {
  it.each<[name: string, base: Entry[], change: (draft: Draft) => void, expected: string[]]>([
    [
      'parents come first',
      [],
      (draft) => draft.makeDirectory('a/b'),
      ['a directory 755 0:0', 'a/b directory 755 0:0'],
    ],
    [
      'only what is missing is made; what is above it stays as it is',
      [dir('a', { mode: 0o1777 })],
      (draft) => draft.makeDirectory('a/b'),
      ['a directory 1777 0:0', 'a/b directory 755 0:0'],
    ],
    ['nothing is made of what is there', [file('a/b/c')], (draft) => draft.makeDirectory('a/b'), []],
    ['the root is there', [], (draft) => draft.makeDirectory(''), []],
    [
      'what is made has the owner',
      [],
      (draft) => draft.makeDirectory('a/b', { uid: 1, gid: 2 }),
      ['a directory 755 1:2', 'a/b directory 755 1:2'],
    ],
    [
      'below setgid, the group and the bit',
      [dir('a', { mode: 0o2775, gid: 5 })],
      (draft) => draft.makeDirectory('a/b/c'),
      ['a directory 2775 0:5', 'a/b directory 2755 0:5', 'a/b/c directory 2755 0:5'],
    ],
    [
      'below setgid, an owner that was asked for',
      [dir('a', { mode: 0o2775, gid: 5 })],
      (draft) => draft.makeDirectory('a/b', { uid: 1, gid: 1 }),
      ['a directory 2775 0:5', 'a/b directory 2755 1:1'],
    ],
    [
      'a file over a file',
      [file('a')],
      (draft) => draft.add(file('a', 'new', { mode: 0o755 })),
      ['a file 755 0:0'],
    ],
    [
      'a file twice: the last counts',
      [],
      (draft) => [0o600, 0o644].forEach((mode) => draft.add(file('a', 'x', { mode }))),
      ['a file 644 0:0'],
    ],
    ['a link over a file', [file('a')], (draft) => draft.add(symlink('a', 'b')), ['a symlink 777 0:0']],
    [
      'a directory that is there takes mode and owner',
      [dir('a')],
      (draft) => draft.add(dir('a', { mode: 0o700, uid: 3 })),
      ['a directory 700 3:0'],
    ],
    [
      'in the order of their bytes',
      [],
      (draft) => ['b', 'a-', 'a', '\u{1f600}', '\uffee'].forEach((path) => draft.add(file(path))),
      ['a', 'a-', 'b', '\uffee', '\u{1f600}'].map((path) => `${path} file 644 0:0`),
    ],
    [
      'a file in place of a directory of this layer takes what is in it along',
      [],
      (draft) =>
        [dir('a'), file('a/b'), file('ab')].forEach((entry) => draft.replace(entry)) ??
        draft.replace(file('a')),
      ['a file 644 0:0', 'ab file 644 0:0'],
    ],
    [
      'a file in place of a directory of the base takes along what this layer put in it',
      [dir('a')],
      (draft) => [file('a/b'), symlink('a', 'c')].forEach((entry) => draft.replace(entry)),
      ['a symlink 777 0:0'],
    ],
    [
      'a directory in place of a file',
      [file('a')],
      (draft) => [dir('a'), file('a/b')].forEach((entry) => draft.replace(entry)),
      ['a directory 755 0:0', 'a/b file 644 0:0'],
    ],
  ])('%s', (_name, base, change, expected) => {
    const draft = new Draft(below(...base));
    change(draft);
    expect(summary(draft.entries())).toEqual(expected);
  });

  it.each<[name: string, base: Entry[], change: (draft: Draft) => void, message: string]>([
    [
      'a directory over a file',
      [file('a')],
      (draft) => draft.add(dir('a')),
      'cannot copy a directory over the file /a',
    ],
    [
      'a directory over a link',
      [symlink('a', 'b')],
      (draft) => draft.add(dir('a')),
      'cannot copy a directory over the file /a',
    ],
    [
      'a file over a directory',
      [dir('a')],
      (draft) => draft.add(file('a')),
      'cannot copy a file over the directory /a',
    ],
    [
      'a file over a directory that no entry names',
      [file('a/b')],
      (draft) => draft.add(file('a')),
      'cannot copy a file over the directory /a',
    ],
    [
      'a directory where a file is',
      [file('a')],
      (draft) => draft.makeDirectory('a'),
      '/a is not a directory',
    ],
    [
      'a directory below a file',
      [file('a')],
      (draft) => draft.makeDirectory('a/b/c'),
      '/a is not a directory',
    ],
  ])('an error: %s', (_name, base, change, message) => {
    const draft = new Draft(below(...base));
    expect(() => change(draft)).toThrow(new GitopsError(message));
  });

  it('shows at once in the tree what is put down', () => {
    const draft = new Draft(below(file('a/b')));
    draft.add(file('a/c'));
    expect(draft.tree.list('a')).toEqual(['b', 'c']);
  });

  it('means the same when its layer is unpacked', () => {
    const names = ['a', 'b'];
    const paths = names.flatMap((x) => [
      x,
      ...names.flatMap((y) => [`${x}/${y}`, ...names.map((z) => `${x}/${y}/${z}`)]),
    ]);
    const entry = fc
      .tuple(fc.constantFrom(...paths), fc.constantFrom('file', 'directory', 'symlink'))
      .map(([path, type]) =>
        type === 'file' ? file(path) : type === 'directory' ? dir(path) : symlink(path, 'x'),
      );
    const change = fc.record({ entry, how: fc.constantFrom('add' as const, 'replace' as const) });
    fc.assert(
      fc.property(fc.array(entry), fc.array(change), (base, changes) => {
        const start = new Draft(FileTree.empty);
        base.forEach((entry) => put(start, entry, 'add'));
        const lower = FileTree.empty.with(new LayerIndex(start.entries()));
        const draft = new Draft(lower);
        changes.forEach(({ entry, how }) => put(draft, entry, how));

        const layer = draft.entries();
        const unpacked = lower.with(new LayerIndex(layer));
        for (const path of paths) expect(unpacked.get(path)).toEqual(draft.tree.get(path));
        for (const path of ['', ...paths]) expect(unpacked.list(path)).toEqual(draft.tree.list(path));
        // Each path once, parents before what is in them, and nothing below what is no directory.
        const order = layer.map(({ path }) => path);
        expect([...new Set(order)].sort(compareNames)).toEqual(order);
        // Who unpacks it alone is told of every directory that it needs.
        expect(order.flatMap(parentsOf).filter((path) => !order.includes(path))).toEqual([]);
        const solid = layer.filter(({ type }) => type !== 'directory').map(({ path }) => `${path}/`);
        expect(order.filter((path) => solid.some((above) => path.startsWith(above)))).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});

/** As COPY and ADD do it: the parents first; what does not work is left. */
function put(draft: Draft, entry: Entry, how: 'add' | 'replace'): void {
  try {
    draft.makeDirectory(entry.path.slice(0, Math.max(0, entry.path.lastIndexOf('/'))));
    draft[how](entry);
  } catch (error) {
    if (!(error instanceof GitopsError)) throw error;
  }
}

function parentsOf(path: string): string[] {
  const parent = parentOf(path);
  return parent === '' ? [] : [...parentsOf(parent), parent];
}
