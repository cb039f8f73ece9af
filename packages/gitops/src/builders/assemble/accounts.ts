import type { Owner } from '../../filetree/draft';
import { ROOT, type Tree, readAll } from '../../filetree/entry';
import { GitopsError } from '../../support/errors';

const MAX_ID = 0xffff_ffff;

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
    if (name === user) return { uid: Number(uid), gid: Number(gid) };
  if (user === 'root') return ROOT;
  throw unknown('user', user, '/etc/passwd');
}

function findGroup(group: string, tree: Tree): number {
  if (group === '') return ROOT.gid;
  const id = numeric(group);
  if (id !== undefined) return id;
  for (const [name, , gid] of records(tree, 'etc/group')) if (name === group) return Number(gid);
  if (group === 'root') return ROOT.gid;
  throw unknown('group', group, '/etc/group');
}

function numeric(text: string): number | undefined {
  if (!/^\d+$/.test(text)) return undefined;
  const id = Number(text);
  if (id > MAX_ID) throw new GitopsError(`${text} is too large for a user or group id`);
  return id;
}

function records(tree: Tree, path: string): string[][] {
  const content = tree.get(tree.resolve(path))?.content;
  if (!content) return [];
  return readAll(content)
    .toString()
    .split('\n')
    .map((line) => line.split(':'));
}

function unknown(kind: string, name: string, file: string): GitopsError {
  return new GitopsError(
    `the image knows no ${kind} "${name}"`,
    undefined,
    `add it to ${file} of the base, or use a number`,
  );
}
