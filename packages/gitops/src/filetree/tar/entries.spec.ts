import { dir, file } from '../../../test/support/entries';
import { tarOf } from '../../../test/support/tar';
import { type Entry, bytes, readAll } from '../entry';
import { toEntries } from './entries';
import { listTarStream } from './reader';

const hardlink = (path: string, link: string, rest: Partial<Entry> = {}): Entry => ({
  path,
  type: 'hardlink',
  mode: 0o644,
  uid: 0,
  gid: 0,
  link,
  ...rest,
});

/** What an archive of these entries is as entries again; contents as text. */
async function throughArchive(entries: Entry[]): Promise<object[]> {
  const archive = tarOf(entries);
  const listed = await listTarStream(
    (async function* () {
      yield archive;
    })(),
    'archive',
  );
  const result = toEntries(listed, ({ offset, size }) =>
    bytes(archive.subarray(offset, offset + size), `${offset}`),
  );
  return result.map(({ content, ...rest }) => ({
    ...rest,
    ...(content ? { text: readAll(content).toString() } : {}),
  }));
}

const plain = (path: string, text: string) => ({ path, type: 'file', mode: 0o644, uid: 0, gid: 0, text });

describe('toEntries', () => {
  it.each<[name: string, entries: Entry[], expected: object[]]>([
    ['the root is left out', [dir(''), file('a', 'x')], [plain('a', 'x')]],
    [
      'a hard link is the same file',
      [file('a', 'x'), hardlink('b', 'a')],
      [plain('a', 'x'), plain('b', 'x')],
    ],
    [
      'a hard link to a hard link too',
      [file('a', 'x'), hardlink('b', 'a'), hardlink('c', 'b')],
      [plain('a', 'x'), plain('b', 'x'), plain('c', 'x')],
    ],
    [
      'the last header says mode and owner of all names',
      [file('a', 'x'), hardlink('b', 'a', { mode: 0o600, uid: 7, gid: 8 })],
      [
        { ...plain('a', 'x'), mode: 0o600, uid: 7, gid: 8 },
        { ...plain('b', 'x'), mode: 0o600, uid: 7, gid: 8 },
      ],
    ],
    ['a hard link to what is not there stays', [hardlink('b', 'a')], [hardlink('b', 'a')]],
    [
      'a hard link to what comes later stays',
      [hardlink('b', 'a'), file('a', 'x')],
      [hardlink('b', 'a'), plain('a', 'x')],
    ],
    [
      'a hard link means the file that was there last',
      [file('a', 'x'), file('a', 'y'), hardlink('b', 'a')],
      [plain('a', 'x'), plain('a', 'y'), plain('b', 'y')],
    ],
  ])('%s', async (_name, entries, expected) => {
    expect(await throughArchive(entries)).toEqual(expected);
  });
});
