import { readAll, verified } from '../content';
import { type Digest, isDigest, sha256 } from '../digest';
import { describe, mediaTypeOf, parseManifest } from '../manifest';
import { MANIFEST_TYPES, isIndexType, isManifestType } from '../media-types';
import { tagName } from '../names';
import type {
  Content,
  PushOptions,
  RawManifest,
  ReadOptions,
  ResolveOptions,
  TagOptions,
  WritableRepository,
} from '../store';
import { StoreError } from '../store-error';
import type { Descriptor } from '../types';
import type { ApiRequest, Client } from './client';
import { type Documents, isDocument } from './documents';
import { download } from './download';
import { referrerList } from './referrer-list';
import { tagList } from './tag-list';
import type { HttpResponse } from './transport';
import { upload } from './upload';

const ACCEPT = MANIFEST_TYPES.join(', ');
const ALLOW_DELETES =
  'have deletes allowed there (docker-registry: REGISTRY_STORAGE_DELETE_ENABLED=true), or leave it to its retention rules';

/** A repository of a registry (distribution-spec). */
export class RegistryRepository implements WritableRepository {
  readonly where: string;
  /** The name in the registry, with the store's prefix. */
  private readonly path: string;

  constructor(
    private readonly client: Client,
    private readonly documents: Documents,
    readonly name: string,
  ) {
    this.path = `${client.endpoint.prefix}${name}`;
    this.where = `${client.endpoint.host}/${this.path}`;
  }

  async has(descriptor: Descriptor, options?: ReadOptions): Promise<boolean> {
    if (this.documents.get(this.path, descriptor.digest)) return true;
    return this.exists(descriptor, 'pull', options);
  }

  open(descriptor: Descriptor, options?: ReadOptions): Content {
    return isDocument(descriptor) ? this.document(descriptor, options) : this.fetch(descriptor, options);
  }

  async resolve(tagOrDigest: string, options: ResolveOptions = {}): Promise<Descriptor | undefined> {
    if (isDigest(tagOrDigest)) return this.manifest(tagOrDigest, `manifests/${tagOrDigest}`, options);
    const what = this.named(tagOrDigest);
    const path = `manifests/${tagName(tagOrDigest)}`;
    if (options.isRead) return this.manifest(tagOrDigest, path, options);
    const head = await this.client.request(this.read('HEAD', path, options));
    await head.drain();
    if (head.status === 404) return undefined;
    if (head.status !== 200) throw await this.client.failure(head, what);
    const told = descriptorOf(head);
    // The headers are optional, and some registries leave them out: then the manifest itself tells.
    return told ?? this.manifest(tagOrDigest, path, options);
  }

  tags(options: TagOptions = {}): AsyncIterable<string> {
    return tagList(this.client, this.read('GET', 'tags/list', options), this.where, options.after);
  }

  async push(descriptor: Descriptor, content: () => Content, options: PushOptions = {}): Promise<void> {
    const isThere = () => this.exists(descriptor, 'pull,push', options);
    if (!options.isNew && (await isThere())) return;
    const { prefix } = this.client.endpoint;
    const job = {
      repository: this.path,
      descriptor,
      content,
      mountFrom: options.mountFrom === undefined ? undefined : `${prefix}${options.mountFrom}`,
      what: `${this.where}@${descriptor.digest}`,
      signal: options.signal,
    };
    await upload(this.client, job, isThere);
  }

  async putManifest(manifest: RawManifest, tag?: string, options?: ReadOptions): Promise<Descriptor> {
    const descriptor = describe(manifest);
    try {
      await this.put(manifest, tag, options);
    } catch (error) {
      if (tag === undefined || !(error instanceof StoreError) || error.kind !== 'rejected') throw error;
      // A tag that may not be overwritten can be our own: of an attempt whose answer was lost.
      const found = await this.resolve(tag, options).catch(() => undefined);
      if (found?.digest !== descriptor.digest) throw error;
    }
    return descriptor;
  }

  async putReferrer(manifest: RawManifest, options?: ReadOptions): Promise<boolean> {
    const { headers } = await this.put(manifest, undefined, options);
    // distribution-spec, "Pushing Manifests with Subject"
    return headers['oci-subject'] !== undefined;
  }

  referrers(
    subject: Digest,
    artifactType?: string,
    options?: ReadOptions,
  ): Promise<readonly Descriptor[] | undefined> {
    const request = this.read('GET', `referrers/${subject}`, options);
    if (artifactType !== undefined) request.url.searchParams.set('artifactType', artifactType);
    return referrerList(this.client, request, this.named(subject), artifactType);
  }

  async delete(digest: Digest, options?: ReadOptions): Promise<void> {
    const response = await this.remove(digest, options);
    if (!isGone(response)) {
      const failure = await this.client.failure(response, `the deletion of ${this.named(digest)}`);
      throw isRefusal(response)
        ? new StoreError('rejected', failure.what, ALLOW_DELETES, failure.status)
        : failure;
    }
    await response.drain();
    this.documents.remove(this.path, digest);
  }

  async untag(tag: string, options?: ReadOptions): Promise<boolean> {
    const response = await this.remove(tagName(tag), options);
    if (!isGone(response) && !isRefusal(response))
      throw await this.client.failure(response, `the deletion of ${this.named(tag)}`);
    await response.drain();
    return isGone(response);
  }

  /** The descriptor of a manifest that tells it itself; who asks for it mostly wants to read it next. */
  private async manifest(
    tagOrDigest: string,
    path: string,
    options?: ReadOptions,
  ): Promise<Descriptor | undefined> {
    const held = isDigest(tagOrDigest) ? this.documents.get(this.path, tagOrDigest) : undefined;
    const whole = held ? { bytes: held } : await this.whole(tagOrDigest, path, options);
    if (!whole) return undefined;
    const { bytes, digest = isDigest(tagOrDigest) ? tagOrDigest : undefined } = whole;
    const what = this.named(tagOrDigest);
    const read = sha256(bytes);
    if (digest !== undefined && digest !== read)
      throw new StoreError('corrupt', `${what} is corrupt: its digest is ${read}`);
    const found = describe({ mediaType: mediaTypeOf(parseManifest(bytes, what)), bytes });
    this.documents.add(this.path, found.digest, bytes);
    return found;
  }

  /** With what the registry says that its digest is, where it does. */
  private async whole(
    tagOrDigest: string,
    path: string,
    options?: ReadOptions,
  ): Promise<{ bytes: Buffer; digest?: string } | undefined> {
    const response = await this.client.document(this.read('GET', path, options));
    if (response.status === 404) return undefined;
    if (response.status !== 200) throw await this.client.failure(response, this.named(tagOrDigest));
    const told = isDigest(tagOrDigest) ? undefined : response.headers['docker-content-digest'];
    const bytes = await readAll(response.body);
    return { bytes, ...(typeof told === 'string' && isDigest(told) ? { digest: told } : {}) };
  }

  private async *document(descriptor: Descriptor, options?: ReadOptions): Content {
    const held = this.documents.get(this.path, descriptor.digest);
    if (held?.length === descriptor.size) return yield held;
    const bytes = await readAll(this.fetch(descriptor, options));
    this.documents.add(this.path, descriptor.digest, bytes);
    yield bytes;
  }

  private fetch(descriptor: Descriptor, options?: ReadOptions): Content {
    const what = `${this.where}@${descriptor.digest}`;
    return verified(
      download(this.client, this.read('GET', pathOf(descriptor), options), descriptor, what),
      descriptor,
      this.where,
    );
  }

  /** The answer says more than that the manifest is stored. */
  private async put(
    manifest: RawManifest,
    tag: string | undefined,
    options: ReadOptions = {},
  ): Promise<HttpResponse> {
    parseManifest(manifest.bytes, 'the manifest to store');
    const { digest } = describe(manifest);
    const name = tag === undefined ? digest : tagName(tag);
    let response: HttpResponse;
    for (let attempt = 1; ; attempt++) {
      response = await this.client.request({
        method: 'PUT',
        url: this.client.url(`${this.path}/manifests/${name}`),
        headers: { 'content-type': manifest.mediaType },
        body: () => manifest.bytes,
        scopes: [this.scope('pull,push')],
        signal: options.signal,
      });
      if (response.status >= 200 && response.status <= 299) break;
      const failure = await this.client.failure(response, this.named(name));
      // The digest is right: docker-registry says so while another one uploads a blob that the manifest names.
      const isPassing = failure.code === 'DIGEST_INVALID';
      if (!isPassing || !(await this.client.pause(attempt, undefined, options.signal))) throw failure;
    }
    await response.drain();
    const stored = response.headers['docker-content-digest'];
    if (stored === undefined || stored === digest) return response;
    throw new StoreError('corrupt', `${this.named(name)} was stored as ${stored}, but is ${digest}`);
  }

  private async exists(descriptor: Descriptor, access: string, options?: ReadOptions): Promise<boolean> {
    const response = await this.client.request({
      ...this.read('HEAD', pathOf(descriptor), options),
      scopes: [this.scope(access)],
    });
    await response.drain();
    if (response.status === 404) return false;
    if (response.status === 200) return true;
    throw await this.client.failure(response, `${this.where}@${descriptor.digest}`);
  }

  private remove(tagOrDigest: string, { signal }: ReadOptions = {}): Promise<HttpResponse> {
    return this.client.request({
      method: 'DELETE',
      url: this.client.url(`${this.path}/manifests/${tagOrDigest}`),
      // The action is called `delete` here and `push` there; all of them understand "any".
      scopes: [this.scope('*')],
      signal,
    });
  }

  private read(method: 'GET' | 'HEAD', path: string, { signal }: ReadOptions = {}): ApiRequest {
    return {
      method,
      url: this.client.url(`${this.path}/${path}`),
      headers: path.startsWith('manifests/') ? { accept: ACCEPT } : {},
      scopes: [this.scope('pull')],
      signal,
    };
  }

  private named(tagOrDigest: string): string {
    return `${this.where}${isDigest(tagOrDigest) ? '@' : ':'}${tagOrDigest}`;
  }

  /** distribution, docs/spec/auth/scope.md */
  private scope(access: string): string {
    return `repository:${this.path}:${access}`;
  }
}

/** What is not there is gone too: the answer to an earlier attempt may have been lost. */
function isGone({ status }: HttpResponse): boolean {
  return status === 404 || (status >= 200 && status <= 299);
}

/** distribution-spec, "Content Management": where it is disabled, or there is no such thing. */
function isRefusal({ status }: HttpResponse): boolean {
  return status === 400 || status === 405;
}

function isManifest({ mediaType }: Descriptor): boolean {
  return isManifestType(mediaType) || isIndexType(mediaType);
}

function pathOf(descriptor: Descriptor): string {
  return `${isManifest(descriptor) ? 'manifests' : 'blobs'}/${descriptor.digest}`;
}

function descriptorOf({ headers }: HttpResponse): Descriptor | undefined {
  const digest = headers['docker-content-digest'];
  const size = Number(headers['content-length'] || NaN);
  const mediaType = headers['content-type']?.split(';')[0]!.trim() ?? '';
  if (!isDigest(digest) || !Number.isSafeInteger(size)) return undefined;
  return isManifest({ mediaType, digest, size }) ? { mediaType, digest, size } : undefined;
}
