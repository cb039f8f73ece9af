/** What a location starts with that is a directory. */
export const LAYOUT = 'oci:';

/** Whether a store is a directory, which needs no network. */
export function isDirectoryStore(location: string): boolean {
  return location.startsWith(LAYOUT);
}

/** How an image in a store is referred to: by its host and what comes before the repositories' names. */
export function storePrefix(location: string): string {
  return location.replace(/^https?:\/\//, '').replace(/\/$/, '');
}

/**
 * The repository in the state store that a reference with a host names; undefined for one elsewhere. Who has a store of
 * their own reads references to the one that all share as references to theirs.
 */
export function repositoryInStore(
  named: string,
  { store, sharedStore }: { readonly store: string; readonly sharedStore?: string },
): string | undefined {
  const prefix = [store, sharedStore ?? store]
    .map((each) => `${storePrefix(each)}/`)
    .find((each) => named.startsWith(each));
  return prefix === undefined ? undefined : named.slice(prefix.length);
}
