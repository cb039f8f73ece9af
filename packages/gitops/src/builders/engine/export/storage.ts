import type Docker from 'dockerode';
import { type Digest, hexOf, sha256 } from '../../../oci/digest';

/** Where an engine keeps an image, by paths of its own file system. */
export interface ImageStorage {
  readonly config: StoredFile;
  /** Bottom first, as many as the image has layers: the folder of the files, and the record of the archive. */
  readonly layers: readonly { readonly files: string; readonly record: StoredFile }[];
}

export interface StoredFile {
  readonly folder: string;
  readonly name: string;
}

/** What an engine says of itself. */
interface Info {
  readonly DockerRootDir?: string;
  readonly Driver?: string;
}

/** What an engine says of an image. */
export interface Inspected {
  readonly Id: string;
  /** Of all layers together, in bytes. */
  readonly Size?: number;
  readonly RootFS?: { readonly Layers?: string[] };
  readonly GraphDriver?: { readonly Name?: string; readonly Data?: Readonly<Record<string, string>> | null };
}

/**
 * Where the engine keeps the image's layers unpacked, with a record of their archives beside them; undefined for an
 * engine that does it in another way (Docker's containerd store, btrfs, zfs).
 */
export function imageStorage(
  kind: 'docker' | 'podman',
  info: Info,
  image: Inspected,
): ImageStorage | undefined {
  const { DockerRootDir: root, Driver: driver } = info;
  const data = image.GraphDriver?.Data;
  if (!root || !driver || image.GraphDriver?.Name !== driver) return undefined;
  const upper = data?.['UpperDir'];
  // An image may have a configuration alone: that cannot be saved, and is had in this way only.
  const folders = upper ? [upper, ...(data['LowerDir']?.split(':') ?? [])].reverse() : [];
  const diffIds = (image.RootFS?.Layers ?? []) as Digest[];
  if (folders.length !== diffIds.length) return undefined;
  const id = image.Id.replace(/^sha256:/, '');
  return kind === 'docker'
    ? docker(`${root}/image/${driver}`, id, folders, diffIds)
    : podman(root, driver, id, folders);
}

function docker(root: string, id: string, folders: string[], diffIds: Digest[]): ImageStorage {
  const chain = chainIds(diffIds);
  return {
    config: { folder: `${root}/imagedb/content/sha256`, name: id },
    layers: folders.map((files, i) => ({
      files,
      record: { folder: `${root}/layerdb/sha256/${hexOf(chain[i]!)}`, name: 'tar-split.json.gz' },
    })),
  };
}

function podman(root: string, driver: string, id: string, folders: string[]): ImageStorage {
  const key = Buffer.from(`sha256:${id}`).toString('base64');
  return {
    config: { folder: `${root}/${driver}-images/${id}`, name: `=${key}` },
    layers: folders.map((files) => {
      const layer = /([^/]+)\/diff$/.exec(files)?.[1] ?? '';
      return { files, record: { folder: `${root}/${driver}-layers`, name: `${layer}.tar-split.gz` } };
    }),
  };
}

/** The names of layers as stacked: each says what all the layers up to it are (image-spec, config.md, "ChainID"). */
function chainIds(diffIds: readonly Digest[]): Digest[] {
  const chain: Digest[] = [];
  for (const diffId of diffIds) chain.push(chain.length ? sha256(`${chain.at(-1)} ${diffId}`) : diffId);
  return chain;
}

/** Where a container has the engine's files: they are read through the engine, which may be on another machine. */
export const MOUNT = '/gitops.invalid';

/** The names of the mounts, in whose order they are archived. */
export const place = {
  config: '0-config',
  record: (i: number) => `${position(i)}-0-record`,
  files: (i: number) => `${position(i)}-1-files`,
} as const;

function position(i: number): string {
  return `1-${String(i).padStart(4, '0')}`;
}

/**
 * The mounts of a container that is never started, by which the engine hands out its files.
 * A mount, other than a bind, is an error where its source is missing; a bind would make a directory there. Podman
 * cannot archive a mounted file, and gets the folder.
 */
export function storageMounts(
  kind: 'docker' | 'podman',
  storage: ImageStorage,
  wanted: readonly number[],
): Docker.MountConfig {
  const mount = (Source: string, name: string) =>
    ({ Type: 'bind', Source, Target: `${MOUNT}/${name}`, ReadOnly: true }) as const;
  const file = ({ folder, name }: StoredFile, where: string) =>
    kind === 'docker' ? mount(`${folder}/${name}`, `${where}/${name}`) : mount(folder, where);
  return [
    file(storage.config, place.config),
    ...wanted.flatMap((i) => [
      file(storage.layers[i]!.record, place.record(i)),
      mount(storage.layers[i]!.files, place.files(i)),
    ]),
  ];
}
