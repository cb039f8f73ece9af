import { mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { contentOf, readAll } from '../../src/oci/content';
import { hexOf } from '../../src/oci/digest';
import { imageFrom } from '../../src/oci/image';
import type { Layout } from '../../src/oci/layout';
import { LayoutTree, createLayout, openLayout } from '../../src/oci/layout';
import { blob, image, store } from './fixtures';
import { useDirectory } from '../support/files';

const root = useDirectory();

const BLOB = blob('content');
const filesOf = (directory: string) => readdirSync(directory).sort();

describe('a directory of layouts', () => {
  it('has a layout for each repository', async () => {
    const tree = new LayoutTree(root());
    await store(tree.repository('acme/shop/api'), image(['a']), '1.0.0');
    await store(tree.repository('acme/shop'), image(['b']), '1.0.0');
    expect(openLayout(join(root(), 'acme/shop/api')).entries()).toHaveLength(1);
    expect(openLayout(join(root(), 'acme/shop')).entries()).toHaveLength(1);
  });

  it.each(['acme/blobs', 'acme/index.json', 'acme/oci-layout/x'])('cannot have %s', (name) => {
    expect(() => new LayoutTree(root()).repository(name)).toThrow('give it another name');
  });

  it('links what a neighbour has', async () => {
    const tree = new LayoutTree(root());
    const [base, api] = [tree.repository('acme/base'), tree.repository('acme/api')];
    await base.push(BLOB.descriptor, () => contentOf(BLOB.bytes));
    await api.push(BLOB.descriptor, () => contentOf(), { mountFrom: 'acme/base' });
    expect(statSync(api.path(BLOB.descriptor)!).ino).toBe(statSync(base.path(BLOB.descriptor)!).ino);
  });

  describe('has one file for a layer', () => {
    const push = (layout: Layout, content = () => contentOf(BLOB.bytes)) =>
      layout.push(BLOB.descriptor, content);
    const inode = (layout: Layout) => statSync(layout.path(BLOB.descriptor)!).ino;
    const repositories = (...names: string[]) =>
      names.map((name) => new LayoutTree(root()).repository(`acme/${name}`));

    it('whoever brought it, and whether they know of each other or not', async () => {
      const [a, b, c] = repositories('a', 'b', 'deep/c');
      for (const layout of [a!, b!, c!]) await push(layout);
      expect([inode(b!), inode(c!)]).toEqual([inode(a!), inode(a!)]);
    });

    it('which is the last that was brought, where others have lost theirs', async () => {
      const [a, b, c] = repositories('a', 'b', 'c');
      for (const layout of [a!, b!]) await push(layout);
      rmSync(a!.directory, { recursive: true });
      await push(c!);
      expect(inode(c!)).toBe(inode(b!));
    });

    it.each(['CONTENT', 'cut'])('unless the one that is there is damaged: %s', async (bytes) => {
      const [a, b, c] = repositories('a', 'b', 'c');
      await push(a!);
      writeFileSync(a!.path(BLOB.descriptor)!, bytes);
      for (const layout of [b!, c!]) await push(layout);
      expect((await readAll(b!.open(BLOB.descriptor))).toString()).toBe('content');
      expect(inode(c!)).toBe(inode(b!));
    });

    it('but not for what is no layer: each has its own documents', async () => {
      const [a, b] = repositories('a', 'b');
      const document = blob('{}', 'application/vnd.oci.empty.v1+json');
      for (const layout of [a!, b!]) await layout.push(document.descriptor, () => contentOf(document.bytes));
      expect(statSync(a!.path(document.descriptor)!).ino).not.toBe(
        statSync(b!.path(document.descriptor)!).ino,
      );
    });

    it('and forgets who had it when that is deleted', async () => {
      const [a, b] = repositories('a', 'b');
      const fixture = image(['shared']);
      for (const layout of [a!, b!]) await store(layout, fixture, '1.0.0');
      const links = () => filesOf(join(root(), '.layers'));
      expect(links()).toHaveLength(1);
      await b!.delete(fixture.descriptor.digest);
      expect(links()).toEqual([]);
      expect((await imageFrom(a!, fixture.descriptor)).digest).toBe(fixture.descriptor.digest);
    });

    it('where links cannot be made as well: then there is one more', async () => {
      writeFileSync(join(root(), '.layers'), 'in the way');
      const [a, b] = repositories('a', 'b');
      for (const layout of [a!, b!]) await push(layout);
      expect((await readAll(b!.open(BLOB.descriptor))).toString()).toBe('content');
    });

    it('and is not led out of the directory', async () => {
      const [a] = repositories('a');
      await createLayout(join(root(), '../outside')).push(BLOB.descriptor, () => contentOf(BLOB.bytes));
      try {
        mkdirSync(join(root(), '.layers'));
        symlinkSync('../../outside', join(root(), '.layers', hexOf(BLOB.descriptor.digest)));
        await push(a!);
        expect(statSync(a!.path(BLOB.descriptor)!).nlink).toBe(1);
      } finally {
        rmSync(join(root(), '../outside'), { recursive: true });
      }
    });
  });
});
