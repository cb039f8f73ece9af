import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { withEngine } from './fixture';
import { SHELL, TestWorkspace } from './workspace';

jest.setTimeout(60_000);

const WORKER = join(__dirname, '../support/build-worker.ts');

let shop: TestWorkspace;
let child: ChildProcess;

afterEach(() => {
  child.kill('SIGKILL');
  shop.remove();
});

for (const [kind, signals] of [
  ['docker', ['SIGINT', 'SIGTERM', 'SIGHUP']],
  ['podman', ['SIGINT']],
] as const)
  withEngine(kind, 'a process that is told to end while an engine builds', (engine) => {
    it.each(signals)('leaves nothing in the engine: %s', async (signal) => {
      shop = new TestWorkspace({
        base: SHELL,
        api: { containerfile: 'FROM shop/base\nRUN echo sleeping; sleep 20\n' },
      });
      shop.write('.', { 'gitops.yaml': 'project: shop\n' });
      child = start(['base', 'api'], engine().env);
      await says(/(^|\| )#?\d* *sleeping$/m);
      const started = Date.now();
      expect(await end(signal)).toBe({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }[signal]);
      expect(Date.now() - started).toBeLessThan(5000);
      expect(await engine().leftovers()).toEqual([]);
      expect(temporaryFiles()).toEqual([]);
    });

    it('is cleaned up after by the next one where it was killed', async () => {
      const run = (command: string) => ({ containerfile: `FROM shop/base\nRUN ${command}\n` });
      shop = new TestWorkspace({ base: SHELL, api: run('echo sleeping; sleep 20'), other: run('true') });
      shop.write('.', { 'gitops.yaml': 'project: shop\n' });
      child = start(['base', 'api'], engine().env);
      await says(/(^|\| )#?\d* *sleeping$/m);
      expect(await end('SIGKILL')).toBe(null);
      const [left] = await engine().leftovers();
      expect(left).toMatch(/^gitops\.invalid\/base:/);

      const { docker } = engine().engine;
      // A process of another machine may still be running.
      const elsewhere = (hours: number) => `00000000-1-1-${Date.now() - hours * 3_600_000}-0123456789abcdef`;
      const names = [
        { repo: 'gitops.invalid/base', tag: elsewhere(25) },
        { repo: 'gitops.invalid/build', tag: elsewhere(23) },
        { repo: 'gitops.invalid/mine', tag: 'latest' },
      ];
      for (const name of names) await docker.getImage(left!).tag(name);
      child = start(['other'], engine().env);
      child.stdout!.resume();
      await once(child, 'exit');
      const kept = await engine().leftovers();
      for (const name of kept) await docker.getImage(name).remove({ force: true });
      expect(kept.sort()).toEqual(names.slice(1).map(({ repo, tag }) => `${repo}:${tag}`));
    });
  });

describe('a process that is told to end while it writes a layer', () => {
  it.each([
    ['once', ['SIGINT'], [130]],
    // The terminal tells the whole group, and Nx what it has started; which is heard first is left to chance.
    ['by the terminal and by Nx', ['SIGINT', 'SIGTERM', 'SIGTERM'], [130, 143]],
  ] as const)('leaves nothing half-written: %s', async (_, signals, codes) => {
    shop = new TestWorkspace({
      big: { containerfile: 'FROM scratch\nCOPY data /\n', files: { data: '' } },
    });
    // Sparse: it takes no room until it is in an image.
    truncateSync(join(shop.root, 'big/data'), 2 ** 31);
    child = start(['big'], {});
    while (temporaryFiles().length === 0) await sleep(5);
    expect(codes).toContain(await end(...signals));
    expect(temporaryFiles()).toEqual([]);
  });
});

function start(names: string[], env: Readonly<Record<string, string>>): ChildProcess {
  return fork(WORKER, [shop.root, ...names], {
    execArgv: ['-r', require.resolve('@swc-node/register')],
    env: { ...process.env, ...env, NX_WORKSPACE_DATA_DIRECTORY: join(shop.root, '.nx'), NX_DAEMON: 'false' },
    silent: true,
  });
}

async function says(wanted: RegExp): Promise<void> {
  let said = '';
  for await (const chunk of child.stdout!.iterator({ destroyOnReturn: false })) {
    said += String(chunk);
    if (wanted.test(said)) return;
  }
  throw new Error(`it only said: ${said}`);
}

/** The code with which it ends. */
async function end(...signals: readonly NodeJS.Signals[]): Promise<number | null> {
  child.stdout!.resume();
  const ended = once(child, 'exit');
  for (const signal of signals) child.kill(signal);
  const [code] = (await ended) as [number | null];
  return code;
}

function temporaryFiles(): string[] {
  const all = readdirSync(shop.root, { recursive: true, encoding: 'utf8' });
  return all.filter((path) => path.includes('.tmp'));
}
