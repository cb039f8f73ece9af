import type { Reason } from './decide';

/** What an image is made from: what its revision is a hash of. */
export interface Sources {
  /** The hash of all that is not files. */
  readonly instructions: string;
  /** What counts of each file, by its path. */
  readonly files: Readonly<Record<string, string>>;
  /** The commit that they were checked out at, as far as it is known. */
  readonly commit?: string;
}

/** `revision changed: apps/api/src/main.ts, +2 more; base 1.2.0 → 1.3.0` */
export function explain(reasons: readonly Reason[], changed: readonly string[] | undefined): string {
  return reasons.map((reason) => inWords(reason, changed)).join('; ') || 'up to date';
}

function inWords(reason: Reason, changed: readonly string[] | undefined): string {
  switch (reason.kind) {
    case 'first':
      return 'first version';
    case 'revision': {
      const [first, ...more] = changed ?? [];
      if (first === undefined) return 'revision changed';
      return `revision changed: ${first}${more.length > 0 ? `, +${more.length} more` : ''}`;
    }
    case 'dependency':
      if (reason.from === undefined) return `needs ${reason.image} ${reason.to} now`;
      return reason.to === undefined
        ? `no longer needs ${reason.image}`
        : `${reason.image} ${reason.from} → ${reason.to}`;
  }
}

/**
 * The files in which two versions of an image differ, the changed ones first, then new and removed ones.
 * @param containerfile named where something else than files changed
 */
export function changedSources(before: Sources, now: Sources, containerfile: string): string[] {
  const has = (sources: Sources, path: string): boolean => Object.hasOwn(sources.files, path);
  const paths = [...new Set([...Object.keys(before.files), ...Object.keys(now.files)])].sort();
  return [
    ...(before.instructions === now.instructions ? [] : [containerfile]),
    ...paths.filter((path) => has(before, path) && has(now, path) && before.files[path] !== now.files[path]),
    ...paths.filter((path) => !has(before, path)).map((path) => `${path} (new)`),
    ...paths.filter((path) => !has(now, path)).map((path) => `${path} (removed)`),
  ];
}
