import * as fs from 'node:fs';
import * as path from 'node:path';
import { buffer } from 'node:stream/consumers';
import * as tar from 'tar-stream';

/** One path of a build context. A string is the content of a file with mode 0644. */
export type ContextEntry = string | ContextFile | ContextLink | ContextDirectory;

export interface ContextFile {
  /** Exactly one of: text, bytes in base64, a tar made of these members, a hard link to a path named before. */
  content?: string;
  base64?: string;
  tar?: TarMember[];
  hardlink?: string;
  mode?: number;
}

export interface ContextLink {
  link: string;
}

export interface ContextDirectory {
  directory: true;
  mode?: number;
}

export interface TarMember {
  name: string;
  content?: string;
  /** Default: 0644, for directories 0755. */
  mode?: number;
  uid?: number;
  gid?: number;
  directory?: true;
  link?: string;
  hardlink?: string;
  fifo?: true;
}

/** Path, with `/` between its parts and none at its ends, to what is there. Parents need not be named. */
export type Context = Record<string, ContextEntry>;

/** Where the container file and the ignore file of a case are in its context. */
export const containerfileName = 'Containerfile';
export const ignorefileName = '.dockerignore';

export interface ContextSource {
  containerfile: string;
  context?: Context;
  dockerignore?: string;
}

/** A context with its container file and ignore file in it. */
export function fullContext(source: ContextSource): Context {
  return {
    [containerfileName]: source.containerfile,
    ...(source.dockerignore === undefined ? {} : { [ignorefileName]: source.dockerignore }),
    ...source.context,
  };
}

/** Writes a case's context into a directory: container file, ignore file and all, with exact modes. */
export async function writeContext(source: ContextSource, dir: string): Promise<void> {
  const directories = new Map<string, number>();
  for (const [name, entry] of Object.entries(fullContext(source))) {
    const file = path.join(dir, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    for (let up = path.dirname(file); up !== dir && up.startsWith(dir); up = path.dirname(up)) {
      if (!directories.has(up)) directories.set(up, 0o755);
    }
    if (typeof entry !== 'string' && 'directory' in entry) {
      fs.mkdirSync(file, { recursive: true });
      directories.set(file, entry.mode ?? 0o755);
    } else if (typeof entry !== 'string' && 'link' in entry) {
      fs.symlinkSync(entry.link, file);
    } else if (typeof entry !== 'string' && entry.hardlink !== undefined) {
      fs.linkSync(path.join(dir, entry.hardlink), file);
    } else {
      fs.writeFileSync(file, await fileContent(entry));
      fs.chmodSync(file, modeOf(entry));
    }
  }
  // Last, and the deepest first: a directory may end up without the permission to write in it.
  const deepestFirst = [...directories].sort(([a], [b]) => b.length - a.length);
  for (const [directory, mode] of deepestFirst) fs.chmodSync(directory, mode);
}

/** The same context as a tar, as an engine's API takes it; `keep` says which paths are in it. */
export async function packContext(
  source: ContextSource,
  extra: Context = {},
  keep: (name: string) => boolean = () => true,
): Promise<Buffer> {
  const pack = tar.pack();
  const known = new Set<string>();
  const common = { uid: 0, gid: 0, mtime: new Date(0) };
  const addDirectory = (name: string, mode: number): void => {
    if (known.has(name)) return;
    known.add(name);
    pack.entry({ ...common, name: `${name}/`, type: 'directory', mode });
  };
  const context = { ...fullContext(source), ...extra };
  for (const [name, entry] of Object.entries(context)) {
    for (const parent of parentsOf(name)) {
      if (keep(parent) || keep(name)) addDirectory(parent, directoryMode(context[parent]));
    }
    if (!keep(name)) continue;
    if (typeof entry !== 'string' && 'directory' in entry) addDirectory(name, directoryMode(entry));
    else if (typeof entry !== 'string' && 'link' in entry) {
      pack.entry({ ...common, name, type: 'symlink', linkname: entry.link, mode: 0o777 });
    } else if (typeof entry !== 'string' && entry.hardlink !== undefined) {
      // A tar has the mode at every name; the last one stands.
      const mode = modeOf(context[entry.hardlink] as string | ContextFile);
      pack.entry({ ...common, name, type: 'link', linkname: entry.hardlink, mode });
    } else pack.entry({ ...common, name, mode: modeOf(entry) }, await fileContent(entry));
  }
  pack.finalize();
  return buffer(pack);
}

export async function makeTar(members: TarMember[]): Promise<Buffer> {
  const pack = tar.pack();
  for (const member of members) {
    const common = {
      name: member.directory ? `${member.name.replace(/\/$/, '')}/` : member.name,
      mode: member.mode ?? (member.directory ? 0o755 : 0o644),
      uid: member.uid ?? 0,
      gid: member.gid ?? 0,
      mtime: new Date(0),
    };
    if (member.directory) pack.entry({ ...common, type: 'directory' });
    else if (member.fifo) pack.entry({ ...common, type: 'fifo' });
    else if (member.link !== undefined)
      pack.entry({ ...common, type: 'symlink', linkname: member.link, mode: 0o777 });
    else if (member.hardlink !== undefined)
      pack.entry({ ...common, type: 'link', linkname: member.hardlink });
    else pack.entry(common, member.content ?? '');
  }
  pack.finalize();
  return buffer(pack);
}

function fileContent(entry: string | ContextFile): Promise<Buffer> {
  if (typeof entry === 'string') return Promise.resolve(Buffer.from(entry));
  if (entry.tar) return makeTar(entry.tar);
  if (entry.base64 !== undefined) return Promise.resolve(Buffer.from(entry.base64, 'base64'));
  return Promise.resolve(Buffer.from(entry.content ?? ''));
}

const modeOf = (entry: string | ContextFile): number =>
  typeof entry === 'string' ? 0o644 : (entry.mode ?? 0o644);

function directoryMode(entry: ContextEntry | undefined): number {
  return (typeof entry === 'object' && 'directory' in entry ? entry.mode : undefined) ?? 0o755;
}

function parentsOf(name: string): string[] {
  const parts = name.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}
