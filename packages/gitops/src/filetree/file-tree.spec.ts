import fc from 'fast-check';
import { dir, file, symlink } from '../../test/support/entries';
import type { Entry } from './entry';
import { FileTree, compareNames } from './file-tree';
import { LayerIndex } from './layer-index';

/** What a layer does, one after the other, each to a path of its own. */
type Step = { readonly kind: 'file' | 'link' | 'directory' | 'opaque' | 'whiteout'; readonly path: string };

const names = ['a', 'b', 'c'];
const paths = ['a', 'b', 'c'].flatMap((x) => [
  x,
  ...names.flatMap((y) => [`${x}/${y}`, ...names.map((z) => `${x}/${y}/${z}`)]),
]);
const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(
    'file' as const,
    'link' as const,
    'directory' as const,
    'opaque' as const,
    'whiteout' as const,
  ),
  path: fc.constantFrom(...paths),
});

/** A layer as an archive holds it: parents before children, nothing below what is no directory. */
const layer: fc.Arbitrary<Step[]> = fc
  .uniqueArray(step, { maxLength: 8, selector: ({ path, kind }) => `${path}${kind === 'whiteout'}` })
  .map((steps) => {
    const solid = steps
      .filter(({ kind }) => kind === 'file' || kind === 'link')
      .map(({ path }) => `${path}/`);
    return steps.filter(({ path }) => !solid.some((above) => path.startsWith(above)));
  });

function entriesOf(steps: Step[]): Entry[] {
  return steps.flatMap(({ kind, path }): Entry[] => {
    const slash = path.lastIndexOf('/') + 1;
    switch (kind) {
      case 'file':
        return [file(path)];
      case 'link':
        return [symlink(path, 'x')];
      case 'directory':
        return [dir(path, { mode: 0o700 })];
      case 'opaque':
        return [dir(path, { mode: 0o711 }), file(`${path}/.wh..wh..opq`)];
      case 'whiteout':
        return [file(`${path.slice(0, slash)}.wh.${path.slice(slash)}`)];
    }
  });
}

/** Unpacking the plain way, into a map by path: first what is hidden of the layers below, then what is there. */
function unpack(state: ReadonlyMap<string, string>, steps: Step[]): Map<string, string> {
  const result = new Map(state);
  const drop = (above: string): void =>
    [...result.keys()].filter((path) => path.startsWith(`${above}/`)).forEach((path) => result.delete(path));
  for (const { kind, path } of steps) {
    if (kind === 'whiteout') result.delete(path);
    if (kind !== 'directory') drop(path);
  }
  for (const { kind, path } of steps) {
    if (kind === 'whiteout') continue;
    const parts = path.split('/');
    parts.slice(0, -1).forEach((_, i) => {
      const above = parts.slice(0, i + 1).join('/');
      if (!result.get(above)?.startsWith('directory')) result.set(above, 'directory 755');
    });
    result.set(
      path,
      kind === 'directory'
        ? 'directory 700'
        : kind === 'opaque'
          ? 'directory 711'
          : kind === 'link'
            ? 'symlink 777'
            : 'file 644',
    );
  }
  return result;
}

function contents(tree: FileTree, path = ''): [string, string][] {
  return tree.list(path).flatMap((name): [string, string][] => {
    const below = path === '' ? name : `${path}/${name}`;
    const { type, mode } = tree.get(below)!;
    return [[below, `${type} ${mode.toString(8)}`], ...contents(tree, below)];
  });
}

describe('FileTree', () => {
  it('is what unpacking its layers one by one gives', () => {
    fc.assert(
      fc.property(fc.array(layer, { maxLength: 5 }), (layers) => {
        const tree = layers.reduce(
          (below, steps) => below.with(new LayerIndex(entriesOf(steps))),
          FileTree.empty,
        );
        const model = layers.reduce<Map<string, string>>(unpack, new Map());
        expect(new Map(contents(tree))).toEqual(model);
        for (const path of paths) expect(tree.get(path) !== undefined).toBe(model.has(path));
      }),
      { numRuns: 1000 },
    );
  });

  it.each<[name: string, layers: Entry[][], expected: string[]]>([
    ['nothing', [], []],
    ['a directory that no entry names', [[file('a/b/c')]], ['a', 'a/b', 'a/b/c']],
    ['a whiteout', [[file('a/b'), file('a/c')], [file('a/.wh.b')]], ['a', 'a/c']],
    ['a whiteout of a directory', [[file('a/b/c')], [file('a/.wh.b')]], ['a']],
    ['a whiteout and the same name again', [[file('a/b')], [file('.wh.a'), file('a/c')]], ['a', 'a/c']],
    ['an opaque directory', [[file('a/b/c')], [dir('a'), file('a/.wh..wh..opq'), file('a/d')]], ['a', 'a/d']],
    ['an opaque root', [[file('a/b')], [file('.wh..wh..opq'), file('c')]], ['c']],
    ['a file over a directory', [[file('a/b')], [file('a')]], ['a']],
    [
      'a link over a directory hides what was in it',
      [[file('a/b')], [symlink('a', 'c')], [dir('c')]],
      ['a', 'c'],
    ],
    ['a directory over a file', [[file('a')], [dir('a'), file('a/b')]], ['a', 'a/b']],
    ['something below what was a file', [[file('a')], [file('a/b')]], ['a', 'a/b']],
    ['what was hidden stays hidden', [[file('a/b')], [file('.wh.a')], [dir('a')]], ['a']],
  ])('%s', (_name, layers, expected) => {
    const tree = layers.reduce((below, entries) => below.with(new LayerIndex(entries)), FileTree.empty);
    expect(contents(tree).map(([path]) => path)).toEqual(expected);
  });

  it('is not changed by a layer on top', () => {
    const below = FileTree.empty.with(new LayerIndex([file('a')]));
    below.with(new LayerIndex([file('.wh.a')]));
    expect(below.list('')).toEqual(['a']);
  });

  it('resolves links within the image', () => {
    const tree = FileTree.empty
      .with(new LayerIndex([symlink('bin', 'usr/bin')]))
      .with(new LayerIndex([symlink('usr/bin/sh', '/bin/dash')]));
    expect(tree.resolve('bin/sh')).toBe('usr/bin/dash');
  });
});

describe('compareNames', () => {
  it('is the order of the bytes in UTF-8', () => {
    const text = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(compareNames(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
    );
    expect(compareNames('\uffee', '\u{1f600}')).toBeLessThan(0);
  });
});
