import type { StoredEntry } from '../ledger/entry';
import type { View } from '../ledger/merge';
import { ANTE, POST, type Rings } from '../ledger/rings';
import { type PublishedVersion, holding } from '../ledger/state';

/** What one ring holds of an image. */
export interface Cell extends PublishedVersion {
  readonly version: string;
  /** Whether the ring before holds another version, or none. */
  readonly differs: boolean;
}

/** Which version of each image each ring holds. */
export interface Board {
  /** In their order; `ante` and `post` only where they hold something. */
  readonly rings: readonly string[];
  /** By name, sorted; of each image the rings that hold it. */
  readonly images: Readonly<Record<string, Readonly<Record<string, Cell>>>>;
}

/** @param names images that are to be there, whether any ring holds them or not */
export function boardOf({ state }: View, { all }: Rings, names: readonly string[]): Board {
  const images = [...new Set([...Object.keys(state.images), ...names])].sort();
  const isHeld = (ring: string): boolean => images.some((image) => holding(state, image, ring) !== undefined);
  const rings = all.filter((ring) => (ring !== ANTE && ring !== POST) || isHeld(ring));
  return {
    rings,
    images: Object.fromEntries(
      images.map((image) => [
        image,
        Object.fromEntries(
          rings.flatMap((ring, i): [string, Cell][] => {
            const held = holding(state, image, ring);
            if (!held) return [];
            const before = rings[i - 1];
            const differs = before !== undefined && holding(state, image, before)?.version !== held.version;
            return [[ring, { ...held, differs }]];
          }),
        ),
      ]),
    ),
  };
}

/** The board as a table, without the last line's end. A star marks what differs from the ring before. */
export function boardTable({ rings, images }: Board): string {
  const rows = Object.entries(images).map(([image, cells]) => [
    image,
    ...rings.map((ring) => {
      // A ring may be called `constructor`.
      const cell = Object.hasOwn(cells, ring) ? cells[ring] : undefined;
      return cell ? `${cell.version}${cell.differs ? ' *' : ''}` : '-';
    }),
  ]);
  const all = [['IMAGE', ...rings], ...rows];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const hasMarks = Object.values(images).some((cells) => Object.values(cells).some(({ differs }) => differs));
  return [
    ...all.map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    ),
    ...(hasMarks ? ['* another version than in the ring before'] : []),
  ].join('\n');
}

/** What an entry that does not stand wanted: who wrote it has to be told, or will find out. */
export function voidLine({ tag, entry }: StoredEntry): string {
  const wanted = entry.changes.map(({ image, ring, to }) => `${image} ${to ?? 'none'} in ${ring}`);
  return `void: ${tag} by ${entry.who}, another entry came first: ${wanted.join(', ')}`;
}
