import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { listFiles, useDirectory } from '../../test/support/files';
import { sha256 } from '../oci/digest';
import { FileHashes, type FileState } from './file-hashes';

const directory = useDirectory();
const cache = (): string => join(directory(), 'cache', 'hashes.json');

/** A file as it looks that was written a while ago, at a time with a fraction of a second. */
const before = Date.now() - 60_000;
const stat = (changes: Partial<FileState> = {}): FileState => ({
  size: 3,
  mtimeMs: before + 0.25,
  ctimeMs: before + 0.5,
  ino: 7,
  ...changes,
});

const hex = (text: string): string => sha256(text).slice('sha256:'.length);

/** The hash that one run gives, and whether it read the file. */
function run(path: string, looks: FileState, text: string): { hash: string; read: boolean } {
  const hashes = FileHashes.load(cache());
  let read = false;
  const hash = hashes.hash(path, looks, () => {
    read = true;
    return [Buffer.from(text.slice(0, 1)), Buffer.from(text.slice(1))];
  });
  hashes.save();
  return { hash, read };
}

describe('FileHashes', () => {
  it('gives the sha256 of the content', () => {
    expect(run('a', stat(), 'one')).toEqual({ hash: hex('one'), read: true });
  });

  it('does not read a file again that looks as it did', () => {
    run('a', stat(), 'one');
    expect(run('a', stat(), 'not read')).toEqual({ hash: hex('one'), read: false });
    expect(run('a', stat(), 'not read')).toEqual({ hash: hex('one'), read: false });
  });

  it.each<[name: string, path: string, changes: Partial<FileState>]>([
    ['its size', 'a', { size: 4 }],
    ['the time of its content', 'a', { mtimeMs: before + 1 }],
    ['the time of its inode', 'a', { ctimeMs: before + 1 }],
    ['its inode', 'a', { ino: 8 }],
    ['its path', 'b', {}],
    ['a path that is a property of all objects', 'constructor', {}],
  ])('reads a file again that differs in %s', (_name, path, changes) => {
    run('a', stat(), 'one');
    expect(run(path, stat(changes), 'two')).toEqual({ hash: hex('two'), read: true });
  });

  describe('does not remember what may be written again without a trace', () => {
    const now = 1_800_000_000_123;
    beforeEach(() => void jest.spyOn(Date, 'now').mockReturnValue(now));
    afterEach(() => jest.restoreAllMocks());

    it.each<[name: string, times: Partial<FileState>, remembered: boolean]>([
      ['content of this moment', { mtimeMs: now - 0.5, ctimeMs: now - 60_000.5 }, false],
      ['an inode of this moment', { mtimeMs: now - 60_000.5, ctimeMs: now - 0.5 }, false],
      ['within a tick', { mtimeMs: now - 49.5, ctimeMs: now - 49.5 }, false],
      ['after a tick', { mtimeMs: now - 50.5, ctimeMs: now - 50.5 }, true],
      ['a time to come', { mtimeMs: now + 5_000.5, ctimeMs: now - 60_000.5 }, false],
      ['times without a fraction, within two seconds', { mtimeMs: now - 1_123, ctimeMs: now - 1_123 }, false],
      ['times without a fraction, after two seconds', { mtimeMs: now - 2_123, ctimeMs: now - 2_123 }, true],
    ])('%s', (_name, times, remembered) => {
      run('a', stat(times), 'one');
      expect(run('a', stat(times), 'two')).toEqual(
        remembered ? { hash: hex('one'), read: false } : { hash: hex('two'), read: true },
      );
    });
  });

  it('does not remember a file that could not be read to its end', () => {
    const hashes = FileHashes.load(cache());
    const broken = function* (): Generator<Buffer> {
      yield Buffer.from('o');
      throw new Error('changed');
    };
    expect(() => hashes.hash('a', stat(), broken)).toThrow('changed');
    hashes.save();
    expect(run('a', stat(), 'two').read).toBe(true);
  });

  it('remembers the files that were asked for, and no others', () => {
    const first = FileHashes.load(cache());
    for (const path of ['a', 'b', '__proto__']) first.hash(path, stat(), () => [Buffer.from(path)]);
    first.save();
    const second = FileHashes.load(cache());
    for (const path of ['b', '__proto__'])
      expect(second.hash(path, stat(), () => [Buffer.from('not read')])).toBe(hex(path));
    second.save();
    expect(run('a', stat(), 'new')).toEqual({ hash: hex('new'), read: true });
    expect(readFileSync(cache(), 'utf8')).not.toContain('"b"');
  });

  it('writes nothing where there is nothing new, and leaves no other file', () => {
    FileHashes.load(cache()).save();
    expect(existsSync(cache())).toBe(false);
    run('a', stat(), 'one');
    const written = statSync(cache());
    run('a', stat(), 'one');
    expect(statSync(cache()).ino).toBe(written.ino);
    expect(listFiles(directory())).toEqual(['cache/hashes.json']);
  });

  it.each([
    ['nothing', ''],
    ['half of it', '{"a":[3,'],
    ['something else', 'hello'],
    ['null', 'null'],
    ['a number', '7'],
    ['a list', '[]'],
    ['an object', '{"a":7}'],
    ['a list of something else', '[7]'],
    ['nothing for the file', '[["a",null]]'],
    ['a number for the file', '[["a",7]]'],
    ['too little', '[["a",[3]]]'],
    ['no hash', JSON.stringify([['a', [3, before + 0.25, before + 0.5, 7]]])],
    ['a hash that is none', JSON.stringify([['a', [3, before + 0.25, before + 0.5, 7, 12]]])],
    ['half a hash', JSON.stringify([['a', [3, before + 0.25, before + 0.5, 7, hex('one').slice(1)]]])],
  ])('reads everything where its file is damaged: %s', (_name, content) => {
    run('other', stat(), 'x');
    writeFileSync(cache(), content);
    expect(run('a', stat(), 'one')).toEqual({ hash: hex('one'), read: true });
    expect(run('a', stat(), 'not read').read).toBe(false);
  });
});
