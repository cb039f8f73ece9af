import { execFile, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { promisify } from 'node:util';

/** Private engines for tests; see tools/engines/engines.mjs, which does the work in a process of its own. */
export type EngineKind = 'docker' | 'podman' | 'registry';

export interface Engine {
  kind: EngineKind;
  dir: string;
  log: string;
  pid: number;
  /** What to set for a client to find it: DOCKER_HOST or REGISTRY. */
  env: Record<string, string>;
  /** Docker and Podman: the unix socket. */
  socket: string;
  /** Registry: `127.0.0.1:port`, and the same with `http://` or `https://`. */
  host: string;
  url: string;
  /** Stops it and removes its directory. May be called again. */
  stop(): Promise<void>;
}

export interface EngineOptions {
  /** An engine that already runs in this directory is used as it is. Default: a new temporary one. */
  dir?: string;
  /** Registry only: ask for a password. */
  user?: string;
  password?: string;
  /** Registry only: sections of its configuration that come over the usual ones. */
  configuration?: object;
}

const script = path.resolve(__dirname, '../../../../tools/engines/engines.mjs');

/** Why this engine cannot be started on this machine, in one line, or undefined. Cheap, for `describe.skip`. */
export function whyNoEngine(kind: EngineKind): string | undefined {
  const { status, stderr } = spawnSync(process.execPath, [script, 'check', kind], { encoding: 'utf8' });
  return status === 0 ? undefined : stderr.trim();
}

export async function startEngine(kind: EngineKind, options: EngineOptions = {}): Promise<Engine> {
  const dir = options.dir ?? fs.mkdtempSync(path.join(os.tmpdir(), `gitops-${kind}-`));
  const args = [script, 'start', kind, '--json', `--dir=${dir}`];
  if (options.user !== undefined) args.push(`--user=${options.user}`, `--password=${options.password ?? ''}`);
  if (options.configuration) args.push(`--configuration=${JSON.stringify(options.configuration)}`);
  try {
    const { stdout } = await run(process.execPath, args);
    const stop = async (): Promise<void> => {
      await run(process.execPath, [script, 'stop', kind, `--dir=${dir}`]);
    };
    return { ...(JSON.parse(stdout) as Omit<Engine, 'stop'>), stop };
  } catch (error) {
    if (options.dir === undefined) fs.rmSync(dir, { recursive: true, force: true });
    throw new Error((error as { stderr?: string }).stderr?.trim() || (error as Error).message, {
      cause: error,
    });
  }
}

export const startDocker = (options?: EngineOptions) => startEngine('docker', options);
export const startPodman = (options?: EngineOptions) => startEngine('podman', options);
export const startRegistry = (options?: EngineOptions) => startEngine('registry', options);

const run = promisify(execFile);
