import { SETTLE_MS } from '../../ledger/ledger';
import type { StoreError } from '../../oci/store-error';
import { type Finding, type Level, finding } from './finding';
import type { SecondWrite, StoreFacts } from './probe';

/** What the way in which a store was seen to work means for who publishes there. */
export function storeFindings(facts: StoreFacts, locks: boolean): Finding[] {
  return [
    movingTag(facts.movingTag),
    versionTag(facts.versionTag, locks),
    list(facts, locks),
    ...(facts.conditions ? [conditions(facts.conditions)] : []),
    facts.mounts
      ? finding('mounts', 'ok', 'what another repository of the store has need not be sent again')
      : finding(
          'mounts',
          'note',
          'what another repository of the store has is sent again for each image: pushes take longer',
        ),
    referrers(facts.referrers, locks),
  ];
}

function movingTag(seen: SecondWrite): Finding {
  const check = 'moving tags';
  switch (seen) {
    case 'replaces':
      return finding(check, 'ok', 'a second write of a tag replaces the first');
    case 'refused':
      return finding(
        check,
        'problem',
        'a second write of a tag is refused: the tags of rings and of the ledger have to move',
        'let the store overwrite tags; at most those of versions, such as 1.2.3, may be immutable',
      );
    case 'lost':
      return finding(
        check,
        'problem',
        'a second write of a tag is confirmed, and lost: the tags of rings and of the ledger have to move',
        'let the store overwrite tags, or use another one',
      );
    case 'never there':
      return finding(
        check,
        'problem',
        'a tag is confirmed, and is not there afterwards: nothing that is pushed is safe',
        'use another store',
      );
  }
}

function versionTag(seen: SecondWrite, locks: boolean): Finding {
  const check = 'version tags';
  switch (seen) {
    case 'refused':
      return finding(check, 'ok', 'a second write is refused: nobody can move them');
    case 'replaces':
      // Whoever can write to a directory can do anything there.
      if (locks) return finding(check, 'ok', 'they could be moved: gitops never does');
      return finding(
        check,
        'note',
        'whoever may push can move them: gitops never does',
        'where the store can, make tags such as 1.2.3 immutable; not those of the ledger and of rings',
      );
    case 'lost':
      return finding(
        check,
        'note',
        'a second write is confirmed, and lost: nobody can move them, and who tries does not hear of it',
      );
    case 'never there':
      return finding(check, 'problem', 'one is confirmed, and is not there afterwards', 'use another store');
  }
}

function list({ listedAfterMs, writeMs }: StoreFacts, locks: boolean): Finding {
  const check = 'list of tags';
  if (listedAfterMs === undefined)
    return finding(
      check,
      'problem',
      'the list of tags does not show what was written: what others push is overlooked',
      'use another store',
    );
  const what = `the list of tags shows a tag ${after(listedAfterMs)}`;
  if (locks || listedAfterMs <= settleMs(writeMs)) return finding(check, 'ok', what);
  return finding(
    check,
    'warning',
    `${what}; a push waits only ${settleMs(writeMs)} ms for others`,
    'push from one job at a time',
  );
}

function conditions(seen: NonNullable<StoreFacts['conditions']>): Finding {
  const check = 'conditions';
  return seen === 'honoured'
    ? finding(check, 'ok', 'a write on a condition (If-None-Match) is refused where that does not hold')
    : finding(check, 'note', 'conditions of writes (If-None-Match) are ignored: gitops does without them');
}

function referrers(seen: StoreFacts['referrers'], locks: boolean): Finding {
  const check = 'referrers';
  if (seen === 'api') return finding(check, 'ok', 'the store lists what is attached to an image');
  if (seen === undefined)
    return finding(
      check,
      'warning',
      'what is attached to an image is not found again: pushes cannot say which files changed',
      'use another store',
    );
  const what = 'what is attached to an image is listed under a tag, sha256-<digest>';
  return locks
    ? finding(check, 'ok', what)
    : finding(check, 'note', `${what}: the store keeps no list of it (no referrers API)`);
}

/**
 * What is left of trying a store out.
 * @param left how many manifests
 * @param where they are
 */
export function removalFinding(left: number, where: string, isRemote: boolean): Finding {
  const check = 'deletes';
  if (left === 0)
    return isRemote
      ? finding(check, 'ok', `manifests can be deleted; of ${where} at most the empty name is left`)
      : finding(check, 'ok', 'what was written to try the store out is removed');
  return finding(
    check,
    'note',
    `manifests are not deleted on request, so nothing can be pruned; ${where} is left with ${left} of them`,
    'let the registry delete (docker-registry: REGISTRY_STORAGE_DELETE_ENABLED=true), and remove that repository',
  );
}

/** What it means that a store could not be tried out. */
export function refusalFinding(error: StoreError, where: string): Finding {
  const isOfRights = error.kind === 'forbidden' || error.kind === 'unauthenticated';
  const level: Level = isOfRights ? 'warning' : 'problem';
  // Some registries have repositories made by hand, or by rules: a push makes none.
  if (error.kind === 'not-found')
    return finding(
      'store',
      'warning',
      `a push does not make a repository: ${error.what}`,
      'make one for the ledger and one for each image before the first push, or let the registry do so',
    );
  return finding('store', level, `${where} could not be tried out: ${error.what}`, error.remedy);
}

/**
 * What two pushes at once come to, in one line.
 * @param facts undefined where the store was not tried out
 */
export function guarantee(facts: StoreFacts | undefined, locks: boolean): string {
  const two = 'two pushes at once';
  if (!facts)
    return locks
      ? `${two}: both land, one after the other; the store is locked while the ledger is written`
      : `${two}: each writes an entry of its own, and neither can overwrite that of the other; what else the store does was not tried out`;
  const { movingTag: moving, versionTag: version, listedAfterMs, writeMs } = facts;
  if (moving !== 'replaces' || version === 'never there' || listedAfterMs === undefined)
    return `${two}: no promise; see to the problems first`;
  if (locks) return guarantee(undefined, true);
  const waits = `each waits ${settleMs(writeMs)} ms for the entry of the other, which is listed ${after(listedAfterMs)}`;
  return listedAfterMs <= settleMs(writeMs)
    ? `${two}: both land, and no version is given twice; ${waits}`
    : `${two}: neither can overwrite the entry of the other, but of two that push the same image one may fail late and has to be run again; ${waits}`;
}

function settleMs(writeMs: number): number {
  return Math.max(SETTLE_MS, 3 * writeMs);
}

function after(ms: number): string {
  return ms === 0 ? 'at once' : `after ${ms} ms`;
}
