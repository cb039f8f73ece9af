import { execFileSync } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import type { Assembled } from '../../src/builders/assemble/assemble';
import { nameImage } from '../../src/builders/engine/load';
import { writeDocuments, writeImage } from '../../src/builders/write-image';
import type { Entry } from '../../src/filetree/entry';
import { FIXED_TIME } from '../../src/filetree/tar/header';
import { contentOf } from '../../src/oci/content';
import { sha256 } from '../../src/oci/digest';
import { type Image, imageFrom } from '../../src/oci/image';
import { Layout, replaceContent } from '../../src/oci/layout';
import { OCI } from '../../src/oci/media-types';
import { parsePlatform } from '../../src/oci/platform';
import type { Descriptor } from '../../src/oci/types';
import { compare } from '../parity/compare';
import { type FileTree, readLayers } from '../parity/image';
import { isAvailable, itUnless } from '../support/available';
import { dir, file, symlink } from '../support/entries';
import { useDirectory } from '../support/files';
import { layer } from '../support/large-layers';
import { tarOf } from '../support/tar';
import { type TestEngine, withEngine } from './fixture';

jest.setTimeout(120_000);

const AMD64 = parsePlatform('linux/amd64');
const MEGABYTE = Buffer.alloc(1_000_000, 'gitops ');
const CONFIG = { WorkingDir: '/', Cmd: ['/none'] };

/** Both have /app, and one of them has a file where the other has a directory. */
const BASE = layer(
  dir('app', { mode: 0o700, uid: 5 }),
  file('app/m'),
  file('app/kept', 'kept', { mode: 0o600 }),
);
const LARGE = layer(
  dir('app', { mode: 0o1775, uid: 7, gid: 8 }),
  ...'abcdefghijkl'
    .split('')
    .flatMap((at, i) => [
      dir(`app/m/${at}`, { mode: 0o711, uid: i }),
      dir(`app/m/${at}-empty`, { mode: 0o2750 }),
      symlink(`app/m/${at}/link`, '../a/0'),
      ...Array.from({ length: 4 }, (_, n) => file(`app/m/${at}/${n}`, MEGABYTE, { mode: 0o640 + n, gid: n })),
    ]),
);

const directory = useDirectory();

for (const kind of ['docker', 'podman'] as const)
  withEngine(kind, 'a layer in parts', (engine) => {
    it('is unpacked as the one layer is', async () => {
      const { image, layout } = await inParts();
      expect((await image.layers()).length).toBeGreaterThan(4);
      await nameImage(engine().engine, image, { repo: 'localhost/parts', tag: 'test' });
      await nameImage(engine().engine, await inOne(layout), { repo: 'localhost/one', tag: 'test' });
      const [divided, one] = [await unpacked(engine(), 'parts'), await unpacked(engine(), 'one')];
      expect(difference(one, divided)).toEqual([]);
      // What is compared is there.
      expect(one.size).toBe(new Set([...BASE, ...LARGE].map(({ path }) => path)).size);
      expect(one.get('app')).toMatchObject({ type: 'dir', mode: 0o1775, uid: 7, gid: 8 });
    });

    // Podman fails where a line has no time.
    it('is seen in the history', async () => {
      const { image } = await inParts();
      const parts = (await image.layers()).length - 1;
      await nameImage(engine().engine, image, { repo: 'localhost/parts', tag: 'test' });
      const history = await engine().engine.docker.getImage('localhost/parts:test').history();
      const lines = history as { Comment: string; Created: number }[];
      const comments = lines.map(({ Comment }) => Comment).reverse();
      expect(comments.slice(1)).toEqual(Array.from({ length: parts }, (_, i) => `part ${i + 1} of ${parts}`));
      expect(new Set(lines.map(({ Created }) => Created))).toEqual(new Set([FIXED_TIME]));
    });

    itUnless(
      isAvailable('skopeo') ? undefined : 'skopeo is not on PATH',
      'is unpacked as the one layer is, by way of skopeo',
      async () => {
        const { layout } = await inParts();
        const archive = join(directory(), 'archive.tar');
        const target = `docker-archive:${archive}:localhost/copied:test`;
        execFileSync('skopeo', ['--insecure-policy', 'copy', `oci:${layout.directory}`, target], {
          stdio: 'pipe',
        });
        await text((await engine().engine.docker.loadImage(createReadStream(archive))) as Readable);
        await nameImage(engine().engine, await inOne(layout), { repo: 'localhost/one', tag: 'test' });
        expect(difference(await unpacked(engine(), 'one'), await unpacked(engine(), 'copied'))).toEqual([]);
      },
    );
  });

/** As it is built. */
async function inParts(): Promise<{ image: Image; layout: Layout }> {
  const layout = new Layout(join(directory(), 'image'));
  const steps = [BASE, LARGE].map((entries, i) => ({
    createdBy: `step ${i}`,
    place: { file: 'Containerfile' },
    entries,
  }));
  const assembled: Assembled = { config: CONFIG, steps, close: () => undefined };
  const { descriptor, manifest } = await writeImage(layout, assembled, AMD64, () => ({}), new Map());
  replaceContent(
    layout,
    [descriptor],
    [descriptor, manifest.config, ...manifest.layers].map(({ digest }) => digest),
  );
  return { image: await imageFrom(layout, descriptor), layout };
}

/** The same files, each step one layer. */
async function inOne(layout: Layout): Promise<Image> {
  const layers = [];
  for (const entries of [BASE, LARGE]) {
    const layer = await store(layout, entries);
    layers.push({ layer, diffId: layer.digest });
  }
  const history = layers.map(() => ({ created_by: 'step' }));
  const parts = { platform: AMD64, run: CONFIG, history, layers, own: new Map() };
  return imageFrom(layout, (await writeDocuments(layout, parts)).descriptor);
}

async function store(layout: Layout, entries: readonly Entry[]): Promise<Descriptor> {
  const tar = tarOf(entries);
  const descriptor = { mediaType: OCI.layer, digest: sha256(tar), size: tar.length };
  await layout.push(descriptor, () => contentOf(tar));
  return descriptor;
}

/** What a container of the image sees below /app. */
async function unpacked({ engine }: TestEngine, name: string): Promise<FileTree> {
  const container = await engine.docker.createContainer({ Image: `localhost/${name}:test` });
  try {
    const files = await readLayers([await buffer(await container.export())]);
    return new Map([...files].filter(([path]) => /^app(\/|$)/.test(path)));
  } finally {
    await container.remove();
  }
}

const difference = (one: FileTree, other: FileTree): string[] =>
  compare({ files: one, config: {} }, { files: other, config: {} });
