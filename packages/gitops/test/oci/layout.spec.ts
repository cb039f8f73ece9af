import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { contentOf, readAll } from '../../src/oci/content';
import { hexOf } from '../../src/oci/digest';
import { imageFrom } from '../../src/oci/image';
import { Layout, LayoutTree, createLayout, openLayout } from '../../src/oci/layout';
import { References } from '../../src/oci/references';
import { blob, image, index, store } from './fixtures';
import { useDirectory } from '../support/files';

const root = useDirectory();

const BLOB = blob('content');
const filesOf = (directory: string) => readdirSync(directory).sort();
const blobsOf = (directory: string) => filesOf(join(directory, 'blobs/sha256'));

describe('a new layout', () => {
  it('is a valid one, without an image', () => {
    const directory = join(root(), 'deep/new');
    createLayout(directory);
    expect(filesOf(directory)).toEqual(['blobs', 'index.json', 'oci-layout']);
    expect(readFileSync(join(directory, 'oci-layout'), 'utf8')).toBe('{"imageLayoutVersion":"1.0.0"}');
    expect(openLayout(directory).entries()).toEqual([]);
  });

  it('does not exist before something is written', async () => {
    const layout = new Layout(join(root(), 'none'));
    expect(await layout.resolve('1.0')).toBeUndefined();
    expect(layout.path(BLOB.descriptor)).toBeUndefined();
    expect(existsSync(layout.directory)).toBe(false);
  });

  it('keeps the index that is there: another process may be making it too', () => {
    const text = JSON.stringify({ schemaVersion: 2, manifests: [image(['one']).descriptor] });
    writeFileSync(join(root(), 'index.json'), text);
    expect(createLayout(root()).entries()).toEqual([image(['one']).descriptor]);
    expect(filesOf(root())).toEqual(['blobs', 'index.json', 'oci-layout']);
  });

  it('has the same bytes for the same image', async () => {
    const texts = [];
    for (const name of ['a', 'b']) {
      const layout = createLayout(join(root(), name));
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
    if (text !== undefined) writeFileSync(join(root(), 'oci-layout'), text);
    expect(() => openLayout(root()).entries()).toThrow(message);
  });

  it('is not made one where a file is in the way', () => {
    writeFileSync(join(root(), 'file'), '');
    expect(() => createLayout(join(root(), 'file'))).toThrow(/cannot be used/);
  });
});

describe('index.json', () => {
  const entriesOf = (layout: Layout) =>
    layout
      .entries()
      .map(({ digest, annotations }) => [digest, annotations?.['org.opencontainers.image.ref.name']]);

  it('has an entry for each tag, and one for what has none', async () => {
    const layout = createLayout(root());
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
    const layout = createLayout(root());
    const { descriptor } = image(['other']);
    const entry = {
      ...descriptor,
      annotations: { 'com.example': 'x', 'org.opencontainers.image.ref.name': 'a' },
    };
    const path = join(root(), 'index.json');
    writeFileSync(path, JSON.stringify({ schemaVersion: 2, annotations: { y: 'z' }, manifests: [entry] }));
    await store(layout, image(['mine']), 'a');
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({
      annotations: { y: 'z' },
      manifests: [{ digest: descriptor.digest, annotations: { 'com.example': 'x' } }, {}],
    });
    expect(filesOf(root())).toEqual(['blobs', 'index.json', 'oci-layout']);
  });
});

describe('what is deleted', () => {
  it('leaves no file behind', async () => {
    const layout = createLayout(root());
    const [gone, kept] = [image(['shared', 'gone']), image(['shared', 'kept'])];
    await store(layout, kept, '1.1.0');
    const before = [blobsOf(root()), readFileSync(join(root(), 'index.json'), 'utf8')];
    await store(layout, gone, '1.0.0');
    await layout.delete(gone.descriptor.digest);
    expect([blobsOf(root()), readFileSync(join(root(), 'index.json'), 'utf8')]).toEqual(before);
    expect(filesOf(root())).toEqual(['blobs', 'index.json', 'oci-layout']);
  });

  it('takes no blob that an image of an index names, which index.json does not', async () => {
    const layout = createLayout(root());
    const [gone, part] = [image(['shared', 'gone']), image(['shared'])];
    for (const one of [gone, part]) await store(layout, one);
    const all = index(part.descriptor);
    const writer = layout.writer();
    writer.write(all.bytes);
    writer.finish();
    // As other tools write it.
    const entries = [{ ...blob(all.bytes, all.mediaType).descriptor }, gone.descriptor];
    writeFileSync(join(root(), 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: entries }));
    await layout.delete(gone.descriptor.digest);
    for (const { descriptor } of part.blobs) expect(await layout.has(descriptor)).toBe(true);
    expect(await layout.has(gone.blobs[2]!.descriptor)).toBe(false);
  });

  it('is not there, and makes no directory, where there is no layout', async () => {
    const layout = new Layout(join(root(), 'none'));
    await layout.delete(BLOB.descriptor.digest);
    await layout.untag('1.0.0');
    expect(existsSync(layout.directory)).toBe(false);
  });

  it('is missed by a manifest that comes too late, which is not stored', async () => {
    const layout = createLayout(root());
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
      fork(join(__dirname, 'layout-worker.ts'), [what, root(), name, '10'], {
        execArgv: ['-r', require.resolve('@swc-node/register')],
      }),
    );
    const ended = workers.map((worker) => once(worker, 'exit'));
    await Promise.all(workers.map((worker) => once(worker, 'message')));
    for (const worker of workers) worker.send('go');
    expect(await Promise.all(ended)).toEqual(workers.map(() => [0, null]));
    const layout = new LayoutTree(root()).repository('acme/shared');
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
    const layout = new LayoutTree(root()).repository('acme/shared');
    for (const tag of tags) {
      const [layer] = await (await imageFrom(layout, (await layout.resolve(tag))!)).layers();
      expect((await readAll(layer!.uncompressed())).toString()).toBe('shared');
    }
    // Of each process the last image stays.
    expect(tags).toEqual(['a-9', 'b-9', 'c-9', 'd-9']);
    const named = await new References(layout).reachedFrom(layout.entries());
    expect(blobsOf(layout.directory)).toEqual([...named].map(hexOf).sort());
  });

  it('are alone where they ask for it', async () => {
    const wanted = Array.from({ length: 40 }, (_, i) => String(i + 1));
    expect(await run('count')).toEqual(wanted.sort());
  });
});
