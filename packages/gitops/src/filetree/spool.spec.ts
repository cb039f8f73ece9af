import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { useDirectory } from '../../test/support/files';
import { readAll } from './entry';
import { Spool, fileSlice } from './spool';

const directory = useDirectory();

describe('Spool', () => {
  it('gives any part of what was written', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), fc.nat(), fc.nat(), (chunks, a, b) => {
        const all = Buffer.concat(chunks);
        const spool = Spool.open(directory());
        try {
          for (const chunk of chunks) spool.write(chunk);
          const offset = a % (all.length + 1);
          const size = b % (all.length - offset + 1);
          expect(spool.length).toBe(all.length);
          expect(readAll(spool.slice(offset, size, 'x'))).toEqual(all.subarray(offset, offset + size));
        } finally {
          spool.close();
        }
      }),
    );
  });

  it('gives large parts in pieces, and several at once', () => {
    const all = Buffer.alloc(2.5 * 1024 * 1024, 'abc');
    const spool = Spool.open(directory());
    spool.write(all);
    const [one, other] = [spool.slice(1, all.length - 1, 'x'), spool.slice(0, 3, 'y')];
    for (const chunk of one.chunks()) {
      expect(chunk.length).toBeLessThanOrEqual(1024 * 1024);
      expect(readAll(other).toString()).toBe('abc');
    }
    expect(readAll(one).equals(all.subarray(1))).toBe(true);
    spool.close();
  });

  it('leaves no file, even while it is open; the directory is made', () => {
    const below = join(directory(), 'not', 'there');
    const spool = Spool.open(below);
    spool.write(Buffer.from('x'));
    expect(readdirSync(below)).toEqual([]);
    spool.close();
  });

  it('says so where less is there than was asked for', () => {
    const spool = Spool.open(directory());
    spool.write(Buffer.from('abc'));
    expect(() => readAll(spool.slice(1, 5, 'x'))).toThrow('a file ended 3 bytes early');
    spool.close();
  });
});

describe('fileSlice', () => {
  it('gives a part of a file, each time it is asked', () => {
    mkdirSync(directory(), { recursive: true });
    const path = join(directory(), 'file');
    writeFileSync(path, '0123456789');
    const slice = fileSlice(path, 3, 4, 'x');
    expect([readAll(slice).toString(), readAll(slice).toString(), slice.size]).toEqual(['3456', '3456', 4]);
  });
});
