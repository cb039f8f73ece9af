import {
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
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
  try {
    const fd = openSync(file, 'wx');
    writeSync(fd, String(process.pid));
    closeSync(fd);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const holder = holderOf(file);
    if (holder !== undefined && isGone(holder, file)) takeAway(file, holder);
    return false;
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

function isGone(holder: string, file: string): boolean {
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

/** Several may find one lock abandoned: only who still finds it so under its own name for it removes it. */
function takeAway(file: string, holder: string): void {
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (holderOf(aside) !== holder) linkSync(aside, file);
  rmSync(aside, { force: true });
}
