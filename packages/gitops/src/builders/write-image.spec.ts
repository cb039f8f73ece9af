import { readFileSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { dir, file } from '../../test/support/entries';
import { useDirectory } from '../../test/support/files';
import { layer } from '../../test/support/large-layers';
import { tarOf } from '../../test/support/tar';
import type { Entry } from '../filetree/entry';
import { sha256 } from '../oci/digest';
import { imageFrom } from '../oci/image';
import { type BlobWriter, Layout } from '../oci/layout';
import { OCI } from '../oci/media-types';
import { parsePlatform } from '../oci/platform';
import type { RunConfig } from '../oci/types';
import type { Assembled } from './assemble/assemble';
import type { BaseImage } from './assemble/base-image';
import { type LayersByKey, writeImage } from './write-image';

const directory = useDirectory();
const layout = (): Layout => new Layout(join(directory(), 'image'));
const NONE: LayersByKey = new Map();
/** When everything is made. */
const created = '1985-10-26T08:15:00Z';

const assembled = (layers: (Entry[] | undefined)[], rest: Partial<Assembled> = {}): Assembled => ({
  config: { WorkingDir: '/' },
  steps: layers.map((entries, i) => ({
    createdBy: `step ${i}`,
    place: { file: 'Containerfile', line: i + 2 },
    entries,
  })),
  close: () => undefined,
  ...rest,
});

const write = (image: Assembled, known = NONE, labels = {}, platform = 'linux/amd64') =>
  writeImage(layout(), image, parsePlatform(platform), () => labels, known);

const layerFile = (digest: string): string =>
  join(directory(), 'image', 'blobs', 'sha256', digest.slice('sha256:'.length));

/** A file whose bytes are read at most once. */
function once(path: string, text: string): { entry: Entry; reads: () => number } {
  let reads = 0;
  const entry = file(path, text);
  const content = { ...entry.content!, chunks: () => (reads++, [Buffer.from(text)]) };
  return { entry: { ...entry, content }, reads: () => reads };
}

describe('writeImage', () => {
  it('writes each layer as the tar of its entries, uncompressed', async () => {
    const layers = [[file('a')], undefined, [dir('d'), file('d/b')]];
    const { manifest, descriptor } = await write(assembled(layers));
    const tars = [tarOf(layers[0]!), tarOf(layers[2]!)];
    expect(manifest.layers).toEqual(
      tars.map((tar) => ({ mediaType: OCI.layer, digest: sha256(tar), size: tar.length })),
    );
    expect(manifest.layers.map(({ digest }) => readFileSync(layerFile(digest)))).toEqual(tars);
    const config = await (await imageFrom(layout(), descriptor)).config();
    expect(config.rootfs).toEqual({ type: 'layers', diff_ids: tars.map((tar) => sha256(tar)) });
  });

  it('has a line of history for each step, and says which made no layer', async () => {
    const { descriptor } = await write(assembled([[file('a')], undefined]));
    expect((await (await imageFrom(layout(), descriptor)).config()).history).toEqual([
      { created, created_by: 'step 0' },
      { created, created_by: 'step 1', empty_layer: true },
    ]);
  });

  it.each<[name: string, config: RunConfig, labels: Record<string, string>, expected: object]>([
    ['those of the container file stay', { Labels: { a: '1' } }, {}, { a: '1' }],
    [
      'ours are put over them',
      { Labels: { a: '1', b: '2' } },
      { b: '3', c: '4' },
      { a: '1', b: '3', c: '4' },
    ],
    ['ours alone', {}, { c: '4' }, { c: '4' }],
    ['of a base without any', { Labels: null }, { c: '4' }, { c: '4' }],
  ])('labels: %s', async (_name, config, labels, expected) => {
    const { descriptor } = await write(assembled([], { config }), NONE, labels);
    expect((await (await imageFrom(layout(), descriptor)).config()).config?.Labels).toEqual(expected);
  });

  it.each([
    ['linux/amd64', { os: 'linux', architecture: 'amd64' }],
    ['linux/arm64/v8', { os: 'linux', architecture: 'arm64' }],
    ['linux/arm/v6', { os: 'linux', architecture: 'arm', variant: 'v6' }],
  ])('the platform is in it: %s', async (platform, expected) => {
    const { descriptor } = await write(assembled([]), NONE, {}, platform);
    const { os, architecture, variant } = await (await imageFrom(layout(), descriptor)).config();
    expect({ os, architecture, ...(variant && { variant }) }).toEqual(expected);
  });

  it('no time of now is in it', async () => {
    const { descriptor } = await write(assembled([[file('a')]]));
    expect((await (await imageFrom(layout(), descriptor)).config()).created).toBe('1985-10-26T08:15:00Z');
  });

  it('is there once where two steps make the same layer', async () => {
    const { manifest, layers } = await write(assembled([[file('a')], [file('a')]]));
    expect(manifest.layers[0]).toEqual(manifest.layers[1]);
    expect([manifest.layers.length, layers.size]).toEqual([2, 1]);
  });

  it('a layer that is there already is not written again', async () => {
    const first = await write(assembled([[file('a')]]));
    const path = layerFile(first.manifest.layers[0]!.digest);
    utimesSync(path, 1, 1);
    const { entry, reads } = once('a', 'a');
    const second = await write(assembled([[entry]]), first.layers);
    expect(second.descriptor).toEqual(first.descriptor);
    expect([reads(), statSync(path).mtimeMs]).toEqual([0, 1000]);
  });

  it('a layer that is said to be there and is not, is written', async () => {
    const first = await write(assembled([[file('a')]]));
    rmSync(layerFile(first.manifest.layers[0]!.digest));
    const { entry, reads } = once('a', 'a');
    expect((await write(assembled([[entry]]), first.layers)).descriptor).toEqual(first.descriptor);
    expect(reads()).toBe(1);
  });

  it.each<[name: string, change: Partial<Entry>]>([
    ['its path', { path: 'b' }],
    ['its type', { type: 'fifo', content: undefined }],
    ['its mode', { mode: 0o755 }],
    ['its user', { uid: 1 }],
    ['its group', { gid: 1 }],
    ['its bytes', { content: file('a', 'b').content! }],
    ['its attributes', { xattrs: { 'user.a': 'b' } }],
  ])('a layer is another one where a file differs in %s', async (_name, change) => {
    const entry = file('a');
    const first = await write(assembled([[entry]]));
    const second = await write(assembled([[{ ...entry, ...change }]]), first.layers);
    expect([...second.layers.keys()]).not.toEqual([...first.layers.keys()]);
    expect(second.manifest.layers).not.toEqual(first.manifest.layers);
  });

  it.each<[name: string, one: Partial<Entry>, other: Partial<Entry>]>([
    ['a link', { type: 'symlink', link: 'x' }, { type: 'symlink', link: 'y' }],
    [
      'a device',
      { type: 'character', device: { major: 1, minor: 2 } },
      { type: 'character', device: { major: 2, minor: 1 } },
    ],
  ])('a layer is another one with another target of %s', async (_name, one, other) => {
    const first = await write(assembled([[dir('a', one)]]));
    const second = await write(assembled([[dir('a', other)]]), first.layers);
    expect(second.manifest.layers).not.toEqual(first.manifest.layers);
  });

  it('leaves nothing half-written where a file cannot be read', async () => {
    const broken = file('a');
    const content = {
      ...broken.content!,
      chunks: function* () {
        yield Buffer.from('x');
        throw new Error('gone');
      },
    };
    await expect(write(assembled([[file('b')], [{ ...broken, content }]]))).rejects.toThrow('gone');
    const names = readdirSync(join(directory(), 'image', 'blobs', 'sha256'));
    expect(names).toEqual([sha256(tarOf([file('b')])).slice('sha256:'.length)]);
  });
});

describe('a large layer', () => {
  const SIZE = 100_000;
  const COUNT = 2000;
  const BYTES = Buffer.alloc(SIZE, 'gitops ');
  /** 200 MB in 2,000 files; a version of one of them. */
  const entries = (version = 1): Entry[] =>
    layer(
      ...Array.from({ length: COUNT }, (_, i) => {
        const which = i === 777 ? version : 1;
        const content = { size: SIZE, identity: `${i} ${which}`, chunks: () => [BYTES.fill(which, 0, 1)] };
        return file(`app/m${100 + (i % 100)}/${i}`, '', { content });
      }),
    );
  /** Counts what is written. */
  class Counting extends Layout {
    written = 0;
    override writer(): BlobWriter {
      const writer = super.writer();
      const write = writer.write.bind(writer);
      writer.write = (bytes) => {
        this.written += bytes.length;
        write(bytes);
      };
      return writer;
    }
  }
  const writeCounted = async (image: Assembled, known = NONE, signal?: AbortSignal) => {
    const counting = new Counting(join(directory(), 'image'));
    const platform = parsePlatform('linux/amd64');
    return {
      ...(await writeImage(counting, image, platform, () => ({}), known, signal)),
      written: counting.written,
    };
  };

  it('is written in parts, each of its own in the history', async () => {
    const { descriptor, manifest } = await write(assembled([[file('a')], entries(), undefined]));
    const count = manifest.layers.length - 1;
    expect(count).toBeGreaterThan(8);
    const { history, rootfs } = await (await imageFrom(layout(), descriptor)).config();
    expect(history).toEqual([
      { created, created_by: 'step 0' },
      ...manifest.layers
        .slice(1)
        .map((_, i) => ({ created, created_by: 'step 1', comment: `part ${i + 1} of ${count}` })),
      { created, created_by: 'step 2', empty_layer: true },
    ]);
    expect(rootfs.diff_ids).toEqual(manifest.layers.map(({ digest }) => digest));
  });

  it('is not written again but for the parts that changed', async () => {
    const first = await writeCounted(assembled([entries()]));
    expect(first.written).toBeGreaterThan(SIZE * COUNT);
    const second = await writeCounted(assembled([entries(2)]), first.layers);
    const there = first.manifest.layers.map(({ digest }) => digest);
    const changed = second.manifest.layers.filter(({ digest }) => !there.includes(digest));
    // The file has the size that it had: so the boundaries are where they were.
    expect(changed).toHaveLength(1);
    expect(second.written).toBeLessThan(changed[0]!.size + 20_000);
    expect(second.written).toBeLessThan(first.written / 5);
    // And it is the image that a first build makes.
    rmSync(join(directory(), 'image'), { recursive: true });
    expect((await writeCounted(assembled([entries(2)]))).descriptor).toEqual(second.descriptor);
  });

  it('is left in the middle where the build is interrupted', async () => {
    const interruption = new AbortController();
    const image = assembled([entries()]);
    setImmediate(() => interruption.abort(new Error('interrupted')));
    await expect(writeCounted(image, NONE, interruption.signal)).rejects.toThrow('interrupted');
    const names = readdirSync(join(directory(), 'image', 'blobs', 'sha256'));
    expect(names.length).toBeLessThan(8);
    expect(names.every((name) => /^[0-9a-f]{64}$/.test(name))).toBe(true);
  });

  it('has fewer parts on a base of many layers', async () => {
    const image = (layers: number): BaseImage['image'] => {
      const all = Array.from({ length: layers }, () => ({
        mediaType: OCI.layer,
        digest: sha256(''),
        size: 0,
      }));
      const config = { rootfs: { type: 'layers', diff_ids: all.map(({ digest }) => digest) } };
      return {
        config: async () => config,
        manifest: async () => ({ layers: all }),
      } as unknown as BaseImage['image'];
    };
    for (const [below, most] of [
      [60, 4],
      [64, 1],
    ] as const) {
      const base = { image: image(below) } as BaseImage;
      const { manifest } = await write(assembled([entries()], { base }));
      expect(manifest.layers.length - below).toBe(most);
    }
  });
});
