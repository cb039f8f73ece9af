import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

const NAME = /^\.tmp-([0-9a-f]{8})-(\d+)-[0-9a-f]+$/;
const ABANDONED_AFTER_MS = 24 * 60 * 60 * 1000;

/**
 * A path in the directory for a file that is being written; renaming it in place publishes it.
 * Its name says which process writes it, so that what a killed process left behind can be told from what is in use.
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
        rmSync(join(directory, name), { force: true });
    }
}

/** Removes the temporary files of processes that are gone. A directory that is not there has none. */
export function removeStale(directory: string): void {
  for (const name of list(directory)) {
    const match = NAME.exec(name);
    if (!match) continue;
    const path = join(directory, name);
    const gone = match[1] === machine() ? !isRunning(Number(match[2])) : false;
    if (gone || isOld(path)) rmSync(path, { force: true });
  }
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** Where process numbers mean the same: a directory may be shared by machines, and by containers on one machine. */
let machineId: string | undefined;
function machine(): string {
  machineId ??= createHash('sha256').update(`${hostname()}\n${processNamespace()}`).digest('hex').slice(0, 8);
  return machineId;
}

function processNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function isOld(path: string): boolean {
  try {
    return Date.now() - statSync(path).mtimeMs > ABANDONED_AFTER_MS;
  } catch {
    return false;
  }
}
