import type { Ledger } from '../../ledger/ledger';
import type { View } from '../../ledger/merge';
import { Rings } from '../../ledger/rings';
import type { Store } from '../../oci/store';
import { StoreError } from '../../oci/store-error';
import { referenceName } from '../../workspace/image';
import type { Settings } from '../../workspace/settings';
import { openLedger } from '../open';
import { checkChain } from './chain';
import { type Finding, damage, finding } from './finding';
import { checkImages, checkTags } from './images';
import { StoreProbe, type StoreFacts } from './probe';
import { ringFindings } from './rings';
import { type Scratch, openScratch } from './scratch';
import { guarantee, refusalFinding, removalFinding, storeFindings } from './store-findings';

/** What came out of all that was looked at. */
export interface Examination {
  /** The state store. */
  readonly store: string;
  readonly findings: readonly Finding[];
  /** What two pushes at once come to, in words. */
  readonly guarantee: string;
  /** What the store was seen to do; undefined where it was not tried out, or could not be. */
  readonly facts?: StoreFacts;
}

export interface ExamineOptions {
  /** Whether to try the store out, which writes to repositories that nothing else uses. */
  readonly probe: boolean;
  /** How long to wait for what was written to come to light. */
  readonly patienceMs?: number;
}

/**
 * Looks at the state store of a workspace, and at what is in it.
 * @param store that of the settings
 * @throws GitopsError where there is nothing to look at: the store does not answer, or lets nobody in
 */
export async function examine(
  store: Store,
  settings: Settings,
  { probe, patienceMs }: ExamineOptions,
): Promise<Examination> {
  const ledger = openLedger(store, settings);
  const locks = ledger.entries.repository.exclusively !== undefined;
  const inside = await examineLedger(ledger, store, settings);
  const tried = probe ? await tryOut(openScratch(store, settings), settings, patienceMs) : undefined;
  return {
    store: store.where,
    findings: [...(tried?.findings ?? []), ...inside],
    guarantee: guarantee(tried?.facts, locks),
    ...(tried?.facts ? { facts: tried.facts } : {}),
  };
}

/** Tries a store out, and removes what that has written, as far as the store can. */
export async function tryOut(
  scratch: Scratch,
  { rings }: Pick<Settings, 'rings'>,
  patienceMs?: number,
): Promise<{ readonly findings: readonly Finding[]; readonly facts?: StoreFacts }> {
  const { where, exclusively } = scratch.repository;
  const locks = exclusively !== undefined;
  const probe = new StoreProbe(scratch, { ring: rings[0]!, patienceMs });
  const removal = async (): Promise<Finding[]> => {
    const left = await scratch.remove(probe);
    return probe.digests.size > 0 ? [removalFinding(left, where, !locks)] : [];
  };
  try {
    const facts = await probe.run();
    return { facts, findings: [...storeFindings(facts, locks), ...(await removal())] };
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return { findings: [refusalFinding(error, where), ...(await removal())] };
  } finally {
    await scratch.close();
  }
}

async function examineLedger(ledger: Ledger, store: Store, settings: Settings): Promise<Finding[]> {
  const { entries } = ledger;
  let listed: string[] = [];
  let view: View | undefined;
  const error = await damage(async () => {
    listed = await entries.tags(0);
    view = await ledger.read();
  });
  if (error)
    return [
      finding('ledger', 'problem', error.what, error.remedy),
      finding('ledger', 'note', 'nothing else in the ledger was looked at', 'see to that first'),
    ];
  const { state, heads, confirmed } = view!;
  if (heads.length === 0)
    return [
      finding('ledger', 'note', `there is no entry in ${entries.repository.where}: nothing was pushed yet`),
    ];
  const repositoryOf = (name: string) => store.repository(referenceName({ name }, settings));
  const isAtRest = async (): Promise<boolean> =>
    (await entries.followedDigest()) === confirmed?.digest &&
    (await entries.confirmedDigest()) === confirmed?.digest;
  return [
    ...(await checkChain(entries.repository, view!, listed)),
    ...ringFindings(view!, settings),
    ...(await checkImages(state, repositoryOf)),
    ...(await checkTags(state, new Rings(settings.rings), repositoryOf, isAtRest)),
  ];
}
