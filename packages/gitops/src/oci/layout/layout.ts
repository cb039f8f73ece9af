import { basename, join } from 'node:path';
import { withLock } from '../../support/lock';
import { MAX_DOCUMENT_SIZE, readAll, verified } from '../content';
import { isDigest } from '../digest';
import type { Digest } from '../digest';
import { describe, isIndex, mediaTypeOf, parseManifest } from '../manifest';
import { tagName } from '../names';
import { References, isDocument } from '../references';
import type {
  Content,
  LocalFiles,
  PushOptions,
  RawManifest,
  ReadOptions,
  TagOptions,
  WritableRepository,
} from '../store';
import { StoreError, contentNotFound } from '../store-error';
import type { Descriptor, Index, Manifest } from '../types';
import { BlobDirectory } from './blob-directory';
import type { BlobWriter } from './blob-writer';
import { tagOf, withEntry, withTag, withoutTag } from './entries';
import { EMPTY_INDEX, isLayout, makeLayout, readIndex, writeIndex } from './index-file';

/**
 * An OCI image layout on disk (image-spec, image-layout.md) as one repository. Blobs appear whole or not at all, and
 * `index.json` is replaced in one step, after what it refers to. Any number of processes may write to it at once.
 */
export class Layout implements WritableRepository, LocalFiles {
  readonly where: string;
  private readonly blobs: BlobDirectory;
  private readonly references = new References(this);

  /**
   * No I/O. A directory that is not there reads as empty, and is made by the first write.
   * @see openLayout, createLayout
   */
  constructor(
    readonly directory: string,
    readonly name: string = basename(directory),
  ) {
    this.where = `oci:${directory}`;
    this.blobs = new BlobDirectory(directory, this.where);
  }

  async has(descriptor: Descriptor): Promise<boolean> {
    return this.blobs.has(descriptor);
  }

  open(descriptor: Descriptor, options?: ReadOptions): Content {
    return verified(this.blobs.read(descriptor, options), descriptor, this.where);
  }

  path(descriptor: Descriptor): string | undefined {
    return this.blobs.has(descriptor) ? this.blobs.pathOf(descriptor.digest) : undefined;
  }

  async resolve(tagOrDigest: string): Promise<Descriptor | undefined> {
    const isWanted = isDigest(tagOrDigest)
      ? (entry: Descriptor) => entry.digest === tagOrDigest
      : (entry: Descriptor) => tagOf(entry) === tagOrDigest;
    const entry = this.index().manifests.find(isWanted);
    if (entry) return withTag(entry, undefined);
    return isDigest(tagOrDigest) ? this.resolveBlob(tagOrDigest) : undefined;
  }

  async *tags({ after = '' }: TagOptions = {}): AsyncIterable<string> {
    const tags = this.index().manifests.flatMap((entry) => tagOf(entry) ?? []);
    for (const tag of tags.sort()) if (tag > after) yield tag;
  }

  /** All of `index.json`, tagged or not: what a layout holds that another tool wrote without a name. */
  entries(): readonly Descriptor[] {
    return this.index().manifests;
  }

  async push(descriptor: Descriptor, content: () => Content, options: PushOptions = {}): Promise<void> {
    if (this.blobs.has(descriptor)) return;
    const writer = options.file === undefined ? this.writer() : undefined;
    try {
      for await (const piece of verified(content(), descriptor, 'what was pushed')) {
        options.signal?.throwIfAborted();
        writer?.write(piece);
      }
      writer?.finish();
    } finally {
      writer?.abort();
    }
    if (options.file !== undefined) this.take(descriptor, options.file);
  }

  async putManifest(manifest: RawManifest, tag?: string): Promise<Descriptor> {
    if (tag !== undefined) tagName(tag);
    const document = parseManifest(manifest.bytes, 'the manifest to store');
    const descriptor = describe(manifest);
    await this.alone(async () => {
      this.checkBlobs(document, descriptor.digest);
      const writer = this.writer();
      writer.write(manifest.bytes);
      writer.finish();
      const index = this.index();
      writeIndex(this.directory, { ...index, manifests: withEntry(index.manifests, descriptor, tag) });
    });
    return descriptor;
  }

  async manifests(): Promise<readonly Descriptor[]> {
    const entries = this.entries().filter(isDocument);
    return [...new Map(entries.map((entry) => [entry.digest, withTag(entry, undefined)])).values()];
  }

  async delete(digest: Digest): Promise<void> {
    if (!isLayout(this.directory)) return;
    await this.alone(async () => {
      const descriptor = await this.resolve(digest);
      if (!descriptor) return;
      const parts = await this.references.of(descriptor);
      const index = this.index();
      const manifests = index.manifests.filter((entry) => entry.digest !== digest);
      writeIndex(this.directory, { ...index, manifests });
      this.remove(digest);
      this.references.forget(digest);
      const named = await this.references.reachedFrom(manifests);
      for (const part of parts) if (!isDocument(part) && !named.has(part.digest)) this.remove(part.digest);
    });
  }

  async untag(tag: string): Promise<boolean> {
    if (!isLayout(this.directory)) return true;
    await this.alone(async () => {
      const index = this.index();
      writeIndex(this.directory, { ...index, manifests: withoutTag(index.manifests, tag) });
    });
    return true;
  }

  exclusively<T>(work: () => Promise<T>, purpose = 'work'): Promise<T> {
    return withLock(join(this.directory, `.${purpose}.lock`), work);
  }

  /** A writer for a blob whose digest comes out at its end. */
  writer(): BlobWriter {
    this.make();
    return this.blobs.writer();
  }

  /**
   * Takes a blob from another layout: a hard link where the file system allows, else a copy. Its bytes are not read
   * here; they are verified, as always, when they are.
   * @throws StoreError `not-found` when the source does not have it
   */
  link(descriptor: Descriptor, source: LocalFiles & { readonly where: string }): void {
    const file = source.path(descriptor);
    if (file === undefined) throw contentNotFound(descriptor.digest, source.where);
    this.take(descriptor, file);
  }

  /** Makes the directory a layout, if it is none. */
  make(): void {
    this.blobs.make();
    if (isLayout(this.directory)) return;
    makeLayout(this.directory);
  }

  /** Removes a blob that nothing names any more. */
  protected remove(digest: Digest): void {
    this.blobs.remove(digest);
  }

  private take(descriptor: Descriptor, file: string): void {
    this.make();
    this.blobs.link(descriptor, file);
  }

  /** Of the writes to `index.json` each is made on top of the one before. */
  private alone(work: () => Promise<void>): Promise<void> {
    return this.exclusively(work, 'index.json');
  }

  /** A blob that was there when the manifest was made may have been collected since, with the last one that named it. */
  private checkBlobs(document: Manifest | Index, digest: Digest): void {
    if (isIndex(document)) return;
    const missing = [document.config, ...document.layers].find((blob) => !blob.urls && !this.blobs.has(blob));
    if (missing)
      throw new StoreError(
        'not-found',
        `${this.where} does not have ${missing.digest}, which the manifest ${digest} names`,
        'it may have been pruned just now: run it again',
      );
  }

  private index(): Index {
    return isLayout(this.directory) ? readIndex(this.directory) : EMPTY_INDEX;
  }

  /** A manifest that `index.json` does not name: an image of an index, say. */
  private async resolveBlob(digest: Digest): Promise<Descriptor | undefined> {
    const size = this.blobs.sizeOf(digest);
    if (size === undefined || size > MAX_DOCUMENT_SIZE) return undefined;
    const descriptor = { mediaType: 'application/octet-stream', digest, size };
    const bytes = await readAll(this.open(descriptor));
    try {
      return { ...descriptor, mediaType: mediaTypeOf(parseManifest(bytes, this.where)) };
    } catch (error) {
      if (error instanceof StoreError) return undefined;
      throw error;
    }
  }
}

/**
 * The layout in a directory.
 * @throws StoreError `not-found` when there is none, `corrupt` when it is of an unknown version
 */
export function openLayout(directory: string, name?: string): Layout {
  if (isLayout(directory)) return new Layout(directory, name);
  throw new StoreError('not-found', `${directory} is not an OCI image layout: it has no file oci-layout`);
}

/** The layout in a directory, which is made one if it is not. */
export function createLayout(directory: string, name?: string): Layout {
  const layout = new Layout(directory, name);
  layout.make();
  return layout;
}
