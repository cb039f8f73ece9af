import type { StoredEntry } from '../../ledger/entry';
import { EntryStore } from '../../ledger/entry-store';
import type { View } from '../../ledger/merge';
import { checkAgainstParents } from '../../ledger/verify';
import type { WritableRepository } from '../../oci/store';
import type { Digest } from '../../oci/types';
import { type Finding, damage, finding } from './finding';

/**
 * Makes sure that every entry of a ledger follows from those before it, back to the first. What the store does not have
 * any more is no fault.
 *
 * @param listed the tags of all entries, as they were before the view was read
 * @throws StoreError where the store does not answer
 */
export async function checkChain(
  repository: WritableRepository,
  view: View,
  listed: readonly string[],
): Promise<Finding[]> {
  const walk = new Walk(repository, view);
  await walk.run();
  for (const tag of [...listed].reverse()) await walk.takeUnreached(tag);
  return walk.findings();
}

class Walk {
  private readonly open: Map<Digest, StoredEntry>;
  private readonly reached = new Set<string>();
  private readonly unreadable = new Set<Digest>();
  /** By what they say: the same fault may show more than once. */
  private readonly faults = new Map<string, Finding>();
  private hasGap = false;
  private readonly entries: EntryStore;

  constructor(repository: WritableRepository, { heads }: View) {
    this.open = new Map(heads.map((head) => [head.digest, head]));
    this.entries = new EntryStore(repository);
  }

  /** Goes back from what is open, the latest first. */
  async run(): Promise<void> {
    while (this.open.size > 0) {
      const next = [...this.open.values()].reduce((a, b) => (a.tag > b.tag ? a : b));
      this.open.delete(next.digest);
      this.reached.add(next.tag);
      await this.blame(() => checkAgainstParents(this.entries, next));
      for (const digest of next.entry.previous) await this.takeParent(digest);
    }
  }

  /** Goes on from an entry that none names that was reached. */
  async takeUnreached(tag: string): Promise<void> {
    if (this.reached.has(tag)) return;
    let stored: StoredEntry | undefined;
    await this.blame(async () => (stored = await this.entries.read(tag)));
    // Who is unreadable has its fault already; who was removed meanwhile has none.
    if (!stored || this.reached.has(stored.tag)) return;
    if (!this.hasGap)
      this.add(
        finding(
          'ledger',
          'warning',
          `the entry ${tag} by ${stored.entry.who} came to light too late to be merged: its changes do not hold`,
          'push again what it brought',
        ),
      );
    this.open.set(stored.digest, stored);
    await this.run();
  }

  findings(): Finding[] {
    const [oldest] = [...this.reached].sort();
    const count = `${this.reached.size} ${this.reached.size === 1 ? 'entry' : 'entries'}`;
    const back = `back to ${oldest}${this.hasGap ? '; some of what came before is no longer there' : ', the first'}`;
    const faults = [...this.faults.values()];
    if (faults.some(({ level }) => level === 'problem')) return faults;
    return [
      finding('ledger', this.hasGap ? 'note' : 'ok', `${count}, each follows from those before it, ${back}`),
      ...faults,
    ];
  }

  private async takeParent(digest: Digest): Promise<void> {
    if (this.open.has(digest) || this.unreadable.has(digest)) return;
    let parent: StoredEntry | undefined;
    await this.blame(async () => (parent = await this.entries.read(digest)));
    if (!parent) {
      this.hasGap = true;
      this.unreadable.add(digest);
    } else if (!this.reached.has(parent.tag)) this.open.set(digest, parent);
  }

  private async blame(work: () => Promise<unknown>): Promise<void> {
    const error = await damage(work);
    if (error) this.add(finding('ledger', 'problem', error.what, error.remedy));
  }

  private add(fault: Finding): void {
    this.faults.set(fault.what, fault);
  }
}
