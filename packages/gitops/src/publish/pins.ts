import { CREATED } from '../builders/write-image';
import { type Entry, ROOT, bytes, directory } from '../filetree/entry';
import { tarChunks } from '../filetree/tar/writer';
import { type State, imageState } from '../ledger/state';
import { sha256 } from '../oci/digest';
import { OCI } from '../oci/media-types';
import type { Descriptor, Digest } from '../oci/types';
import { type WorkspaceImage, referenceName } from '../workspace/image';
import { isDirectoryStore, storePrefix } from '../workspace/store-location';
import type { Workspace } from '../workspace/workspace';
import type { Variant } from './version';

/** A dependency, as the store has the version that an image's label names. */
export interface Pin {
  /** The dependency's name in the workspace. */
  readonly image: string;
  /** What manifests call it: its reference name. */
  readonly name: string;
  readonly version: string;
  readonly digest: Digest;
  /** Where a cluster pulls it from; undefined where the store is a directory. */
  readonly repository?: string;
}

export interface PinsLayer {
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
}

const DIRECTORY = 'gitops/dependencies';
const CREATED_BY = 'gitops: the dependencies by digest';

/** Finds the digest of a version of an image of the workspace, as the store has it. */
export type DigestOf = (image: string, version: string) => Digest | undefined;

/** The digests of the versions that rings hold. */
export function digestsIn(state: State): DigestOf {
  return (image, version) => imageState(state, image).versions[version]?.digest;
}

/**
 * The pins of an image that declares dependencies by label; undefined for any other.
 * @param dependencies the versions of the images of the workspace that it was decided with
 */
export function pinsOf(
  workspace: Workspace,
  image: WorkspaceImage,
  dependencies: Readonly<Record<string, string>>,
  digestOf: DigestOf,
): Pin[] | undefined {
  if (workspace.analysis(image).labels.length === 0) return undefined;
  const { settings } = workspace;
  return Object.entries(dependencies).flatMap(([dependency, version]): Pin[] => {
    const digest = digestOf(dependency, version);
    const name = referenceName({ name: dependency }, settings);
    const repository = `${storePrefix(settings.store)}/${name}`;
    const where = isDirectoryStore(settings.store) ? {} : { repository };
    return digest ? [{ image: dependency, name, version, digest, ...where }] : [];
  });
}

/**
 * The layer that makes an image deploy exactly what its labels say: a kustomize Component that pins each dependency,
 * and the same as JSON. Equal pins give equal bytes.
 */
export function pinsLayer(pins: readonly Pin[]): PinsLayer {
  const sorted = [...pins].sort((a, b) => (a.image < b.image ? -1 : 1));
  const archive = Buffer.concat(
    [
      ...tarChunks([
        directory('gitops'),
        directory(DIRECTORY),
        file('dependencies.json', dependenciesJson(sorted)),
        file('kustomization.yaml', component(sorted)),
      ]),
    ].map((chunk) => Buffer.from(chunk)),
  );
  return {
    descriptor: { mediaType: OCI.layer, digest: sha256(archive), size: archive.length },
    bytes: archive,
  };
}

/** An image with one layer more, on top of its others. */
export function withLayer({ config, layers, ...variant }: Variant, { descriptor }: PinsLayer): Variant {
  const { rootfs, history } = config;
  return {
    ...variant,
    layers: [...layers, descriptor],
    config: {
      ...config,
      rootfs: { ...rootfs, diff_ids: [...rootfs.diff_ids, descriptor.digest] },
      history: [...(history ?? []), { created: CREATED, created_by: CREATED_BY }],
    },
  };
}

function file(name: string, text: string): Entry {
  const content = Buffer.from(text);
  return {
    path: `${DIRECTORY}/${name}`,
    type: 'file',
    mode: 0o644,
    ...ROOT,
    content: bytes(content, sha256(content)),
  };
}

function dependenciesJson(pins: readonly Pin[]): string {
  const images = Object.fromEntries(pins.map(({ image, ...pin }) => [image, pin]));
  return `${JSON.stringify({ schemaVersion: 1, images }, undefined, 2)}\n`;
}

/** JSON is YAML: no name needs quoting rules of its own. */
function component(pins: readonly Pin[]): string {
  const images = pins.map(({ name, repository, digest }) => {
    const to = repository === undefined ? [] : [`    newName: ${JSON.stringify(repository)}`];
    return [`  - name: ${JSON.stringify(name)}`, ...to, `    digest: ${JSON.stringify(digest)}`].join('\n');
  });
  return [
    '# What this image was labelled with, where the store has it.',
    'apiVersion: kustomize.config.k8s.io/v1alpha1',
    'kind: Component',
    images.length > 0 ? 'images:' : 'images: []',
    ...images,
    '',
  ].join('\n');
}
