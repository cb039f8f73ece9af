import { actorFrom } from '../../ledger/actor';
import { holdOf } from '../../ledger/state';
import { repairTags } from '../../publish/follow';
import { GitopsError } from '../../support/errors';
import { localUser } from '../../support/local-user';
import type { RingsOptions } from './options';
import { type Desk, checkRing, readVerified } from './show';

/** Puts the tags of rings and versions right, which an interrupted run or somebody else has left wrong. */
export async function repair(desk: Desk, { json }: RingsOptions): Promise<void> {
  const { ledger, repositoryOf, rings, print } = desk;
  const view = await ledger.settled(actorFrom(process.env, localUser, {}), await readVerified(desk));
  const written = view.confirmed ? await repairTags(ledger, view.confirmed, repositoryOf, rings.all) : [];
  if (json) print(JSON.stringify({ repaired: written }, undefined, 2));
  else
    print(written.length > 0 ? written.map((tag) => `put right: ${tag}`).join('\n') : 'all tags are right');
}

/** Lets nothing enter a ring until it is released. */
export async function hold(desk: Desk, { hold: ring, reason, json }: RingsOptions): Promise<void> {
  checkNamed(desk, ring!);
  const actor = actorFrom(process.env, localUser, { reason });
  const why = `${reason} (${actor.who})`;
  await desk.ledger.commit(actor, async ({ state }) => ({
    operation: { kind: 'hold', ring },
    changes: [],
    holds: { [ring!]: why },
    details: state,
  }));
  desk.print(json ? JSON.stringify({ ring, hold: why }, undefined, 2) : `${ring} is on hold: ${why}`);
}

/** Lets versions enter a ring again. */
export async function release(desk: Desk, { release: ring, reason, json }: RingsOptions): Promise<void> {
  checkNamed(desk, ring!);
  let held: string | undefined;
  await desk.ledger.commit(actorFrom(process.env, localUser, { reason }), async ({ state }) => {
    held = holdOf(state, ring!);
    if (held === undefined) return undefined;
    return { operation: { kind: 'release', ring }, changes: [], holds: { [ring!]: null }, details: state };
  });
  if (json) desk.print(JSON.stringify({ ring, released: held ?? null }, undefined, 2));
  else
    desk.print(
      held === undefined ? `${ring} is not on hold` : `${ring} is released; it was on hold: ${held}`,
    );
}

function checkNamed({ rings }: Desk, ring: string): void {
  checkRing(rings, ring);
  if (!rings.named.includes(ring))
    throw new GitopsError(
      `${ring} cannot be held: nothing runs there`,
      undefined,
      `use one of ${rings.named.join(', ')}`,
    );
}
