import { entryAt, historyOf } from '../../ledger/history';
import type { Ledger } from '../../ledger/ledger';
import { type View, merged } from '../../ledger/merge';
import type { Rings } from '../../ledger/rings';
import { imageState } from '../../ledger/state';
import { changeOf } from '../../ledger/transitions';
import { versionIn } from '../../ledger/version';
import type { WritableRepository } from '../../oci/store';
import { type Board, boardOf, boardTable, voidLine } from '../../publish/board';
import { concerns, logDocument, logText } from '../../publish/log';
import { table } from '../../publish/report';
import { commitLines, movedBy, movedRows } from '../../publish/transition-report';
import { GitopsError } from '../../support/errors';
import { commitsBetween } from '../../workspace/git-log';
import type { WorkspaceImage } from '../../workspace/image';
import type { Settings } from '../../workspace/settings';
import type { RingsOptions } from './options';

/** What the actions work with. */
export interface Desk {
  readonly root: string;
  readonly settings: Settings;
  readonly rings: Rings;
  readonly ledger: Ledger;
  readonly repositoryOf: (image: string) => WritableRepository;
  readonly images: readonly WorkspaceImage[];
  readonly print: (text: string) => void;
}

const LIMIT = 50;

/** What the ledger says now, which is made sure to follow from what was before. */
export async function readVerified({ ledger }: Desk): Promise<View> {
  const view = await ledger.read();
  for (const head of view.heads) await ledger.verify(head);
  return view;
}

/** Which version of each image each ring holds. */
export async function showBoard(desk: Desk, { json }: RingsOptions): Promise<void> {
  const { ledger, rings, images, print } = desk;
  const view = await readVerified(desk);
  const board = boardOf(
    view,
    rings,
    images.map(({ name }) => name),
  );
  const voided = await Promise.all([...view.voided].map((tag) => ledger.entries.read(tag)));
  const lines = voided.filter((entry) => entry !== undefined).map(voidLine);
  const { tag, entry } = view.heads[0] ?? {};
  const latest = entry && { tag, time: entry.time, who: entry.who, run: entry.run, reason: entry.reason };
  const holds = view.state.holds ?? {};
  print(
    json
      ? JSON.stringify({ ...board, holds, latest, void: lines }, undefined, 2)
      : [
          boardTable(board),
          ...Object.entries(holds).map(([ring, why]) => `on hold: ${ring}: ${why}`),
          ...lines,
          ...(latest ? [`latest: ${tag} at ${latest.time} by ${latest.who}`] : []),
        ].join('\n'),
  );
}

/** The board as it was after an entry, or at a time. */
export async function showBoardAt(desk: Desk, options: RingsOptions): Promise<void> {
  const { ledger, rings, print } = desk;
  // On a command line, Nx takes what looks like a number for one.
  const at = String(options.at);
  const isSequence = /^\d{1,10}$/.test(at);
  // To JavaScript almost anything is a time: `ring 1` is in 2001.
  const time = /^\d{4}-\d\d-\d\d(?:T|$)/.test(at) ? Date.parse(at) : NaN;
  if (!isSequence && Number.isNaN(time))
    throw new GitopsError(
      `--at: ${at} is neither the sequence of an entry nor a time`,
      undefined,
      'write a number, or a date such as 2026-01-31 or 2026-01-31T12:00Z',
    );
  const history = historyOf(ledger.entries, await readVerified(desk));
  const found = await entryAt(history, ({ entry }) =>
    isSequence ? entry.sequence <= Number(at) : Date.parse(entry.time) <= time,
  );
  if (!found)
    throw new GitopsError(
      `the ledger does not go back to ${at}`,
      undefined,
      'nx rings --log shows how far it does',
    );
  const board: Board = boardOf(merged([found], found), rings, []);
  const { tag, entry } = found;
  print(
    options.json
      ? JSON.stringify({ ...board, at: { tag, time: entry.time, who: entry.who } }, undefined, 2)
      : [boardTable(board), `as of: ${tag} at ${entry.time} by ${entry.who}`].join('\n'),
  );
}

/** What was done, the latest first. */
export async function showLog(desk: Desk, { ring, limit = LIMIT, json }: RingsOptions): Promise<void> {
  const { rings, ledger, print } = desk;
  if (ring !== undefined) checkRing(rings, ring);
  // Not the entries themselves: each has all of the state after it.
  const past: (object | string)[] = [];
  for await (const one of historyOf(ledger.entries, await readVerified(desk))) {
    if (past.length === limit) break;
    if (ring === undefined || concerns(one, ring)) past.push(json ? logDocument(one) : logText(one, ring));
  }
  if (json) print(JSON.stringify(past, undefined, 2));
  else print(past.length > 0 ? past.join('\n') : 'nothing was done yet');
}

/** What a promotion of all that one ring holds would bring to another. */
export async function showDifference(desk: Desk, { diff, json }: RingsOptions): Promise<void> {
  const { rings, repositoryOf, images, root, print } = desk;
  const [from, to, ...more] = diff!.split('..');
  if (!from || !to || more.length > 0)
    throw new GitopsError(
      `--diff: ${diff} does not name two rings`,
      undefined,
      'write --diff=developers..testers',
    );
  for (const ring of [from, to]) checkRing(rings, ring);
  const { state } = await readVerified(desk);
  const changes = Object.keys(state.images)
    .sort()
    .flatMap((image) => {
      const { rings: held } = imageState(state, image);
      const [brings, holds] = [versionIn(held, from), versionIn(held, to)];
      return brings === undefined || brings === holds ? [] : [changeOf(image, to, holds, brings)];
    });
  const containerfiles = new Map(images.map((image) => [image.name, image.options.containerfile]));
  const moves = await movedBy(changes, {
    states: [state],
    repositoryOf,
    containerfileOf: (name) => containerfiles.get(name),
    commitsBetween: (a, b) => commitsBetween(root, a, b),
    explained: Infinity,
  });
  if (json) print(JSON.stringify({ from, to, changes: moves }, undefined, 2));
  else if (moves.length === 0) print(`${to} holds all that ${from} does`);
  else print([table(movedRows(moves)), ...commitLines(moves)].join('\n'));
}

/** @throws GitopsError for a ring that there is not */
export function checkRing(rings: Rings, ring: string): void {
  if (!rings.has(ring))
    throw new GitopsError(`there is no ring ${ring}`, undefined, `use one of ${rings.all.join(', ')}`);
}
