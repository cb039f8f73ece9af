import type { Descriptor, Digest } from '../oci/types';
import type { Variant } from './version';

/** A layer that the store has. */
export interface KnownLayer {
  /** With its listing, where it has one. */
  readonly descriptor: Descriptor;
  /** The name of the repository that has it. */
  readonly repository: string;
}

/** Layers that the store has, by their diffIDs. */
export type KnownLayers = ReadonlyMap<Digest, KnownLayer>;

/** The layers of what a store has, as those who share them need them. */
export function knownLayers(repository: string, variants: readonly Variant[]): [Digest, KnownLayer][] {
  return variants.flatMap(({ config, layers }) =>
    layers.map((descriptor, i): [Digest, KnownLayer] => [
      config.rootfs.diff_ids[i]!,
      { descriptor, repository },
    ]),
  );
}
