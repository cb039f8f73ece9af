import { readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { useDirectory, writeFiles } from '../../test/support/files';
import { namesIn } from './directory';
import { keepUsed, used } from './kept-files';

const directory = useDirectory();
const KIB = 1024;

/** Files of 8 KiB, each used a second after the one before it. */
function kept(...names: string[]): void {
  writeFiles(directory(), Object.fromEntries(names.map((name) => [name, Buffer.alloc(8 * KIB)])));
  names.forEach((name, i) => utimesSync(join(directory(), name), 1000 + i, 1000 + i));
}

describe('files that are kept', () => {
  it('all stay where there is room', () => {
    kept('a', 'b');
    keepUsed(directory(), 24 * KIB);
    expect(namesIn(directory())).toEqual(['a', 'b']);
  });

  it('go when they were not used for longest, with what they take besides', () => {
    kept('c', 'a', 'b');
    keepUsed(directory(), 24 * KIB);
    expect(readdirSync(directory()).sort()).toEqual(['a', 'b']);
  });

  it('stay when they were used since', () => {
    kept('a', 'b', 'c');
    used(join(directory(), 'a'));
    keepUsed(directory(), 12 * KIB);
    expect(namesIn(directory())).toEqual(['a']);
  });

  it('are not those that are being written, nor those in directories', () => {
    kept('.tmp-1', 'below/a', 'b');
    keepUsed(directory(), 0);
    expect(namesIn(directory()).sort()).toEqual(['.tmp-1', 'below']);
  });

  it('may be gone already', () => {
    expect(() => used(join(directory(), 'none'))).not.toThrow();
    expect(() => keepUsed(join(directory(), 'none'), 0)).not.toThrow();
    expect(namesIn(join(directory(), 'none'))).toEqual([]);
  });
});
