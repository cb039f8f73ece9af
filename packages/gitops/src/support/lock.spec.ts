import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { useDirectory } from '../../test/support/files';
import { withLock } from './lock';

const WORKER = resolve(__dirname, '../../test/support/lock-worker.ts');
const directory = useDirectory();
const lockFile = (): string => join(directory(), 'locks', 'one');
const counter = (): string => join(directory(), 'counter');

describe('withLock', () => {
  it('hands on what the work gives, and leaves nothing', async () => {
    await expect(withLock(lockFile(), async () => readFileSync(lockFile(), 'utf8'))).resolves.toBe(
      String(process.pid),
    );
    expect(left()).toEqual([]);
  });

  it('leaves nothing where the work fails either', async () => {
    await expect(withLock(lockFile(), () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(left()).toEqual([]);
  });

  it('lets one in at a time within a process', async () => {
    const log: string[] = [];
    const work = (name: string) =>
      withLock(lockFile(), async () => {
        log.push(`${name} in`);
        await new Promise(setImmediate);
        log.push(`${name} out`);
      });
    await Promise.all([work('a'), work('b')]);
    expect(log).toEqual(['a in', 'a out', 'b in', 'b out']);
  });

  it('lets one in at a time: twenty contenders in four processes, none counts in vain', async () => {
    writeFileSync(counter(), '0');
    await Promise.all([5, 5, 5, 5].map((contenders) => count(contenders)));
    expect(readFileSync(counter(), 'utf8')).toBe('20');
    expect(left()).toEqual([]);
  });

  it('takes over the lock of a process that was killed', async () => {
    const holder = await hold();
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    expect(existsSync(lockFile())).toBe(true);
    await expect(withLock(lockFile(), async () => 'mine')).resolves.toBe('mine');
    expect(left()).toEqual([]);
  });

  it('waits for a process that lives', async () => {
    const holder = await hold();
    const got = withLock(lockFile(), async () => 'mine');
    await expect(Promise.race([got, soon('not yet')])).resolves.toBe('not yet');
    holder.kill('SIGKILL');
    await expect(got).resolves.toBe('mine');
  });

  it('lets one in at a time where all find an abandoned lock', async () => {
    writeFileSync(counter(), '0');
    await withLock(lockFile(), async () => undefined);
    writeFileSync(lockFile(), endedProcess());
    await Promise.all([5, 5].map((contenders) => count(contenders)));
    expect(readFileSync(counter(), 'utf8')).toBe('10');
    expect(left()).toEqual([]);
  });

  describe.each<[name: string, content: string]>([
    ['an empty file', ''],
    ['a file with something else', 'no number'],
    ['a file with no process number', '-1'],
  ])('a lock that nobody finished writing: %s', (_name, content) => {
    beforeEach(async () => {
      await withLock(lockFile(), async () => undefined);
      writeFileSync(lockFile(), content);
    });

    it('is taken over when it is old', async () => {
      utimesSync(lockFile(), new Date(0), Date.now() / 1000 - 10);
      await expect(withLock(lockFile(), async () => 'mine')).resolves.toBe('mine');
    });

    it('is waited for while it is new', async () => {
      const got = withLock(lockFile(), async () => 'mine');
      await expect(Promise.race([got, soon('not yet')])).resolves.toBe('not yet');
      utimesSync(lockFile(), new Date(0), Date.now() / 1000 - 10);
      await expect(got).resolves.toBe('mine');
    });
  });

  it('goes on where a process was killed while it took a lock over', async () => {
    await withLock(lockFile(), async () => undefined);
    const ended = endedProcess();
    writeFileSync(lockFile(), ended);
    writeFileSync(`${lockFile()}.takeover`, ended);
    await expect(withLock(lockFile(), async () => 'mine')).resolves.toBe('mine');
    expect(left()).toEqual([]);
  });

  it('gives up after a long time, and says which file it is', async () => {
    await withLock(lockFile(), async () => undefined);
    writeFileSync(lockFile(), String(process.pid));
    const start = Date.now();
    const clock = jest
      .spyOn(Date, 'now')
      .mockReturnValueOnce(start)
      .mockReturnValue(start + 11 * 60_000);
    try {
      await expect(withLock(lockFile(), async () => 'mine')).rejects.toThrow(
        `another process holds ${lockFile()}; wait for it, or remove the file if there is none`,
      );
    } finally {
      clock.mockRestore();
    }
  });
});

function left(): string[] {
  return readdirSync(dirname(lockFile()));
}

function start(...args: string[]): ChildProcess {
  return fork(WORKER, args, { execArgv: ['-r', require.resolve('@swc-node/register')] });
}

async function count(contenders: number): Promise<void> {
  const [code] = await once(start('count', lockFile(), counter(), String(contenders)), 'exit');
  expect(code).toBe(0);
}

/** A process that has the lock, until it is killed. */
async function hold(): Promise<ChildProcess> {
  const holder = start('hold', lockFile());
  await once(holder, 'message');
  return holder;
}

function endedProcess(): string {
  return String(spawnSync(process.execPath, ['-e', '']).pid);
}

function soon<T>(value: T): Promise<T> {
  return new Promise((resolve) => setTimeout(() => resolve(value), 150));
}
