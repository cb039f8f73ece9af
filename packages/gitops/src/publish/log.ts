import type { StoredEntry } from '../ledger/entry';
import type { Past } from '../ledger/history';

const MAX_CHANGES = 10;

/**
 * An entry of the past in words: when, what, who and why; below it what has changed, the last line without its end.
 * @param ring only its changes are listed
 */
export function logText({ stored, stands }: Past, ring?: string): string {
  const { tag, entry } = stored;
  const changes = entry.changes.filter((change) => ring === undefined || change.ring === ring);
  const more = changes.length - MAX_CHANGES;
  return [
    `${tag}  ${entry.time.slice(0, 19)}Z  ${did(stored)}  by ${entry.who}${stands ? '' : '  (void: another entry came first)'}`,
    ...(entry.reason ? [`  why: ${entry.reason}`] : []),
    ...(entry.run ? [`  run: ${entry.run}`] : []),
    ...(entry.commit ? [`  commit: ${entry.commit}`] : []),
    ...changes
      .slice(0, MAX_CHANGES)
      .map(({ image, ring: where, from, to }) => `  ${where} ${image} ${from ?? '-'} → ${to ?? '-'}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
    ...Object.entries(entry.holds ?? {}).map(
      ([held, why]) => `  ${held} ${why === null ? 'released' : 'on hold'}`,
    ),
    ...(entry.operation.forced ?? []).map((objection) => `  overridden: ${objection}`),
  ].join('\n');
}

function did({ entry: { operation } }: StoredEntry): string {
  const { kind, ring, to, store, undoes } = operation;
  switch (kind) {
    case 'push':
      return `push to ${ring}`;
    case 'promote':
      return `promote ${ring} → ${to}`;
    case 'shift':
      return `shift on from ${ring}`;
    case 'unshift':
      return `unshift ${to} (${undoes?.slice('sha256:'.length, 'sha256:'.length + 12)})`;
    case 'copy':
      return `copy of ${ring} from ${store}`;
    case 'merge':
      return 'merge';
    case 'hold':
    case 'release':
      return `${kind} ${ring}`;
  }
}

/** The same for programs. */
export function logDocument({ stored: { tag, digest, entry }, stands }: Past): object {
  const { state: _, ancestors: __, void: ___, schemaVersion: ____, ...told } = entry;
  return { tag, digest, stands, ...told };
}

/** Whether an entry has to do with a ring. */
export function concerns({ stored: { entry } }: Past, ring: string): boolean {
  const { operation, changes, holds = {} } = entry;
  return (
    operation.ring === ring ||
    operation.to === ring ||
    Object.hasOwn(holds, ring) ||
    changes.some((change) => change.ring === ring)
  );
}
