import type { Going, ImagePlan } from './plan';
import type { Retention } from './retention';

/** What goes as a table, and what stays in a few lines; without the last line's end. */
export function pruneTable({ going, kept, unknown }: ImagePlan, { days, entries }: Retention): string {
  const rows = going.map(({ image, version, digest, why }) => [image, version, short(digest), why]);
  const all = [['IMAGE', 'VERSION', 'DIGEST', 'WHY'], ...rows];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const lines = all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  const held = kept.filter(({ isHeld }) => isHeld).length;
  return [
    ...(going.length > 0 ? lines : ['nothing may go']),
    `kept: ${count(held, 'version')} that rings hold or sites run, ${kept.length - held} more that the last ${days} days or ${entries} entries of the ledger name, or another tag`,
    ...unknown.map(({ image, version, why }) => `not touched: ${image}:${version}, ${why}`),
  ].join('\n');
}

/** `3 versions, 7 manifests` */
export function summary(going: readonly Going[]): string {
  const manifests = going.reduce((sum, one) => sum + one.manifests.length, 0);
  const versions = new Set(going.map(({ image, version }) => `${image}:${version}`));
  return `${count(versions.size, 'version')}, ${count(manifests, 'manifest')}`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

function short(digest: string): string {
  return digest.slice('sha256:'.length, 'sha256:'.length + 12);
}
