import { readdirSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { content, dir, file, symlink } from '../../../test/support/entries';
import { useDirectory } from '../../../test/support/files';
import { tarOf } from '../../../test/support/tar';
import { readAll } from '../../filetree/entry';
import { GitopsError } from '../../support/errors';
import { openArchive } from './archive';

const directory = useDirectory();
const TAR = tarOf([dir('d', { mode: 0o700 }), file('d/f', 'text', { uid: 5 }), symlink('l', 'd/f')]);
/** Large enough for several pieces. */
const LARGE = tarOf([file('large', Buffer.alloc(3_000_000, 'abc')), file('small', 'x')]);

const open = (bytes: Buffer) => openArchive(content(bytes), 'a.tar', directory());

describe('openArchive', () => {
  it.each<[name: string, bytes: Buffer]>([
    ['plain', TAR],
    ['gzipped', gzipSync(TAR)],
    ['gzipped in two members', Buffer.concat([gzipSync(TAR.subarray(0, 700)), gzipSync(TAR.subarray(700))])],
    ['without its end', TAR.subarray(0, -1024)],
  ])('opens a tar archive: %s', async (_name, bytes) => {
    const archive = (await open(bytes))!;
    expect(archive.entries.map(({ path, type, mode, uid, link }) => [path, type, mode, uid, link])).toEqual([
      ['d', 'directory', 0o700, 0, undefined],
      ['d/f', 'file', 0o644, 5, undefined],
      ['l', 'symlink', 0o777, 0, 'd/f'],
    ]);
    expect(readAll(archive.entries[1]!.content!).toString()).toBe('text');
    archive.close();
  });

  it.each<[name: string, bytes: Buffer]>([
    ['plain', LARGE],
    ['gzipped', gzipSync(LARGE)],
  ])('reads what is in a large one: %s', async (_name, bytes) => {
    const archive = (await open(bytes))!;
    expect(readAll(archive.entries[0]!.content!).equals(Buffer.alloc(3_000_000, 'abc'))).toBe(true);
    expect(readAll(archive.entries[1]!.content!).toString()).toBe('x');
    archive.close();
  });

  it('tells contents apart by the archive and the place in it', async () => {
    const [one, other] = [(await open(LARGE))!, (await open(TAR))!];
    const identities = [...one.entries, ...other.entries].flatMap(({ content }) => content?.identity ?? []);
    expect(new Set(identities).size).toBe(3);
    [one, other].forEach(({ close }) => close());
  });

  it.each<[name: string, bytes: Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('hello')],
    ['a gzipped text', gzipSync('hello')],
    ['a gzip of nothing', gzipSync('')],
    ['zeros, which are an empty archive to some', Buffer.alloc(10240)],
    ['a zip', Buffer.from('PK\x03\x04 and so on')],
  ])('leaves any other file as it is: %s', async (_name, bytes) => {
    expect(await open(bytes)).toBeUndefined();
  });

  it.each<[format: string, magic: Buffer]>([
    ['bzip2', Buffer.from('BZh91AY')],
    ['xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0])],
    ['zstd', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0])],
  ])('says that it takes an engine to unpack %s', async (format, magic) => {
    await expect(open(magic)).rejects.toThrow(GitopsError);
    await expect(open(magic)).rejects.toThrow(format);
  });

  it.each<[name: string, bytes: Buffer, message: RegExp]>([
    ['a tar that is cut', LARGE.subarray(0, 1_000_000), /a\.tar: .*it ends in the middle of a file/],
    [
      'a tar with a wrong header',
      Buffer.concat([TAR.subarray(0, 512), Buffer.alloc(512, 1)]),
      /a\.tar: .*checksum/,
    ],
    ['a gzip that is cut', gzipSync(LARGE).subarray(0, 1000), /a\.tar is a broken gzip file/],
    [
      'a gzip with a wrong checksum',
      Buffer.concat([gzipSync(TAR).subarray(0, -8), Buffer.alloc(8)]),
      /a\.tar is a broken gzip file/,
    ],
    ['a gzip in name only', Buffer.from([0x1f, 0x8b, 1, 2, 3]), /a\.tar is a broken gzip file/],
    [
      'a gzip of a tar that is cut',
      gzipSync(LARGE.subarray(0, 1_000_000)),
      /it ends in the middle of a file/,
    ],
  ])('an error: %s', async (_name, bytes, message) => {
    await expect(open(bytes)).rejects.toThrow(message);
    await expect(open(bytes)).rejects.toBeInstanceOf(GitopsError);
  });

  it('passes on what is wrong with the file itself', async () => {
    const changed = new GitopsError('a.tar changed while it was read');
    for (const start of [TAR.subarray(0, 600), gzipSync(LARGE).subarray(0, 600)]) {
      const broken = {
        ...content(''),
        chunks: function* () {
          yield start;
          throw changed;
        },
      };
      await expect(openArchive(broken, 'a.tar', directory())).rejects.toBe(changed);
    }
  });

  it('leaves no file behind', async () => {
    (await open(TAR))!.close();
    await open(LARGE.subarray(0, 1000)).catch(() => undefined);
    await open(gzipSync('hello'));
    expect(readdirSync(directory())).toEqual([]);
  });
});
