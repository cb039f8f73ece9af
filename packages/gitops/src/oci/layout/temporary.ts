import { randomBytes } from 'node:crypto';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isRunning, machine } from '../../support/process-id';

const NAME = /^\.tmp-([0-9a-f]{8})-(\d+)-[0-9a-f]+$/;
const ABANDONED_AFTER_MS = 24 * 60 * 60 * 1000;

/**
 * A path in the directory for a file that is being written, which renaming it in place publishes; or for a directory
 * that nobody else is to see. Its name says which process it is of, so that what a killed process left behind can be
 * told from what is in use.
 */
export function temporaryPath(directory: string): string {
  if (directories.size === 0) process.once('exit', removeOwn);
  directories.add(directory);
  return join(directory, `.tmp-${machine()}-${process.pid}-${randomBytes(8).toString('hex')}`);
}

/** Where this process has put temporary files. */
const directories = new Set<string>();

/** A process that ends in the middle of its work, as by Ctrl-C, leaves nothing half-written. */
function removeOwn(): void {
  for (const directory of directories)
    for (const name of list(directory)) {
      const match = NAME.exec(name);
      if (match?.[1] === machine() && match[2] === String(process.pid))
        rmSync(join(directory, name), { recursive: true, force: true });
    }
}

/** Removes what processes that are gone had put there for a time. A directory that is not there has none. */
export function removeStale(directory: string): void {
  for (const name of list(directory)) {
    const match = NAME.exec(name);
    if (!match) continue;
    const path = join(directory, name);
    const gone = match[1] === machine() ? !isRunning(Number(match[2])) : false;
    if (gone || isOld(path)) rmSync(path, { recursive: true, force: true });
  }
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function isOld(path: string): boolean {
  try {
    return Date.now() - statSync(path).mtimeMs > ABANDONED_AFTER_MS;
  } catch {
    return false;
  }
}
