import { provideBase } from '../../src/builders/engine/bases';
import { exportImage } from '../../src/builders/engine/export/export';
import { type Digest, sha256 } from '../../src/oci/digest';
import { type Image, imageFrom } from '../../src/oci/image';
import { OCI } from '../../src/oci/media-types';
import type { BlobSource } from '../../src/oci/store';
import type { Descriptor } from '../../src/oci/types';
import { BASE, busybox, onDisk, type TestEngine, withEngine } from './fixture';

jest.setTimeout(60_000);

describe('providing a base', () => {
  withEngine('docker', 'to Docker', (engine) => {
    const build = (text: string) => engine().buildkit({ text, files: busybox() });
    suite(engine, build);

    it('sends no layer that a build has left in the cache', async () => {
      const { image, opened } = await detached(engine(), await build(BASE));
      const first = await provideBase(engine().engine, image);
      await build(`FROM ${first.reference}\nRUN echo cached`);
      await first.release();
      opened.length = 0;
      const second = await provideBase(engine().engine, image);
      expect(opened).toEqual([]);
      await build(`FROM ${second.reference}\nRUN echo cached`);
      expect(engine().lines).toContainEqual(expect.stringMatching(/RUN echo cached \(cached\)$/));
      await second.release();
    });

    it('sends just the layers on top of those that the engine has', async () => {
      const below = await build(BASE);
      await engine().tag(below, 'below');
      const { image, opened } = await detached(engine(), await build(`${BASE}\nRUN echo on top > /top`));
      await prune(engine());
      opened.length = 0;
      const base = await provideBase(engine().engine, image);
      expect(opened).toHaveLength(1);
      await base.release();
      await engine().engine.docker.getImage('below:test').remove();
    });

    it('serves stages and mounts too', async () => {
      const { image } = await detached(engine(), await build(BASE));
      const base = await provideBase(engine().engine, image);
      await build(
        [
          `FROM ${base.reference} AS one`,
          `COPY --from=${base.reference} /bin/busybox /copied`,
          `RUN --mount=type=bind,from=${base.reference},target=/m ls /m/bin/busybox`,
        ].join('\n'),
      );
      await base.release();
    });
  });

  withEngine('podman', 'to Podman', (engine) => {
    suite(engine, async (text) => {
      const { root, tree, remove } = onDisk(busybox());
      try {
        return await engine().classic(root, tree, text);
      } finally {
        remove();
      }
    });
  });
});

function suite(engine: () => TestEngine, build: (text: string) => Promise<Digest>): void {
  afterEach(async () => expect(await engine().leftovers()).toEqual([]));

  it('makes FROM see an image that the engine does not have', async () => {
    const { image } = await detached(engine(), await build(BASE));
    const base = await provideBase(engine().engine, image);
    const built = await build(`FROM ${base.reference}\nRUN echo built > /built`);
    const { diffIds } = await exportImage(engine().engine, built, { skip: new Set() }, drain);
    expect(diffIds.slice(0, -1)).toEqual((await image.config()).rootfs.diff_ids);
    await base.release();
    await base.release();
  });

  it('keeps bases of builds at the same time apart', async () => {
    const images = await Promise.all(
      ['one', 'two'].map(async (text) =>
        detached(engine(), await build(`${BASE}\nRUN echo ${text} > /which`)),
      ),
    );
    const bases = await Promise.all(
      [...images, ...images].map(({ image }) => provideBase(engine().engine, image)),
    );
    expect(new Set(bases.map(({ reference }) => reference)).size).toBe(4);
    await bases[0]!.release();
    for (const { reference } of bases.slice(1)) await build(`FROM ${reference}\nRUN cat /which`);
    await Promise.all(bases.map((base) => base.release()));
  });

  it('leaves nothing behind when the image is broken', async () => {
    const { image } = await detached(engine(), await build(`${BASE}\nRUN echo broken > /broken`));
    const broken = {
      ...image,
      rawConfig: async () => Buffer.from(String(await image.rawConfig()).replace('"rootfs"', '"r"')),
    };
    broken.layers = () => image.layers();
    await expect(provideBase(engine().engine, broken)).rejects.toThrow();
  });
}

/** An image that only this side has: exported, and forgotten by the engine but for its build cache. */
async function detached({ engine }: TestEngine, id: Digest): Promise<{ image: Image; opened: Digest[] }> {
  const blobs = new Map<Digest, Buffer>();
  const keep = (bytes: Buffer, mediaType: string): Descriptor => {
    blobs.set(sha256(bytes), bytes);
    return { mediaType, digest: sha256(bytes), size: bytes.length };
  };
  const { config, diffIds } = await exportImage(engine, id, { skip: new Set() }, async ({ content }) => {
    const chunks: Buffer[] = [];
    for await (const chunk of content) chunks.push(chunk);
    keep(Buffer.concat(chunks), OCI.layer);
  });
  await engine.docker.getImage(id).remove({ force: true });
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI.manifest,
    config: keep(config, OCI.config),
    layers: diffIds.map((digest) => ({ mediaType: OCI.layer, digest, size: blobs.get(digest)!.length })),
  };
  const opened: Digest[] = [];
  const source: BlobSource = {
    where: 'test',
    has: async ({ digest }) => blobs.has(digest),
    async *open({ digest, mediaType }) {
      if (mediaType === OCI.layer) opened.push(digest);
      yield blobs.get(digest)!;
    },
  };
  const image = await imageFrom(source, keep(Buffer.from(JSON.stringify(manifest)), OCI.manifest));
  return { image, opened };
}

async function prune({ engine }: TestEngine): Promise<void> {
  await engine.docker.pruneBuilder({ all: true } as never);
}

async function drain({ content }: { content: AsyncIterable<Buffer> }): Promise<void> {
  for await (const _chunk of content);
}
