import { type ImageState, type PublishedVersion, type State, imageState } from '../../src/ledger/state';
import { type Taken, taking } from '../../src/ledger/version';
import { sha256 } from '../../src/oci/digest';

/** A version that a ring holds. */
export interface HeldVersion extends PublishedVersion {
  readonly version: string;
}

/** `v('1.2.0', 'r1', { base: '1.0.0' })`: a version, of a revision, made with others. */
export function v(
  version: string,
  revision = 'same',
  dependencies: Readonly<Record<string, string>> = {},
): HeldVersion {
  return { version, revision, dependencies, digest: sha256(`${version} ${revision}`) };
}

/**
 * A state by what each ring holds: `{ api: { developers: v('1.2.0') } }`.
 * @param gone versions that were taken besides, by image
 */
export function stateOf(
  images: Readonly<Record<string, Readonly<Record<string, HeldVersion>>>>,
  gone: Readonly<Record<string, readonly string[]>> = {},
): State {
  const states = Object.entries(images).map(([image, rings]): [string, ImageState] => {
    const held = Object.entries(rings);
    const versions = held.map(([, { version, ...published }]): [string, PublishedVersion] => [
      version,
      published,
    ]);
    const names = [
      ...versions.map(([version]) => version),
      ...(new Map(Object.entries(gone)).get(image) ?? []),
    ];
    return [
      image,
      {
        rings: Object.fromEntries(held.map(([ring, { version }]) => [ring, version])),
        versions: Object.fromEntries(versions),
        taken: names.reduce<Taken>(taking, {}),
      },
    ];
  });
  return { images: Object.fromEntries(states) };
}

/** `developers 0.2.0, testers 0.1.0` */
export function ringsOf(state: State, image: string): string {
  const { rings } = imageState(state, image);
  return Object.keys(rings)
    .sort()
    .map((ring) => `${ring} ${rings[ring]}`)
    .join(', ');
}
