import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A real registry that runs for a suite, on this machine only. */
export interface RunningRegistry {
  readonly host: string;
  stop(): Promise<void>;
}

const ATTEMPTS = 3;

/** Starts `docker-registry` on a free port, with a directory of its own. */
export async function startDockerRegistry(): Promise<RunningRegistry> {
  for (let attempt = 1; ; attempt++) {
    const directory = mkdtempSync(join(tmpdir(), 'gitops-registry-'));
    const host = `127.0.0.1:${await freePort()}`;
    const config = join(directory, 'config.yml');
    writeFileSync(config, configFor(host, join(directory, 'data')));
    const child = spawn('docker-registry', ['serve', config], { stdio: 'ignore' });
    const stop = () => stopped(child, directory);
    if (await answers(host, child)) return { host, stop };
    await stop();
    // Somebody else may have taken the port in between.
    if (attempt === ATTEMPTS) throw new Error('docker-registry does not start');
  }
}

function configFor(host: string, data: string): string {
  return JSON.stringify({
    version: '0.1',
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: data }, delete: { enabled: true } },
    http: { addr: host, secret: 'of-tests-only' },
  });
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function answers(host: string, child: ChildProcess): Promise<boolean> {
  for (let i = 0; i < 200 && child.exitCode === null; i++) {
    const ok = await fetch(`http://${host}/v2/`).then(
      (response) => response.ok,
      () => false,
    );
    if (ok) return true;
    await delay(50);
  }
  return false;
}

async function stopped(child: ChildProcess, directory: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const end = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await end;
  }
  rmSync(directory, { recursive: true, force: true });
}
