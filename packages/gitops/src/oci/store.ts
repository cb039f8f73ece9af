import type { Descriptor, Digest } from './types';

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
  resolve(tagOrDigest: string, options?: ResolveOptions): Promise<Descriptor | undefined>;

  /** All tags, sorted by code unit as JavaScript compares strings; none where there is no such repository. */
  tags(options?: TagOptions): AsyncIterable<string>;

  /**
   * The manifests of a type, or of any, whose subject this one is, as the store itself lists them; undefined when it
   * keeps no list.
   * @see attached, which works with any store
   */
  referrers?(
    subject: Digest,
    artifactType?: string,
    options?: ReadOptions,
  ): Promise<readonly Descriptor[] | undefined>;

  /** All manifests, those without a tag too, each once. Absent where the store cannot list them, as a registry. */
  manifests?(): Promise<readonly Descriptor[]>;
}

export interface ResolveOptions extends ReadOptions {
  /** Whether it is read next: then it comes at once. */
  readonly isRead?: boolean;
}

export interface TagOptions extends ReadOptions {
  /** Only the tags that sort after this one: what has been added to a sequence. */
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

  /**
   * Runs `work` while nobody else runs any for the same purpose under the same repository of the same store: for what
   * is read, changed and written back. Whoever writes without it is not kept out. Not to be called from within for the
   * same purpose.
   *
   * Absent where a store cannot lock: in a registry, where each write stands for itself. A directory locks out other
   * processes, on other machines too; memory only has its own.
   * @param purpose a word; what is done for different ones is done side by side
   */
  exclusively?<T>(work: () => Promise<T>, purpose?: string): Promise<T>;

  /**
   * Stores a manifest that has a subject. Absent where the store keeps no list of them.
   * @returns whether the store lists it from now on; if not, it is for the client to do so
   */
  putReferrer?(manifest: RawManifest, options?: ReadOptions): Promise<boolean>;

  /**
   * Removes a manifest or index, with all its tags (distribution-spec, "Deleting Manifests"); what is not there is no
   * error. The manifests that an index names stay. Blobs that nothing else names go too: here and now in a directory and
   * in memory, in a registry when its owner collects garbage.
   * @throws StoreError `rejected` where the store does not allow it
   */
  delete?(digest: Digest, options?: ReadOptions): Promise<void>;

  /**
   * Removes a tag (distribution-spec, "Deleting Tags"); what it names stays, and one that is not there is no error.
   * @returns false where the store removes no tag by itself, as many registries: it goes with its manifest only
   */
  untag?(tag: string, options?: ReadOptions): Promise<boolean>;
}

export interface PushOptions extends ReadOptions {
  /** Another repository of the same store that may hold the blob: then no bytes need to travel. */
  readonly mountFrom?: string;
  /** Whether nobody can have stored it before: then it is not looked for. */
  readonly isNew?: boolean;
  /** The file that has it on this machine: a store on the same file system has a link to it, and no second copy. */
  readonly file?: string;
}

/** A manifest as it is stored: its digest is over these very bytes. */
export interface RawManifest {
  readonly mediaType: string;
  readonly bytes: Buffer;
}

/** Repositories by name: a registry, a directory of layouts, or memory. */
export interface Store {
  readonly where: string;

  /** Whether content travels over a network, so that compressing it is worth the time. */
  readonly isRemote: boolean;

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
