import { readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const HASH = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;

/**
 * The commit that is checked out in a directory, or above it; undefined where there is none. It is read from git's files
 * (gitrepository-layout), worktrees and packed references among them: no process is started.
 */
export function headCommit(directory: string): string | undefined {
  const gitDirectory = findGitDirectory(resolve(directory));
  if (gitDirectory === undefined) return undefined;
  const common = resolve(gitDirectory, read(join(gitDirectory, 'commondir')) ?? '.');
  let name = 'HEAD';
  // A reference may stand for another one.
  for (let hop = 0; hop < 5; hop++) {
    const text = read(join(gitDirectory, name)) ?? read(join(common, name)) ?? packed(common, name);
    if (text === undefined || HASH.test(text)) return text;
    const target = /^ref: (refs\/\S+)$/.exec(text)?.[1];
    if (target === undefined || target.split('/').includes('..')) return undefined;
    name = target;
  }
  return undefined;
}

function findGitDirectory(directory: string): string | undefined {
  for (let at = directory; ; at = dirname(at)) {
    const path = join(at, '.git');
    const found = statSync(path, { throwIfNoEntry: false });
    if (found?.isDirectory()) return path;
    // A worktree's, or a submodule's.
    const pointer = found && /^gitdir: (.+)$/.exec(read(path) ?? '')?.[1];
    if (pointer) return resolve(at, pointer);
    if (dirname(at) === at) return undefined;
  }
}

function packed(common: string, name: string): string | undefined {
  const lines = (read(join(common, 'packed-refs')) ?? '').split('\n');
  const [hash] = lines.find((line) => line.endsWith(` ${name}`))?.split(' ') ?? [];
  return hash && HASH.test(hash) ? hash : undefined;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}
