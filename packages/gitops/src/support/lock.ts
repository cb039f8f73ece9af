import { closeSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GitopsError } from './errors';

const POLL_MS = 50;
const TIMEOUT_MS = 10 * 60_000;
/** A lock file is empty for as long as its maker needs to write one line. */
const UNWRITTEN_MS = 5_000;

/**
 * Runs `work` while no other process of this machine does so under the same lock file. A lock whose process is
 * gone is taken over.
 *
 * @throws GitopsError where the lock is held for ten minutes
 */
export async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(file), { recursive: true });
  const deadline = Date.now() + TIMEOUT_MS;
  while (!acquire(file)) {
    if (Date.now() > deadline)
      throw new GitopsError(
        `another process holds ${file}`,
        undefined,
        'wait for it, or remove the file if there is none',
      );
    await sleep(POLL_MS);
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

function acquire(file: string): boolean {
  if (create(file)) return true;
  if (isGone(file)) takeAway(file);
  return false;
}

/** Whether the file could be made, with this process's number in it; not where it is there already. */
function create(file: string): boolean {
  try {
    const fd = openSync(file, 'wx');
    writeSync(fd, String(process.pid));
    closeSync(fd);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** What the lock file says, its process's number; undefined where the file is gone by now. */
function holderOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whether the process that made the lock file has ended. */
function isGone(file: string): boolean {
  const holder = holderOf(file);
  if (holder === undefined) return false;
  const pid = Number(holder);
  if (!Number.isInteger(pid) || pid <= 0)
    return Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) > UNWRITTEN_MS;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/**
 * Removes an abandoned lock. Of several that find it so one may do it, and only after another look: else it would
 * remove the lock of who was faster.
 */
function takeAway(file: string): void {
  const claim = `${file}.takeover`;
  if (!create(claim)) {
    if (isGone(claim)) rmSync(claim, { force: true });
    return;
  }
  try {
    if (isGone(file)) rmSync(file, { force: true });
  } finally {
    rmSync(claim, { force: true });
  }
}
