import type { Descriptor } from './types';

/** Bytes in pieces of any length. Nothing is read before the first piece is asked for. */
export type Content = AsyncIterable<Buffer>;

export interface ReadOptions {
  readonly signal?: AbortSignal;
}

/** The read side: content by descriptor, always verified against its size and digest (see `verified`). */
export interface BlobSource {
  /** Where this is, for messages: `registry.acme.dev/acme/shop/api`, `oci:.gitops/store/acme/shop/api`. */
  readonly where: string;

  /** Whether the content is there. Says nothing about whether it is intact. */
  has(descriptor: Descriptor, options?: ReadOptions): Promise<boolean>;

  /**
   * The content: a blob, or a manifest where the media type is one.
   * While it is read it throws a StoreError: `not-found`, `corrupt` (wrong size or digest), and what the way there
   * may bring. Only what was read to its end is known to be right.
   */
  open(descriptor: Descriptor, options?: ReadOptions): Content;
}

/** One repository of a store: content, and names for some of it. */
export interface Repository extends BlobSource {
  /** The name inside the store: `acme/shop/api`. */
  readonly name: string;

  /** The manifest or index that a tag or digest names; undefined when there is none (or no such repository). */
  resolve(tagOrDigest: string, options?: ReadOptions): Promise<Descriptor | undefined>;

  /** All tags, in no particular order; none where there is no such repository. */
  tags(options?: TagOptions): AsyncIterable<string>;
}

export interface TagOptions extends ReadOptions {
  /** Only the tags that sort after this one, by code unit: what has been added to a sequence. */
  readonly after?: string;
}

/** A repository that takes content. It comes to exist with the first thing written. */
export interface WritableRepository extends Repository {
  /**
   * Stores a blob, unless it is there. All or nothing: content that is cut or wrong never gets its name.
   * @param content opens the content, and does so again when the way there breaks and it has to start anew
   */
  push(descriptor: Descriptor, content: () => Content, options?: PushOptions): Promise<void>;

  /**
   * Stores a manifest or index, byte for byte, and points the tag at it where one is given.
   * What it refers to has to be there before.
   */
  putManifest(manifest: RawManifest, tag?: string, options?: ReadOptions): Promise<Descriptor>;
}

export interface PushOptions extends ReadOptions {
  /** Another repository of the same store that may hold the blob: then no bytes need to travel. */
  readonly mountFrom?: string;
}

/** A manifest as it is stored: its digest is over these very bytes. */
export interface RawManifest {
  readonly mediaType: string;
  readonly bytes: Buffer;
}

/** Repositories by name: a registry, a directory of layouts, or memory. */
export interface Store {
  readonly where: string;

  /** No I/O; the repository need not exist. @throws GitopsError when the name is not a repository name */
  repository(name: string): WritableRepository;

  /** Lets go of connections; the store is not used any more. */
  close(): Promise<void>;
}

/** What a source on this machine can do besides: give the file that holds a blob, for random access. */
export interface LocalFiles {
  /** The path of the blob's file, undefined when it is not there. What is read from it is not verified. */
  path(descriptor: Descriptor): string | undefined;
}

/** Whether the source keeps its blobs as files. */
export function hasLocalFiles<T extends BlobSource>(source: T): source is T & LocalFiles {
  return 'path' in source && typeof source.path === 'function';
}
