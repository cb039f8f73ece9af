import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest } from '../digest';
import { hexOf } from '../digest';
import { OCI } from '../media-types';
import type { Descriptor } from '../types';
import { mapped } from '../file-errors';
import { writeIndex } from './index-file';
import type { Layout } from './layout';

/**
 * Makes `entries` all that a layout names, and removes the blobs that are not among `kept`. Readers see what was there
 * before, or the new content; never half of it. For a layout that one process at a time writes to.
 */
export function replaceContent(layout: Layout, entries: readonly Descriptor[], kept: Iterable<Digest>): void {
  layout.make();
  writeIndex(layout.directory, { schemaVersion: 2, mediaType: OCI.index, manifests: entries });
  const blobs = join(layout.directory, 'blobs', 'sha256');
  const names = new Set([...kept].map(hexOf));
  mapped(blobs, () => {
    for (const name of readdirSync(blobs)) if (!names.has(name)) rmSync(join(blobs, name), { force: true });
  });
}
