import { dir, file, symlink } from '../../test/support/entries';
import { joined, keyOf, large, layer, sorted, startOf, startsOf } from '../../test/support/large-layers';
import type { Entry } from '../filetree/entry';
import { divideLayers } from './layer-parts';

/** `count` files in a directory, `mib` each. */
const files = (directory: string, count: number, mib: number): Entry[] =>
  Array.from({ length: count }, (_, i) => large(`${directory}/${i + 10}`, mib));
const seven = [...'abcdefg'];
/** Packages of files, `mib` each. */
const packages = (directory: string, count: number, mib: number): Entry[] =>
  Array.from({ length: count }, (_, i) => files(`${directory}/p${i + 100}`, 4, mib / 4)).flat();

const parts = (entries: readonly Entry[]) => divideLayers([entries])[0]!;
const pathsOf = (entries: readonly Entry[]) => entries.map(({ path }) => path);

describe('divideLayers', () => {
  it.each<[name: string, entries: Entry[]]>([
    ['nothing', []],
    ['one small file', [file('a')]],
    ['less than 32 MiB', layer(...files('a', 31, 1))],
    ['one large file', layer(large('a/b', 500))],
    [
      'a hard link, which wants its target beside it',
      layer(...files('a', 90, 1), dir('z', { type: 'hardlink', link: 'a/10' })),
    ],
    ['a whiteout, which hides nothing of its own layer', layer(...files('a', 90, 1), file('a/.wh.b', ''))],
    ['a whiteout at the root', layer(...files('a', 90, 1), file('.wh.b', ''))],
    ['an opaque directory', layer(...files('a', 90, 1), file('a/.wh..wh..opq', ''))],
  ])('leaves a layer as it is: %s', (_name, entries) => {
    const [only, ...more] = parts(entries);
    expect(only).toBe(entries);
    expect(more).toEqual([]);
  });

  it('has no parts of no layer', () => {
    const entries = [file('a')];
    expect(divideLayers([undefined, entries])).toEqual([[], [entries]]);
  });

  it.each<[name: string, entries: Entry[], starts: string[]]>([
    [
      'between directories, rather than in one',
      layer(...seven.flatMap((at) => files(at, 4, 1.25))),
      seven.map((at) => `${at}/10`),
    ],
    [
      'between directories on the highest level',
      layer(...seven.flatMap((at) => [...files(`${at}/x`, 2, 1.25), ...files(`${at}/y`, 2, 1.25)])),
      seven.map((at) => `${at}/x/10`),
    ],
    [
      'in a directory where it is large itself',
      layer(...files('a', 40, 1)),
      ['a/10', 'a/13', 'a/18', 'a/23', 'a/27', 'a/33', 'a/44'],
    ],
    [
      'a small directory from a large one behind it',
      layer(...files('dist', 20, 0.01), ...files('node_modules/large', 1, 80)),
      ['dist/10', 'node_modules/large/10'],
    ],
    [
      'nothing that is very small from what is beside it',
      layer(...files('dist', 3, 0.01), ...files('node_modules/large', 1, 80), file('z')),
      ['dist/10'],
    ],
    ['large files from each other', layer(large('a', 40), large('b', 40), large('c', 40)), ['a', 'b', 'c']],
    [
      'a large file from what is around it',
      layer(...files('a', 20, 0.1), large('b', 90), ...files('c', 20, 0.1)),
      ['a/10', 'b', 'c/10'],
    ],
  ])('divides %s', (_name, entries, starts) => {
    expect(startsOf(parts(entries))).toEqual(starts);
  });

  // Where this changes, so do images: BUILD_VERSION is to be raised.
  it('divides as it always did', () => {
    const entries = layer(
      ...files('app/dist', 12, 0.25),
      ...packages('app/node_modules', 60, 1.5),
      symlink('app/z', 'dist'),
    );
    expect(startsOf(parts(entries))).toEqual([
      'app/dist/10',
      ...[100, 107, 113, 116, 124, 134, 138, 143, 147, 150, 155].map((n) => `app/node_modules/p${n}/10`),
    ]);
  });

  it('puts the largest part lowest', () => {
    const entries = layer(
      ...files('a', 1, 9),
      ...files('b', 1, 60),
      ...files('c', 1, 30),
      ...files('d', 1, 30),
    );
    expect(parts(entries).map(startOf)).toEqual(['b/10', 'c/10', 'd/10', 'a/10']);
  });

  it('gives each part the directories above it, as the layer makes them', () => {
    const rest = { mode: 0o1770, uid: 7, gid: 8, xattrs: { 'user.a': 'b' } };
    const entries = layer(
      dir('a', rest),
      dir('a/b', { mode: 0o700 }),
      ...files('a/b', 60, 1),
      dir('a/empty'),
    );
    const [, ...others] = sorted(parts(entries));
    expect(others.length).toBeGreaterThan(2);
    for (const part of others)
      expect(part.slice(0, 2)).toEqual([dir('a', rest), dir('a/b', { mode: 0o700 })]);
    expect(others.flat().filter(({ path }) => path === 'a/empty')).toHaveLength(1);
  });

  it('makes up no directory that the layer leaves to those below', () => {
    const entries = files('usr/lib', 60, 1);
    expect(joined(parts(entries))).toEqual(entries);
    expect(parts(entries).length).toBeGreaterThan(2);
  });

  it('looks at nothing but paths and sizes', () => {
    const entries = layer(...packages('a', 60, 1));
    const others = entries.map((entry) => ({
      ...entry,
      mode: 0o700,
      uid: 3,
      ...(entry.content && { content: { ...entry.content, identity: 'other bytes' } }),
    }));
    expect(parts(others).map(pathsOf)).toEqual(parts(entries).map(pathsOf));
  });

  it('gives layers that have much in common parts in common', () => {
    const common = packages('node_modules', 60, 1);
    const one = parts(layer(...files('dist', 20, 0.1), ...common));
    const other = parts(layer(...files('build', 50, 0.1), ...common, large('package.json', 0.1)));
    const keys = new Set(one.map(keyOf));
    // What comes first, what comes last, and what is divided otherwise beside it.
    expect(other.filter((part) => !keys.has(keyOf(part))).length).toBeLessThanOrEqual(3);
    expect(one.length).toBeGreaterThan(4);
  });

  describe('many parts', () => {
    const huge = layer(...packages('a', 200, 8));
    const count = (layers: readonly (readonly Entry[])[], below: number) =>
      divideLayers(layers, below).map((divided) => divided.length);

    it.each<[name: string, layers: number, below: number, each: number]>([
      ['16 of a layer', 1, 0, 16],
      ['64 of an image', 8, 0, 8],
      ['with those of its base', 1, 59, 5],
      ['each layer divided less', 10, 20, 4],
      ['none divided where there is no room', 3, 200, 1],
      ['as many as there are layers', 70, 0, 1],
    ])('%s', (_name, layers, below, each) => {
      expect(
        count(
          Array.from({ length: layers }, () => huge),
          below,
        ),
      ).toEqual(Array.from({ length: layers }, () => each));
    });

    it('are spread over the layer where there could be more', () => {
      const sizes = divideLayers([huge])[0]!.map((part) => part.filter(({ content }) => content).length * 2);
      expect([sizes.length, sizes.reduce((sum, size) => sum + size)]).toEqual([16, 1600]);
      expect(Math.max(...sizes)).toBeLessThan((3 * 1600) / 16);
    });

    it('are joined where there is less room: no boundary moves', () => {
      const starts = (below: number) => startsOf(divideLayers([huge], below)[0]!);
      const most = starts(0);
      for (let below = 48; below < 64; below++) expect(most).toEqual(expect.arrayContaining(starts(below)));
    });
  });
});
