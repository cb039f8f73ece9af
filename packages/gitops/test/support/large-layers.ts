import type { Entry } from '../../src/filetree/entry';
import { compareNames } from '../../src/filetree/file-tree';
import { dir, file } from './entries';

export const MIB = 1024 * 1024;

/** A file of which only the size is known: nothing here may read it. */
export function large(path: string, mib: number, rest: Partial<Entry> = {}): Entry {
  const size = Math.round(mib * MIB);
  const chunks = (): never => {
    throw new Error(`${path} is read`);
  };
  return file(path, '', { content: { size, identity: `${path} of ${size}`, chunks }, ...rest });
}

/** Entries as a draft gives them, with the directories that they need. */
export function layer(...entries: Entry[]): Entry[] {
  const all = new Map<string, Entry>();
  for (const entry of entries) {
    for (let at = entry.path.indexOf('/'); at !== -1; at = entry.path.indexOf('/', at + 1))
      if (!all.has(entry.path.slice(0, at))) all.set(entry.path.slice(0, at), dir(entry.path.slice(0, at)));
    all.set(entry.path, entry);
  }
  return [...all.values()].sort((a, b) => compareNames(a.path, b.path));
}

/** What tells one part from another. */
export const keyOf = (entries: readonly Entry[]) =>
  JSON.stringify(entries.map(({ path, type, content }) => [path, type, content?.size, content?.identity]));

/** What all parts together have. */
export function joined(divided: readonly (readonly Entry[])[]): Entry[] {
  const all = new Map(divided.flat().map((entry) => [entry.path, entry]));
  return [...all.values()].sort((a, b) => compareNames(a.path, b.path));
}

/** The first entry of a part that is no directory: those may be repeated. */
export const startOf = (part: readonly Entry[]) => part.find(({ type }) => type !== 'directory')!.path;
/** Parts in the order of what is in them. */
export const sorted = (divided: readonly (readonly Entry[])[]) =>
  [...divided].sort((a, b) => compareNames(startOf(a), startOf(b)));
export const startsOf = (divided: readonly (readonly Entry[])[]) => sorted(divided).map(startOf);
