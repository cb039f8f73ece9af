import { randomBytes } from 'node:crypto';
import { mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { namesIn } from './directory';
import { fateOf, processId } from './process-id';

const NAME = /^\.tmp-([0-9a-f]{8}-\d+-\d*)-[0-9a-f]+$/;
const ABANDONED_AFTER_MS = 24 * 60 * 60 * 1000;

/**
 * A path in the directory for a file that is being written, which renaming it in place publishes; or for a directory
 * that nobody else is to see. Its name says which process it is of, so that what a killed process left behind can be
 * told from what is in use: it is removed by the next one that has something to write there.
 */
export function temporaryPath(directory: string): string {
  if (directories.size === 0) process.once('exit', removeOwn);
  if (!directories.has(directory)) removeStale(directory);
  directories.add(directory);
  return join(directory, `.tmp-${processId()}-${randomBytes(8).toString('hex')}`);
}

/**
 * Replaces a file in one step, or makes it, and the directory that it is in. Others see what was there or what is now.
 * @throws Error of the file system
 */
export function replaceFile(path: string, bytes: string | Uint8Array): void {
  const directory = dirname(path);
  mkdirSync(directory, { recursive: true });
  const temporary = temporaryPath(directory);
  try {
    writeFileSync(temporary, bytes, { flag: 'wx' });
    renameSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Where this process has put temporary files. */
const directories = new Set<string>();

/** A process that ends in the middle of its work, as by Ctrl-C, leaves nothing half-written. */
function removeOwn(): void {
  for (const directory of directories)
    for (const name of namesIn(directory)) {
      if (NAME.exec(name)?.[1] === processId())
        rmSync(join(directory, name), { recursive: true, force: true });
    }
}

/** Removes what processes that are gone had put there for a time. A directory that is not there has none. */
function removeStale(directory: string): void {
  for (const name of namesIn(directory)) {
    const owner = NAME.exec(name)?.[1];
    if (owner === undefined) continue;
    const path = join(directory, name);
    if (fateOf(owner) === 'gone' || isOld(path)) rmSync(path, { recursive: true, force: true });
  }
}

function isOld(path: string): boolean {
  try {
    return Date.now() - statSync(path).mtimeMs > ABANDONED_AFTER_MS;
  } catch {
    return false;
  }
}
