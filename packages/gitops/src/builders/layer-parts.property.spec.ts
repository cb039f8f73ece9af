import fc from 'fast-check';
import { dir, file, symlink } from '../../test/support/entries';
import { MIB, joined, keyOf, large, layer, sorted } from '../../test/support/large-layers';
import type { Entry } from '../filetree/entry';
import { FileTree } from '../filetree/file-tree';
import { LayerIndex } from '../filetree/layer-index';
import { divideLayers } from './layer-parts';

const BLOCK = 512;
const parts = (entries: readonly Entry[]) => divideLayers([entries])[0]!;
const sizeOf = (entries: readonly Entry[]) =>
  entries.reduce((sum, { content }) => sum + BLOCK + Math.ceil((content?.size ?? 0) / BLOCK) * BLOCK, 0);

/** Some sort between a directory and what is in it. */
const directories = fc.array(fc.constantFrom('a', 'b', 'd', 'd-e', 'd.f', 'é', '\u{1f600}', '\uffee'), {
  maxLength: 3,
});
const leaf = fc.constantFrom(...Array.from({ length: 30 }, (_, i) => `${'nhé'[i % 3]}${i}`));

/** What a layer may hold: nothing below what is no directory. */
function anyLayer({
  least = 1,
  most,
  mib,
}: {
  least?: number;
  most: number;
  mib: number;
}): fc.Arbitrary<Entry[]> {
  const below = fc.tuple(directories, leaf).map(([names, last]) => [...names, last].join('/'));
  const size = fc.noBias(fc.integer({ min: 0, max: mib * 100 })).map((size) => size / 100);
  const entry = fc.oneof(
    { weight: 8, arbitrary: fc.tuple(below, size).map(([path, size]) => large(path, size)) },
    { weight: 1, arbitrary: below.map((path) => symlink(path, 'x')) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(directories, fc.constantFrom(0o700, 0o1777))
        .map(([names, mode]) => dir(['top', ...names].join('/'), { mode })),
    },
  );
  return fc
    .uniqueArray(entry, { minLength: least, maxLength: most, selector: ({ path }) => path, size: 'max' })
    .map((entries) => layer(...entries));
}

function contents(tree: FileTree, path = ''): unknown[] {
  return tree.list(path).flatMap((name): unknown[] => {
    const below = path === '' ? name : `${path}/${name}`;
    return [tree.get(below), ...contents(tree, below)];
  });
}

describe('the parts of any layer', () => {
  it('are the layer, but for directories that they repeat', () => {
    fc.assert(
      fc.property(anyLayer({ most: 60, mib: 8 }), (entries) => {
        const divided = parts(entries);
        expect(joined(divided)).toEqual(entries);
        const others = divided.flat().filter(({ type }) => type !== 'directory');
        expect(new Set(others).size).toBe(others.length);
        // Parents come first; none is missing, and none is there for nothing but once.
        for (const part of divided) expect(part).toEqual(layer(...part));
        const idle = divided.flatMap((part) =>
          part.filter(({ path }) => !part.some((other) => other.path.startsWith(`${path}/`))),
        );
        expect(new Set(idle).size).toBe(idle.length);
      }),
    );
  });

  it('give the same files on any base', () => {
    fc.assert(
      fc.property(anyLayer({ most: 30, mib: 8 }), anyLayer({ most: 12, mib: 1 }), (entries, base) => {
        // The base has a file and a link where the layer may have directories, too.
        const below = [base, [file('a'), symlink('d', 'b')]].reduce(
          (tree, entries) => tree.with(new LayerIndex(entries)),
          FileTree.empty,
        );
        const one = below.with(new LayerIndex(entries));
        const all = parts(entries).reduce((tree, part) => tree.with(new LayerIndex(part)), below);
        expect(contents(all)).toEqual(contents(one));
      }),
    );
  });

  it('are no more than there may be, and no smaller', () => {
    fc.assert(
      fc.property(
        fc.array(anyLayer({ most: 40, mib: 20 }), { maxLength: 12 }),
        fc.nat(80),
        (layers, below) => {
          const all = divideLayers(layers, below);
          for (const divided of all) expect(divided.length).toBeLessThanOrEqual(16);
          expect(all.flat().length).toBeLessThanOrEqual(Math.max(64 - below, layers.length));
          for (const divided of all.filter(({ length }) => length > 1)) {
            const [first, ...others] = sorted(divided).map(sizeOf);
            expect(Math.min(first!, others.at(-1)!)).toBeGreaterThanOrEqual(MIB / 16);
            for (const size of others.slice(0, -1)) expect(size).toBeGreaterThanOrEqual(4 * MIB);
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  it.each<[name: string, change: (entries: Entry[], at: number, mib: number) => Entry[]]>([
    ['has other bytes', (entries, at) => entries.map((entry, i) => (i === at ? touched(entry) : entry))],
    [
      'has another size',
      (entries, at, mib) => entries.map((entry, i) => (i === at ? large(entry.path, mib) : entry)),
    ],
    ['is removed', (entries, at) => entries.filter((_, i) => i !== at)],
    ['is added', (entries, at, mib) => layer(...entries, large(`${entries[at]!.path}-new`, mib))],
  ])('stay but for 5 of them where one file %s', (_name, change) => {
    let most = 0;
    fc.assert(
      fc.property(anyLayer({ least: 25, most: 40, mib: 3 }), fc.nat(), fc.nat(9), (entries, nth, mib) => {
        const regular = entries.flatMap(({ type }, i) => (type === 'file' ? [i] : []));
        fc.pre(regular.length > 0);
        const before = parts(entries);
        const after = parts(change(entries, regular[nth % regular.length]!, mib));
        // Where there could be more, and where there is only one, others may come.
        fc.pre([before, after].every(({ length }) => length > 1 && length < 16));
        const keys = new Set(before.map(keyOf));
        const written = after.filter((part) => !keys.has(keyOf(part)));
        most = Math.max(most, written.length);
        expect(written.length).toBeLessThanOrEqual(5);
      }),
      { numRuns: 400 },
    );
    expect(most).toBeGreaterThan(0);
  });
});

function touched(entry: Entry): Entry {
  return { ...entry, content: { ...entry.content!, identity: 'other bytes' } };
}
