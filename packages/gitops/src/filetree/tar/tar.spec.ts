import { closeSync, ftruncateSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import fc from 'fast-check';
import * as tarStream from 'tar-stream';
import { anyEntry, dir, file, symlink } from '../../../test/support/entries';
import { useDirectory } from '../../../test/support/files';
import { END, paxRecord, rawMember, tarOf, withChecksum } from '../../../test/support/tar';
import { GitopsError } from '../../support/errors';
import type { Entry } from '../entry';
import { readAll } from '../entry';
import { BLOCK } from './header';
import { type TarEntry, listTarFile, listTarStream, startsTar } from './reader';

const directory = useDirectory();
const anyEntries = fc.array(anyEntry, { maxLength: 6 });

describe('what is written', () => {
  it('is read again as it was', async () => {
    await fc.assert(
      fc.asyncProperty(anyEntries, async (entries) => {
        const archive = tarOf(entries);
        const listed = await listTarStream(streamOf(archive), 'archive');
        expect(listed.map(withoutPlace)).toEqual(entries.map(asListed));
        expect(bodies(listed, archive)).toEqual(entries.map(({ content }) => content && readAll(content)));
      }),
    );
  });

  it('is whole blocks, and a function of the entries', () => {
    fc.assert(
      fc.property(anyEntries, (entries) => {
        const archive = tarOf(entries);
        expect(archive.length % BLOCK).toBe(0);
        expect(archive.subarray(-2 * BLOCK)).toEqual(END);
        expect(tarOf(entries)).toEqual(archive);
      }),
    );
  });

  it('has the same time everywhere, whenever it is written', async () => {
    const members = await secondOpinion(tarOf([file('a'), dir('b'), symlink('c', 'ä'.repeat(200))]));
    expect(members.map(({ header }) => header.mtime)).toEqual(
      Array(3).fill(new Date('1985-10-26T08:15:00Z')),
    );
  });

  it('is read by tar-stream as well', async () => {
    await fc.assert(
      fc.asyncProperty(anyEntries, async (entries) => {
        const members = await secondOpinion(tarOf(entries));
        expect(members.map(({ header }) => summary(header))).toEqual(entries.map(summaryOf));
        expect(members.map(({ body }) => body)).toEqual(
          entries.map(({ content }) => (content ? readAll(content) : Buffer.alloc(0))),
        );
      }),
    );
  });

  it.each<[name: string, entry: Entry]>([
    ['a name of 100 bytes', file('n'.repeat(100))],
    ['a name of 101 bytes', file('n'.repeat(101))],
    ['a name that fits with a prefix', file(`${'p'.repeat(155)}/${'n'.repeat(100)}`)],
    ['a name that does not fit with a prefix', file(`${'p'.repeat(156)}/${'n'.repeat(100)}`)],
    ['a directory whose slash makes it too long', dir('d'.repeat(100))],
    ['a directory whose last part is too long', dir(`p/${'d'.repeat(120)}`)],
    ['a link of 100 bytes', symlink('l', 't'.repeat(100))],
    ['a link of 101 bytes', symlink('l', 't'.repeat(101))],
    ['an umlaut', file('ä/ö')],
    ['an umlaut in a link', symlink('l', 'ä')],
    ['the largest id of ustar', file('f', '', { uid: 0o7777777, gid: 0o7777777 })],
    ['an id beyond ustar', file('f', '', { uid: 0o10000000, gid: 2 ** 32 - 1 })],
    ['an attribute with line ends and zeros', file('f', '', { xattrs: { 'user.x': 'a\nb\0\xff' } })],
  ])('keeps %s', async (_name, entry) => {
    const archive = tarOf([entry]);
    expect((await listTarStream(streamOf(archive), 'archive')).map(withoutPlace)).toEqual([asListed(entry)]);
    expect((await secondOpinion(archive)).map(({ header }) => summary(header))).toEqual([summaryOf(entry)]);
  });

  it.each([8 * 2 ** 30 - 1, 8 * 2 ** 30, 9 * 2 ** 30 + 1])('keeps a size of %d bytes', async (size) => {
    const empty = { size, identity: '', chunks: () => [] };
    const [header] = [...tarHeaders([file('big', '', { content: empty })])];
    const path = join(directory(), 'big.tar');
    const fd = openSync(path, 'w+');
    try {
      writeSync(fd, header!);
      // The bytes are a hole.
      ftruncateSync(fd, header!.length + Math.ceil(size / BLOCK) * BLOCK + END.length);
      expect(listTarFile(fd, 'big.tar')).toEqual([
        expect.objectContaining({ path: 'big', size, offset: header!.length }),
      ]);
    } finally {
      closeSync(fd);
    }
    const [seen] = await firstHeader(header!);
    expect(seen).toMatchObject({ name: 'big', size });
  });
});

describe('what others write', () => {
  it('is read as tar-stream means it', async () => {
    await fc.assert(
      fc.asyncProperty(anyEntries, async (entries) => {
        const archive = await packed(entries);
        const listed = await listTarStream(streamOf(archive), 'archive');
        expect(listed.map(({ path, type, link }) => [path, type, link])).toEqual(
          entries.map(({ path, type, link }) => [path, type, link]),
        );
        expect(bodies(listed, archive)).toEqual(entries.map(({ content }) => content && readAll(content)));
      }),
    );
  });

  it.each<[name: string, archive: Buffer[], expected: Partial<TarEntry>[]]>([
    ['nothing', [], []],
    ['an end and nothing else', [END], []],
    ['no end', [rawMember({ name: 'a' })], [{ path: 'a' }]],
    ['things behind the end', [rawMember({ name: 'a' }), END, rawMember({ name: 'b' })], [{ path: 'a' }]],
    ['./ in front', [rawMember({ name: './a//b/./c' })], [{ path: 'a/b/c' }]],
    ['a leading slash', [rawMember({ name: '/etc/passwd' })], [{ path: 'etc/passwd' }]],
    ['.. is held at the root', [rawMember({ name: '../../a/../b' })], [{ path: 'b' }]],
    ['the root itself', [rawMember({ name: './', flag: '5' })], [{ path: '', type: 'directory' }]],
    [
      'a directory by its name alone',
      [rawMember({ name: 'd/', flag: '\0' })],
      [{ path: 'd', type: 'directory' }],
    ],
    ['the file type of old', [rawMember({ flag: '\0', body: 'x' })], [{ type: 'file', size: 1 }]],
    ['a contiguous file', [rawMember({ flag: '7', body: 'x' })], [{ type: 'file', size: 1 }]],
    [
      'an unknown type with a body',
      [rawMember({ flag: 'V', body: 'x' }), rawMember({ name: 'b' })],
      [{ path: 'b' }],
    ],
    [
      'a link with a size',
      [rawMember({ flag: '2', link: 'x', size: '00000000777\0' }), rawMember({ name: 'b' })],
      [{ size: 0, link: 'x' }, { path: 'b' }],
    ],
    ['a prefix', [rawMember({ prefix: 'p/q', name: 'n' })], [{ path: 'p/q/n' }]],
    [
      "GNU's header has no prefix",
      [rawMember({ magic: 'ustar  \0', prefix: '12345', name: 'n' })],
      [{ path: 'n' }],
    ],
    [
      'GNU long name and link',
      [
        rawMember({ flag: 'L', name: '././@LongLink', body: `${'n'.repeat(300)}\0` }),
        rawMember({ flag: 'K', name: '././@LongLink', body: `${'l'.repeat(300)}\0` }),
        rawMember({ flag: '2', name: 'n'.repeat(99), link: 'l'.repeat(99) }),
        rawMember({ name: 'next' }),
      ],
      [{ path: 'n'.repeat(300), type: 'symlink', link: 'l'.repeat(300) }, { path: 'next' }],
    ],
    [
      'pax: path, ids, size',
      [
        rawMember({
          flag: 'x',
          body: ['path', 'uid', 'gid', 'size']
            .map((key, i) => paxRecord(key, ['é/f', '3000000', '4294967295', '3'][i]!))
            .join(''),
        }),
        rawMember({ name: 'short', body: 'abc', size: '00000000000\0' }),
        rawMember({ name: 'next' }),
      ],
      [
        { path: 'é/f', uid: 3000000, gid: 4294967295, size: 3 },
        { path: 'next', uid: 0, size: 0 },
      ],
    ],
    [
      'pax for all that follow, and one that says otherwise',
      [
        rawMember({ flag: 'g', body: paxRecord('uid', '7') + paxRecord('comment', 'c') }),
        rawMember({ name: 'a' }),
        rawMember({ flag: 'x', body: paxRecord('uid', '8') }),
        rawMember({ name: 'b' }),
        rawMember({ name: 'c' }),
      ],
      [
        { path: 'a', uid: 7 },
        { path: 'b', uid: 8 },
        { path: 'c', uid: 7 },
      ],
    ],
    [
      'an empty pax value takes the record away',
      [
        rawMember({ flag: 'g', body: paxRecord('uid', '7') + paxRecord('path', 'all') }),
        rawMember({ flag: 'x', body: paxRecord('uid', '') + paxRecord('path', '') + paxRecord('size', '') }),
        rawMember({ name: 'a', uid: '0000005\0', body: 'x' }),
        rawMember({ name: 'b' }),
      ],
      [
        { path: 'a', uid: 5, size: 1 },
        { path: 'all', uid: 7 },
      ],
    ],
    [
      'base 256',
      [
        rawMember({
          uid: Buffer.from([0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]),
          size: Buffer.from([0x80, ...Array(10).fill(0), 2]),
          body: 'ab',
        }),
      ],
      [{ uid: 2 ** 32 - 1, size: 2 }],
    ],
    [
      'numbers with blanks around',
      [rawMember({ uid: '  17 \0', mode: ' 755  \0' })],
      [{ uid: 0o17, mode: 0o755 }],
    ],
    ['a number that is empty', [rawMember({ uid: '\0\0\0\0\0\0\0\0' })], [{ uid: 0 }]],
    ['mode bits beyond the permissions', [rawMember({ mode: '0104755\0' })], [{ mode: 0o4755 }]],
  ])('%s', async (_name, parts, expected) => {
    const archive = Buffer.concat(parts);
    const listed = await listTarStream(streamOf(archive), 'archive');
    expect(listed).toEqual(expected.map((entry) => expect.objectContaining(entry)));
    expect(listFile(archive)).toEqual(listed);
  });

  it('keeps the bytes that are asked for', async () => {
    const archive = tarOf([
      file('etc/passwd', 'root'),
      file('etc/group', ''),
      file('other', 'x'),
      dir('etc'),
    ]);
    const listed = await listTarStream(
      streamOf(archive),
      'archive',
      new Set(['etc/passwd', 'etc/group', 'etc']),
    );
    expect(listed.map(({ bytes }) => bytes?.toString())).toEqual(['root', '', undefined, undefined]);
  });
});

describe('however the stream is cut', () => {
  it('the listing is the same, and that of the file', async () => {
    const wanted = new Set(['a', 'b', 'é']);
    await fc.assert(
      fc.asyncProperty(
        anyEntries,
        fc.infiniteStream(fc.integer({ min: 0, max: 1200 })),
        async (entries, sizes) => {
          const archive = tarOf(entries);
          const whole = await listTarStream(streamOf(archive), 'archive', wanted);
          await expect(listTarStream(streamOf(archive, sizes), 'archive', wanted)).resolves.toEqual(whole);
          expect(listFile(archive)).toEqual(whole.map(({ bytes: _, ...entry }) => entry));
        },
      ),
    );
  });

  it('it is read to its end, whatever is behind the archive', async () => {
    let read = 0;
    async function* chunks() {
      for (const chunk of [tarOf([file('a')]), Buffer.alloc(5000, 1), Buffer.alloc(10)]) {
        read += chunk.length;
        yield chunk;
      }
    }
    await listTarStream(chunks(), 'archive');
    expect(read).toBe(tarOf([file('a')]).length + 5010);
  });

  it('what the stream throws is thrown', async () => {
    async function* chunks(): AsyncGenerator<Buffer> {
      yield Buffer.alloc(10);
      throw new RangeError('the line is cut');
    }
    await expect(listTarStream(chunks(), 'archive')).rejects.toThrow(new RangeError('the line is cut'));
  });
});

describe('a broken archive', () => {
  it.each<[name: string, archive: Buffer[], why: string]>([
    ['a header that ends early', [rawMember({}).subarray(0, 100)], 'it ends in the middle of a header'],
    ['a wrong checksum', [Buffer.alloc(BLOCK, 1)], 'a checksum is wrong'],
    [
      'a file that ends early',
      [rawMember({ body: 'x'.repeat(600) }).subarray(0, 1000)],
      'it ends in the middle of a file',
    ],
    [
      'a file without any bytes',
      [rawMember({ body: 'x' }).subarray(0, BLOCK)],
      'it ends in the middle of a file',
    ],
    [
      'an extended header that ends early',
      [rawMember({ flag: 'x', body: 'y'.repeat(600) }).subarray(0, 700)],
      'it ends in the middle of a header',
    ],
    [
      'an extended header of 9 MB',
      [rawMember({ flag: 'x', size: '00045000000\0' })],
      'an extended header is too large',
    ],
    [
      'a record without a length',
      [rawMember({ flag: 'x', body: 'path=a\n' })],
      'an extended header is malformed',
    ],
    [
      'a record that is too long',
      [rawMember({ flag: 'x', body: '99 path=a\n' })],
      'an extended header is malformed',
    ],
    [
      'a record without a value',
      [rawMember({ flag: 'x', body: '8 path.\n' })],
      'an extended header is malformed',
    ],
    [
      'a record of no length',
      [rawMember({ flag: 'x', body: '0 path=a\n' })],
      'an extended header is malformed',
    ],
    [
      'an owner that is no number',
      [rawMember({ flag: 'x', body: paxRecord('uid', 'x') }), rawMember({})],
      'a number in it is wrong',
    ],
    ['a size below zero', [rawMember({ size: '-0000000001\0' })], 'a number in it is wrong'],
    [
      'a size below zero in base 256',
      [rawMember({ size: Buffer.alloc(12, 0xff) })],
      'a number in it is wrong',
    ],
    ['an owner beyond all numbers', [rawMember({ uid: Buffer.alloc(8, 0xbf) })], 'a number in it is wrong'],
  ])('says what is wrong: %s', async (_name, parts, why) => {
    const archive = Buffer.concat(parts);
    await expect(listTarStream(streamOf(archive), 'x.tar')).rejects.toThrow(
      new RegExp(`^x\\.tar: the tar archive cannot be read near byte \\d+: ${why}$`),
    );
    expect(() => listFile(archive)).toThrow(why);
  });

  it('that is cut gives an error, or the entries before the cut', async () => {
    await fc.assert(
      fc.asyncProperty(anyEntries, fc.nat(), async (entries, at) => {
        const archive = tarOf(entries);
        const length = at % (archive.length + 1);
        const cut = archive.subarray(0, length);
        const listed = await listedOrError(cut);
        expect(fileListedOrError(cut)).toEqual(listed);
        if (listed instanceof GitopsError) return;
        expect(listed).toEqual(listFile(archive).slice(0, listed.length));
        for (const { offset, size } of listed) expect(offset + size).toBeLessThanOrEqual(length);
      }),
    );
  });

  it('with a flipped bit in a header gives an error, or the same', async () => {
    await fc.assert(
      fc.asyncProperty(anyEntry, fc.nat(BLOCK - 1), fc.nat(7), async (entry, at, bit) => {
        const archive = tarOf([entry]);
        const flipped = Buffer.from(archive);
        flipped[at]! ^= 1 << bit;
        const listed = await listedOrError(flipped);
        if (!(listed instanceof GitopsError)) expect(listed).toEqual(listFile(archive));
      }),
    );
  });

  it('with a wrong header under a right checksum gives an error, or what can be', async () => {
    const change = fc.record({
      at: fc.nat(BLOCK - 1),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 12 }),
    });
    await fc.assert(
      fc.asyncProperty(anyEntry, fc.array(change, { minLength: 1, maxLength: 3 }), async (entry, changes) => {
        const archive = tarOf([entry]);
        const header = Buffer.from(archive.subarray(0, BLOCK));
        for (const { at, bytes } of changes) Buffer.from(bytes).copy(header, at);
        const changed = Buffer.concat([withChecksum(header), archive.subarray(BLOCK)]);
        const listed = await listedOrError(changed);
        expect(fileListedOrError(changed)).toEqual(listed);
        if (!(listed instanceof GitopsError)) listed.forEach((item) => expectPossible(item, changed.length));
      }),
      { numRuns: 500 },
    );
  });

  it('of random bytes gives an error, or nothing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 3 * BLOCK }), async (bytes) => {
        const listed = await listedOrError(Buffer.from(bytes));
        if (!(listed instanceof GitopsError)) expect(listed).toEqual([]);
      }),
    );
  });
});

describe('startsTar', () => {
  it.each<[name: string, start: Buffer, expected: boolean]>([
    ['an archive', tarOf([file('a')]), true],
    ['an archive without a magic', rawMember({ magic: '' }), true],
    ['an end and nothing else', END, false],
    ['nothing', Buffer.alloc(0), false],
    ['less than a header', tarOf([file('a')]).subarray(0, 511), false],
    ['text', Buffer.from('hello '.repeat(100)), false],
  ])('%s', (_name, start, expected) => {
    expect(startsTar(start)).toBe(expected);
  });
});

async function* streamOf(all: Buffer, sizes: Iterator<number> = [].values()): AsyncGenerator<Buffer> {
  for (let at = 0; at < all.length;) {
    const size = (sizes.next().value as number | undefined) ?? all.length;
    // A reader may not rely on a chunk after it has asked for the next one.
    const chunk = Buffer.from(all.subarray(at, at + size));
    yield chunk;
    at += size;
  }
}

function listFile(archive: Buffer): TarEntry[] {
  const path = join(directory(), 'archive.tar');
  writeFileSync(path, archive);
  const fd = openSync(path, 'r');
  try {
    return listTarFile(fd, 'archive');
  } finally {
    closeSync(fd);
  }
}

async function listedOrError(archive: Buffer): Promise<TarEntry[] | GitopsError> {
  try {
    return await listTarStream(streamOf(archive), 'archive');
  } catch (error) {
    if (error instanceof GitopsError) return error;
    throw error;
  }
}

function fileListedOrError(archive: Buffer): TarEntry[] | GitopsError {
  try {
    return listFile(archive);
  } catch (error) {
    if (error instanceof GitopsError) return error;
    throw error;
  }
}

function expectPossible({ path, mode, uid, gid, size, offset, device }: TarEntry, length: number): void {
  for (const number of [mode, uid, gid, size, offset, device?.major ?? 0, device?.minor ?? 0]) {
    expect(Number.isSafeInteger(number)).toBe(true);
    expect(number).toBeGreaterThanOrEqual(0);
  }
  expect(offset + size).toBeLessThanOrEqual(length);
  expect(path.split('/')).not.toContain('..');
}

function* tarHeaders(entries: Entry[]): Generator<Buffer> {
  const archive = tarOf(entries);
  // No bytes follow: what is between the header and the end is padding.
  const extended = archive[156] === 'x'.charCodeAt(0);
  yield archive.subarray(0, extended ? 3 * BLOCK : BLOCK);
}

function asListed(entry: Entry): object {
  const { content, ...rest } = entry;
  return { ...rest, size: content?.size ?? 0 };
}

function withoutPlace({ offset: _, ...entry }: TarEntry): object {
  return entry;
}

function bodies(listed: TarEntry[], archive: Buffer): (Buffer | undefined)[] {
  return listed.map(({ type, offset, size }) =>
    type === 'file' ? archive.subarray(offset, offset + size) : undefined,
  );
}

interface Member {
  readonly header: tarStream.Header;
  readonly body: Buffer;
}

async function secondOpinion(archive: Buffer): Promise<Member[]> {
  const members: Member[] = [];
  const extract = tarStream.extract();
  extract.on('entry', (header, stream, next) => {
    void buffer(stream).then((body) => {
      members.push({ header, body });
      next();
    });
  });
  await pipeline(Readable.from([archive], { objectMode: false }), extract);
  return members;
}

function firstHeader(start: Buffer): Promise<[tarStream.Header]> {
  return new Promise((resolve) => {
    const extract = tarStream.extract();
    extract.on('entry', (header) => resolve([header]));
    extract.write(start);
  });
}

/** What the two opinions have in common. tar-stream leaves pax ids and attributes to its caller. */
function summary(header: tarStream.Header): object {
  const { name, type, mode, uid, gid, linkname, devmajor, devminor } = header;
  const pax = (header.pax ?? {}) as Record<string, string>;
  const isDevice = type === 'character-device' || type === 'block-device';
  return {
    path: name.replace(/\/$/, ''),
    type,
    mode,
    uid: Number(pax['uid'] ?? uid),
    gid: Number(pax['gid'] ?? gid),
    link: linkname ?? undefined,
    device: isDevice ? { major: devmajor, minor: devminor } : undefined,
  };
}

const TYPES = {
  file: 'file',
  directory: 'directory',
  symlink: 'symlink',
  hardlink: 'link',
  character: 'character-device',
  block: 'block-device',
  fifo: 'fifo',
} as const;

function summaryOf({ path, type, mode, uid, gid, link, device }: Entry): object {
  return { path, type: TYPES[type], mode, uid, gid, link, device };
}

async function packed(entries: Entry[]): Promise<Buffer> {
  const pack = tarStream.pack();
  for (const { path, type, mode, link, content, device } of entries) {
    const header = {
      name: type === 'directory' ? `${path}/` : path,
      type: TYPES[type],
      mode,
      ...(link === undefined ? {} : { linkname: link }),
      ...(device ? { devmajor: device.major, devminor: device.minor } : {}),
    };
    if (content) pack.entry(header, readAll(content));
    else pack.entry(header);
  }
  pack.finalize();
  return buffer(pack);
}
