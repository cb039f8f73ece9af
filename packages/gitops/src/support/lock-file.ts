import { createHash, randomBytes } from 'node:crypto';
import { closeSync, futimesSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { GitopsError } from './errors';
import { fateOf, processId } from './process-id';

/** A lock file is empty for as long as its maker needs to write one line. */
const UNWRITTEN_MS = 5_000;

/** Those of this process: when it ends in the middle of its work, as by Ctrl-C, it leaves none. */
const held = new Set<LockFile>();

function releaseAll(): void {
  for (const lock of held) lock.release();
}

/** A lock that this process holds: a file that says so, and changes as long as the process goes on. */
export class LockFile {
  private constructor(
    private readonly path: string,
    private readonly text: string,
    private readonly fd: number,
  ) {
    if (held.size === 0) process.once('exit', releaseAll);
    held.add(this);
  }

  /** Makes the file; undefined where it is there already. @throws GitopsError where it cannot be made */
  static create(path: string): LockFile | undefined {
    // No two locks say the same: what is taken over is one of them, and not whatever is called so by then.
    const text = `${processId()} ${randomBytes(8).toString('hex')}`;
    try {
      const fd = openSync(path, 'wx');
      writeSync(fd, text);
      return new LockFile(path, text, fd);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
      throw failure(path, error);
    }
  }

  /** Gives a sign of life: in this very file, even where its name is another lock's by now. */
  beat(): void {
    const now = Date.now() / 1000;
    try {
      futimesSync(this.fd, now, now);
    } catch {
      // There is another beat to come.
    }
  }

  release(): void {
    held.delete(this);
    if (held.size === 0) process.off('exit', releaseAll);
    closeSync(this.fd);
    if (read(this.path)?.text === this.text) rmSync(this.path, { force: true });
  }
}

/** Somebody who wants a lock, and looks at its file again and again. */
export class Contender {
  private seen?: Seen;
  private since = 0;
  private rival?: Contender;

  /** @param staleMs how long the lock of another machine is respected without a sign of life */
  constructor(
    private readonly path: string,
    private readonly staleMs: number,
  ) {}

  /** The lock, if it is to be had by now. @throws GitopsError */
  tryAcquire(): LockFile | undefined {
    const lock = LockFile.create(this.path);
    if (lock) return lock;
    const found = read(this.path);
    if (!found || !this.isAbandoned(found)) return undefined;
    this.takeAway(found);
    return LockFile.create(this.path);
  }

  private isAbandoned(found: Seen): boolean {
    // Timed by the clock of who looks: those of two machines may differ by more than the time that counts.
    if (found.state !== this.seen?.state) {
      this.seen = found;
      this.since = performance.now();
    }
    const silence = performance.now() - this.since;
    switch (fateOf(found.text.split(' ')[0]!)) {
      case 'running':
        return false;
      case 'gone':
        return true;
      case 'elsewhere':
        return silence > this.staleMs;
      case undefined:
        return silence > Math.min(UNWRITTEN_MS, this.staleMs);
    }
  }

  /**
   * Removes an abandoned lock. Of several who find it so, one does it, who holds a lock on just this one: else it
   * would remove the lock of who was faster.
   */
  private takeAway(abandoned: Seen): void {
    const name = createHash('sha256').update(abandoned.text).digest('hex').slice(0, 16);
    const path = `${this.path}.${name}`;
    if (this.rival?.path !== path) this.rival = new Contender(path, this.staleMs);
    const lock = this.rival.tryAcquire();
    if (!lock) return;
    try {
      if (read(this.path)?.state === abandoned.state) rmSync(this.path, { force: true });
    } finally {
      lock.release();
    }
  }
}

interface Seen {
  /** What the file says: who made it. */
  readonly text: string;
  /** What tells the file, as it is now, from any other that was or will be in its place. */
  readonly state: string;
}

/** What there is; undefined where there is no file. */
function read(path: string): Seen | undefined {
  try {
    const text = readFileSync(path, 'utf8');
    const { ino, mtimeMs } = statSync(path);
    return { text, state: `${text} ${ino} ${mtimeMs}` };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw failure(path, error);
  }
}

/** Does what is passed. @throws GitopsError for what the file system has against it */
export function orLockFailure<T>(path: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw failure(path, error);
  }
}

function failure(path: string, error: unknown): unknown {
  // As Node writes it: `EROFS: read-only file system, open '/path'`.
  const reason = /^E[A-Z0-9]+: ([^,]+)/.exec((error as Error).message)?.[1];
  return reason ? new GitopsError(`${path} cannot be locked: ${reason}`) : error;
}
