import type { Entry, EntryType } from '../entry';

/**
 * The ustar header and its pax extension.
 * Source: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Header Block".
 */
export const BLOCK = 512;

export const TYPE_FLAGS: Readonly<Record<EntryType, string>> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  character: '3',
  block: '4',
  directory: '5',
  fifo: '6',
};

export const PAX_FLAG = 'x';
export const PAX_GLOBAL_FLAG = 'g';
export const GNU_LONG_NAME_FLAG = 'L';
export const GNU_LONG_LINK_FLAG = 'K';
export const XATTR_RECORD = 'SCHILY.xattr.';

/**
 * The time of every file that we write. An image must not depend on when or where it was built; this is the
 * moment that npm gives the files of its packages, late enough for formats such as zip that start in 1980.
 */
export const FIXED_TIME = 499_162_500;

/** Bytes from `size` to the next block's start. */
export function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

/** The name of an entry in the archive: a directory's ends in a slash. */
export function archiveName(entry: Entry): string {
  return entry.type === 'directory' ? `${entry.path}/` : entry.path;
}
