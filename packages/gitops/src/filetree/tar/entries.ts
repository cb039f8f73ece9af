import type { Content, Entry } from '../entry';
import type { TarEntry } from './reader';

/**
 * The listing of an archive as entries. A hard link to a member before it becomes a file with the same content; as
 * both are one file, what its header says of mode and owner holds for all of its names. A link to anything else stays.
 * @param content the bytes of a regular file
 */
export function toEntries(listed: readonly TarEntry[], content: (item: TarEntry) => Content): Entry[] {
  const entries: Entry[] = [];
  /** Where the names of one file are in `entries`. */
  const names = new Map<string, number[]>();
  for (const item of listed) {
    if (item.path === '') continue;
    const { size: _size, offset: _offset, bytes: _bytes, ...rest } = item;
    const same = item.type === 'hardlink' ? names.get(item.link!) : undefined;
    if (same) {
      const { mode, uid, gid } = item;
      for (const at of same) entries[at] = { ...entries[at]!, mode, uid, gid };
      same.push(entries.push({ ...entries[same[0]!]!, path: item.path }) - 1);
      names.set(item.path, same);
    } else {
      const entry: Entry = item.type === 'file' ? { ...rest, content: content(item) } : rest;
      names.set(item.path, [entries.push(entry) - 1]);
    }
  }
  return entries;
}
