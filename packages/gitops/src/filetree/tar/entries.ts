import type { Content, Entry } from '../entry';
import type { TarEntry } from './reader';

/**
 * The listing of an archive as entries. A hard link becomes a file with the content of what it links to.
 * @param content the bytes of a regular file
 */
export function toEntries(listed: readonly TarEntry[], content: (item: TarEntry) => Content): Entry[] {
  const files = new Map<string, Entry>();
  const entries: Entry[] = [];
  for (const item of listed) {
    if (item.path === '') continue;
    const { size: _size, offset: _offset, bytes: _bytes, ...rest } = item;
    const target = item.type === 'hardlink' ? files.get(item.link!) : undefined;
    if (item.type === 'hardlink' && !target) continue;
    const entry: Entry = target
      ? { ...target, path: item.path }
      : item.type === 'file'
        ? { ...rest, content: content(item) }
        : rest;
    files.set(entry.path, entry);
    entries.push(entry);
  }
  return entries;
}
