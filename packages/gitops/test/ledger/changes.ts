import type { Change, PublishedVersion, State } from '../../src/ledger/state';
import { sha256 } from '../../src/oci/digest';

/** A version as its content makes it. */
export function published(
  content: string,
  dependencies: Readonly<Record<string, string>> = {},
): PublishedVersion {
  return { digest: sha256(Buffer.from(content)), revision: `revision of ${content}`, dependencies };
}

/** The change of a ring from one version to another; '' for none. */
export function change(image: string, ring: string, from: string, to: string, isNew = false): Change {
  return { image, ring, ...(from && { from }), ...(to && { to }), ...(isNew && { isNew }) };
}

/** Describes versions: `{ api: { '1.0.0': 'content' } }`. */
export function details(images: Readonly<Record<string, Readonly<Record<string, string>>>>): State {
  const entries = Object.entries(images).map(([image, versions]) => {
    const described = Object.entries(versions).map(([version, content]) => [version, published(content)]);
    return [image, { rings: {}, taken: {}, versions: Object.fromEntries(described) }];
  });
  return { images: Object.fromEntries(entries) };
}

/** The version that each ring holds of each image, on one line. */
export function shown({ images }: State): string {
  return Object.keys(images)
    .sort()
    .map((image) => {
      const { rings } = images[image]!;
      const held = Object.keys(rings).sort();
      return `${image}: ${held.map((ring) => `${ring} ${rings[ring]}`).join(', ') || 'none'}`;
    })
    .join('; ');
}
