import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assemble } from '../../src/builders/assemble/assemble';
import type { BaseImage } from '../../src/builders/assemble/base-image';
import { LayerTrees } from '../../src/builders/assemble/layer-trees';
import { writeImage } from '../../src/builders/write-image';
import { compileIgnore, ignoreFileCandidates, parseIgnoreFile } from '../../src/containerfile/ignore';
import { parseContainerfile } from '../../src/containerfile/parse';
import { planStages } from '../../src/containerfile/stages';
import { type Image, imageFrom } from '../../src/oci/image';
import { createLayout } from '../../src/oci/layout';
import { parsePlatform } from '../../src/oci/platform';
import { BuildContext } from '../../src/revision/context';
import { FileHashes } from '../../src/revision/file-hashes';
import { GitopsError } from '../../src/support/errors';
import type { ParityCase } from './cases';
import type { ParityResult } from './compare';
import { type ContextSource, containerfileName, writeContext } from './context';
import { pickConfig, readLayers } from './image';

const platform = parsePlatform('linux/amd64');

/** What the assembler makes of a case. */
export async function assembleCase(c: ParityCase): Promise<ParityResult> {
  const directory = mkdtempSync(join(tmpdir(), 'gitops-parity-'));
  try {
    const image = await build(c, directory, c);
    const layers = await Promise.all((await image.layers()).map(async (layer) => collect(layer.open())));
    return { files: await readLayers(layers), config: pickConfig((await image.config()).config) };
  } catch (error) {
    if (error instanceof GitopsError) return { error: error.message };
    throw error;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function build(
  source: ContextSource & Pick<ParityCase, 'images' | 'buildArgs' | 'target'>,
  directory: string,
  { images = {} }: Pick<ParityCase, 'images'>,
): Promise<Image> {
  const root = mkdtempSync(join(directory, 'context-'));
  await writeContext(source, root);
  const ignoreFile = ignoreFileCandidates(containerfileName, '.').find((file) =>
    existsSync(join(root, file)),
  );
  const patterns = ignoreFile
    ? parseIgnoreFile(readFileSync(join(root, ignoreFile), 'utf8'), ignoreFile)
    : [];
  const containerfile = parseContainerfile(source.containerfile, containerfileName);
  const buildArgs = source.buildArgs ?? {};
  const layout = createLayout(mkdtempSync(join(directory, 'layout-')));
  const trees = new LayerTrees(join(directory, 'trees'));
  const assembled = await assemble({
    containerfile,
    plan: planStages(containerfile, { target: source.target, buildArgs, platform }),
    context: new BuildContext(root, compileIgnore(patterns), FileHashes.load(join(directory, 'hashes.json'))),
    buildArgs,
    platform,
    scratch: join(directory, 'scratch'),
    findImage: async (reference, _platform, place): Promise<BaseImage> => {
      const made = images[reference];
      if (!made) throw new GitopsError(`there is no image ${reference}`, place);
      const image = await build(made, directory, {});
      return {
        image,
        name: reference,
        digest: image.digest,
        tree: async (contents) => trees.tree(await image.layers(), { contents, pathOf: () => undefined }),
      };
    },
  });
  try {
    const { descriptor } = await writeImage(layout, assembled, platform, {}, new Map());
    const base = await assembled.base?.image.layers();
    for (const layer of base ?? []) await layout.push(layer.descriptor, () => layer.open());
    return await imageFrom(layout, descriptor);
  } finally {
    assembled.close();
    trees.close();
  }
}

async function collect(content: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of content) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
