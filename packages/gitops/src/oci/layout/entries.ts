import type { Descriptor } from '../types';

/** image-spec, annotations.md: in `index.json` the name of an entry, here its tag. */
const REF_NAME = 'org.opencontainers.image.ref.name';

export function tagOf(entry: Descriptor): string | undefined {
  return entry.annotations?.[REF_NAME];
}

export function withTag(entry: Descriptor, tag: string | undefined): Descriptor {
  const { annotations = {}, ...rest } = entry;
  const { [REF_NAME]: _, ...others } = annotations;
  const all = tag === undefined ? others : { ...others, [REF_NAME]: tag };
  return Object.keys(all).length > 0 ? { ...rest, annotations: all } : rest;
}

/** The entries with one more, which takes its tag from whichever has it. */
export function withEntry(
  entries: readonly Descriptor[],
  added: Descriptor,
  tag: string | undefined,
): Descriptor[] {
  const others = tag === undefined ? entries : entries.map((entry) => untagged(entry, tag));
  return eachOnce([...others, withTag(added, tag)]);
}

/** The entries of which none has the tag. */
export function withoutTag(entries: readonly Descriptor[], tag: string): Descriptor[] {
  return eachOnce(entries.map((entry) => untagged(entry, tag)));
}

function untagged(entry: Descriptor, tag: string): Descriptor {
  return tagOf(entry) === tag ? withTag(entry, undefined) : entry;
}

/**
 * What loses its only tag stays, without one, so that it can still be had by digest; what has a tag needs no entry
 * without.
 */
function eachOnce(entries: readonly Descriptor[]): Descriptor[] {
  const tagged = new Set(entries.filter((entry) => tagOf(entry) !== undefined).map(({ digest }) => digest));
  const seen = new Set<string>();
  return entries.filter((entry) => {
    if (tagOf(entry) !== undefined) return true;
    if (tagged.has(entry.digest) || seen.has(entry.digest)) return false;
    seen.add(entry.digest);
    return true;
  });
}
