import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { sequencePrefix } from '../../ledger/entry';
import { contentOf } from '../../oci/content';
import { sha256 } from '../../oci/digest';
import { canonicalJson } from '../../oci/json';
import { describe } from '../../oci/manifest';
import { OCI } from '../../oci/media-types';
import { attach, attached, referrersTag } from '../../oci/referrers';
import type { RawManifest } from '../../oci/store';
import { StoreError } from '../../oci/store-error';
import type { Descriptor, Digest, Manifest } from '../../oci/types';
import type { Scratch, Written } from './scratch';

/**
 * What becomes of a tag that is written twice: the second write `replaces` the first, is `refused`, or is confirmed and
 * `lost`; or not even the first one is kept.
 */
export type SecondWrite = 'replaces' | 'refused' | 'lost' | 'never there';

/** What a store was seen to do. */
export interface StoreFacts {
  /** The tags of rings, and the hints of the ledger. */
  readonly movingTag: SecondWrite;
  readonly versionTag: SecondWrite;
  /** Of a write on a condition that does not hold; undefined where it could not be asked for, or needs not to be. */
  readonly conditions?: 'honoured' | 'ignored';
  /** How long after it was written the list shows a tag, in milliseconds; undefined where it does not. */
  readonly listedAfterMs?: number;
  /** How long it took to write it. */
  readonly writeMs: number;
  /** Whether a blob of another repository is had without sending it. */
  readonly mounts: boolean;
  /** Where it is listed what is attached to an image: by the store, under a tag; undefined where it is not found again. */
  readonly referrers?: 'api' | 'tag';
}

export interface ProbeOptions {
  /** A ring: the name of a tag that moves. */
  readonly ring: string;
  /** How long to wait for what was written to come to light. */
  readonly patienceMs?: number;
}

const TYPE = 'application/vnd.gitops.doctor.v1';
const PATIENCE_MS = 10_000;
/** What comes to light at once once may not do so every time. */
const LISTED = 3;

/** Tries a store out, in repositories that nothing else uses. */
export class StoreProbe implements Written {
  readonly digests = new Set<Digest>();
  readonly tags = new Set<string>();
  private readonly blob = randomBytes(64);
  private count = 0;

  constructor(
    private readonly scratch: Scratch,
    private readonly options: ProbeOptions,
  ) {}

  /** @throws StoreError where the store takes nothing, or does not answer */
  async run(): Promise<StoreFacts> {
    const { repository } = this.scratch;
    for (const bytes of [this.blob, Buffer.from('{}')])
      await repository.push(describeBlob(bytes), () => contentOf(bytes));
    const movingTag = await this.secondWrite(this.options.ring);
    return {
      movingTag,
      versionTag: await this.secondWrite('0.1.0'),
      conditions: movingTag === 'replaces' ? await this.conditions(this.options.ring) : undefined,
      ...(await this.listing()),
      mounts: await this.mounts(),
      referrers: await this.referrers(),
    };
  }

  private async secondWrite(tag: string): Promise<SecondWrite> {
    const { repository } = this.scratch;
    const names = async ({ digest }: Descriptor): Promise<boolean> =>
      (await repository.resolve(tag))?.digest === digest;
    const first = await this.put(tag);
    if ((await this.waitFor(() => names(first))) === undefined) return 'never there';
    try {
      const second = await this.put(tag);
      return (await this.waitFor(() => names(second))) === undefined ? 'lost' : 'replaces';
    } catch (error) {
      if (error instanceof StoreError && error.kind === 'rejected') return 'refused';
      throw error;
    }
  }

  /** @param tag one that is there */
  private async conditions(tag: string): Promise<StoreFacts['conditions']> {
    const manifest = this.manifest();
    const status = await this.scratch.putUnlessThere?.(manifest, tag);
    if (status === 412) return 'honoured';
    if (status === undefined || status < 200 || status > 299) return undefined;
    this.digests.add(describe(manifest).digest);
    return 'ignored';
  }

  /** Writes and lists tags as the ledger does; the slowest counts. */
  private async listing(): Promise<Pick<StoreFacts, 'listedAfterMs' | 'writeMs'>> {
    let writeMs = 0;
    let listedAfterMs: number | undefined = 0;
    for (let sequence = 1; sequence <= LISTED && listedAfterMs !== undefined; sequence++) {
      const started = performance.now();
      const tag = `${sequencePrefix(sequence)}-${randomBytes(6).toString('hex')}`;
      await this.put(tag);
      writeMs = Math.max(writeMs, performance.now() - started);
      const waited = await this.waitFor(() => this.isListed(tag, sequence));
      listedAfterMs = waited === undefined ? undefined : Math.max(listedAfterMs, waited);
    }
    return {
      writeMs: Math.round(writeMs),
      ...(listedAfterMs === undefined ? {} : { listedAfterMs: Math.round(listedAfterMs) }),
    };
  }

  private async isListed(tag: string, sequence: number): Promise<boolean> {
    for await (const listed of this.scratch.repository.tags({ after: sequencePrefix(sequence) }))
      if (listed === tag) return true;
    return false;
  }

  private async mounts(): Promise<boolean> {
    const { repository, neighbour } = this.scratch;
    let isSent = false;
    const content = () => {
      isSent = true;
      return contentOf(this.blob);
    };
    await neighbour.push(describeBlob(this.blob), content, { mountFrom: repository.name });
    return !isSent;
  }

  private async referrers(): Promise<StoreFacts['referrers']> {
    const { repository } = this.scratch;
    const subject = await this.put();
    const artifact = { artifactType: TYPE, mediaType: TYPE, content: this.blob };
    this.tags.add(referrersTag(subject.digest));
    try {
      const { digest } = await attach(repository, subject, artifact);
      this.digests.add(digest);
      const list = await repository.resolve(referrersTag(subject.digest));
      if (list) this.digests.add(list.digest);
      const isFound = async (): Promise<boolean> =>
        (await attached(repository, subject.digest, TYPE)).some((one) => one.digest === digest);
      if ((await this.waitFor(isFound)) === undefined) return undefined;
      return list ? 'tag' : 'api';
    } catch (error) {
      if (error instanceof StoreError) return undefined;
      throw error;
    }
  }

  /** Stores another manifest, under a tag where one is given. */
  private async put(tag?: string): Promise<Descriptor> {
    const manifest = this.manifest();
    const descriptor = await this.scratch.repository.putManifest(manifest, tag);
    this.digests.add(descriptor.digest);
    if (tag !== undefined) this.tags.add(tag);
    return descriptor;
  }

  private manifest(): RawManifest {
    const manifest: Manifest = {
      schemaVersion: 2,
      mediaType: OCI.manifest,
      artifactType: TYPE,
      config: { ...describeBlob(Buffer.from('{}')), mediaType: OCI.empty },
      layers: [describeBlob(this.blob)],
      annotations: { count: String(++this.count) },
    };
    return { mediaType: OCI.manifest, bytes: canonicalJson(manifest) };
  }

  /** How long it takes until something holds, in milliseconds; undefined where that is too long. */
  private async waitFor(holds: () => Promise<boolean>): Promise<number | undefined> {
    const { patienceMs = PATIENCE_MS } = this.options;
    const started = performance.now();
    for (;;) {
      // What is seen by a look was there when it began, or came while it went on.
      const waited = performance.now() - started;
      if (await holds()) return waited;
      if (waited > patienceMs) return undefined;
      await sleep(Math.max(20, waited / 10));
    }
  }
}

function describeBlob(bytes: Buffer): Descriptor {
  return { mediaType: TYPE, digest: sha256(bytes), size: bytes.length };
}
