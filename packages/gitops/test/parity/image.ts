import { createHash } from 'node:crypto';
import * as path from 'node:path';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import * as tar from 'tar-stream';

/** What one path of an image is. Times are left out: no two builders agree on them. */
export interface FileEntry {
  type: 'file' | 'dir' | 'link' | 'fifo' | 'char' | 'block';
  /** Permission bits with setuid, setgid and sticky. */
  mode: number;
  uid: number;
  gid: number;
  /** Files only; the start of the sha256 in hex. */
  size?: number;
  sha256?: string;
  /** Symbolic links only: the target as it is written in the link. */
  link?: string;
}

export type FileTree = Map<string, FileEntry>;

/** The part of an image's config that its Containerfile decides. What is empty is left out. */
export interface ParityConfig {
  User?: string;
  ExposedPorts?: Record<string, object>;
  Env?: string[];
  Entrypoint?: string[];
  Cmd?: string[];
  Volumes?: Record<string, object>;
  WorkingDir?: string;
  Labels?: Record<string, string>;
  OnBuild?: string[];
  StopSignal?: string;
  Shell?: string[];
  Healthcheck?: {
    Test?: string[];
    Interval?: number;
    Timeout?: number;
    StartPeriod?: number;
    Retries?: number;
  };
}

const configKeys: (keyof ParityConfig)[] = [
  'User',
  'ExposedPorts',
  'Env',
  'Entrypoint',
  'Cmd',
  'Volumes',
  'WorkingDir',
  'Labels',
  'OnBuild',
  'StopSignal',
  'Shell',
  'Healthcheck',
];

/** Takes what matters out of the `config` of an image's config file. */
export function pickConfig(config: object | null | undefined): ParityConfig {
  const picked: Record<string, unknown> = {};
  for (const key of configKeys) {
    const value = (config as Record<string, unknown> | null | undefined)?.[key];
    if (!isEmpty(value)) picked[key] = sorted(value);
  }
  return picked as ParityConfig;
}

/**
 * The file tree that layers give, lowest first: whiteouts applied, hard links as files of their own. A layer that
 * relies on what an engine makes of a missing parent, or that goes through a link, is refused. A parent in a layer below
 * does not do: Docker unpacks each layer on its own, and what it makes of the parent (0755, root's) hides the other.
 */
export async function readLayers(layers: Iterable<Buffer | Readable>): Promise<FileTree> {
  const tree: FileTree = new Map();
  for (const layer of layers) await applyLayer(tree, layer);
  return tree;
}

async function applyLayer(tree: FileTree, layer: Buffer | Readable): Promise<void> {
  const extract = tar.extract();
  if (Buffer.isBuffer(layer)) extract.end(layer);
  else layer.on('error', (error) => extract.destroy(error)).pipe(extract);
  const added = new Set<string>();
  /** What the layer itself has. */
  const own = new Set<string>();
  for await (const entry of extract) {
    const { header } = entry;
    const content = await buffer(entry);
    const name = clean(header.name);
    if (name === '') continue;
    const parent = path.posix.dirname(name);
    const base = path.posix.basename(name);
    if (base === '.wh..wh..opq') {
      for (const known of [...tree.keys()]) {
        if (known.startsWith(`${parent}/`) && !added.has(known)) tree.delete(known);
      }
      continue;
    }
    if (base.startsWith('.wh.')) {
      remove(tree, path.posix.join(parent, base.slice('.wh.'.length)));
      continue;
    }
    if (parent !== '.' && (tree.get(parent)?.type !== 'dir' || !own.has(parent))) {
      throw new Error(`a layer has ${name}, and of ${parent} it says nothing`);
    }
    own.add(name);
    const made = toEntry(header, content, tree);
    if (made.type !== 'dir') remove(tree, name);
    tree.set(name, made);
    for (let up = name; up !== '.'; up = path.posix.dirname(up)) added.add(up);
  }
}

function toEntry(header: tar.Header, content: Buffer, tree: FileTree): FileEntry {
  if (header.type === 'link') {
    const target = tree.get(clean(header.linkname ?? ''));
    if (!target) throw new Error(`a layer links ${header.name} to ${header.linkname}, which is not there`);
    return { ...target };
  }
  const pax = (header as { pax?: Record<string, string> | null }).pax ?? {};
  const id = (name: 'uid' | 'gid'): number => Number(pax[name] ?? header[name] ?? 0);
  const owner = { mode: (header.mode ?? 0) & 0o7777, uid: id('uid'), gid: id('gid') };
  switch (header.type) {
    case 'directory':
      return { type: 'dir', ...owner };
    case 'symlink':
      return { type: 'link', ...owner, mode: 0o777, link: header.linkname ?? '' };
    case 'fifo':
      return { type: 'fifo', ...owner };
    case 'character-device':
      return { type: 'char', ...owner };
    case 'block-device':
      return { type: 'block', ...owner };
    default:
      return { type: 'file', ...owner, size: content.length, sha256: digest(content) };
  }
}

/** The start of a sha256: long enough to tell contents apart, short enough to read. */
export function digest(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 16);
}

function remove(tree: FileTree, name: string): void {
  tree.delete(name);
  for (const known of [...tree.keys()]) if (known.startsWith(`${name}/`)) tree.delete(known);
}

/** `./a/b/` and `/a/b` are `a/b`; the root is the empty name. */
function clean(name: string): string {
  const normal = path.posix.normalize(`/${name}`).replace(/\/$/, '');
  return normal.slice(1);
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries);
}

/** One line for one path: `file 0644 0:0 5 2cf24dba5fb0a30e`, `dir 1777 0:0`, `link 0777 0:0 -> usr/bin`. */
export function formatEntry(entry: FileEntry): string {
  const head = `${entry.type} ${entry.mode.toString(8).padStart(4, '0')} ${entry.uid}:${entry.gid}`;
  if (entry.type === 'file') return `${head} ${entry.size} ${entry.sha256}`;
  return entry.type === 'link' ? `${head} -> ${entry.link}` : head;
}

export function parseEntry(line: string): FileEntry {
  const match = /^(\w+) ([0-7]{4}) (\d+):(\d+)(?: (\d+) ([0-9a-f]+))?(?: -> (.*))?$/s.exec(line);
  if (!match) throw new Error(`not an entry: ${line}`);
  const [, type, mode, uid, gid, size, sha256, link] = match;
  return {
    type: type as FileEntry['type'],
    mode: parseInt(mode!, 8),
    uid: Number(uid),
    gid: Number(gid),
    ...(size === undefined ? {} : { size: Number(size), sha256 }),
    ...(link === undefined ? {} : { link }),
  };
}

export function formatTree(tree: FileTree): Record<string, string> {
  const names = [...tree.keys()].sort();
  return Object.fromEntries(names.map((name) => [name, formatEntry(tree.get(name)!)]));
}

export function parseTree(lines: Record<string, string>): FileTree {
  return new Map(Object.entries(lines).map(([name, line]) => [name, parseEntry(line)]));
}
