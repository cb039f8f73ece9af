import { type Digest, sha256 } from '../oci/digest';
import type { Image } from '../oci/image';
import { canonicalJson } from '../oci/json';
import { speaksOfItsImage } from './labels';

/** An image is asked once for each that is made from it. */
const known = new WeakMap<Image, Digest>();

/**
 * What an image hands down to those that are made from it: its files and its configuration. Two images are equal in
 * it that differ in how their layers are compressed, and in the labels that say which image it is.
 */
export async function contentIdentity(image: Image): Promise<Digest> {
  const identity = known.get(image) ?? (await identityOf(image));
  known.set(image, identity);
  return identity;
}

async function identityOf(image: Image): Promise<Digest> {
  const { rootfs, config, os, architecture, variant } = await image.config();
  const labels = Object.entries(config?.Labels ?? {}).filter(([name]) => !speaksOfItsImage(name));
  return sha256(
    canonicalJson({
      os,
      architecture,
      variant,
      layers: rootfs.diff_ids,
      config: { ...config, Labels: Object.fromEntries(labels) },
    }),
  );
}
