import {
  existsSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { noise } from '../../test/oci/fixtures';
import { useDirectory } from '../../test/support/files';
import { contentOf, readAll } from '../oci/content';
import { type Digest, hexOf, sha256 } from '../oci/digest';
import { OCI } from '../oci/media-types';
import { type CompressedLayer, LayerCache, layerCapacity } from './layer-cache';

const directory = useDirectory();
const at = (): string => join(directory(), 'layers');
const LAYER = noise(100_000);
const ID = sha256(LAYER);

async function add(cache: LayerCache, bytes: Buffer, seconds?: number): Promise<Digest> {
  const layer = await cache.add(sha256(bytes), contentOf(bytes));
  await layer.close();
  if (seconds !== undefined) utimesSync(fileOf(sha256(bytes))!, seconds, seconds);
  return layer.descriptor.digest;
}

const files = (): string[] => (existsSync(at()) ? readdirSync(at()) : []);
function fileOf(diffId: Digest): string | undefined {
  const name = files().find((one) => one.startsWith(hexOf(diffId)));
  return name && join(at(), name);
}

async function bytesOf(layer: CompressedLayer | undefined): Promise<Buffer | undefined> {
  const bytes = layer && (await readAll(layer.open()));
  await layer?.close();
  return bytes;
}

describe('a layer that was compressed', () => {
  it('is found by what it is uncompressed, by another run too', async () => {
    const cache = new LayerCache(at());
    const made = await cache.add(ID, contentOf(LAYER));
    expect(made.descriptor).toMatchObject({ mediaType: OCI.layerGzip });
    const bytes = await bytesOf(made);
    expect(gunzipSync(bytes!).equals(LAYER)).toBe(true);
    expect(sha256(bytes!)).toBe(made.descriptor.digest);
    for (const one of [cache, new LayerCache(at())]) {
      const found = await one.find(ID);
      expect(found!.descriptor).toEqual(made.descriptor);
      expect((await bytesOf(found))!.equals(bytes!)).toBe(true);
    }
  });

  it('can be read more than once: what it is sent by may break off', async () => {
    const layer = await new LayerCache(at()).add(ID, contentOf(LAYER));
    const [once, again] = [await readAll(layer.open()), await readAll(layer.open())];
    expect(once.equals(again)).toBe(true);
    await layer.close();
  });

  it('is not there where none was made', async () => {
    expect(await new LayerCache(at()).find(ID)).toBeUndefined();
    expect(files()).toEqual([]);
  });

  it('is not kept where it could not be read to its end', async () => {
    const broken = async function* (): AsyncGenerator<Buffer> {
      yield LAYER;
      throw new Error('broken');
    };
    const cache = new LayerCache(at());
    await expect(cache.add(ID, broken())).rejects.toThrow('broken');
    expect(files()).toEqual([]);
    expect(await cache.find(ID)).toBeUndefined();
  });

  it.each<[what: string, harm: (file: string) => void]>([
    ['damaged', (file) => writeFileSync(file, readFileSync(file).fill(0, 5000, 5100))],
    ['cut', (file) => truncateSync(file, 1000)],
    ['gone', (file) => rmSync(file)],
  ])('that is %s is as good as none, and is made anew', async (_, harm) => {
    const cache = new LayerCache(at());
    const digest = await add(cache, LAYER);
    harm(fileOf(ID)!);
    for (const one of [cache, new LayerCache(at())]) expect(await one.find(ID)).toBeUndefined();
    expect(files()).toEqual([]);
    expect(await add(cache, LAYER)).toBe(digest);
  });

  it('stays readable for who reads it when it goes', async () => {
    const layer = await new LayerCache(at()).add(ID, contentOf(LAYER));
    rmSync(at(), { recursive: true });
    expect(gunzipSync((await bytesOf(layer))!).equals(LAYER)).toBe(true);
  });

  it('is read no further when the signal says so, and stays', async () => {
    const cache = new LayerCache(at());
    await add(cache, LAYER);
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(cache.find(ID, { signal })).rejects.toThrow('enough');
    expect(files()).toHaveLength(1);
  });
});

describe('the bounds', () => {
  const layers = [11, 12, 13].map((seed) => noise(100_000, seed));
  const [first, second, third] = layers.map((bytes) => sha256(bytes)) as [Digest, Digest, Digest];

  it('are kept: what was not used for longest goes first', async () => {
    for (const [i, bytes] of layers.entries()) await add(new LayerCache(at()), bytes, 1000 + i);
    const cache = new LayerCache(at(), 350_000);
    await (await cache.find(first))!.close();
    await add(cache, LAYER);
    cache.close();
    expect([first, second, third, ID].map((id) => fileOf(id) !== undefined)).toEqual([
      true,
      false,
      true,
      true,
    ]);
  });

  it('are kept while layers are added, whatever another process adds', async () => {
    const [one, another] = [new LayerCache(at(), 250_000), new LayerCache(at(), 250_000)];
    for (let seed = 1; seed <= 10; seed++) {
      await add(seed % 2 === 0 ? one : another, noise(100_000, seed));
      expect(files().length).toBeLessThanOrEqual(3);
    }
  });

  it('may be less than one layer', async () => {
    const cache = new LayerCache(at(), 0);
    const layer = await cache.add(ID, contentOf(LAYER));
    expect(gunzipSync((await bytesOf(layer))!).equals(LAYER)).toBe(true);
    cache.close();
    expect(files()).toEqual([]);
  });

  it.each([
    [undefined, 2048],
    ['', 2048],
    ['0', 0],
    ['500', 500],
  ])('are those of the machine: GITOPS_LAYER_CACHE_MIB=%s', (given, mib) => {
    expect(layerCapacity({ GITOPS_LAYER_CACHE_MIB: given })).toBe(mib * 1024 * 1024);
  });

  it.each(['2GiB', '-1', '1e3'])('are no text: %s', (given) => {
    expect(() => layerCapacity({ GITOPS_LAYER_CACHE_MIB: given })).toThrow(
      `GITOPS_LAYER_CACHE_MIB is "${given}"; write a number of MiB, or 0 to keep no layers`,
    );
  });

  it('are not looked at where nothing was added', async () => {
    await add(new LayerCache(at()), LAYER);
    new LayerCache(at(), 0).close();
    expect(files()).toHaveLength(1);
  });
});
