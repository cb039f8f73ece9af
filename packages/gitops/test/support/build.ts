import { join } from 'node:path';
import { assemble } from '../../src/builders/assemble/assemble';
import { type WrittenImage, writeImage } from '../../src/builders/write-image';
import { compileIgnore, parseIgnoreFile } from '../../src/containerfile/ignore';
import { parseContainerfile } from '../../src/containerfile/parse';
import { planStages } from '../../src/containerfile/stages';
import { Layout } from '../../src/oci/layout';
import { parsePlatform } from '../../src/oci/platform';
import { BuildContext } from '../../src/revision/context';
import { FileHashes } from '../../src/revision/file-hashes';
import { type Revision, revisionOf } from '../../src/revision/revision';
import { GitopsError } from '../../src/support/errors';
import { makeDirectory, removeDirectory } from './files';

/** What an image is made from. */
export interface Recipe {
  /** The directory of the context. */
  readonly root: string;
  readonly containerfile: string;
  /** The text of the ignore file. */
  readonly ignore?: string;
  readonly buildArgs?: Readonly<Record<string, string>>;
  readonly platforms?: readonly string[];
  readonly target?: string;
}

function prepare(
  { root, ignore = '', buildArgs = {}, platforms = ['linux/amd64'], ...recipe }: Recipe,
  hashes: string,
) {
  const containerfile = parseContainerfile(recipe.containerfile, 'Containerfile');
  const target = recipe.target === undefined ? {} : { target: recipe.target };
  const variants = platforms.map(parsePlatform).map((platform) => ({
    platform,
    plan: planStages(containerfile, { ...target, buildArgs, platform }),
  }));
  const context = new BuildContext(root, compileIgnore(parseIgnoreFile(ignore)), FileHashes.load(hashes));
  return { containerfile, buildArgs, variants, context };
}

/** The revision of an image. */
export function revision(recipe: Recipe): Revision {
  return revisionOf(prepare(recipe, join(recipe.root, 'no-such-file')));
}

/** Assembles an image FROM scratch into a layout, without any labels of ours; one result for each platform. */
export async function build(recipe: Recipe, directory: string): Promise<WrittenImage[]> {
  const { variants, ...rest } = prepare(recipe, join(directory, 'hashes.json'));
  const layout = new Layout(join(directory, 'image'));
  const written: WrittenImage[] = [];
  for (const variant of variants) {
    const findImage = () => Promise.reject(new GitopsError('there is no image'));
    const assembled = await assemble({ ...rest, ...variant, findImage, scratch: join(directory, 'scratch') });
    try {
      written.push(await writeImage(layout, assembled, variant.platform, () => ({}), new Map()));
    } finally {
      assembled.close();
    }
  }
  return written;
}

/** The digests of an image's manifests, without its files left behind. */
export async function digests(recipe: Recipe): Promise<string[]> {
  const directory = makeDirectory();
  try {
    return (await build(recipe, directory)).map(({ descriptor }) => descriptor.digest);
  } finally {
    removeDirectory(directory);
  }
}
