import { constants, copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson } from '../json';
import { isIndex, parseManifest } from '../manifest';
import { OCI } from '../media-types';
import { StoreError } from '../store-error';
import type { Index } from '../types';
import { fileError, isMissing, mapped } from '../file-errors';
import { tryLink } from './link';
import { replaceFile, temporaryPath } from '../../support/temporary';

/** A layout without an image. */
export const EMPTY_INDEX: Index = { schemaVersion: 2, mediaType: OCI.index, manifests: [] };

/**
 * Whether the directory says to be a layout of a version that this code reads (image-layout.md, "oci-layout file").
 * @throws StoreError `corrupt` when it is one of another version, or the file is malformed
 */
export function isLayout(directory: string): boolean {
  const path = join(directory, 'oci-layout');
  const text = readIfThere(path)?.toString('utf8');
  if (text === undefined) return false;
  let version: unknown;
  try {
    version = (JSON.parse(text) as { imageLayoutVersion?: unknown }).imageLayoutVersion;
  } catch {
    throw new StoreError('corrupt', `${path} is not JSON`);
  }
  if (typeof version === 'string' && /^1\.\d+\.\d+$/.test(version)) return true;
  throw new StoreError(
    'corrupt',
    `${path} says version ${JSON.stringify(version)} of the OCI image layout; only 1.0.0 is known`,
  );
}

/** Makes the directory, which is there, a layout: `oci-layout` comes last, for it says that the rest is there. */
export function makeLayout(directory: string): void {
  if (isLayout(directory)) return;
  createIndex(directory);
  const path = join(directory, 'oci-layout');
  mapped(path, () => replaceFile(path, canonicalJson({ imageLayoutVersion: '1.0.0' })));
}

/**
 * `index.json` (image-layout.md, "index.json file").
 * @throws StoreError `corrupt` when it is missing or malformed
 */
export function readIndex(directory: string): Index {
  const path = join(directory, 'index.json');
  const bytes = readIfThere(path);
  if (!bytes) throw new StoreError('corrupt', `${path} is missing`);
  const index = parseManifest(bytes, path);
  if (isIndex(index)) return index;
  throw new StoreError('corrupt', `${path} is not an index`);
}

/** Replaces `index.json` in one step. No digest is taken of it, and it may be long: so it is written the fast way. */
export function writeIndex(directory: string, index: Index): void {
  const path = join(directory, 'index.json');
  mapped(path, () => replaceFile(path, JSON.stringify(index)));
}

/** Writes an empty `index.json`, unless there is one: another process may be making the same layout, and be ahead. */
function createIndex(directory: string): void {
  const path = join(directory, 'index.json');
  const temporary = temporaryPath(directory);
  try {
    mapped(path, () => {
      writeFileSync(temporary, canonicalJson(EMPTY_INDEX), { flag: 'wx' });
      if (!tryLink(temporary, path)) copyFileSync(temporary, path, constants.COPYFILE_EXCL);
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    // Below a file there is no layout either.
    if (isMissing(error) || (error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw fileError(error, path);
  }
}
