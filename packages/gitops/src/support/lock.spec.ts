import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { useDirectory } from '../../test/support/files';
import { withLock } from './lock';
import { machine, processId } from './process-id';

const WORKER = resolve(__dirname, '../../test/support/lock-worker.ts');
const directory = useDirectory();
const lockFile = (): string => join(directory(), 'locks', 'one');
const counter = (): string => join(directory(), 'counter');

describe('withLock', () => {
  it('hands on what the work gives, and leaves nothing', async () => {
    const said = await withLock(lockFile(), async () => readFileSync(lockFile(), 'utf8'));
    expect(said).toMatch(new RegExp(`^${processId()} [0-9a-f]{16}$`));
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
    leave(`${endedProcess()} 1`);
    await Promise.all([5, 5, 5].map((contenders) => count(contenders)));
    expect(readFileSync(counter(), 'utf8')).toBe('15');
    expect(left()).toEqual([]);
  });

  (existsSync('/proc/self/stat') ? it : it.skip)(
    'takes over the lock of a process whose number another one has by now',
    async () => {
      leave(`${machine()}-${process.pid}-1 1`);
      await expect(withLock(lockFile(), async () => 'mine')).resolves.toBe('mine');
    },
  );

  it('leaves none where the process ends in the middle of the work', async () => {
    const [code] = await once(start('exit', lockFile()), 'exit');
    expect(code).toBe(3);
    expect(left()).toEqual([]);
  });

  describe.each<[name: string, content: string]>([
    ['of another machine', '00000000-1-1 1'],
    ['that nobody finished writing: an empty file', ''],
    ['that nobody finished writing: a file with something else', 'no number'],
    ['that nobody finished writing: a file with no process number', '-1'],
  ])('a lock %s', (_name, content) => {
    const take = () => withLock(lockFile(), async () => 'mine', { staleMs: 400 });
    beforeEach(() => leave(content));

    it('is taken over when it gives no sign of life, however old it looks', async () => {
      utimesSync(lockFile(), 0, Date.now() / 1000 + 3600);
      const got = take();
      await expect(Promise.race([got, soon('not yet')])).resolves.toBe('not yet');
      await expect(got).resolves.toBe('mine');
      expect(left()).toEqual([]);
    });

    it('is waited for while it does', async () => {
      const got = take();
      for (let i = 0; i < 8; i++) {
        utimesSync(lockFile(), 0, 1000 + i);
        await expect(Promise.race([got, soon('not yet')])).resolves.toBe('not yet');
      }
      await expect(got).resolves.toBe('mine');
    });
  });

  it('gives signs of life while the work goes on', async () => {
    await withLock(
      lockFile(),
      async () => {
        const before = statSync(lockFile()).mtimeMs;
        await soon(undefined);
        expect(statSync(lockFile()).mtimeMs).toBeGreaterThan(before);
      },
      { beatMs: 10 },
    );
  });

  it('does not remove the lock of who took it over', async () => {
    await withLock(lockFile(), async () => writeFileSync(lockFile(), '00000000-1-1 1'));
    expect(readFileSync(lockFile(), 'utf8')).toBe('00000000-1-1 1');
  });

  it('goes on where a process was killed while it took a lock over', async () => {
    const abandoned = `${endedProcess()} 1`;
    leave(abandoned);
    const name = createHash('sha256').update(abandoned).digest('hex').slice(0, 16);
    writeFileSync(`${lockFile()}.${name}`, `${endedProcess()} 2`);
    await expect(withLock(lockFile(), async () => 'mine')).resolves.toBe('mine');
    expect(left()).toEqual([]);
  });

  it('gives up after a long time, and says which file it is', async () => {
    leave(`${processId()} 1`);
    await expect(withLock(lockFile(), async () => 'mine', { timeoutMs: 100 })).rejects.toThrow(
      `another process holds ${lockFile()}; wait for it, or remove the file if there is none`,
    );
    expect(left()).toEqual(['one']);
  });

  it('says so where there can be no lock', async () => {
    writeFileSync(join(directory(), 'file'), '');
    const file = join(directory(), 'file', 'lock');
    await expect(withLock(file, async () => 'mine')).rejects.toThrow(`${file} cannot be locked: `);
  });
});

/** Makes the lock file, as somebody else left it. */
function leave(content: string): void {
  mkdirSync(dirname(lockFile()), { recursive: true });
  writeFileSync(lockFile(), content);
}

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

/** The id of a process of this machine that has ended. */
function endedProcess(): string {
  return `${machine()}-${spawnSync(process.execPath, ['-e', '']).pid}-1`;
}

function soon<T>(value: T): Promise<T> {
  return new Promise((resolve) => setTimeout(() => resolve(value), 150));
}
