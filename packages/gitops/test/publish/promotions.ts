import { join } from 'node:path';
import { Rings } from '../../src/ledger/rings';
import { type State, imageState } from '../../src/ledger/state';
import { breaches } from '../../src/ledger/transitions';
import { openRegistry } from '../../src/oci/registry';
import type { Store } from '../../src/oci/store';
import { Stores } from '../../src/workspace/stores';
import { type Audit, audit } from '../ledger/writers';
import { type Files } from '../support/files';
import { ringsOf } from './states';

/** As a desk has them. */
export const RINGS = new Rings(['developers', 'testers']);
export const RELEASE = ['base', 'api', 'web'] as const;
const PROJECT = 'acme/shop';

/** base ← api ← web: what is promoted of web is all of them. */
export const CONTAINERFILES: Files = {
  'base/Containerfile': 'FROM scratch\nCOPY file /base\n',
  'api/Containerfile': 'FROM acme/shop/base\nCOPY file /api\n',
  'web/Containerfile': 'FROM acme/shop/api\nCOPY file /web\n',
};

/** Other content of each image of the release. */
export function contentOfRelease(name: string): Files {
  return Object.fromEntries(RELEASE.map((image) => [join(image, 'file'), `${image} ${name}`]));
}

/** All that a store has to say of what was promoted in it. */
export interface Promoted extends Audit {
  /** What is wrong with it. */
  readonly flaws: readonly string[];
}

/**
 * Reads a ledger from its start, and looks at the tags of all rings: every entry has to leave them whole, what stands
 * has to add up to what they hold, and they have to have the tags that this says.
 */
export async function promoted(location: string): Promise<Promoted> {
  const stores = new Stores('/nonexistent', openRegistry);
  try {
    const store = stores.open(location);
    const found = await audit(store.repository(`${PROJECT}/ledger`));
    const { state } = found.view;
    return { ...found, flaws: [...torn(found), ...sums(found), ...(await wrongTags(store, state))] };
  } finally {
    await stores.close();
  }
}

/** `{ api: 'developers 0.1.1, testers 0.1.0' }` */
export function boardOf(state: State): Record<string, string> {
  return Object.fromEntries(Object.keys(state.images).map((image) => [image, ringsOf(state, image)]));
}

/** The rings that some entry leaves with an image that was made with other versions than they hold. */
function torn({ entries, view }: Audit): string[] {
  const states = [
    ...entries.map(({ tag, entry }) => [tag, entry.state] as const),
    ['all', view.state] as const,
  ];
  return states.flatMap(([tag, state]) =>
    breaches({ images: {} }, state).map((breach) => `${tag} leaves ${JSON.stringify(breach)}`),
  );
}

/**
 * The versions that a ring got more or less often than it gave them away: then an entry stands in part, or not at all,
 * or twice.
 */
function sums({ standing, view: { state } }: Audit): string[] {
  const counts = new Map<string, number>();
  const add = (image: string, ring: string, version: string | undefined, count: number): void => {
    if (version === undefined) return;
    const key = `${image} ${version} in ${ring}`;
    counts.set(key, (counts.get(key) ?? 0) + count);
  };
  for (const { entry } of standing)
    for (const { image, ring, from, to } of entry.changes) {
      add(image, ring, to, 1);
      add(image, ring, from, -1);
    }
  for (const [image, { rings }] of Object.entries(state.images))
    for (const [ring, version] of Object.entries(rings)) add(image, ring, version, -1);
  return [...counts].filter(([, count]) => count !== 0).map(([key, count]) => `${key}: ${count} too many`);
}

/** The tags of rings that name something else than what the rings hold; those of rings that hold none may be gone. */
async function wrongTags(store: Store, state: State): Promise<string[]> {
  const wrong: string[] = [];
  for (const image of Object.keys(state.images)) {
    const { rings, versions } = imageState(state, image);
    const repository = store.repository(`${PROJECT}/${image}`);
    for (const [ring, version] of Object.entries(rings)) {
      const there = await repository.resolve(ring);
      if (there?.digest !== versions[version]!.digest)
        wrong.push(`${image}:${ring} is ${there?.digest}, not ${version}`);
    }
  }
  return wrong;
}
