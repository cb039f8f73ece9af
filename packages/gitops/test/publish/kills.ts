import { existsSync } from 'node:fs';
import { boardOf } from '../../src/publish/board';
import { seeded } from '../ledger/virtual-time';
import { listFiles } from '../support/files';
import { RINGS } from './promotions';
import { Shelf } from './shelf';
import type { Desk } from './worker';

/**
 * As many moments within a time, each in a part of it of its own. They are not in their order, so that what comes to be
 * slower is slower for all moments alike.
 */
export function momentsWithin(duration: number, count: number): number[] {
  const random = seeded(1);
  const moments = Array.from({ length: count }, (_, i) => ((i + random()) / count) * duration);
  for (let i = moments.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [moments[i], moments[j]] = [moments[j]!, moments[i]!];
  }
  return moments;
}

/** What everybody can see of a store: the board, each tag of a version or a ring with its digest, all labels. */
export async function seen(location: string, names: readonly string[]): Promise<unknown> {
  const shelf = new Shelf(location);
  const images: Record<string, unknown> = {};
  for (const image of names) {
    const tags = (await shelf.tags(image)).filter((tag) => !tag.startsWith('sha256-'));
    const found = await Promise.all(tags.map((tag) => shelf.image(image, tag)));
    images[image] = tags.map((tag, i) => [tag, found[i]!.descriptor, found[i]!.labels]);
  }
  return { board: boardOf((await shelf.ledger()).view, RINGS, names), images };
}

/** What killed processes have left on their machine. */
export function leftBehind({ root, machine }: Desk): string[] {
  const files = [root, machine].flatMap((one) => (existsSync(one) ? listFiles(one) : []));
  return files.filter((file) => /scratch|\.tmp|lock/.test(file));
}

export function counted<T>(counts: ReadonlyMap<T, number>): string {
  return [...counts]
    .sort()
    .map(([name, count]) => `${count} ${String(name)}`)
    .join(', ');
}
