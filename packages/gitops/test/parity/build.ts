import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { BaseImage } from '../../src/builders/assemble/base-image';
import { LayerTrees } from '../../src/builders/assemble/layer-trees';
import type { Builder } from '../../src/builders/builder';
import { baseLabels } from '../../src/builders/labels';
import { compileIgnore, ignoreFileCandidates, parseIgnoreFile } from '../../src/containerfile/ignore';
import { parseContainerfile } from '../../src/containerfile/parse';
import { planStages } from '../../src/containerfile/stages';
import { type Image, imageFrom } from '../../src/oci/image';
import { createLayout } from '../../src/oci/layout';
import { parsePlatform } from '../../src/oci/platform';
import type { RunConfig } from '../../src/oci/types';
import { BuildContext } from '../../src/revision/context';
import { FileHashes } from '../../src/revision/file-hashes';
import { GitopsError } from '../../src/support/errors';
import type { ParityCase } from './cases';
import type { ParityResult } from './compare';
import { type ContextSource, containerfileName, writeContext } from './context';
import { pickConfig, readLayers } from './image';

const platform = parsePlatform('linux/amd64');

/** What one of our builders makes of a case. */
export async function buildCase(c: ParityCase, builder: Builder): Promise<ParityResult> {
  const directory = mkdtempSync(join(tmpdir(), 'gitops-parity-'));
  const trees = new LayerTrees(join(directory, 'trees'));
  try {
    const image = await build(c, { directory, trees, builder, images: c.images ?? {} });
    const layers = await Promise.all((await image.layers()).map((layer) => buffer(layer.open())));
    return {
      files: await readLayers(layers),
      config: pickConfig(ofContainerfile((await image.config()).config)),
    };
  } catch (error) {
    if (error instanceof GitopsError) return { error: error.message };
    throw error;
  } finally {
    trees.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

interface Surroundings {
  readonly directory: string;
  readonly trees: LayerTrees;
  readonly builder: Builder;
  /** The images that the container file may name. */
  readonly images: NonNullable<ParityCase['images']>;
}

async function build(
  source: ContextSource & Pick<ParityCase, 'buildArgs' | 'target'>,
  { directory, trees, builder, images }: Surroundings,
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
  const { descriptor } = await builder.build({
    containerfile,
    text: source.containerfile,
    plan: planStages(containerfile, { target: source.target, buildArgs, platform }),
    context: new BuildContext(root, compileIgnore(patterns), FileHashes.load(join(directory, 'hashes.json'))),
    buildArgs,
    platform,
    scratch: join(directory, 'scratch'),
    findImage: async (reference, _platform, place): Promise<BaseImage> => {
      const made = images[reference];
      if (!made) throw new GitopsError(`there is no image ${reference}`, place);
      const image = await build(made, { directory, trees, builder, images: {} });
      return {
        image,
        name: reference,
        digest: image.digest,
        tree: async (contents) => trees.tree(await image.layers(), { contents, pathOf: () => undefined }),
      };
    },
    layout,
    labels: {},
    known: new Map(),
    full: true,
  });
  return imageFrom(layout, descriptor);
}

/** Without what every image is labelled with. */
function ofContainerfile(config: RunConfig = {}): RunConfig {
  const ours = Object.keys(baseLabels({ name: '', digest: 'sha256:' }));
  const labels = Object.entries(config.Labels ?? {}).filter(([name]) => !ours.includes(name));
  return { ...config, Labels: Object.fromEntries(labels) };
}
