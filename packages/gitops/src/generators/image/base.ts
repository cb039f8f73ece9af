import { parseReference } from '../../oci/reference';
import { GitopsError } from '../../support/errors';
import type { Kind } from './kind';

const SCRATCH = 'scratch';

/** Where the workspace has no base of its own. */
const DEFAULTS: Readonly<Record<Kind, string>> = {
  node: 'node:22-alpine',
  static: 'nginxinc/nginx-unprivileged:1.28-alpine',
  base: SCRATCH,
  scratch: SCRATCH,
};

/**
 * What FROM names.
 * @param given a reference, or the name of an image of the workspace; by default the workspace's image
 *   `<kind>-base`, `base-<kind>` or `base`, for kinds that need one
 * @param images the names of the workspace's images, this one left out
 * @throws GitopsError for what is no reference, or not for this kind
 */
export function chooseBase(
  kind: Kind,
  given: string | undefined,
  images: readonly string[],
  project: string,
): string {
  const needsBase = DEFAULTS[kind] !== SCRATCH;
  const usual = needsBase ? [`${kind}-base`, `base-${kind}`, 'base'] : [];
  const ours = (given === undefined ? usual : [given]).find((name) => images.includes(name));
  if (ours !== undefined && kind !== 'scratch') return `${project}/${ours}`;
  if (given === undefined) return DEFAULTS[kind];
  if (kind === 'scratch' && given !== SCRATCH)
    throw new GitopsError(
      `an image of kind scratch is not made from ${given}`,
      undefined,
      'leave --base out, or choose another --kind',
    );
  if (needsBase && given === SCRATCH)
    throw new GitopsError(
      `an image of kind ${kind} is not made from scratch`,
      undefined,
      kind === 'node' ? 'name a base that has Node' : 'name a base that has a web server',
    );
  if (given !== SCRATCH) parseReference(given);
  return given;
}
