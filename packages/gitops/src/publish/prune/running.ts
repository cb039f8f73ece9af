import type { StoredEntry } from '../../ledger/entry';
import type { PublishedVersion } from '../../ledger/state';
import type { Digest } from '../../oci/types';
import type { KnownVersion, KnownVersions } from './retention';

/** A root image that a site runs, whatever ring holds it. */
export interface Running {
  readonly site: string;
  readonly digest: Digest;
}

/**
 * The versions with the sites that run them among those who hold them: the root image that a site runs, and all that it
 * was made with, all the way down.
 *
 * @param past all entries, the latest first
 */
export function withRunning(
  known: ReadonlyMap<string, KnownVersions>,
  past: readonly StoredEntry[],
  running: readonly Running[],
): ReadonlyMap<string, KnownVersions> {
  if (running.length === 0) return known;
  const published = publishedIn(past);
  const holders = new Map<string, Set<string>>();
  const hold = (site: string, image: string, version: string): void => {
    const name = nameOf(image, version);
    const sites = holders.get(name) ?? new Set();
    if (sites.has(site)) return;
    holders.set(name, sites.add(site));
    const { dependencies = {} } = published.get(name) ?? {};
    for (const [dependency, its] of Object.entries(dependencies)) hold(site, dependency, its);
  };
  for (const { site, digest } of running)
    for (const [image, versions] of known)
      for (const { version, digests } of versions.values())
        if (digests.has(digest)) hold(site, image, version);
  const held = (image: string, one: KnownVersion): KnownVersion => {
    const sites = [...(holders.get(nameOf(image, one.version)) ?? [])].sort();
    return sites.length === 0
      ? one
      : { ...one, rings: [...one.rings, ...sites.map((site) => `the site ${site}`)] };
  };
  return new Map(
    [...known].map(([image, versions]) => [
      image,
      new Map([...versions].map(([version, one]) => [version, held(image, one)])),
    ]),
  );
}

function publishedIn(past: readonly StoredEntry[]): Map<string, PublishedVersion> {
  const published = new Map<string, PublishedVersion>();
  for (const { entry } of past)
    for (const [image, { versions }] of Object.entries(entry.state.images))
      for (const [version, one] of Object.entries(versions))
        if (!published.has(nameOf(image, version))) published.set(nameOf(image, version), one);
  return published;
}

function nameOf(image: string, version: string): string {
  return `${image}:${version}`;
}
