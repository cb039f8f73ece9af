import type { Owner } from '../../filetree/draft';
import { ROOT, type Tree, readAll } from '../../filetree/entry';
import { GitopsError } from '../../support/errors';

const MAX_ID = 0xffff_ffff;
const FILES = { user: '/etc/passwd', group: '/etc/group' };
type Kind = keyof typeof FILES;

/**
 * The owner that `--chown` or USER names: `user`, `user:group`, each a name or a number.
 * Names are looked up in the image's /etc/passwd and /etc/group. A user's name alone brings its primary group,
 * a number alone stands for the group of that number; root is always 0.
 *
 * @throws GitopsError for a name that the image does not know
 */
export function findOwner(text: string, tree: Tree): Owner {
  const [user = '', group, ...rest] = text.split(':');
  if (rest.length) throw new GitopsError(`"${text}" is neither a user nor user:group`);
  const { uid, gid } = findUser(user, tree);
  return { uid, gid: group === undefined ? gid : findGroup(group, tree) };
}

function findUser(user: string, tree: Tree): Owner {
  if (user === '') return ROOT;
  const id = numeric(user);
  if (id !== undefined) return { uid: id, gid: id };
  for (const [name, , uid, gid] of records(tree, 'etc/passwd'))
    if (name === user) return { uid: recorded(uid, 'user', user), gid: recorded(gid, 'user', user) };
  if (user === 'root') return ROOT;
  throw unknown('user', user);
}

function findGroup(group: string, tree: Tree): number {
  if (group === '') return ROOT.gid;
  const id = numeric(group);
  if (id !== undefined) return id;
  for (const [name, , gid] of records(tree, 'etc/group'))
    if (name === group) return recorded(gid, 'group', group);
  if (group === 'root') return ROOT.gid;
  throw unknown('group', group);
}

function numeric(text: string): number | undefined {
  if (!/^\d+$/.test(text)) return undefined;
  const id = Number(text);
  if (id > MAX_ID) throw new GitopsError(`${text} is too large for a user or group id`);
  return id;
}

/** A number of the image's files. */
function recorded(text: string | undefined, kind: Kind, name: string): number {
  const id = /^\d+$/.test(text ?? '') ? Number(text) : NaN;
  if (id <= MAX_ID) return id;
  throw new GitopsError(
    `the image has no usable number for the ${kind} "${name}"`,
    undefined,
    `mend ${FILES[kind]} of the base, or use a number`,
  );
}

function records(tree: Tree, path: string): string[][] {
  const content = tree.get(tree.resolve(path))?.content;
  if (!content) return [];
  return readAll(content)
    .toString()
    .split('\n')
    .map((line) => line.split(':'));
}

function unknown(kind: Kind, name: string): GitopsError {
  return new GitopsError(
    `the image knows no ${kind} "${name}"`,
    undefined,
    `add it to ${FILES[kind]} of the base, or use a number`,
  );
}
