import { gzipSync } from 'node:zlib';
import * as zlib from 'node:zlib';
import { chain } from '../../src/oci/chain';
import { MAX_DOCUMENT_SIZE, contentOf, limited, readAll, readDocument } from '../../src/oci/content';
import { sha256 } from '../../src/oci/digest';
import { imageFrom } from '../../src/oci/image';
import { layerFrom } from '../../src/oci/layer';
import { DOCKER, OCI } from '../../src/oci/media-types';
import { MemoryStore } from '../../src/oci/memory';
import { parsePlatform } from '../../src/oci/platform';
import type { BlobSource } from '../../src/oci/store';
import type { Platform } from '../../src/oci/types';
import { blob, image, index, noise, store } from './fixtures';

const repository = () => new MemoryStore().repository('acme/api');

describe('a layer', () => {
  const tar = noise(1_000_000);
  const members = Buffer.concat([gzipSync(tar.subarray(0, 400_000)), gzipSync(tar.subarray(400_000))]);
  const layer = async (bytes: Buffer, mediaType: string, diffId = sha256(tar)) => {
    const source = repository();
    const { descriptor } = blob(bytes, mediaType);
    await source.push(descriptor, () => contentOf(...halves(bytes)));
    return layerFrom(source, descriptor, diffId);
  };

  it.each([
    ['plain', tar, OCI.layer],
    ['gzip', gzipSync(tar), OCI.layerGzip],
    ['gzip of several members', members, OCI.layerGzip],
    ["Docker's", gzipSync(tar), DOCKER.layerGzip],
    ["Docker's, plain", tar, DOCKER.layer],
    ['foreign', gzipSync(tar), 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip'],
    ['non-distributable', gzipSync(tar), 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip'],
  ])('is uncompressed: %s', async (_, bytes, mediaType) => {
    const made = await layer(bytes, mediaType);
    expect((await readAll(made.uncompressed())).equals(tar)).toBe(true);
    expect((await readAll(made.open())).equals(bytes)).toBe(true);
  });

  it('in zstd is read where Node can, and says so where not', async () => {
    const compress = (zlib as { zstdCompressSync?: (bytes: Buffer) => Buffer }).zstdCompressSync;
    const made = await layer(compress?.(tar) ?? Buffer.from('zstd'), OCI.layerZstd);
    if (compress) expect((await readAll(made.uncompressed())).equals(tar)).toBe(true);
    else
      await expect(readAll(made.uncompressed())).rejects.toThrow(
        /compressed with zstd, which Node .* use Node/,
      );
  });

  it.each([
    ['with another diffID', gzipSync(tar), OCI.layerGzip, /corrupt: uncompressed it is sha256:/],
    [
      'that is no gzip',
      tar,
      OCI.layerGzip,
      /layer sha256:\S+ from memory\S+ is corrupt: incorrect header check/,
    ],
    [
      'that is cut before its end',
      gzipSync(tar).subarray(0, -100),
      OCI.layerGzip,
      /corrupt: unexpected end of file/,
    ],
    ['that is no layer', tar, 'text/plain', /is no tar layer but text\/plain/],
  ])('is refused: %s', async (_, bytes, mediaType, message) => {
    const made = await layer(bytes, mediaType, sha256('other'));
    await expect(readAll(made.uncompressed())).rejects.toThrow(message);
  });

  it('passes on what its source throws', async () => {
    const { descriptor } = blob('x', OCI.layerGzip);
    await expect(readAll(layerFrom(repository(), descriptor, sha256('')).uncompressed())).rejects.toThrow(
      'does not have',
    );
  });

  it('need not be read to its end', async () => {
    const made = await layer(gzipSync(noise(5_000_000)), OCI.layerGzip);
    for await (const piece of made.uncompressed()) {
      expect(piece.length).toBeGreaterThan(0);
      break;
    }
  });
});

describe('an image', () => {
  it('reads nothing but its manifest before it is asked', async () => {
    const source = repository();
    const fixture = image(['one', 'two']);
    await store(source, fixture);
    const opened: string[] = [];
    const watched: BlobSource = {
      where: 'watched',
      has: (descriptor) => source.has(descriptor),
      open: (descriptor) => (opened.push(descriptor.mediaType), source.open(descriptor)),
    };
    const found = await imageFrom(watched, fixture.descriptor);
    expect(found.digest).toBe(fixture.descriptor.digest);
    expect((await found.rawManifest()).equals(fixture.manifest.bytes)).toBe(true);
    expect(opened).toEqual([OCI.manifest]);
    const layers = await found.layers();
    await found.config();
    expect(layers.map(({ diffId }) => diffId)).toEqual(fixture.diffIds);
    expect(opened).toEqual([OCI.manifest, OCI.config]);
  });

  it('has as many layers as diff_ids', async () => {
    const source = repository();
    const [one, two] = [image(['one']), image(['one', 'two'])];
    await store(source, one);
    await store(source, two);
    const mixed = { ...JSON.parse(two.manifest.bytes.toString()), config: one.blobs[0]!.descriptor };
    const descriptor = await source.putManifest({
      mediaType: OCI.manifest,
      bytes: Buffer.from(JSON.stringify(mixed)),
    });
    await expect((await imageFrom(source, descriptor)).layers()).rejects.toThrow('2 layers, 1 diff_ids');
  });
});

describe('an index', () => {
  const platforms = ['linux/amd64', 'linux/arm64/v8', 'linux/arm/v6', 'windows/amd64'];
  const set = async (wanted: readonly (string | undefined)[]) => {
    const source = repository();
    const entries = [];
    for (const text of wanted) {
      const fixture = image([text ?? 'none'], text ? parsePlatform(text) : undefined);
      await store(source, fixture);
      entries.push({ ...fixture.descriptor, platform: text ? (parsePlatform(text) as Platform) : undefined });
    }
    return { source, entries, descriptor: await source.putManifest(index(...entries)) };
  };

  it.each([
    ['linux/arm64', 1],
    ['linux/aarch64/v8', 1],
    ['linux/arm/v7', 2],
    ['linux/amd64/v3', 0],
    ['windows/amd64', 3],
  ])('for %s gives its image', async (wanted, i) => {
    const { source, entries, descriptor } = await set(platforms);
    const found = await imageFrom(source, descriptor, parsePlatform(wanted));
    expect(found.digest).toBe(entries[i]!.digest);
  });

  it('without one for the platform says what it has', async () => {
    const { source, descriptor } = await set(platforms);
    await expect(imageFrom(source, descriptor, parsePlatform('linux/s390x'))).rejects.toThrow(
      /has no image for linux\/s390x: it has linux\/amd64, linux\/arm64, linux\/arm\/v6, windows\/amd64$/,
    );
    await expect(imageFrom(source, descriptor)).rejects.toThrow(
      /is not a single image: it has .*; name a platform$/,
    );
  });

  it('of a single image needs no platform, whatever attestations are with it', async () => {
    const { source, entries, descriptor } = await set(['linux/arm64', 'unknown/unknown']);
    expect((await imageFrom(source, descriptor)).digest).toBe(entries[0]!.digest);
  });

  it('may be within an index, but not for ever', async () => {
    const { source, entries, descriptor } = await set(['linux/amd64']);
    let current = descriptor;
    for (let i = 0; i < 2; i++) current = await source.putManifest(index(current));
    const wanted = parsePlatform('linux/amd64');
    expect((await imageFrom(source, current, wanted)).digest).toBe(entries[0]!.digest);
    for (let i = 0; i < 2; i++) current = await source.putManifest(index(current));
    await expect(imageFrom(source, current, wanted)).rejects.toThrow('nested too deeply');
  });
});

describe('a document', () => {
  it('is as large as it may be, and no larger', async () => {
    const source = repository();
    const { descriptor, bytes } = blob(Buffer.alloc(MAX_DOCUMENT_SIZE + 1), 'application/json');
    await source.push(descriptor, () => contentOf(bytes));
    await expect(readDocument(source, descriptor)).rejects.toThrow(
      /^sha256:\S+ in memory\/acme\/api has 4194305 bytes, too many for a application\/json$/,
    );
    expect(await readDocument(source, descriptor, { maxSize: MAX_DOCUMENT_SIZE + 1 })).toHaveLength(
      MAX_DOCUMENT_SIZE + 1,
    );
    await expect(readDocument(source, descriptor, { maxSize: 10 })).rejects.toThrow('too many');
  });

  it('without a size is read no further than that', async () => {
    let read = 0;
    const endless = async function* () {
      for (;;) yield Buffer.alloc(1000, read++);
    };
    await expect(readAll(limited(endless(), 'it', 2500))).rejects.toThrow('it is larger than 2500 bytes');
    expect(read).toBe(3);
  });
});

describe('a chain', () => {
  it('reads from the first source that has it', async () => {
    const { descriptor, bytes } = blob('content');
    const [near, far] = [new MemoryStore('near').repository('a'), new MemoryStore('far').repository('b')];
    const both = chain(near, far);
    expect(await both.has(descriptor)).toBe(false);
    await expect(readAll(both.open(descriptor))).rejects.toThrow(/^near\/a, far\/b does not have sha256:/);
    await far.push(descriptor, () => contentOf(bytes));
    expect(await both.has(descriptor)).toBe(true);
    expect((await readAll(both.open(descriptor))).equals(bytes)).toBe(true);
  });
});

function halves(bytes: Buffer): Buffer[] {
  return [bytes.subarray(0, bytes.length >> 1), bytes.subarray(bytes.length >> 1)];
}
