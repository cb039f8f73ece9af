import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GitopsError } from './errors';
import { Contender, type LockFile, orLockFailure } from './lock-file';
import { Mutexes } from './mutex';

export interface LockOptions {
  /** How long to wait for other processes before giving up. */
  readonly timeoutMs?: number;
  /** How often the holder gives a sign of life. */
  readonly beatMs?: number;
  /** After how long without one the lock of another machine is taken over. */
  readonly staleMs?: number;
}

const DEFAULTS: Required<LockOptions> = { timeoutMs: 10 * 60_000, beatMs: 2_000, staleMs: 30_000 };
const FIRST_PAUSE_MS = 5;
const LAST_PAUSE_MS = 50;

/** Who waits in this process waits for the others here, first come, first served: one at a time looks at the file. */
const queues = new Mutexes();

/**
 * Runs `work` while no other process does so under the same lock file, on this machine or on another one that shares
 * the directory. A lock of this machine whose process is gone is taken over at once; that of another machine when it
 * has given no sign of life for half a minute. Not to be called for the same file from within `work`.
 *
 * @throws GitopsError where other processes hold the lock for ten minutes, or there can be no lock file
 */
export async function withLock<T>(file: string, work: () => Promise<T>, options?: LockOptions): Promise<T> {
  const path = resolve(file);
  return queues.run(path, () => locked(path, work, { ...DEFAULTS, ...options }));
}

async function locked<T>(file: string, work: () => Promise<T>, options: Required<LockOptions>): Promise<T> {
  const lock = await acquire(file, options);
  const beat = setInterval(() => lock.beat(), options.beatMs).unref();
  try {
    return await work();
  } finally {
    clearInterval(beat);
    lock.release();
  }
}

async function acquire(file: string, { timeoutMs, staleMs }: Required<LockOptions>): Promise<LockFile> {
  orLockFailure(file, () => mkdirSync(dirname(file), { recursive: true }));
  const contender = new Contender(file, staleMs);
  const deadline = performance.now() + timeoutMs;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(LAST_PAUSE_MS, pause * 1.5)) {
    const lock = contender.tryAcquire();
    if (lock) return lock;
    if (performance.now() > deadline)
      throw new GitopsError(
        `another process holds ${file}`,
        undefined,
        'wait for it, or remove the file if there is none',
      );
    // Not all at the same moment.
    await sleep(pause * (0.5 + Math.random() / 2));
  }
}
