import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { dir, file, symlink } from '../../test/support/entries';
import { listFiles, readText, useDirectory } from '../../test/support/files';
import { tarOf } from '../../test/support/tar';
import { image as imageOf, store as storeImage } from '../../test/oci/fixtures';
import { LayerTrees } from '../builders/assemble/layer-trees';
import type { Entry } from '../filetree/entry';
import { imageFrom } from '../oci/image';
import { LayoutTree } from '../oci/layout';
import { MemoryStore } from '../oci/memory';
import type { Content, Store } from '../oci/store';
import type { Descriptor } from '../oci/types';
import { takeOut } from './content';

const directory = useDirectory();
const BASE = 'gitops/base/kustomization.yaml';

/** An image of layers of these entries, bottom first. */
async function takenOut(layers: readonly (readonly Entry[])[], store: Store = new MemoryStore()) {
  const repository = store.repository('acme/shop/root');
  const { descriptor } = await storeImage(repository, imageOf(layers.map(tarOf))).then((it) => ({
    descriptor: it,
  }));
  const opened: string[] = [];
  const open = repository.open.bind(repository);
  repository.open = (one: Descriptor, ...rest): Content => {
    opened.push(one.digest);
    return open(one, ...rest);
  };
  const image = await imageFrom(repository, descriptor, { os: 'linux', architecture: 'amd64' });
  const to = join(directory(), 'taken');
  const trees = new LayerTrees(join(directory(), 'trees'));
  try {
    const is = await takeOut(image, repository, trees, to);
    const { layers: stored } = await image.manifest();
    return { is, to, opened: stored.map(({ digest }) => opened.filter((each) => each === digest).length) };
  } finally {
    trees.close();
  }
}

async function texts(...layers: readonly (readonly Entry[])[]): Promise<Record<string, string>> {
  const { to } = await takenOut(layers);
  return Object.fromEntries(listFiles(to).map((path) => [path, readText(to, path)]));
}

describe('what a root image has in /gitops', () => {
  it('is written, and nothing beside it', async () => {
    const found = await texts([file(BASE, 'one'), file('etc/passwd', 'root'), file('gitops-more/a', 'a')]);
    expect(found).toEqual({ 'base/kustomization.yaml': 'one' });
  });

  it.each<[string, layers: Entry[][], found: Record<string, string>]>([
    [
      'layers over one another',
      [[file('gitops/a', '1'), file('gitops/b', '1')], [file('gitops/b', '2')], [file('gitops/c/d', '3')]],
      { a: '1', b: '2', 'c/d': '3' },
    ],
    [
      'a file that is removed beside others',
      [
        [file('gitops/a', '1'), file('gitops/b', '1')],
        [file('gitops/.wh.a', ''), file('gitops/c', '2')],
      ],
      { b: '1', c: '2' },
    ],
    [
      'a file that is removed by a layer that has nothing else there',
      [[file('gitops/a', '1'), file('gitops/b', '1')], [file('gitops/.wh.a', '')]],
      { b: '1' },
    ],
    [
      'all that was there before, by a layer that has nothing there',
      [[file('gitops/a', '1')], [file('.wh.gitops', '')], [file('gitops/b', '2')]],
      { b: '2' },
    ],
    [
      'all that was there before, by one that starts anew',
      [[file('gitops/a', '1')], [dir('gitops'), file('gitops/.wh..wh..opq', ''), file('gitops/b', '2')]],
      { b: '2' },
    ],
    ['an empty file', [[file('gitops/a', '')]], { a: '' }],
    ['a link inside', [[file('gitops/a', '1'), symlink('gitops/b', 'a')]], { a: '1', b: '1' }],
    [
      'a link to what another layer has',
      [[file('gitops/x/a', '1')], [symlink('gitops/y', '/gitops/x')]],
      { 'x/a': '1', 'y/a': '1' },
    ],
    ['a link out of it', [[file('etc/passwd', 'root'), symlink('gitops/a', '../etc/passwd')]], {}],
    ['a link to a directory outside', [[file('etc/passwd', 'root'), symlink('gitops/etc', '/etc')]], {}],
    [
      'a link above the root',
      [[file('gitops/a', '1'), symlink('gitops/b', '../../../gitops/a')]],
      { a: '1', b: '1' },
    ],
    ['a link to nothing', [[file('gitops/a', '1'), symlink('gitops/b', 'nothing')]], { a: '1' }],
    ['a link to itself as a whole', [[file('gitops/a', '1'), symlink('gitops/b', '.')]], { a: '1' }],
    [
      'links in a circle, through directories',
      [
        [
          file('gitops/x/a', '1'),
          symlink('gitops/x/y', '../y'),
          symlink('gitops/y/x', '../x'),
          file('gitops/y/b', '2'),
        ],
      ],
      { 'x/a': '1', 'x/y/b': '2', 'y/b': '2', 'y/x/a': '1' },
    ],
    [
      'a hard link',
      [
        [
          file('gitops/a', '1'),
          { ...file('gitops/b'), type: 'hardlink', link: 'gitops/a', content: undefined },
        ],
      ],
      { a: '1', b: '1' },
    ],
    ['a device', [[file('gitops/a', '1'), { ...dir('gitops/b'), type: 'fifo' }]], { a: '1' }],
  ])('is read as a container would: %s', async (_name, layers, found) => {
    expect(await texts(...layers)).toEqual(found);
  });

  it('may be run where it may be run', async () => {
    const { to } = await takenOut([[file('gitops/run', '', { mode: 0o755 }), file('gitops/read', '')]]);
    expect(statSync(join(to, 'run')).mode & 0o111).toBe(0o111);
    expect(statSync(join(to, 'read')).mode & 0o111).toBe(0);
  });

  it.each<[string, Entry[][]]>([
    ['nothing', [[file('etc/passwd', 'root')]]],
    ['no layer', []],
    ['a file', [[file('gitops', 'x')]]],
    ['what was removed', [[file('gitops/a', '1')], [file('.wh.gitops', '')]]],
  ])('may be missing: %s', async (_name, layers) => {
    const { is, to } = await takenOut(layers);
    expect(is).toBe(false);
    expect(existsSync(to)).toBe(false);
  });

  it('is in the layers that have some of it: of others only the list of their files is read', async () => {
    const { opened } = await takenOut([[file('bin/sh', 'x'.repeat(1000))], [file('gitops/a', '1')]]);
    expect(opened).toEqual([1, 2]);
  });

  it('is the same in a directory', async () => {
    const { is, to } = await takenOut([[file('gitops/a', '1')]], new LayoutTree(join(directory(), 'store')));
    expect(is).toBe(true);
    expect(readText(to, 'a')).toBe('1');
  });

  it('is an error where links go in a circle', async () => {
    const circle = [symlink('gitops/a', 'b'), symlink('gitops/b', 'a')];
    await expect(takenOut([circle])).rejects.toThrow('the symbolic links at gitops/a go in a circle');
  });
});
