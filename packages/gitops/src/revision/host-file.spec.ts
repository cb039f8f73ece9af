import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { type Server, createServer } from 'node:net';
import { join } from 'node:path';
import { useDirectory } from '../../test/support/files';
import { unprivileged } from '../../test/support/unprivileged';
import { readAll } from '../filetree/entry';
import { sha256 } from '../oci/digest';
import { GitopsError } from '../support/errors';
import { BuildContext } from './context';
import { FileHashes } from './file-hashes';

const directory = useDirectory();
const path = (name = 'file'): string => join(directory(), name);
const MB = 1024 * 1024;
/** Without a fraction of a second, so that it can be set again. */
const LONG_AGO = 1_000_000_000;

/** The file as a build sees it from now on. */
function look() {
  const context = new BuildContext(
    directory(),
    { ignored: () => false, mayContainUnignored: () => true },
    FileHashes.load(path('none')),
  );
  return context.get('file')!.content!;
}

describe('a file of the context', () => {
  it.each<[name: string, content: Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('hello')],
    ['one buffer', Buffer.alloc(MB, 'x')],
    ['a large one', Buffer.alloc(2.5 * MB, 'abc')],
  ])('gives its bytes, size and hash, as often as it is asked: %s', (_name, content) => {
    writeFileSync(path(), content);
    const file = look();
    expect([file.size, file.identity]).toEqual([content.length, sha256(content).slice('sha256:'.length)]);
    expect(readAll(file).equals(content)).toBe(true);
    expect(readAll(file).equals(content)).toBe(true);
  });

  const CHANGED = 'file changed while it was read; build again when nothing writes to it';
  const changes: [name: string, change: () => void, message: string][] = [
    ['written anew', () => writeFileSync(path(), 'y'.repeat(3 * MB)), CHANGED],
    ['made longer', () => appendFileSync(path(), 'y'), CHANGED],
    ['made shorter', () => truncateSync(path(), 1.5 * MB), CHANGED],
    ['emptied', () => truncateSync(path(), 0), CHANGED],
    [
      'written anew with the time of before',
      () => {
        writeFileSync(path(), 'y'.repeat(3 * MB));
        utimesSync(path(), LONG_AGO, LONG_AGO);
      },
      CHANGED,
    ],
  ];

  it.each<[name: string, change: () => void, message: string]>([
    ...changes,
    ['removed', () => rmSync(path()), CHANGED],
    [
      'replaced by a file that looks alike',
      () => {
        writeFileSync(path('other'), 'y'.repeat(3 * MB));
        utimesSync(path('other'), LONG_AGO, LONG_AGO);
        renameSync(path('other'), path());
      },
      CHANGED,
    ],
    ['replaced by a directory', () => (rmSync(path()), mkdirSync(path())), CHANGED],
    [
      'replaced by a link to another',
      () => (rmSync(path()), writeFileSync(path('other'), 'y'), symlinkSync('other', path())),
      CHANGED,
    ],
    [
      'replaced by a link to itself',
      () => (rmSync(path()), symlinkSync('file', path())),
      'file cannot be read (ELOOP); make it readable, or leave it out with the ignore file',
    ],
  ])('is an error where it is %s before it is read', async (_name, change, message) => {
    writeFileSync(path(), 'x'.repeat(3 * MB));
    utimesSync(path(), LONG_AGO, LONG_AGO);
    const file = look();
    await tick();
    change();
    expect(() => readAll(file)).toThrow(new GitopsError(message));
    expect(() => file.identity).toThrow(new GitopsError(message));
  });

  it.each(changes)('is an error where it is %s while it is read', async (_name, change, message) => {
    writeFileSync(path(), 'x'.repeat(3 * MB));
    utimesSync(path(), LONG_AGO, LONG_AGO);
    const file = look();
    await tick();
    const read = (): void => {
      let changed = false;
      for (const _ of file.chunks()) {
        if (!changed) change();
        changed = true;
      }
    };
    expect(read).toThrow(new GitopsError(message));
  });

  it('is an error where an empty one is not empty any more', async () => {
    writeFileSync(path(), '');
    const file = look();
    await tick();
    writeFileSync(path(), 'x');
    expect(() => readAll(file)).toThrow(new GitopsError(CHANGED));
  });

  it('is an error where it may not be read', () => {
    writeFileSync(path(), 'x');
    chmodSync(path(), 0);
    const file = look();
    expect(() => unprivileged(() => readAll(file))).toThrow(
      new GitopsError('file cannot be read (EACCES); make it readable, or leave it out with the ignore file'),
    );
  });

  it('is an error where a socket has taken its place', async () => {
    writeFileSync(path(), 'x');
    const file = look();
    rmSync(path());
    const server = await listen(path());
    try {
      expect(() => readAll(file)).toThrow(GitopsError);
    } finally {
      server.close();
    }
  });
});

/** Until the clock of the file system has moved on. */
function tick(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}

function listen(socket: string): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer().listen(socket, () => resolve(server));
  });
}
