import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { blob, image as compressed, noise, store as storeImage } from '../../test/oci/fixtures';
import { AMD64, ARM64, storeBuilt } from '../../test/publish/images';
import { dir, file } from '../../test/support/entries';
import { useDirectory } from '../../test/support/files';
import { tarOf } from '../../test/support/tar';
import { fetchListing, listingOf } from '../builders/assemble/layer-listing';
import { LayerTrees } from '../builders/assemble/layer-trees';
import { readAll } from '../oci/content';
import { sha256 } from '../oci/digest';
import { type Image, imageFrom } from '../oci/image';
import { OCI } from '../oci/media-types';
import { type MemoryRepository, MemoryStore } from '../oci/memory';
import type { Content, PushOptions } from '../oci/store';
import type { Descriptor } from '../oci/types';
import { Compressor } from './compressor';
import { type KnownLayers, knownLayers } from './known-layers';
import { LayerCache } from './layer-cache';
import { LayerMemory } from './layer-memory';
import { type Sent, Uploader } from './upload';
import { variantsOf } from './version';

const directory = useDirectory();
const LAYERS = [noise(3000, 1), Buffer.alloc(5000, 'text ')];

let source: MemoryRepository;
let store: MemoryStore;
beforeEach(() => {
  source = new MemoryStore().repository('built');
  store = new MemoryStore();
});

interface Pushed {
  readonly repository: string;
  readonly descriptor: Descriptor;
  readonly mountFrom?: string;
}

/** Looks at what is brought to a repository. */
function watched(name: string): { repository: MemoryRepository; pushed: Pushed[] } {
  const repository = store.repository(name);
  const pushed: Pushed[] = [];
  const push = repository.push.bind(repository);
  repository.push = (descriptor: Descriptor, content: () => Content, options: PushOptions = {}) => {
    const { mountFrom } = options;
    pushed.push({ repository: name, descriptor, ...(mountFrom && { mountFrom }) });
    return push(descriptor, content, options);
  };
  return { repository, pushed };
}

const trees = () => new LayerTrees(join(directory(), 'trees'));

const layers = () => join(directory(), 'layers');
const memory = () => new LayerMemory(join(directory(), 'stores'), store.where);
/** As in a new run each time. */
const uploader = (isRemote = true): Uploader =>
  new Uploader(store, {
    ...(isRemote ? { compressor: new Compressor(new LayerCache(layers())), memory: memory() } : {}),
    trees: trees(),
  });

const imageOf = async (...args: Parameters<typeof storeBuilt> extends [unknown, ...infer R] ? R : never) =>
  imageFrom(source, await storeBuilt(source, ...args));

async function upload(
  repository: MemoryRepository,
  images: readonly Image[],
  known: KnownLayers = new Map(),
  by = uploader(),
) {
  return by.upload(repository, images, known);
}

describe('layers on their way to a registry', () => {
  it('are compressed, and remain the same uncompressed', async () => {
    const { repository, pushed } = watched('api');
    const { variants, sent } = await upload(repository, [await imageOf(LAYERS)]);
    const [variant] = variants;
    expect(variant).toMatchObject({ platform: AMD64, config: { rootfs: { diff_ids: LAYERS.map(sha256) } } });
    expect(variant!.layers.map(({ mediaType }) => mediaType)).toEqual([OCI.layerGzip, OCI.layerGzip]);
    const bytes = await Promise.all(variant!.layers.map((layer) => readAll(repository.open(layer))));
    expect(bytes.map((all) => gunzipSync(all))).toEqual(LAYERS);
    expect(pushed.map(({ descriptor }) => descriptor)).toEqual(variant!.layers);
    expect(sent).toEqual({ layers: 2, bytes: bytes[0]!.length + bytes[1]!.length });
    expect(bytes[1]!.length).toBeLessThan(LAYERS[1]!.length / 10);
  });

  it('that are compressed already stay as they are', async () => {
    const { repository } = watched('api');
    const fixture = compressed(LAYERS);
    const { variants } = await upload(repository, [
      await imageFrom(source, await storeImage(source, fixture)),
    ]);
    expect(variants[0]!.layers).toEqual(fixture.blobs.slice(1).map(({ descriptor }) => descriptor));
  });

  it('that the repository has under their own name are not sent', async () => {
    const { repository } = watched('api');
    await upload(repository, [await imageOf(LAYERS)]);
    const { sent } = await upload(repository, [await imageOf(LAYERS)]);
    expect(sent).toEqual({ layers: 0, bytes: 0 });
  });

  it('that appear twice travel once', async () => {
    const { repository, pushed } = watched('api');
    const images = [await imageOf(['same', 'same', 'amd'], AMD64), await imageOf(['same', 'arm'], ARM64)];
    const { variants, sent } = await upload(repository, images);
    expect(pushed).toHaveLength(3);
    expect(sent.layers).toBe(3);
    const [amd, arm] = variants.map(({ layers }) => layers.map(({ digest }) => digest));
    expect(amd).toHaveLength(3);
    expect(new Set(amd).size).toBe(2);
    expect(arm![0]).toBe(amd![0]);
    expect(variants.map(({ platform }) => platform)).toEqual([AMD64, ARM64]);
  });

  it('end where they are told to', async () => {
    const stopped = AbortSignal.abort(new Error('stop'));
    const image = await imageOf(LAYERS);
    await expect(uploader().upload(store.repository('api'), [image], new Map(), stopped)).rejects.toThrow(
      'stop',
    );
  });
});

describe('layers that the store has', () => {
  /** What was pushed before, by repository. */
  async function known(name: string, layers: readonly (Buffer | string)[]): Promise<KnownLayers> {
    const { variants } = await upload(store.repository(name), [await imageOf(layers)]);
    return new Map(knownLayers(name, variants));
  }

  it('in the repository itself are not even asked about', async () => {
    const layers = await known('api', LAYERS);
    const { repository, pushed } = watched('api');
    const { variants, sent } = await upload(repository, [await imageOf([...LAYERS, 'more'])], layers);
    expect(variants[0]!.layers.slice(0, 2)).toEqual([...layers.values()].map(({ descriptor }) => descriptor));
    expect(pushed.map(({ descriptor }) => descriptor)).toEqual([variants[0]!.layers[2]]);
    expect(sent.layers).toBe(1);
  });

  it('in the repository of a base are mounted from there, and not sent', async () => {
    const layers = await known('base', LAYERS);
    const { repository, pushed } = watched('api');
    const { sent } = await upload(repository, [await imageOf([...LAYERS, 'more'])], layers);
    expect(pushed.map(({ mountFrom }) => mountFrom)).toEqual(['base', 'base', undefined]);
    expect(sent.layers).toBe(1);
    for (const { descriptor } of pushed) expect(await repository.has(descriptor)).toBe(true);
  });

  it('are taken from the base where they cannot be mounted, for they need not be anywhere else', async () => {
    const layers = await known('base', LAYERS);
    const { repository, pushed } = watched('api');
    const push = repository.push.bind(repository);
    repository.push = (descriptor, content) => push(descriptor, content);
    // Of the image that is pushed, only what is not of the base is on this machine.
    const image = await imageOf([...LAYERS, 'more']);
    const { open } = source;
    source.open = (descriptor, options) => {
      if (LAYERS.some((layer) => sha256(layer) === descriptor.digest)) throw new Error('not here');
      return open.call(source, descriptor, options);
    };
    const { sent } = await upload(repository, [image], layers);
    expect(sent.layers).toBe(3);
    for (const { descriptor } of pushed) expect(await repository.has(descriptor)).toBe(true);
  });

  it('are known by what they are uncompressed, however they are compressed there', async () => {
    const other = blob(gzipSync(LAYERS[0]!, { level: 1 }), OCI.layerGzip);
    const layers: KnownLayers = new Map([
      [sha256(LAYERS[0]!), { descriptor: other.descriptor, repository: 'api' }],
    ]);
    const { variants, sent } = await upload(watched('api').repository, [await imageOf([LAYERS[0]!])], layers);
    expect([variants[0]!.layers, sent.layers]).toEqual([[other.descriptor], 0]);
  });

  it('are those of all platforms', async () => {
    const repository = store.repository('base');
    const { variants } = await upload(repository, [
      await imageOf(['common', 'amd'], AMD64),
      await imageOf(['common', 'arm'], ARM64),
    ]);
    const layers = new Map(knownLayers('base', variants));
    expect([...layers.keys()]).toEqual(['common', 'amd', 'arm'].map((text) => sha256(text)));
    expect(new Set([...layers.values()].map((layer) => layer.repository))).toEqual(new Set(['base']));
  });
});

describe('layers that another image has brought', () => {
  const LARGE = noise(100_000, 3);
  const compressed = jest.spyOn(LayerCache.prototype, 'add');
  beforeEach(() => compressed.mockClear());
  afterAll(() => compressed.mockRestore());

  it('in this run are mounted from there: both may come at the same time', async () => {
    const by = uploader();
    const [api, web] = [watched('api'), watched('web')];
    const images = [await imageOf([LARGE, 'api']), await imageOf([LARGE, 'web'])];
    const [one, other] = await Promise.all([
      upload(api.repository, [images[0]!], new Map(), by),
      upload(web.repository, [images[1]!], new Map(), by),
    ]);
    expect(compressed).toHaveBeenCalledTimes(1);
    expect([one.sent.layers, other.sent.layers]).toEqual([2, 1]);
    expect(other.variants[0]!.layers[0]).toEqual(one.variants[0]!.layers[0]);
    expect(web.pushed.map(({ mountFrom }) => mountFrom)).toEqual(['api', undefined]);
  });

  it('in this run are brought by the next one where that fails', async () => {
    const by = uploader();
    const { repository } = watched('api');
    repository.push = async () => {
      throw new Error('not there');
    };
    const [failed, ...others] = await Promise.allSettled([
      upload(repository, [await imageOf([LARGE])], new Map(), by),
      upload(store.repository('web'), [await imageOf([LARGE])], new Map(), by),
      upload(store.repository('cli'), [await imageOf([LARGE])], new Map(), by),
    ]);
    expect(failed.status).toBe('rejected');
    const sent = others.map((one) => (one as PromiseFulfilledResult<{ sent: Sent }>).value.sent.layers);
    expect(sent).toEqual([1, 0]);
  });

  it('in this run under the same name are there', async () => {
    const by = uploader();
    await upload(store.repository('api'), [await imageOf([LARGE])], new Map(), by);
    const { repository, pushed } = watched('api');
    await upload(repository, [await imageOf([LARGE, 'more'])], new Map(), by);
    expect(pushed).toHaveLength(1);
  });

  it('in an earlier run are mounted from there, if they are still there', async () => {
    await upload(store.repository('api'), [await imageOf([LARGE])]);
    const { repository, pushed } = watched('web');
    const { sent } = await upload(repository, [await imageOf([LARGE])]);
    expect(sent.layers).toBe(0);
    expect(pushed.map(({ mountFrom }) => mountFrom)).toEqual(['api']);

    store.repository('api').has = async () => false;
    const cli = await upload(watched('cli').repository, [await imageOf([LARGE])]);
    expect(cli.sent.layers).toBe(1);
    // Those who come next find it where it is now.
    expect(memory().find(sha256(LARGE))!.repository).toBe('cli');
    expect(compressed).toHaveBeenCalledTimes(1);
  });

  it('in an earlier run are not asked for where they are small', async () => {
    await upload(store.repository('api'), [await imageOf(LAYERS)]);
    expect(memory().find(sha256(LAYERS[0]!))).toBeUndefined();
    const { sent } = await upload(store.repository('web'), [await imageOf(LAYERS)]);
    expect(sent.layers).toBe(2);
  });

  it('are not compressed again for another store', async () => {
    await upload(store.repository('api'), [await imageOf([LARGE])]);
    store = new MemoryStore();
    const { sent } = await upload(store.repository('api'), [await imageOf([LARGE])]);
    expect(sent.layers).toBe(1);
    expect(compressed).toHaveBeenCalledTimes(1);
  });
});

describe('what is in a layer', () => {
  const TAR = tarOf([dir('etc'), file('etc/passwd', 'root:x:0:0::/:')]);
  const listed = async (repository: MemoryRepository, layer: Descriptor) =>
    (await fetchListing(repository, layer))?.map(({ path }) => path);

  it('goes with it', async () => {
    const { repository } = watched('api');
    const { variants, listings, sent } = await upload(repository, [await imageOf([TAR, 'no tar'])]);
    const [layer, other] = variants[0]!.layers;
    expect(listings).toEqual([listingOf(layer!)]);
    expect(await listed(repository, layer!)).toEqual(['etc', 'etc/passwd']);
    expect(listingOf(other!)).toBeUndefined();
    expect(sent.layers).toBe(2);
  });

  it('goes with it into the repository of what is made on it', async () => {
    const base = await upload(store.repository('base'), [await imageOf([TAR])]);
    const known = new Map(knownLayers('base', base.variants));
    const { repository, pushed } = watched('api');
    const { variants, listings, sent } = await upload(repository, [await imageOf([TAR])], known);
    expect(await listed(repository, variants[0]!.layers[0]!)).toEqual(['etc', 'etc/passwd']);
    expect(listings).toEqual(base.listings);
    expect(pushed.map(({ mountFrom }) => mountFrom)).toEqual(['base', 'base']);
    expect(sent).toEqual({ layers: 0, bytes: 0 });
  });

  it.each(['api', 'base'])('is not spoken of where it is gone: from %s', async (name) => {
    const first = await upload(store.repository(name), [await imageOf([TAR])]);
    const known = new Map(knownLayers(name, first.variants));
    const holder = store.repository(name);
    const has = holder.has.bind(holder);
    holder.has = async (descriptor) => descriptor.digest !== first.listings[0]!.digest && has(descriptor);
    const { variants, listings } = await upload(store.repository('api'), [await imageOf([TAR])], known);
    const { annotations: _, ...layer } = first.variants[0]!.layers[0]!;
    expect(variants[0]!.layers).toEqual([layer]);
    expect(listings).toEqual([]);
  });

  it('stays at home where the layer does', async () => {
    const { listings } = await upload(
      store.repository('api'),
      [await imageOf([TAR])],
      new Map(),
      uploader(false),
    );
    expect(listings).toEqual([]);
  });
});

describe('layers for a directory', () => {
  it('are not compressed', async () => {
    const { repository } = watched('api');
    const image = await imageOf(LAYERS);
    const { variants, sent } = await upload(repository, [image], new Map(), uploader(false));
    expect(variants).toEqual([
      expect.objectContaining({ layers: (await variantsOf(source, image.descriptor))[0]!.layers }),
    ]);
    expect(sent).toEqual({ layers: 2, bytes: 8000 });
  });
});
