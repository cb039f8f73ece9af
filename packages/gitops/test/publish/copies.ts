import type { Operation } from '../../src/ledger/entry';
import { Rings } from '../../src/ledger/rings';
import { type ImageState, type State, imageState } from '../../src/ledger/state';
import { versionIn } from '../../src/ledger/version';
import { readAll, readDocument } from '../../src/oci/content';
import { isIndex, parseManifest } from '../../src/oci/manifest';
import { referrersTag } from '../../src/oci/referrers';
import type { MemoryStore } from '../../src/oci/memory';
import type { PushOptions, RawManifest, Repository, Store, WritableRepository } from '../../src/oci/store';
import type { Descriptor, Digest, ImageConfig, Index, Manifest } from '../../src/oci/types';
import {
  type Copied,
  Copy,
  type CopyContext,
  type CopyPlan,
  type CopyRequest,
  type Side,
} from '../../src/publish/copy';
import { followTags } from '../../src/publish/follow';
import { openLedger } from '../../src/publish/open';
import { image as imageOf, store as storeImage } from '../oci/fixtures';
import { ringsOf } from './states';
import { SETTINGS } from './workspaces';

export const RINGS = new Rings(SETTINGS.rings);

/** A store, with what the workspace acme/shop has in it. */
export function sideOf(store: Store): Side {
  return {
    store,
    ledger: openLedger(store, SETTINGS),
    repositoryOf: (image) => store.repository(`${SETTINGS.project}/${image}`),
  };
}

export interface Copying extends Copied {
  readonly announced: readonly CopyPlan[];
  /** A line for each blob that has travelled. */
  readonly log: readonly string[];
}

/** Copies from one store to another, as an executor does. */
export async function copy(
  from: Side,
  to: Side,
  request: Partial<CopyRequest> = {},
  { onPlanned, ...context }: Partial<CopyContext> & { onPlanned?: () => Promise<unknown> } = {},
): Promise<Copying> {
  const log: string[] = [];
  const announced: CopyPlan[] = [];
  const work = new Copy(
    {
      from,
      to,
      rings: RINGS,
      protections: {},
      actor: { who: 'copier' },
      concurrency: 3,
      log: (line) => void log.push(line),
      ...context,
    },
    { ring: 'developers', images: ['api'], ...request },
  );
  const plan = await work.plan();
  await onPlanned?.();
  return { ...(await work.run(plan, (next) => void announced.push(next))), announced, log };
}

/** A version for a ring; whatever the ring held before is replaced. */
export interface Given {
  readonly image: string;
  readonly version: string;
  readonly digest: Digest;
  readonly ring?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** Writes an entry by which rings get versions, and lets the tags follow. */
export async function give(
  { ledger, repositoryOf }: Side,
  given: readonly Given[],
  { isNew = true, operation = { kind: 'push', ring: 'developers' } as Operation } = {},
): Promise<void> {
  const images = given.map(({ image, version, digest, dependencies = {} }): [string, ImageState] => [
    image,
    {
      rings: {},
      taken: {},
      versions: { [version]: { digest, revision: `revision of ${image}`, dependencies } },
    },
  ]);
  const { view } = await ledger.commit({ who: 'pusher' }, async ({ state }) => ({
    operation,
    changes: given.map(({ image, version, ring = 'developers' }) => {
      const from = versionIn(imageState(state, image).rings, ring);
      return { image, ring, ...(from ? { from } : {}), to: version, ...(isNew ? { isNew } : {}) };
    }),
    details: { images: Object.fromEntries(images) },
  }));
  await followTags(ledger, view.confirmed, repositoryOf);
}

export async function stateOfSide({ ledger }: Side): Promise<State> {
  const view = await ledger.read();
  for (const head of view.heads) await ledger.verify(head);
  return view.state;
}

/** Stores an image of one layer. */
export const put = async (side: Side, name: string, layer: string | Buffer = name): Promise<Digest> =>
  (await storeImage(side.repositoryOf(name), imageOf([layer]))).digest;

/** base ← api, and web beside them, all in the first ring. */
export async function publish(side: Side): Promise<void> {
  await give(side, [
    { image: 'base', version: '1.0.0', digest: await put(side, 'base') },
    { image: 'api', version: '2.1.0', digest: await put(side, 'api'), dependencies: { base: '1.0.0' } },
    { image: 'web', version: '0.1.0', digest: await put(side, 'web') },
  ]);
}

/** `{ api: 'developers 0.1.1, testers 0.1.0' }`, as the ledger has it. */
export const ringsIn = async (side: Side): Promise<Record<string, string>> => {
  const state = await stateOfSide(side);
  return Object.fromEntries(Object.keys(state.images).map((name) => [name, ringsOf(state, name)]));
};

export const sbom = (text: string, artifactType = 'application/vnd.example.sbom.v1') => ({
  artifactType,
  mediaType: 'application/json',
  content: Buffer.from(text),
});

/** What is written to a store from now on: `base blob`, `base manifest`, `ledger 0000000001-…`. */
export function watch(store: MemoryStore): string[] {
  const written: string[] = [];
  const watched = new Set<unknown>();
  const { repository } = store;
  store.repository = (name) => {
    const one = repository.call(store, name);
    if (watched.has(one)) return one;
    watched.add(one);
    const short = name.split('/').at(-1)!;
    const { push, putManifest } = one;
    one.push = async (descriptor: Descriptor, content, options?: PushOptions) => {
      if (!(await one.has(descriptor))) written.push(`${short} blob`);
      return push.call(one, descriptor, content, options);
    };
    one.putManifest = (manifest: RawManifest, tag?: string) => {
      written.push(`${short} ${tag ?? (manifest.mediaType.includes('index') ? 'index' : 'manifest')}`);
      return putManifest.call(one, manifest, tag);
    };
    return one;
  };
  return written;
}

export async function tagsOf(repository: Repository): Promise<string[]> {
  const tags: string[] = [];
  for await (const tag of repository.tags()) tags.push(tag);
  return tags;
}

/** All of an image that a store has, read to the last byte, and what its manifests and labels say. */
interface Stock {
  readonly top: Descriptor;
  /** The text of manifests and indexes, by digest. */
  readonly documents: Record<Digest, string>;
  /** The sizes of all else. */
  readonly blobs: Record<Digest, number>;
  /** What is attached to what, as the lists say. */
  readonly attached: Record<Digest, readonly Descriptor[]>;
  readonly labels: unknown[];
}

/** Takes stock, on its own, of what an image is in a store where lists of what is attached are under tags. */
export async function inventory(repository: WritableRepository, tag: string): Promise<Stock> {
  const top = (await repository.resolve(tag))!;
  const found: Stock = { top, documents: {}, blobs: {}, attached: {}, labels: [] };
  await take(repository, top, found);
  return found;
}

async function take(repository: WritableRepository, descriptor: Descriptor, found: Stock): Promise<void> {
  const { digest } = descriptor;
  const bytes = await readDocument(repository, descriptor);
  found.documents[digest] = bytes.toString();
  const document: Manifest | Index = parseManifest(bytes, digest);
  if (isIndex(document)) {
    for (const entry of document.manifests) await take(repository, entry, found);
  } else {
    for (const blob of [document.config, ...document.layers])
      found.blobs[blob.digest] = (await readAll(repository.open(blob))).length;
    const config = JSON.parse((await readAll(repository.open(document.config))).toString()) as ImageConfig;
    if (config.config) found.labels.push(config.config.Labels);
  }
  const list = await repository.resolve(referrersTag(digest));
  if (!list) return;
  const { manifests } = JSON.parse((await readDocument(repository, list)).toString()) as Index;
  found.attached[digest] = manifests;
  for (const entry of manifests) await take(repository, entry, found);
}
