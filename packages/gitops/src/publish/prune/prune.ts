import { historyOf } from '../../ledger/history';
import type { StoredEntry } from '../../ledger/entry';
import type { Ledger } from '../../ledger/ledger';
import type { View } from '../../ledger/merge';
import type { Digest } from '../../oci/types';
import type { WritableRepository } from '../../oci/store';
import { GitopsError } from '../../support/errors';
import { inventoryOf } from './inventory';
import { type Doomed, type Going, type ImagePlan, planOf } from './plan';
import { type KnownVersions, type Retention, isKept, knownVersions, namingAlone } from './retention';
import { type Running, withRunning } from './running';

export interface PruneContext {
  readonly ledger: Ledger;
  readonly repositoryOf: (image: string) => WritableRepository;
  readonly retention: Retention;
  /** What sites run, asked for anew each time that the ledger has changed. */
  readonly running?: () => Promise<readonly Running[]>;
  readonly now?: () => number;
}

/** What became of something that was to go. */
export interface Pruned {
  readonly going: Going;
  /** False where it is held, or named, again: it stays. */
  readonly isDeleted: boolean;
}

/**
 * Deletes the versions that no ring holds and no young entry of the ledger names. Nothing is asked of a repository that
 * the ledger does not know an image of; its own repository is none of them.
 */
export class Prune {
  private readonly now: number;
  private seen: { readonly heads: string; readonly known: ReadonlyMap<string, KnownVersions> } | undefined;

  constructor(private readonly context: PruneContext) {
    this.now = (context.now ?? Date.now)();
  }

  /** What would go, as things are. @throws StoreError */
  async plan(): Promise<ImagePlan> {
    const plans: ImagePlan[] = [];
    for (const [image, versions] of [...(await this.known())].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const all = [...versions.values()];
      const digests = (wanted: boolean): Digest[] =>
        all.filter((one) => isKept(one) === wanted).flatMap((one) => [...one.digests]);
      const repository = this.repository(image);
      plans.push(planOf(image, versions, await inventoryOf(repository, digests(true), digests(false))));
    }
    return {
      going: plans.flatMap(({ going }) => going),
      kept: plans.flatMap(({ kept }) => kept),
      unknown: plans.flatMap(({ unknown }) => unknown),
    };
  }

  /**
   * Deletes what was planned, one after the other, and looks before each whether it may go still.
   * @throws StoreError `rejected` where the store allows no deletes; what was yielded before is gone
   */
  async *run({ going }: Pick<ImagePlan, 'going'>): AsyncGenerator<Pruned> {
    const { repository: ledger } = this.context.ledger.entries;
    const deleters = new Map<string, Deleter>();
    for (const one of going) {
      const deleter = deleters.get(one.image) ?? new Deleter(this.repository(one.image));
      deleters.set(one.image, deleter);
      const work = async (): Promise<boolean> => {
        const version = (await this.known()).get(one.image)?.get(one.version);
        if (!version || isKept(version)) return false;
        for (const doomed of one.manifests) await deleter.delete(doomed);
        return true;
      };
      // Where the store can lock, nobody writes to the ledger between the look and the deed.
      yield { going: one, isDeleted: await (ledger.exclusively ? ledger.exclusively(work) : work()) };
    }
  }

  private repository(image: string): WritableRepository {
    const repository = this.context.repositoryOf(image);
    const { entries } = this.context.ledger;
    if (repository.name !== entries.repository.name) return repository;
    throw new GitopsError(
      `the ledger in ${repository.where} names an image that would be where it is itself`,
      undefined,
      'nothing is pruned: it was not written by gitops',
    );
  }

  /** What the ledger says now. Its entries do not change: only a new one is a reason to look through them again. */
  private async known(): Promise<ReadonlyMap<string, KnownVersions>> {
    const { ledger, retention } = this.context;
    const view = await ledger.read();
    const heads = view.heads.map(({ tag }) => tag).join();
    if (this.seen?.heads !== heads) {
      for (const head of view.heads) await ledger.verify(head);
      const past = await this.past(view);
      const followed = await ledger.entries.followedDigest();
      const known = knownVersions(view.state, past, followed, retention, this.now);
      const running = (await this.context.running?.()) ?? [];
      this.seen = { heads, known: withRunning(known, past, running) };
    }
    return this.seen.known;
  }

  private async past(view: View): Promise<StoredEntry[]> {
    const past: StoredEntry[] = [];
    const named = new Set<string>();
    for await (const { stored } of historyOf(this.context.ledger.entries, view))
      past.push(namingAlone(stored, named));
    return past;
  }
}

/** Deletes manifests of one repository. */
class Deleter {
  private canUntag = true;

  constructor(private readonly repository: WritableRepository) {}

  async delete({ digest, tags }: Doomed): Promise<void> {
    const { repository } = this;
    if (!repository.delete) throw new GitopsError(`nothing can be deleted in ${repository.where}`);
    // Some registries delete no manifest that has a tag; others no tag but with its manifest.
    for (const tag of tags) this.canUntag &&= (await repository.untag?.(tag)) ?? false;
    await repository.delete(digest);
  }
}
