import { fork } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { contentOf, readAll } from '../../src/oci/content';
import { sha256 } from '../../src/oci/digest';
import { imageFrom } from '../../src/oci/image';
import { Layout, LayoutTree, createLayout, openLayout } from '../../src/oci/layout';
import { References } from '../../src/oci/references';
import type { Digest } from '../../src/oci/types';
import { blob, image, index, noise, store } from './fixtures';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gitops-layout-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const BLOB = blob('content');
const filesOf = (directory: string) => readdirSync(directory).sort();
const blobsOf = (directory: string) => filesOf(join(directory, 'blobs/sha256'));
const hex = (digest: string) => digest.slice('sha256:'.length);

describe('a new layout', () => {
  it('is a valid one, without an image', () => {
    const directory = join(root, 'deep/new');
    createLayout(directory);
    expect(filesOf(directory)).toEqual(['blobs', 'index.json', 'oci-layout']);
    expect(readFileSync(join(directory, 'oci-layout'), 'utf8')).toBe('{"imageLayoutVersion":"1.0.0"}');
    expect(openLayout(directory).entries()).toEqual([]);
  });

  it('does not exist before something is written', async () => {
    const layout = new Layout(join(root, 'none'));
    expect(await layout.resolve('1.0')).toBeUndefined();
    expect(layout.path(BLOB.descriptor)).toBeUndefined();
    expect(existsSync(layout.directory)).toBe(false);
  });

  it('keeps the index that is there: another process may be making it too', () => {
    const text = JSON.stringify({ schemaVersion: 2, manifests: [image(['one']).descriptor] });
    writeFileSync(join(root, 'index.json'), text);
    expect(createLayout(root).entries()).toEqual([image(['one']).descriptor]);
    expect(filesOf(root)).toEqual(['blobs', 'index.json', 'oci-layout']);
  });

  it('has the same bytes for the same image', async () => {
    const texts = [];
    for (const name of ['a', 'b']) {
      const layout = createLayout(join(root, name));
      await store(layout, image(['one']), '1.0.0');
      texts.push(readFileSync(join(layout.directory, 'index.json'), 'utf8'));
    }
    expect(texts[0]).toBe(texts[1]);
  });
});

describe('a directory that is no layout', () => {
  it.each([
    ['not there', undefined, 'is not an OCI image layout'],
    ['of another version', '{"imageLayoutVersion":"2.0.0"}', 'says version "2.0.0"'],
    ['malformed', '{', 'is not JSON'],
    ['without an index', '{"imageLayoutVersion":"1.0.0"}', 'index.json is missing'],
  ])('is refused: %s', (_, text, message) => {
    if (text !== undefined) writeFileSync(join(root, 'oci-layout'), text);
    expect(() => openLayout(root).entries()).toThrow(message);
  });

  it('is not made one where a file is in the way', () => {
    writeFileSync(join(root, 'file'), '');
    expect(() => createLayout(join(root, 'file'))).toThrow(/cannot be used/);
  });
});

describe('a blob', () => {
  it('that is damaged on disk is noticed, and mended by storing it again', async () => {
    const layout = createLayout(root);
    await layout.push(BLOB.descriptor, () => contentOf(BLOB.bytes));
    const path = layout.path(BLOB.descriptor)!;

    writeFileSync(path, 'CONTENT');
    await expect(readAll(layout.open(BLOB.descriptor))).rejects.toThrow(/is corrupt: its digest is/);

    writeFileSync(path, 'content and more');
    await expect(readAll(layout.open(BLOB.descriptor))).rejects.toThrow('is larger than its 7 bytes');

    truncateSync(path, 3);
    await expect(readAll(layout.open(BLOB.descriptor))).rejects.toThrow('ends after 3 of 7 bytes');
    expect(await layout.has(BLOB.descriptor)).toBe(false);
    await layout.push(BLOB.descriptor, () => contentOf(BLOB.bytes));
    expect(readFileSync(path, 'utf8')).toBe('content');
  });

  it('leaves nothing when it is wrong', async () => {
    const layout = createLayout(root);
    await expect(layout.push(BLOB.descriptor, () => contentOf('CONTENT'))).rejects.toThrow('is corrupt');
    expect(blobsOf(root)).toEqual([]);
  });

  it.each(['sha256:../../../../etc/passwd', `sha256:${'A'.repeat(64)}`, `sha512:${'a'.repeat(128)}`, ''])(
    'cannot be called %s',
    async (digest) => {
      const layout = createLayout(root);
      const descriptor = { ...BLOB.descriptor, digest: digest as Digest };
      await expect(layout.has(descriptor)).rejects.toThrow('is not a sha256 digest');
      await expect(readAll(layout.open(descriptor))).rejects.toThrow('is not a sha256 digest');
      expect(() => layout.path(descriptor)).toThrow('is not a sha256 digest');
    },
  );
});

describe('a blob writer', () => {
  it('gives the blob the name of what was written, in whatever pieces', () => {
    const layout = createLayout(root);
    const bytes = noise(1_000_000);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 400_000 }), { maxLength: 10 }), (lengths) => {
        const writer = layout.writer();
        let at = 0;
        for (const length of lengths) {
          const piece = Buffer.from(bytes.subarray(at, at + length));
          writer.write(piece);
          // The writer must not look at it any more.
          piece.fill(0);
          at = Math.min(at + length, bytes.length);
          expect(writer.size).toBe(at);
        }
        const wanted = bytes.subarray(0, at);
        const written = writer.finish();
        expect(written).toEqual({ digest: sha256(wanted), size: at });
        expect(readFileSync(join(root, 'blobs/sha256', hex(written.digest))).equals(wanted)).toBe(true);
      }),
      { numRuns: 30 },
    );
    expect(blobsOf(root).every((name) => /^[0-9a-f]{64}$/.test(name))).toBe(true);
  });

  it('keeps apart what is written at the same time, and before', () => {
    const layout = createLayout(root);
    const texts = ['one', 'two', 'three', 'four'];
    const write = (text: string) => {
      const writer = layout.writer();
      writer.write(Buffer.from(text));
      return writer;
    };
    const [one, two] = [write('one'), write('two')];
    const digests = [one.finish().digest, two.finish().digest];
    const [three, four] = [write('three'), write('four')];
    // It is done, and its memory may be another one's.
    expect(() => one.write(Buffer.from('five'))).toThrow('finished or aborted');
    digests.push(three.finish().digest, four.finish().digest);
    expect(digests).toEqual(texts.map(sha256));
    for (const text of texts)
      expect(readFileSync(join(root, 'blobs/sha256', hex(sha256(text))), 'utf8')).toBe(text);
  });

  it('shows nothing before it is finished', () => {
    const layout = createLayout(root);
    const writer = layout.writer();
    writer.write(noise(300_000));
    expect(blobsOf(root)).toEqual([expect.stringMatching(/^\.tmp-/)]);
    writer.abort();
    expect(blobsOf(root)).toEqual([]);
    expect(() => writer.write(noise(300_000))).toThrow('finished or aborted');
  });

  it('leaves a blob alone that is there', () => {
    const layout = createLayout(root);
    const write = () => {
      const writer = layout.writer();
      writer.write(BLOB.bytes);
      return writer.finish();
    };
    write();
    const before = statSync(layout.path(BLOB.descriptor)!).ino;
    write();
    expect(statSync(layout.path(BLOB.descriptor)!).ino).toBe(before);
    expect(blobsOf(root)).toHaveLength(1);
  });
});

describe('a link', () => {
  it('takes a blob from another layout without copying it', async () => {
    const [from, to] = [createLayout(join(root, 'from')), createLayout(join(root, 'to'))];
    await from.push(BLOB.descriptor, () => contentOf(BLOB.bytes));
    to.link(BLOB.descriptor, from);
    expect(statSync(to.path(BLOB.descriptor)!).ino).toBe(statSync(from.path(BLOB.descriptor)!).ino);
    to.link(BLOB.descriptor, from);
    expect(blobsOf(to.directory)).toEqual([hex(BLOB.descriptor.digest)]);
  });

  it('replaces a damaged blob', async () => {
    const [from, to] = [createLayout(join(root, 'from')), createLayout(join(root, 'to'))];
    await from.push(BLOB.descriptor, () => contentOf(BLOB.bytes));
    writeFileSync(join(to.directory, 'blobs/sha256', hex(BLOB.descriptor.digest)), 'cut');
    to.link(BLOB.descriptor, from);
    expect((await readAll(to.open(BLOB.descriptor))).toString()).toBe('content');
    expect(blobsOf(to.directory)).toHaveLength(1);
  });

  it('needs the blob to be there', () => {
    const [from, to] = [createLayout(join(root, 'from')), createLayout(join(root, 'to'))];
    expect(() => to.link(BLOB.descriptor, from)).toThrow(/from does not have sha256:/);
  });
});

describe('a blob that is in a file of this machine', () => {
  const fileOf = (bytes: Buffer | string): string => {
    const path = join(root, 'file');
    writeFileSync(path, bytes);
    return path;
  };

  it('is linked to, once it was read to its end', async () => {
    const layout = createLayout(join(root, 'to'));
    const file = fileOf(BLOB.bytes);
    await layout.push(BLOB.descriptor, () => contentOf(BLOB.bytes), { file });
    expect(statSync(layout.path(BLOB.descriptor)!).ino).toBe(statSync(file).ino);
    expect(blobsOf(layout.directory)).toEqual([hex(BLOB.descriptor.digest)]);
    // It stays when the other one goes.
    rmSync(file);
    expect((await readAll(layout.open(BLOB.descriptor))).toString()).toBe('content');
  });

  it('is not taken where it is something else', async () => {
    const layout = createLayout(join(root, 'to'));
    const file = fileOf('CONTENT');
    const pushed = layout.push(BLOB.descriptor, () => contentOf('CONTENT'), { file });
    await expect(pushed).rejects.toThrow('is corrupt');
    expect(blobsOf(layout.directory)).toEqual([]);
  });

  it('is left where it is when the layout has one', async () => {
    const layout = createLayout(join(root, 'to'));
    await layout.push(BLOB.descriptor, () => contentOf(BLOB.bytes));
    const before = statSync(layout.path(BLOB.descriptor)!).ino;
    await layout.push(BLOB.descriptor, () => contentOf(BLOB.bytes), { file: fileOf(BLOB.bytes) });
    expect(statSync(layout.path(BLOB.descriptor)!).ino).toBe(before);
  });
});

describe('index.json', () => {
  const entriesOf = (layout: Layout) =>
    layout
      .entries()
      .map(({ digest, annotations }) => [digest, annotations?.['org.opencontainers.image.ref.name']]);

  it('has an entry for each tag, and one for what has none', async () => {
    const layout = createLayout(root);
    const [one, two] = [image(['one']), image(['two'])];
    await store(layout, one);
    await store(layout, one);
    await store(layout, one, 'a');
    await store(layout, one, 'b');
    await store(layout, two, 'a');
    expect(entriesOf(layout)).toEqual([
      [one.descriptor.digest, 'b'],
      [two.descriptor.digest, 'a'],
    ]);
    await store(layout, two, 'b');
    expect(entriesOf(layout)).toEqual([
      [one.descriptor.digest, undefined],
      [two.descriptor.digest, 'a'],
      [two.descriptor.digest, 'b'],
    ]);
  });

  it('keeps what other tools wrote into it', async () => {
    const layout = createLayout(root);
    const { descriptor } = image(['other']);
    const entry = {
      ...descriptor,
      annotations: { 'com.example': 'x', 'org.opencontainers.image.ref.name': 'a' },
    };
    const path = join(root, 'index.json');
    writeFileSync(path, JSON.stringify({ schemaVersion: 2, annotations: { y: 'z' }, manifests: [entry] }));
    await store(layout, image(['mine']), 'a');
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({
      annotations: { y: 'z' },
      manifests: [{ digest: descriptor.digest, annotations: { 'com.example': 'x' } }, {}],
    });
    expect(filesOf(root)).toEqual(['blobs', 'index.json', 'oci-layout']);
  });
});

describe('what is deleted', () => {
  it('leaves no file behind', async () => {
    const layout = createLayout(root);
    const [gone, kept] = [image(['shared', 'gone']), image(['shared', 'kept'])];
    await store(layout, kept, '1.1.0');
    const before = [blobsOf(root), readFileSync(join(root, 'index.json'), 'utf8')];
    await store(layout, gone, '1.0.0');
    await layout.delete(gone.descriptor.digest);
    expect([blobsOf(root), readFileSync(join(root, 'index.json'), 'utf8')]).toEqual(before);
    expect(filesOf(root)).toEqual(['blobs', 'index.json', 'oci-layout']);
  });

  it('takes no blob that an image of an index names, which index.json does not', async () => {
    const layout = createLayout(root);
    const [gone, part] = [image(['shared', 'gone']), image(['shared'])];
    for (const one of [gone, part]) await store(layout, one);
    const all = index(part.descriptor);
    const writer = layout.writer();
    writer.write(all.bytes);
    writer.finish();
    // As other tools write it.
    const entries = [{ ...blob(all.bytes, all.mediaType).descriptor }, gone.descriptor];
    writeFileSync(join(root, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: entries }));
    await layout.delete(gone.descriptor.digest);
    for (const { descriptor } of part.blobs) expect(await layout.has(descriptor)).toBe(true);
    expect(await layout.has(gone.blobs[2]!.descriptor)).toBe(false);
  });

  it('is not there, and makes no directory, where there is no layout', async () => {
    const layout = new Layout(join(root, 'none'));
    await layout.delete(BLOB.descriptor.digest);
    await layout.untag('1.0.0');
    expect(existsSync(layout.directory)).toBe(false);
  });

  it('is missed by a manifest that comes too late, which is not stored', async () => {
    const layout = createLayout(root);
    const [gone, late] = [image(['shared', 'gone']), image(['shared', 'late'])];
    await store(layout, gone);
    for (const { descriptor, bytes } of late.blobs) await layout.push(descriptor, () => contentOf(bytes));
    await layout.delete(gone.descriptor.digest);
    const put = layout.putManifest(late.manifest, '1.0.0');
    await expect(put).rejects.toThrow(/does not have sha256:.* which the manifest .* names; .*run it again$/);
    expect(layout.entries()).toEqual([]);
    // So it does when it is run again.
    await store(layout, late, '1.0.0');
    expect(await layout.resolve('1.0.0')).toEqual(late.descriptor);
  });
});

describe('several processes', () => {
  const run = async (what: string) => {
    const workers = ['a', 'b', 'c', 'd'].map((name) =>
      fork(join(__dirname, 'layout-worker.ts'), [what, root, name, '10'], {
        execArgv: ['-r', require.resolve('@swc-node/register')],
      }),
    );
    const ended = workers.map((worker) => once(worker, 'exit'));
    await Promise.all(workers.map((worker) => once(worker, 'message')));
    for (const worker of workers) worker.send('go');
    expect(await Promise.all(ended)).toEqual(workers.map(() => [0, null]));
    const layout = new LayoutTree(root).repository('acme/shared');
    expect(filesOf(layout.directory)).toEqual(['blobs', 'index.json', 'oci-layout']);
    const tags: string[] = [];
    for await (const tag of layout.tags()) tags.push(tag);
    return tags;
  };

  it('lose no tag of each other', async () => {
    const wanted = ['a', 'b', 'c', 'd'].flatMap((name) => [...Array(10).keys()].map((i) => `${name}-${i}`));
    expect(await run('tag')).toEqual(wanted);
  });

  it('that store and delete at once leave nothing broken', async () => {
    const tags = await run('delete');
    const layout = new LayoutTree(root).repository('acme/shared');
    for (const tag of tags) {
      const [layer] = await (await imageFrom(layout, (await layout.resolve(tag))!)).layers();
      expect((await readAll(layer!.uncompressed())).toString()).toBe('shared');
    }
    // Of each process the last image stays.
    expect(tags).toEqual(['a-9', 'b-9', 'c-9', 'd-9']);
    const named = await new References(layout).reachedFrom(layout.entries());
    expect(blobsOf(layout.directory)).toEqual([...named].map(hex).sort());
  });

  it('are alone where they ask for it', async () => {
    const wanted = Array.from({ length: 40 }, (_, i) => String(i + 1));
    expect(await run('count')).toEqual(wanted.sort());
  });
});

describe('a directory of layouts', () => {
  it('has a layout for each repository', async () => {
    const tree = new LayoutTree(root);
    await store(tree.repository('acme/shop/api'), image(['a']), '1.0.0');
    await store(tree.repository('acme/shop'), image(['b']), '1.0.0');
    expect(openLayout(join(root, 'acme/shop/api')).entries()).toHaveLength(1);
    expect(openLayout(join(root, 'acme/shop')).entries()).toHaveLength(1);
  });

  it.each(['acme/blobs', 'acme/index.json', 'acme/oci-layout/x'])('cannot have %s', (name) => {
    expect(() => new LayoutTree(root).repository(name)).toThrow('give it another name');
  });

  it('links what a neighbour has', async () => {
    const tree = new LayoutTree(root);
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
      names.map((name) => new LayoutTree(root).repository(`acme/${name}`));

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
      const links = () => filesOf(join(root, '.layers'));
      expect(links()).toHaveLength(1);
      await b!.delete(fixture.descriptor.digest);
      expect(links()).toEqual([]);
      expect((await imageFrom(a!, fixture.descriptor)).digest).toBe(fixture.descriptor.digest);
    });

    it('where links cannot be made as well: then there is one more', async () => {
      writeFileSync(join(root, '.layers'), 'in the way');
      const [a, b] = repositories('a', 'b');
      for (const layout of [a!, b!]) await push(layout);
      expect((await readAll(b!.open(BLOB.descriptor))).toString()).toBe('content');
    });

    it('and is not led out of the directory', async () => {
      const [a] = repositories('a');
      await createLayout(join(root, '../outside')).push(BLOB.descriptor, () => contentOf(BLOB.bytes));
      try {
        mkdirSync(join(root, '.layers'));
        symlinkSync('../../outside', join(root, '.layers', hex(BLOB.descriptor.digest)));
        await push(a!);
        expect(statSync(a!.path(BLOB.descriptor)!).nlink).toBe(1);
      } finally {
        rmSync(join(root, '../outside'), { recursive: true });
      }
    });
  });
});
