import type { StoredEntry } from '../../src/ledger/entry';
import { type Commit, type Draft, Ledger } from '../../src/ledger/ledger';
import type { View } from '../../src/ledger/merge';
import { type State, imageState } from '../../src/ledger/state';
import { nextVersion } from '../../src/ledger/version';
import type { WritableRepository } from '../../src/oci/store';
import { change, details } from './changes';
import { RINGS } from './histories';

/** A new version of one image, for one ring, as its writer wants it. */
export class Push {
  /** What was decided last. */
  version = '';
  decided = 0;

  constructor(
    readonly who: string,
    readonly image = 'api',
    readonly ring = RINGS.first,
  ) {}

  /** @param think takes its time between reading and writing */
  async to(ledger: Ledger, think: (time: number) => Promise<void> = async () => undefined): Promise<Commit> {
    return ledger.commit({ who: this.who }, async (view) => {
      const draft = this.draft(view.state);
      await think(++this.decided);
      return draft;
    });
  }

  draft(state: State): Draft {
    const { image, ring } = this;
    const { rings: held, taken } = imageState(state, image);
    this.version = nextVersion({ rings: RINGS, ring, held, taken, initialVersion: '0.1.0' });
    return {
      operation: { kind: 'push', ring },
      changes: [change(image, ring, held[ring] ?? '', this.version, true)],
      details: details({ [image]: { [this.version]: `${image} of ${this.who}` } }),
    };
  }
}

/** All of a ledger, as who reads it from its start finds it. */
export interface Audit {
  readonly view: View;
  readonly entries: readonly StoredEntry[];
  /** Those that change something, and whose changes stand. */
  readonly standing: readonly StoredEntry[];
  /** The tags of those whose changes do not. */
  readonly voided: ReadonlySet<string>;
}

/**
 * Reads a ledger from its start.
 * @throws StoreError where an entry is not what it has to be; Error where one is lost to who reads from the head
 */
export async function audit(repository: WritableRepository): Promise<Audit> {
  const ledger = new Ledger(repository);
  const view = await ledger.read();
  const byDigest = new Map<string, StoredEntry>();
  for (const tag of await ledger.entries.tags(0)) {
    const stored = (await ledger.entries.read(tag))!;
    byDigest.set(stored.digest, stored);
    await ledger.verify(stored);
  }
  const reached = new Set<string>();
  const reach = (digest: string): void => {
    if (reached.has(digest)) return;
    reached.add(digest);
    byDigest.get(digest)?.entry.previous.forEach(reach);
  };
  for (const { digest } of view.heads) reach(digest);
  const entries = [...byDigest.values()];
  const lost = entries.filter(({ digest }) => !reached.has(digest));
  if (lost.length > 0) throw new Error(`nothing leads to ${lost.map(({ tag }) => tag).join(', ')}`);
  // What does not stand in the entry that a later one goes on from does not stand in that one either.
  const voided = new Set(view.voided);
  for (let at = view.heads[0]; at; at = byDigest.get(at.entry.previous[0] ?? ''))
    for (const tag of at.entry.void) voided.add(tag);
  const standing = entries.filter(({ tag, entry }) => !voided.has(tag) && entry.changes.length > 0);
  return { view, entries, standing, voided };
}

/** What is wrong with what these pushes have become: each has to stand once, with the version that it was given. */
export function faults({ standing, view }: Audit, pushes: readonly Push[]): string[] {
  const found: string[] = [];
  const given = new Map<string, string>();
  for (const { who, image, version } of pushes) {
    const other = given.get(`${image}:${version}`);
    if (other !== undefined) found.push(`${image}:${version} was given to ${other} and to ${who}`);
    given.set(`${image}:${version}`, who);
    const claims = standing.filter(({ entry }) => entry.who === who).flatMap(({ entry }) => entry.changes);
    if (claims.map(({ to }) => to).join() !== version)
      found.push(`${who} was given ${version}, and in the ledger it is ${claims.map(({ to }) => to).join()}`);
    if (!Object.values(imageState(view.state, image).taken).length) found.push(`${image} is in no ring`);
  }
  return found;
}

export function report(what: string, { entries, voided }: Audit, pushes: readonly Push[], more = ''): void {
  process.stdout.write(
    `ledger: ${what}: ${pushes.length} commits, ${entries.length} entries, ${voided.size} void${more}\n`,
  );
}
