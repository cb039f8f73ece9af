import { GitopsError } from '../support/errors';
import type { Entry } from './entry';

/** As Linux has it. */
const MAX_LINKS = 40;

/**
 * The path that `path` means when every symlink in it is followed, the last one included. It need not exist:
 * what follows a missing part is kept as it is. Neither `..` nor a link leaves the root, as under chroot.
 * @throws GitopsError where links go in a circle
 */
export function followLinks(path: string, get: (path: string) => Entry | undefined): string {
  const todo = path.split('/').reverse();
  const done: string[] = [];
  let links = 0;
  while (todo.length) {
    const part = todo.pop()!;
    if (part === '' || part === '.') continue;
    if (part === '..') {
      done.pop();
      continue;
    }
    const entry = get([...done, part].join('/'));
    if (entry?.type !== 'symlink') {
      done.push(part);
      continue;
    }
    if (++links > MAX_LINKS) throw new GitopsError(`the symbolic links at ${path} go in a circle`);
    if (entry.link!.startsWith('/')) done.length = 0;
    todo.push(...entry.link!.split('/').reverse());
  }
  return done.join('/');
}
