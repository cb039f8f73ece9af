import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { extract } from 'tar-stream';

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly architecture: string };
}

export interface Config {
  readonly architecture: string;
  readonly config: {
    readonly Labels?: Record<string, string>;
    readonly Entrypoint?: string[];
    readonly Env?: string[];
    readonly User?: string;
    readonly WorkingDir?: string;
  };
  readonly rootfs: { readonly diff_ids: string[] };
}

export interface BuiltImage {
  /** The manifest's digest. */
  readonly digest: string;
  /** The configuration's digest: the image ID. */
  readonly id: string;
  readonly config: Config;
  readonly layers: readonly Descriptor[];
}

export interface File {
  readonly type: string;
  readonly mode: number;
  readonly owner: string;
  readonly content: Buffer;
}

/** Reads an OCI image layout as any tool would: with nothing of the plugin's own code. */
export function readImage(layout: string): BuiltImage {
  const [descriptor] = json<{ manifests: Descriptor[] }>(join(layout, 'index.json')).manifests;
  const { config, layers } = blob<{ config: Descriptor; layers: Descriptor[] }>(layout, descriptor!.digest);
  return { digest: descriptor!.digest, id: config.digest, config: blob(layout, config.digest), layers };
}

/**
 * The files of an image by their paths.
 * @param bases where layers may be that the image's own layout leaves out
 */
export async function filesOf(layout: string, ...bases: string[]): Promise<Map<string, File>> {
  const files = new Map<string, File>();
  for (const { digest, mediaType } of readImage(layout).layers) {
    const path = [layout, ...bases].map((directory) => blobPath(directory, digest)).find(existsSync);
    if (path === undefined) throw new Error(`the layer ${digest} is nowhere`);
    const bytes = readFileSync(path);
    await addLayer(mediaType.endsWith('gzip') ? gunzipSync(bytes) : bytes, files);
  }
  return files;
}

/** Files that were being written, or that nothing refers to; index.json aside. */
export function leftovers(layout: string): string[] {
  if (!existsSync(layout)) return [];
  return readdirSync(layout, { recursive: true, encoding: 'utf8' }).filter((path) => path.includes('.tmp'));
}

async function addLayer(tar: Buffer, files: Map<string, File>): Promise<void> {
  const entries = Readable.from([tar]).pipe(extract());
  for await (const entry of entries) {
    const { name, type, mode, uid, gid, linkname } = entry.header;
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    files.set(name.replace(/\/$/, ''), {
      type: type ?? 'file',
      mode: mode ?? 0,
      owner: `${uid}:${gid}`,
      content: linkname ? Buffer.from(linkname) : Buffer.concat(chunks),
    });
  }
}

function blobPath(layout: string, digest: string): string {
  return join(layout, 'blobs', digest.replace(':', '/'));
}

function blob<T>(layout: string, digest: string): T {
  return json<T>(blobPath(layout, digest));
}

function json<T>(file: string): T {
  return JSON.parse(readFileSync(file, 'utf8')) as T;
}
