/** What a file of an image is, as tar and the OCI layer specification have it. */
export type EntryType = 'file' | 'directory' | 'symlink' | 'hardlink' | 'character' | 'block' | 'fifo';

/** One path of a layer. */
export interface Entry {
  /** Relative to the image's root: `usr/bin/env`; no leading or trailing slash. */
  readonly path: string;
  readonly type: EntryType;
  /** Permission bits with setuid, setgid and sticky: at most 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** A symlink's target as written, or a hard link's path. */
  readonly link?: string;
  /** A regular file's bytes. */
  readonly content?: Content;
  readonly device?: { readonly major: number; readonly minor: number };
  /** Extended attributes, by name; values in Latin-1, one character a byte. */
  readonly xattrs?: Readonly<Record<string, string>>;
}

/** A regular file's bytes, not read before they are needed. */
export interface Content {
  /** In bytes. */
  readonly size: number;
  /** Equal identities mean equal bytes. */
  readonly identity: string;
  /** The bytes; a chunk is only valid until the next one is asked for. */
  chunks(): Iterable<Buffer>;
}

export const DIRECTORY_MODE = 0o755;

export function directory(
  path: string,
  owner: { uid: number; gid: number } = ROOT,
  mode = DIRECTORY_MODE,
): Entry {
  return { path, type: 'directory', mode, uid: owner.uid, gid: owner.gid };
}

export const ROOT = { uid: 0, gid: 0 } as const;

/** All of a content at once: for small files. */
export function readAll(content: Content): Buffer {
  const chunks: Buffer[] = [];
  for (const chunk of content.chunks()) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** Bytes held in memory: a heredoc, a small generated file. */
export function bytes(content: Buffer, identity: string): Content {
  return {
    size: content.length,
    identity,
    *chunks() {
      yield content;
    },
  };
}

/** Files by path, paths relative to the root: an image's, or those of a build context. */
export interface Tree {
  /** What is at `path`; the last part is not followed if it is a symlink. */
  get(path: string): Entry | undefined;
  /** Names in the directory `path`, sorted by their bytes. */
  list(path: string): string[];
  /** The path that is meant when all symlinks are followed, the last part's included. It need not exist. */
  resolve(path: string): string;
}
