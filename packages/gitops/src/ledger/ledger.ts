import { setTimeout as sleep } from 'node:timers/promises';
import type { WritableRepository } from '../oci/store';
import { StoreError } from '../oci/store-error';
import { GitopsError } from '../support/errors';
import { withLock } from '../support/lock';
import { phase } from '../support/phases';
import { type Actor, type Entry, type Operation, type StoredEntry, WINDOW, sequenceOf } from './entry';
import { EntryStore } from './entry-store';
import { EMPTY_VIEW, type View, firstOf, merged, within } from './merge';
import { type Changes, type State, applied } from './state';
import { checkAgainstParents } from './verify';

/** What is to be written on top of a view. */
export interface Draft extends Changes {
  readonly operation: Operation;
  /** Where the versions that the changes bring are described. */
  readonly details: State;
}

export interface LedgerOptions {
  /** A file that keeps the runs of this machine out of each other's way; for a store that cannot lock. */
  readonly lockFile?: string;
  /** The shortest time, in milliseconds, in which the entry of another writer has to come to light. */
  readonly settleMs?: number;
  readonly now?: () => number;
}

export interface Commit {
  /** What every reader sees from now on. */
  readonly view: View;
  /** How often an entry was written for it: more than once where others were faster. */
  readonly tries: number;
  /** What stands: mostly, but not always, what was decided last. Undefined where there was nothing to do. */
  readonly draft?: Draft;
}

interface Verdict {
  readonly stands: boolean;
  readonly isFinal: boolean;
}

/** How long a writer waits, in milliseconds, for the entries of others, where the store answers fast. */
export const SETTLE_MS = 200;
/**
 * What others may take, from what they see to the entry that they write on top of it, as a multiple of one write: it is
 * some three requests, and each may take three times as long as ours.
 */
const SLOWEST = 9;
/** Of those that lost none waits longer before it tries again, however slow the store is. */
const MAX_PAUSE_MS = 2000;
/** A list of tags that is older than that is not waited for. */
const MAX_LAG_MS = 30_000;
const MAX_TRIES = 100;
const MERGE: Pick<Draft, 'operation' | 'changes'> = { operation: { kind: 'merge' }, changes: [] };

/**
 * The record of which version of each image each ring holds: entries that are only ever added, each with the state
 * after it, in one repository of the state store.
 */
export class Ledger {
  readonly entries: EntryStore;
  private readonly verified = new Set<string>();
  /** What was read before, and the tags that were listed for it. */
  private last: { readonly tags: readonly string[]; readonly view: View } | undefined;
  private readonly now: () => number;
  private readonly settleMs: number;

  constructor(
    repository: WritableRepository,
    private readonly options: LedgerOptions = {},
  ) {
    this.entries = new EntryStore(repository);
    this.now = options.now ?? Date.now;
    this.settleMs = options.settleMs ?? SETTLE_MS;
  }

  /** What all readers see now. */
  async read(): Promise<View> {
    for (;;) {
      const { last } = this;
      // Who has read before knows what to list, and can ask last for what is confirmed.
      const early = last && (await this.tagsFor(last.view.confirmed));
      // Whatever happens, there is an entry of it.
      if (last && isSettled(last.view) && early?.join() === last.tags.join()) return last.view;
      const confirmed = await this.entries.confirmed();
      const { reads } = this.entries;
      const isListed = confirmed !== undefined && (early?.includes(confirmed.tag) ?? false);
      const tags = isListed ? early! : await this.tagsFor(confirmed);
      const view = await this.readFrom(confirmed, tags);
      this.last = { tags, view };
      const isFresh = isListed && this.entries.reads === reads;
      if (isSettled(view) || (isFresh && view.heads.length === 1)) return view;
      // Where there is more than one entry to choose from, or time has passed, what was confirmed meanwhile decides.
      if ((await this.entries.confirmedDigest()) === confirmed?.digest) return view;
    }
  }

  /** The tags of the entries that may matter to who sees this one confirmed. */
  private tagsFor(confirmed: StoredEntry | undefined): Promise<string[]> {
    return this.entries.tags(confirmed ? confirmed.entry.sequence - WINDOW + 1 : 0);
  }

  private async readFrom(confirmed: StoredEntry | undefined, tags: readonly string[]): Promise<View> {
    const top = Math.max(confirmed?.entry.sequence ?? 0, ...tags.slice(-1).map((tag) => sequenceOf(tag)!));
    // What the next entry can keep among its ancestors. A hint that is older says nothing about what stands.
    const oldest = top + 1 - WINDOW;
    const hint = confirmed && confirmed.entry.sequence > oldest ? confirmed : undefined;
    const listed = tags.filter((tag) => sequenceOf(tag)! > oldest);
    const read = new Map<string, StoredEntry>(hint ? [[hint.tag, hint]] : []);
    const known = new Set<string>(hint ? [hint.tag, ...hint.entry.ancestors] : []);
    // The latest first: mostly they know of all others.
    for (const tag of [...listed].reverse()) if (!known.has(tag)) await this.take(tag, read, known);
    const first = firstOf([...read.values()], hint);
    if (!first) return EMPTY_VIEW;
    const ofFirst = new Set([first.tag, ...first.entry.ancestors]);
    for (const tag of listed) if (!ofFirst.has(tag) && !read.has(tag)) await this.take(tag, read, known);
    return merged([...read.values()], hint);
  }

  private async take(tag: string, read: Map<string, StoredEntry>, known: Set<string>): Promise<void> {
    const stored = await this.entries.read(tag);
    // What was removed since it was listed is no entry any more.
    if (!stored) return;
    read.set(tag, stored);
    for (const other of [tag, ...stored.entry.ancestors]) known.add(other);
  }

  /**
   * The view, or a later one in which all entries are confirmed: one whose writer died before that is merged by an entry
   * that comes after it. A writer who lives is given the time to do so.
   */
  async settled(actor: Actor, view: View): Promise<View> {
    if (isSettled(view)) return view;
    if (!this.entries.repository.exclusively) {
      await sleep(2 * this.settleMs);
      const now = await this.read();
      // Whoever has written since takes care of all.
      if (isSettled(now) || now.heads[0]?.tag !== view.heads[0]?.tag) return now;
    }
    const merge = (now: View): Draft | undefined =>
      isSettled(now) ? undefined : { ...MERGE, details: now.state };
    return (await this.commit(actor, async (now) => merge(now))).view;
  }

  /**
   * Writes an entry, and makes sure that it stands: what others write at the same time is merged; where it takes the
   * place of this entry, `decide` is asked anew.
   *
   * @param decide what to write on top of a view; undefined where there is nothing to do
   * @throws StoreError; GitopsError where others keep being faster; whatever `decide` throws
   */
  commit(actor: Actor, decide: (view: View) => Promise<Draft | undefined>): Promise<Commit> {
    return phase('write the entry', () => this.commitLocked(actor, decide));
  }

  /** Within one machine, one after the other. */
  private commitLocked(actor: Actor, decide: (view: View) => Promise<Draft | undefined>): Promise<Commit> {
    const { repository } = this.entries;
    if (repository.exclusively) return repository.exclusively(() => this.commitAlone(actor, decide));
    const { lockFile } = this.options;
    const work = (): Promise<Commit> => this.commitAmongOthers(actor, decide);
    return lockFile === undefined ? work() : withLock(lockFile, work);
  }

  /** Nobody else writes meanwhile. */
  private async commitAlone(
    actor: Actor,
    decide: (view: View) => Promise<Draft | undefined>,
  ): Promise<Commit> {
    const view = await this.read();
    const draft = await decide(view);
    if (!draft) return { view, tries: 0 };
    const stored = await this.write(actor, view, draft);
    await this.entries.confirm(stored);
    return { view: merged([stored], stored), tries: 1, draft };
  }

  private async commitAmongOthers(
    actor: Actor,
    decide: (view: View) => Promise<Draft | undefined>,
  ): Promise<Commit> {
    const own: { readonly stored: StoredEntry; readonly draft: Draft }[] = [];
    for (let tries = 0; tries <= MAX_TRIES; tries++) {
      const view = await this.read();
      const verdicts = await Promise.all(own.map(({ stored }) => this.verdictOn(stored, view)));
      const standing = own.findLast((_, i) => verdicts[i]!.stands);
      if (standing && verdicts[own.indexOf(standing)]!.isFinal) return { view, tries, draft: standing.draft };
      // What stands only because it was merged is settled by an entry that comes after it, whoever writes it. And who
      // gives up has to know first that what it wrote before will not stand after all.
      const isOpen = verdicts.some(({ isFinal }) => !isFinal);
      const merge: Draft = { ...MERGE, details: view.state };
      const draft = standing ? merge : await this.decided(decide, view, isOpen ? merge : undefined);
      if (!draft) return { view, tries };
      const started = this.now();
      const stored = await this.write(actor, view, draft);
      if (draft !== merge) own.push({ stored, draft });
      const settleMs = Math.max(this.settleMs, SLOWEST * (this.now() - started));
      const settled = await this.settle(stored, settleMs);
      if (settled && draft !== merge) return { view: settled, tries: tries + 1, draft };
      if (settled && standing) return { view: settled, tries: tries + 1, draft: standing.draft };
    }
    throw new GitopsError(
      `${MAX_TRIES} entries were written to ${this.entries.repository.where}, and others were always faster`,
      undefined,
      'run it again when fewer are writing',
    );
  }

  /** Whether an entry stands, and whether it may still turn out otherwise. */
  private async verdictOn({ tag, entry }: StoredEntry, view: View): Promise<Verdict> {
    const { confirmed } = view;
    if (view.included.has(tag)) {
      const stands = !view.voided.has(tag);
      return { stands, isFinal: isSaidBy(confirmed, tag, stands) };
    }
    // Who has slept for long finds it no longer in the window: the entries that still had it there have the last word.
    let [at] = view.heads;
    while (at && at.entry.sequence > entry.sequence) {
      if (at.entry.ancestors.includes(tag)) return { stands: !at.entry.void.includes(tag), isFinal: true };
      const [before] = at.entry.previous;
      at = before && (await this.entries.read(before));
    }
    return { stands: false, isFinal: true };
  }

  /** @param otherwise what to write first where nothing is to be written, or it fails; undefined where that is all */
  private async decided(
    decide: (view: View) => Promise<Draft | undefined>,
    view: View,
    otherwise: Draft | undefined,
  ): Promise<Draft | undefined> {
    try {
      return (await decide(view)) ?? otherwise;
    } catch (error) {
      if (otherwise) return otherwise;
      throw error;
    }
  }

  /** Waits until it is known whether the entry stands; undefined where it does not, or not by itself. */
  private async settle(stored: StoredEntry, shortestMs: number): Promise<View | undefined> {
    const written = this.now();
    let settleMs = shortestMs;
    for (let look = 0; look < 4; look++) {
      await sleep(settleMs);
      const seen = this.now();
      const view = await this.read();
      if (isUnseen(view, stored) && seen - written < MAX_LAG_MS && (await this.entries.isThere(stored))) {
        // The list is of old: entries of others that it does not show yet have to come to light, too.
        settleMs *= 2;
        look = -1;
        continue;
      }
      if (view.heads[0]?.tag !== stored.tag) {
        if (isConfirmed(view, stored)) return view;
        // Of many that lost only some write again at once.
        await sleep(Math.random() * Math.min(settleMs * view.heads.length, MAX_PAUSE_MS));
        return undefined;
      }
      const isKnown = view.confirmed?.tag === stored.tag;
      if (!isKnown) await this.entries.confirm(stored);
      const isSlow = !isKnown && this.now() - seen >= this.settleMs;
      if (isSlow && !(await this.leads(stored, view.confirmed))) return undefined;
      if ((await this.entries.confirmedDigest()) === stored.digest) return { ...view, confirmed: stored };
    }
    throw new StoreError(
      'unavailable',
      `${this.entries.repository.where} is too slow, or loses what is written: the entry ${stored.tag} cannot be confirmed`,
      'run it again',
    );
  }

  /**
   * Who was slow to confirm an entry may have overruled what others have settled meanwhile, and gives way to them.
   * @param before the entry that was confirmed when the others decided
   */
  private async leads(stored: StoredEntry, before: StoredEntry | undefined): Promise<boolean> {
    const [first] = (await this.readFrom(before, await this.tagsFor(before))).heads;
    if (!first || first.tag === stored.tag) return true;
    await this.entries.confirm(first);
    return false;
  }

  private async write(
    actor: Actor,
    view: View,
    { operation, changes, holds, details }: Draft,
  ): Promise<StoredEntry> {
    for (const head of view.heads) await this.verify(head);
    const sequence = Math.max(0, ...view.heads.map(({ entry }) => entry.sequence)) + 1;
    const state = applied(view.state, { changes, holds }, details);
    if (!state) throw new Error('the changes do not fit what they were made for');
    const entry: Entry = {
      schemaVersion: 1,
      sequence,
      previous: view.heads.map(({ digest }) => digest),
      ancestors: within(view.included, sequence),
      void: within(view.voided, sequence),
      time: new Date(this.now()).toISOString(),
      ...actor,
      operation,
      changes,
      ...(holds ? { holds } : {}),
      state,
    };
    const stored = await this.entries.write(entry);
    // It was made by the rules.
    this.verified.add(stored.tag);
    return stored;
  }

  /** @throws StoreError `corrupt` where the entry does not follow from those before it */
  async verify(stored: StoredEntry): Promise<void> {
    if (this.verified.has(stored.tag)) return;
    await checkAgainstParents(this.entries, stored);
    this.verified.add(stored.tag);
  }
}

/** Whether there is no entry but those that stand, whatever may still come to light. */
function isSettled({ heads, confirmed }: View): boolean {
  return heads.length <= 1 && heads[0]?.tag === confirmed?.tag;
}

/** Whether the view does not know of an entry, which is not too old for that. */
function isUnseen({ included, heads }: View, { tag, entry }: StoredEntry): boolean {
  const top = Math.max(0, ...heads.map((head) => head.entry.sequence));
  return !included.has(tag) && top - entry.sequence < WINDOW;
}

/** Whether the entry stands, whatever may still come to light. */
function isConfirmed({ confirmed }: View, { tag }: StoredEntry): boolean {
  return isSaidBy(confirmed, tag, true);
}

/** Whether a confirmed entry says of another one that it stands, or that it does not. */
function isSaidBy(confirmed: StoredEntry | undefined, tag: string, stands: boolean): boolean {
  if (!confirmed) return false;
  if (confirmed.tag === tag) return stands;
  const { ancestors, void: voided } = confirmed.entry;
  return ancestors.includes(tag) && voided.includes(tag) !== stands;
}
