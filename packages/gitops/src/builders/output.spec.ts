import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { build, type Recipe } from '../../test/support/build';
import { useDirectory, writeFiles } from '../../test/support/files';
import { hexOf } from '../oci/digest';
import { imageFrom } from '../oci/image';
import { Layout } from '../oci/layout';
import { parsePlatform } from '../oci/platform';
import { addLayers, publish, readOutput } from './output';
import type { WrittenImage } from './write-image';

const directory = useDirectory();
const output = (): string => join(directory(), 'image');
const layout = (): Layout => new Layout(output());
const blobNames = (): string[] => readdirSync(join(output(), 'blobs', 'sha256')).sort();

const BOTH = ['linux/amd64', 'linux/arm64'];
const PLAIN = 'FROM scratch\nCOPY a /\n';
const BY_PLATFORM = 'FROM scratch\nCOPY a /\nARG TARGETARCH\nCOPY <<EOF /arch\n$TARGETARCH\nEOF\n';

async function written(recipe: Partial<Recipe> = {}): Promise<WrittenImage[]> {
  const root = writeFiles(join(directory(), 'context'), { a: 'a' });
  return build({ root, containerfile: PLAIN, ...recipe }, directory());
}

async function made(recipe: Partial<Recipe> = {}, key = 'key') {
  return publish(layout(), await written(recipe), { key, content: 'content', full: false });
}

describe('publish', () => {
  it('one platform: its image is the only entry', async () => {
    const [image] = await written();
    const digest = await publish(layout(), [image!], { key: 'key', content: 'content', full: false });
    expect(digest).toBe(image!.descriptor.digest);
    expect(layout().entries()).toEqual([
      expect.objectContaining({ digest, platform: { os: 'linux', architecture: 'amd64' } }),
    ]);
  });

  it('several platforms: an index with one entry for each', async () => {
    const digest = await made({ platforms: BOTH, containerfile: BY_PLATFORM });
    const [entry, ...more] = layout().entries();
    expect([entry!.digest, more]).toEqual([digest, []]);
    for (const platform of BOTH) {
      const image = await imageFrom(layout(), entry!, parsePlatform(platform));
      expect(`linux/${(await image.config()).architecture}`).toBe(platform);
    }
  });

  it('platforms share the layers that are equal', async () => {
    const [amd, arm] = await written({ platforms: BOTH, containerfile: BY_PLATFORM });
    const [common, own] = amd!.manifest.layers;
    expect(arm!.manifest.layers[0]).toEqual(common);
    expect(arm!.manifest.layers[1]).not.toEqual(own);
  });

  it.each<[name: string, recipe: Partial<Recipe>, blobs: number]>([
    // A layer, a config, a manifest.
    ['one platform', {}, 3],
    ['no layer', { containerfile: 'FROM scratch\n' }, 2],
    // One layer is shared, two are not; two configs, two manifests, an index.
    ['two platforms', { platforms: BOTH, containerfile: BY_PLATFORM }, 8],
  ])('holds what the image needs, and nothing else: %s', async (_name, recipe, blobs) => {
    await made(recipe);
    expect(blobNames()).toHaveLength(blobs);
  });

  it.each<[name: string, before: Partial<Recipe>, after: Partial<Recipe>]>([
    ['another layer', {}, { containerfile: 'FROM scratch\nCOPY a /b\n' }],
    ['a platform less', { platforms: BOTH, containerfile: BY_PLATFORM }, { containerfile: BY_PLATFORM }],
    ['a platform more', {}, { platforms: BOTH }],
  ])('leaves nothing of the build before: %s', async (_name, before, after) => {
    await made(before);
    await made(after);
    const second = blobNames();
    rmSync(output(), { recursive: true });
    await made(after);
    expect(blobNames()).toEqual(second);
  });

  it('removes what others left between the blobs', async () => {
    await made();
    writeFileSync(join(output(), 'blobs', 'sha256', 'stray'), 'x');
    await made();
    expect(blobNames()).not.toContain('stray');
  });

  it('is told apart from a half-made one: the index is written last', async () => {
    await made({}, 'one');
    const before = readFileSync(join(output(), 'index.json'), 'utf8');
    await written({ containerfile: 'FROM scratch\nCOPY a /b\n' });
    expect(readFileSync(join(output(), 'index.json'), 'utf8')).toBe(before);
    expect(readOutput(layout())).toMatchObject({ key: 'one', isWhole: true });
  });
});

describe('readOutput', () => {
  it('gives what was published', async () => {
    const images = await written({ platforms: BOTH, containerfile: BY_PLATFORM });
    const digest = await publish(layout(), images, { key: 'a key', content: 'content', full: false });
    expect(readOutput(layout())).toEqual({
      digest,
      key: 'a key',
      content: 'content',
      layers: new Map(images.flatMap(({ layers }) => [...layers])),
      isWhole: true,
    });
  });

  it('names layers by what they are made from: files, not their names on disk', async () => {
    const [one] = await written();
    const [other] = await written({ containerfile: 'FROM scratch\n\n# the same\nCOPY a /\nENV a=b\n' });
    expect([...other!.layers]).toEqual([...one!.layers]);
  });

  it('has nothing where there is nothing', () => {
    expect(readOutput(layout())).toBeUndefined();
  });

  it.each<[name: string, damage: () => void]>([
    ['its directory is a file', () => (rmSync(output(), { recursive: true }), writeFileSync(output(), ''))],
    ['it is empty', () => (rmSync(output(), { recursive: true }), mkdirSync(output()))],
    ['no index', () => rmSync(join(output(), 'index.json'))],
    ['half an index', () => truncateSync(join(output(), 'index.json'), 40)],
    [
      'an index of nothing',
      () => writeFileSync(join(output(), 'index.json'), '{"schemaVersion":2,"manifests":[]}'),
    ],
    ['an index that is a list', () => writeFileSync(join(output(), 'index.json'), '[]')],
    ['no oci-layout', () => rmSync(join(output(), 'oci-layout'))],
    ['half an oci-layout', () => truncateSync(join(output(), 'oci-layout'), 5)],
  ])('has nothing that can be used where %s', async (_name, damage) => {
    await made();
    damage();
    expect(readOutput(layout())).toBeUndefined();
  });

  it.each<[name: string, change: (annotations: Record<string, string>) => void]>([
    ['layers that are no JSON', (annotations) => (annotations['dev.gitops.layers'] = '{')],
    ['layers that are null', (annotations) => (annotations['dev.gitops.layers'] = 'null')],
    ['blobs that are no list', (annotations) => (annotations['dev.gitops.blobs'] = '7')],
    [
      'a blob with a path for a digest',
      (annotations) => (annotations['dev.gitops.blobs'] = '[{"digest":"sha256:../x","size":1}]'),
    ],
  ])('has nothing that can be used where its notes are damaged: %s', async (_name, change) => {
    await made();
    const file = join(output(), 'index.json');
    const index = JSON.parse(readFileSync(file, 'utf8')) as {
      manifests: [{ annotations: Record<string, string> }];
    };
    change(index.manifests[0].annotations);
    writeFileSync(file, JSON.stringify(index));
    expect(readOutput(layout())).toBeUndefined();
  });

  it('an output of another tool is not whole for us, for it has no key', async () => {
    await made();
    const { annotations: _, ...entry } = layout().entries()[0]!;
    writeFileSync(join(output(), 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
    expect(readOutput(layout())).toMatchObject({ key: undefined, layers: new Map() });
  });

  describe.each<[name: string, recipe: Partial<Recipe>]>([
    ['one platform', {}],
    ['two platforms', { platforms: BOTH, containerfile: BY_PLATFORM }],
  ])('sees that any of its blobs is missing or cut, and building mends it: %s', (_name, recipe) => {
    it.each<[name: string, damage: (file: string) => void]>([
      ['missing', (file) => rmSync(file)],
      ['cut', (file) => truncateSync(file, 1)],
    ])('%s', async (_name, damage) => {
      const digest = await made(recipe);
      for (const name of blobNames()) {
        damage(join(output(), 'blobs', 'sha256', name));
        expect([name, readOutput(layout())?.isWhole]).toEqual([name, false]);
        expect(await made(recipe)).toBe(digest);
        expect(readOutput(layout())).toMatchObject({ digest, isWhole: true });
      }
    });
  });

  it('sees that the layers of its base are missing, where they belong to it', async () => {
    const base = new Layout(join(directory(), 'base'));
    const [image] = await written();
    const [layer] = image!.manifest.layers;
    await addLayers(base, await (await imageFrom(layout(), image!.descriptor)).layers());
    expect(base.path(layer!)).toBeDefined();

    const onTop = { ...image!, layers: new Map() };
    await publish(layout(), [onTop], { key: 'key', content: 'content', full: true });
    expect(readOutput(layout())?.isWhole).toBe(true);
    rmSync(layout().path(layer!)!);
    expect(readOutput(layout())?.isWhole).toBe(false);

    await publish(layout(), [onTop], { key: 'key', content: 'content', full: false });
    expect(readOutput(layout())?.isWhole).toBe(true);
    expect(existsSync(join(output(), 'blobs', 'sha256', hexOf(layer!.digest)))).toBe(false);
  });
});
