import type { Digest } from '../oci/digest';

const ANNOTATION = 'org.opencontainers.image.';
const OF_ONE_IMAGE: ReadonlySet<string> = new Set(
  ['version', 'revision', 'ref.name', 'base.name', 'base.digest'].map((name) => `${ANNOTATION}${name}`),
);

/**
 * Whether a label says what the very image is that it is on. Such a label of a base would be wrong for what is built
 * on it. Source: OCI image specification, annotations.md; `dependency.*` are our own.
 */
export function speaksOfItsImage(label: string): boolean {
  return OF_ONE_IMAGE.has(label) || label.startsWith('dependency.');
}

/** The labels that name what an image is made from. */
export function baseLabels(
  base: { readonly name: string; readonly digest: Digest } | undefined,
): Record<string, string> {
  if (!base) return {};
  return { [`${ANNOTATION}base.name`]: base.name, [`${ANNOTATION}base.digest`]: base.digest };
}

/** The labels that follow from an image's sources alone. */
export function sourceLabels(
  name: string,
  revision: string,
  vendor: string | undefined,
): Record<string, string> {
  return {
    [`${ANNOTATION}ref.name`]: name,
    [`${ANNOTATION}revision`]: revision,
    ...(vendor ? { [`${ANNOTATION}vendor`]: vendor } : {}),
  };
}
