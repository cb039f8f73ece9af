import { join } from 'node:path';
import { hexOf, sha256 } from '../oci/digest';
import { contentOf } from '../oci/content';
import { Layout, replaceContent } from '../oci/layout';
import { describe } from '../oci/manifest';
import { formatPlatform } from '../oci/platform';
import type { Descriptor, Digest } from '../oci/types';
import { GitopsError } from '../support/errors';
import { withLock } from '../support/lock';
import type { Bases } from '../workspace/bases';
import { type WorkspaceImage, labelledPath, outputPath, referenceName } from '../workspace/image';
import type { Workspace } from '../workspace/workspace';
import type { Decision } from './decide';
import { externalDependencies } from './external';
import { type DigestOf, pinsLayer, pinsOf, withLayer } from './pins';
import { platformOf, variantsOf, versionOf } from './version';

const BASE_NAME = 'org.opencontainers.image.base.name';
const REF_NAME = 'org.opencontainers.image.ref.name';

export interface LabelContext {
  readonly workspace: Workspace;
  readonly bases: Bases;
  readonly labels: (image: WorkspaceImage) => Readonly<Record<string, string>>;
  /** The digests of the versions that the store has. */
  readonly held: DigestOf;
  /** A directory of this machine. */
  readonly cache: string;
}

/**
 * Writes a built image with the version that was decided for it into an output of its own: the layers are those of the
 * build, and take no more room. What it is made from has to be labelled before.
 *
 * @returns the output, relative to the workspace
 * @throws GitopsError where it is not built
 */
export async function labelImage(
  image: WorkspaceImage,
  decision: Decision,
  context: LabelContext,
): Promise<string> {
  const { workspace, cache } = context;
  const output = labelledPath(image);
  const layout = new Layout(join(workspace.root, output));
  const lock = join(cache, 'locks', hexOf(sha256(layout.directory)));
  await withLock(lock, () => write(layout, image, decision, context));
  return output;
}

async function write(
  layout: Layout,
  image: WorkspaceImage,
  { to, dependencies }: Decision,
  { workspace, bases, labels, held }: LabelContext,
): Promise<void> {
  const built = new Layout(join(workspace.root, outputPath(image)));
  const [entry] = built.entries();
  if (!entry)
    throw new GitopsError(
      `${image.name} is not built`,
      undefined,
      `run nx run ${image.project}:${image.targetName}`,
    );
  const pins = pinsOf(workspace, image, dependencies, held);
  const added = pins && pinsLayer(pins);
  const stored = await variantsOf(bases.sourceOf(image), entry);
  const variants = added ? stored.map((variant) => withLayer(variant, added)) : stored;
  const external = await externalDependencies(workspace, bases, image);
  const digests = await digestsOfIngredients(workspace, image);
  const version = versionOf(variants, (platform, config) => ({
    version: to,
    dependencies: { ...external, ...dependencies },
    baseDigest: digests.get(config.config?.Labels?.[BASE_NAME] ?? '')?.get(formatPlatform(platform)),
    labels: labels(image),
  }));

  layout.make();
  const kept: Digest[] = [version.descriptor.digest];
  for (const layer of variants.flatMap(({ layers }) => layers)) {
    if (built.path(layer) === undefined) continue;
    layout.link(layer, built);
    kept.push(layer.digest);
  }
  if (added) {
    await layout.push(added.descriptor, () => contentOf(added.bytes));
    kept.push(added.descriptor.digest);
  }
  const documents = [
    ...version.parts.flatMap(({ config, manifest }) => [config, manifest]),
    ...(version.parts.length > 1 ? [version.top] : []),
  ];
  for (const document of documents) {
    const descriptor = describe(document);
    await layout.push(descriptor, () => contentOf(document.bytes));
    kept.push(descriptor.digest);
  }
  const named: Descriptor = { ...version.descriptor, annotations: { [REF_NAME]: to } };
  replaceContent(layout, [named], kept);
}

/** The manifest of each platform of the images that it is made from, as they were labelled. */
async function digestsOfIngredients(
  workspace: Workspace,
  image: WorkspaceImage,
): Promise<Map<string, ReadonlyMap<string, Digest>>> {
  const digests = new Map<string, ReadonlyMap<string, Digest>>();
  for (const ingredient of workspace.ingredients(image)) {
    const layout = new Layout(join(workspace.root, labelledPath(ingredient)));
    const [entry] = layout.entries();
    const variants = entry ? await variantsOf(layout, entry) : [];
    digests.set(
      referenceName(ingredient, workspace.settings),
      new Map(variants.map(({ config, digest }) => [formatPlatform(platformOf(config)), digest])),
    );
  }
  return digests;
}
