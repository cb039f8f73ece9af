import { readFileSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { dir, file } from '../../test/support/entries';
import { useDirectory } from '../../test/support/files';
import { tarOf } from '../../test/support/tar';
import type { Entry } from '../filetree/entry';
import { sha256 } from '../oci/digest';
import { imageFrom } from '../oci/image';
import { Layout } from '../oci/layout';
import { OCI } from '../oci/media-types';
import { parsePlatform } from '../oci/platform';
import type { RunConfig } from '../oci/types';
import type { Assembled } from './assemble/assemble';
import { type LayersByKey, writeImage } from './write-image';

const directory = useDirectory();
const layout = (): Layout => new Layout(join(directory(), 'image'));
const NONE: LayersByKey = new Map();

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
      { created_by: 'step 0' },
      { created_by: 'step 1', empty_layer: true },
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
