import { readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { contentOf, readAll } from '../../src/oci/content';
import { hexOf, sha256 } from '../../src/oci/digest';
import { createLayout } from '../../src/oci/layout';
import type { Digest } from '../../src/oci/types';
import { blob, noise } from './fixtures';
import { useDirectory } from '../support/files';

const root = useDirectory();

const BLOB = blob('content');
const filesOf = (directory: string) => readdirSync(directory).sort();
const blobsOf = (directory: string) => filesOf(join(directory, 'blobs/sha256'));

describe('a blob', () => {
  it('that is damaged on disk is noticed, and mended by storing it again', async () => {
    const layout = createLayout(root());
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
    const layout = createLayout(root());
    await expect(layout.push(BLOB.descriptor, () => contentOf('CONTENT'))).rejects.toThrow('is corrupt');
    expect(blobsOf(root())).toEqual([]);
  });

  it.each(['sha256:../../../../etc/passwd', `sha256:${'A'.repeat(64)}`, `sha512:${'a'.repeat(128)}`, ''])(
    'cannot be called %s',
    async (digest) => {
      const layout = createLayout(root());
      const descriptor = { ...BLOB.descriptor, digest: digest as Digest };
      await expect(layout.has(descriptor)).rejects.toThrow('is not a sha256 digest');
      await expect(readAll(layout.open(descriptor))).rejects.toThrow('is not a sha256 digest');
      expect(() => layout.path(descriptor)).toThrow('is not a sha256 digest');
    },
  );
});

describe('a blob writer', () => {
  it('gives the blob the name of what was written, in whatever pieces', () => {
    const layout = createLayout(root());
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
        expect(readFileSync(join(root(), 'blobs/sha256', hexOf(written.digest))).equals(wanted)).toBe(true);
      }),
      { numRuns: 30 },
    );
    expect(blobsOf(root()).every((name) => /^[0-9a-f]{64}$/.test(name))).toBe(true);
  });

  it('keeps apart what is written at the same time, and before', () => {
    const layout = createLayout(root());
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
      expect(readFileSync(join(root(), 'blobs/sha256', hexOf(sha256(text))), 'utf8')).toBe(text);
  });

  it('shows nothing before it is finished', () => {
    const layout = createLayout(root());
    const writer = layout.writer();
    writer.write(noise(300_000));
    expect(blobsOf(root())).toEqual([expect.stringMatching(/^\.tmp-/)]);
    writer.abort();
    expect(blobsOf(root())).toEqual([]);
    expect(() => writer.write(noise(300_000))).toThrow('finished or aborted');
  });

  it('leaves a blob alone that is there', () => {
    const layout = createLayout(root());
    const write = () => {
      const writer = layout.writer();
      writer.write(BLOB.bytes);
      return writer.finish();
    };
    write();
    const before = statSync(layout.path(BLOB.descriptor)!).ino;
    write();
    expect(statSync(layout.path(BLOB.descriptor)!).ino).toBe(before);
    expect(blobsOf(root())).toHaveLength(1);
  });
});

describe('a link', () => {
  it('takes a blob from another layout without copying it', async () => {
    const [from, to] = [createLayout(join(root(), 'from')), createLayout(join(root(), 'to'))];
    await from.push(BLOB.descriptor, () => contentOf(BLOB.bytes));
    to.link(BLOB.descriptor, from);
    expect(statSync(to.path(BLOB.descriptor)!).ino).toBe(statSync(from.path(BLOB.descriptor)!).ino);
    to.link(BLOB.descriptor, from);
    expect(blobsOf(to.directory)).toEqual([hexOf(BLOB.descriptor.digest)]);
  });

  it('replaces a damaged blob', async () => {
    const [from, to] = [createLayout(join(root(), 'from')), createLayout(join(root(), 'to'))];
    await from.push(BLOB.descriptor, () => contentOf(BLOB.bytes));
    writeFileSync(join(to.directory, 'blobs/sha256', hexOf(BLOB.descriptor.digest)), 'cut');
    to.link(BLOB.descriptor, from);
    expect((await readAll(to.open(BLOB.descriptor))).toString()).toBe('content');
    expect(blobsOf(to.directory)).toHaveLength(1);
  });

  it('needs the blob to be there', () => {
    const [from, to] = [createLayout(join(root(), 'from')), createLayout(join(root(), 'to'))];
    expect(() => to.link(BLOB.descriptor, from)).toThrow(/from does not have sha256:/);
  });
});

describe('a blob that is in a file of this machine', () => {
  const fileOf = (bytes: Buffer | string): string => {
    const path = join(root(), 'file');
    writeFileSync(path, bytes);
    return path;
  };

  it('is linked to, once it was read to its end', async () => {
    const layout = createLayout(join(root(), 'to'));
    const file = fileOf(BLOB.bytes);
    await layout.push(BLOB.descriptor, () => contentOf(BLOB.bytes), { file });
    expect(statSync(layout.path(BLOB.descriptor)!).ino).toBe(statSync(file).ino);
    expect(blobsOf(layout.directory)).toEqual([hexOf(BLOB.descriptor.digest)]);
    // It stays when the other one goes.
    rmSync(file);
    expect((await readAll(layout.open(BLOB.descriptor))).toString()).toBe('content');
  });

  it('is not taken where it is something else', async () => {
    const layout = createLayout(join(root(), 'to'));
    const file = fileOf('CONTENT');
    const pushed = layout.push(BLOB.descriptor, () => contentOf('CONTENT'), { file });
    await expect(pushed).rejects.toThrow('is corrupt');
    expect(blobsOf(layout.directory)).toEqual([]);
  });

  it('is left where it is when the layout has one', async () => {
    const layout = createLayout(join(root(), 'to'));
    await layout.push(BLOB.descriptor, () => contentOf(BLOB.bytes));
    const before = statSync(layout.path(BLOB.descriptor)!).ino;
    await layout.push(BLOB.descriptor, () => contentOf(BLOB.bytes), { file: fileOf(BLOB.bytes) });
    expect(statSync(layout.path(BLOB.descriptor)!).ino).toBe(before);
  });
});
