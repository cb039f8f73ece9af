import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isWorthwhile } from '../../src/executors/build/crew';
import { Layout } from '../../src/oci/layout';
import { isRunning } from '../../src/support/process-id';
import { type Files, useDirectory, writeFiles } from '../support/files';
import type { Said } from './crew-host';

jest.setTimeout(120_000);

describe('other processes take part in a run', () => {
  it.each<[when: string, busy: number, done: number, left: number, pays: boolean]>([
    ['where thousands of images are left', 600, 100, 900, true],
    ['where a few are left that take long', 2000, 1, 2, true],
    ['not where it is soon over', 600, 300, 700, false],
    ['not where there is nothing to do but to look', 600, 250, 9750, false],
    ['not before it is known how long an image takes', 400, 1, 1000, false],
    ['not before an image is done', 5000, 0, 10, false],
    ['not where nothing is left', 60_000, 1000, 0, false],
  ])('%s', (_when, busy, done, left, pays) => {
    expect(isWorthwhile(busy, done, left)).toBe(pays);
  });
});

describe('images that other processes build', () => {
  const directory = useDirectory();
  const many = Array.from({ length: 8 }, (_, i) => `image${i}`);
  let host: ChildProcess;
  afterEach(() => host.kill('SIGKILL'));

  it('are those that one process builds, and what there is to say of them is the same', async () => {
    const names = [...many, 'above', 'broken', 'runs'];
    const [alone, helped] = [shop('alone'), shop('helped')];
    await begin('alone', alone, ['base', ...names]);
    const expected = await goOn();
    await begin('helped', helped, ['base', ...names]);
    const found = await goOn();

    for (const name of names) {
      const { success, log } = expected[name]!;
      const said = log.replaceAll(alone, helped);
      expect(found[name]).toEqual({ success, log: said, own: name === 'runs' });
    }
    expect(found['broken']!.log).toMatch(/^broken\/Containerfile:2: COPY source nothing does not exist/);
    // There is one connection to the engine, that of the process which runs the tasks.
    expect(found['runs']!.log).toMatch(/^runs\/Containerfile:2: RUN needs a container engine: /);
    for (const name of [...many, 'above'])
      expect(output(helped, name).entries()).toEqual(output(alone, name).entries());
  });

  it('fail where their process comes to an end, and no others', async () => {
    const root = shop('shop', { 'big/data': '' });
    truncateSync(join(root, 'big/data'), 2 ** 31);
    const pids = await begin('helped', root, ['base', 'big', ...many]);
    const said = goOn();
    await untilWritten(root);
    // A temporary file has in its name whose it is.
    const writer = Number(temporaryFiles(root).find(isBig)!.split('-')[2]);
    expect(pids).toContain(writer);
    process.kill(writer, 'SIGKILL');
    const outcomes = await said;
    expect(outcomes['big']).toEqual({
      success: false,
      log: 'a fault in gitops: a process that builds images ended: SIGKILL\n',
      own: false,
    });
    expect(many.filter((name) => !outcomes[name]!.success)).toEqual([]);
  });

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('are stopped with the run, and leave nothing half-written: %s', async (signal, code) => {
    const root = shop('shop', { 'big/data': '' });
    truncateSync(join(root, 'big/data'), 2 ** 31);
    const pids = await begin('helped', root, ['base', 'big', ...many]);
    host.send('go on');
    await untilWritten(root);
    host.kill(signal);
    expect(await once(host, 'exit')).toEqual([code, null]);
    expect(pids.filter(isRunning)).toEqual([]);
    expect(temporaryFiles(root)).toEqual([]);
    expect(output(root, 'big').entries()).toEqual([]);
  });

  it('are stopped where the process that runs the tasks is gone', async () => {
    const root = shop('shop', { 'big/data': '' });
    truncateSync(join(root, 'big/data'), 2 ** 31);
    const pids = await begin('helped', root, ['base', 'big', ...many]);
    host.send('go on');
    await untilWritten(root);
    host.kill('SIGKILL');
    for (let i = 0; pids.some(isRunning) && i < 100; i++) await sleep(50);
    expect(pids.filter(isRunning)).toEqual([]);
    expect(temporaryFiles(root)).toEqual([]);
  });

  function shop(name: string, more: Files = {}): string {
    const images = many.map((image): [string, string][] => [
      [`${image}/Containerfile`, 'FROM shop/base\nCOPY file /\n'],
      [`${image}/file`, `of ${image}\n`],
    ]);
    return writeFiles(join(directory(), name), {
      'gitops.yaml': 'project: shop\n',
      'base/Containerfile': 'FROM scratch\nCOPY file /base\n',
      'base/file': 'of the base\n',
      'above/Containerfile': 'FROM shop/base\nCOPY --from=shop/base /base /copied\n',
      'broken/Containerfile': 'FROM scratch\nCOPY nothing /\n',
      'runs/Containerfile': 'FROM shop/base\nRUN true\n',
      'big/Containerfile': 'FROM scratch\nCOPY data /\n',
      ...Object.fromEntries(images.flat()),
      ...more,
    });
  }

  /** Starts a process that builds the first of some projects; the others when it is told to. @returns its workers */
  async function begin(how: 'alone' | 'helped', root: string, names: string[]): Promise<readonly number[]> {
    host = fork(join(__dirname, 'crew-host.ts'), [how, root, ...names], {
      execArgv: ['-r', require.resolve('@swc-node/register')],
      env: { ...process.env, DOCKER_HOST: `unix://${join(root, 'no-engine')}` },
    });
    const [said] = (await once(host, 'message')) as [Said];
    if (!('workers' in said)) throw new Error('it is over too soon');
    expect(said.workers).toHaveLength(how === 'helped' ? 2 : 0);
    return said.workers;
  }

  async function goOn(): Promise<Extract<Said, { outcomes: unknown }>['outcomes']> {
    const answered = once(host, 'message') as Promise<[Said]>;
    host.send('go on');
    const [said] = await answered;
    if (!('outcomes' in said)) throw new Error('it did not build');
    return said.outcomes;
  }

  const output = (root: string, name: string): Layout => new Layout(join(root, 'dist', name, 'image'));

  const isBig = (path: string): boolean => path.startsWith('big/');

  /** Until the big image is being written. */
  async function untilWritten(root: string): Promise<void> {
    while (!temporaryFiles(root).some(isBig)) await sleep(5);
  }

  /** Parts of images that are being written. */
  function temporaryFiles(root: string): string[] {
    const all = readdirSync(join(root, 'dist'), { recursive: true, encoding: 'utf8' });
    return all.filter((path) => path.includes('.tmp'));
  }
});
