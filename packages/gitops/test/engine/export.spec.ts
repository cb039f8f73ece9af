import { exportImage } from '../../src/builders/engine/export/export';
import { exportSaved } from '../../src/builders/engine/export/saved';
import { imageStorage, type Inspected } from '../../src/builders/engine/export/storage';
import { exportStored } from '../../src/builders/engine/export/stored';
import { type Digest, Hasher, sha256 } from '../../src/oci/digest';
import { BASE, busybox, onDisk, type TestEngine, withEngine } from './fixture';

jest.setTimeout(60_000);

/** All that a layer's archive can hold, and names whose order differs between paths and their text. */
const LAYERS = [
  'FROM base:test',
  'RUN mkdir -p /d/a /d/a-b && echo 1 > /d/a/f && echo 2 > /d/a-b/f && ln /d/a/f /d/hard && ln -s a/f /d/soft',
  'RUN rm /d/a-b/f /bin/zcat && rm -r /d/a && mkdir /d/a && echo new > /d/a/g && chmod 4755 /d/a/g && mkfifo /d/fifo',
  `RUN mkdir -p /${'long/'.repeat(40)} && echo x > /${'long/'.repeat(40)}${'n'.repeat(120)} && chown -h 300000:300000 /d/soft`,
  'RUN touch -d @0 /d/old && head -c 3000000 /dev/zero | tr "\\\\0" x > /d/large && printf "" > /d/empty',
  'CMD ["sh"]',
].join('\n');

describe('exporting an image', () => {
  withEngine('docker', 'from Docker', (engine) => {
    suite(engine, async (text) => engine().buildkit({ text, files: busybox() }));

    it('does so for what the classic builder made', async () => {
      await expectExact(engine(), await buildInDirectory(engine(), 'FROM base:test\nRUN echo classic > /c'));
    });
  });

  withEngine('podman', 'from Podman', (engine) => {
    suite(engine, async (text) => buildInDirectory(engine(), text));
  });
});

function suite(engine: () => TestEngine, build: (text: string) => Promise<Digest>): void {
  let base: Digest;
  let image: Digest;

  beforeAll(async () => {
    base = await build(BASE);
    await engine().tag(base, 'base');
    image = await build(LAYERS);
  });

  afterEach(async () => expect(await engine().leftovers()).toEqual([]));

  it('puts together every layer byte for byte', () => expectExact(engine(), image));

  it('gives the same from a saved image', async () => {
    const { inspected, diffIds } = await inspect(engine(), image);
    const layers = new Map<string, number>();
    const config = await exportSaved(
      engine().engine.docker,
      inspected.Id,
      diffIds,
      new Set(diffIds),
      collect(layers),
    );
    expect(sha256(config)).toBe(image);
    expect([...layers.keys()]).toEqual(diffIds);
  });

  it('leaves out what the base has', async () => {
    const skip = new Set((await inspect(engine(), base)).diffIds);
    const layers = new Map<string, number>();
    const { config, diffIds } = await exportImage(engine().engine, image, { skip }, collect(layers));
    expect(sha256(config)).toBe(image);
    expect([...layers.keys()]).toEqual(diffIds.slice(skip.size));
    expect(JSON.parse(config.toString()).rootfs.diff_ids).toEqual(diffIds);
  });

  it('has nothing to do where the image is its base', async () => {
    const { diffIds } = await inspect(engine(), base);
    const layers = new Map<string, number>();
    const { config } = await exportImage(engine().engine, base, { skip: new Set(diffIds) }, collect(layers));
    expect(layers.size).toBe(0);
    expect(sha256(config)).toBe(base);
  });

  it('passes on what the sink throws, and tries no other way', async () => {
    let calls = 0;
    const failing = async () => {
      calls++;
      throw new Error('disk full');
    };
    await expect(exportImage(engine().engine, image, { skip: new Set() }, failing)).rejects.toThrow(
      'disk full',
    );
    expect(calls).toBe(1);
  });

  it('stops when it is told to', async () => {
    const abort = new AbortController();
    const sink = async () => abort.abort(new Error('enough'));
    const { signal } = abort;
    await expect(exportImage(engine().engine, image, { skip: new Set(), signal }, sink)).rejects.toThrow();
  });
}

/** Exports all layers from where the engine keeps them; their digests are checked on the way. */
async function expectExact({ engine }: Pick<TestEngine, 'engine'>, image: Digest): Promise<void> {
  const { inspected, diffIds } = await inspect({ engine }, image);
  const storage = imageStorage(engine.kind, await engine.docker.info(), inspected);
  const layers = new Map<string, number>();
  const config = await exportStored(
    engine,
    inspected.Id,
    storage!,
    diffIds,
    new Set(diffIds),
    collect(layers),
  );
  expect(sha256(config)).toBe(image);
  expect([...layers.keys()]).toEqual(diffIds);
}

async function inspect({ engine }: Pick<TestEngine, 'engine'>, id: string) {
  const inspected = (await engine.docker.getImage(id).inspect()) as Inspected;
  return { inspected, diffIds: inspected.RootFS!.Layers as Digest[] };
}

function collect(layers: Map<string, number>) {
  return async ({ diffId, content }: { diffId: Digest; content: AsyncIterable<Buffer> }): Promise<void> => {
    const hasher = new Hasher();
    for await (const chunk of content) hasher.update(chunk);
    expect(hasher.digest()).toBe(diffId);
    layers.set(diffId, hasher.size);
  };
}

/** Podman has no session: its context is a directory. */
async function buildInDirectory(engine: TestEngine, text: string): Promise<Digest> {
  const { root, tree, remove } = onDisk(busybox());
  try {
    return await engine.classic(root, tree, text);
  } finally {
    remove();
  }
}
