// Runs the real command line of Nx in a workspace, and watches what that takes.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { cpus } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { time } from './measure.mjs';

/** Where Nx keeps the caches of a workspace that git has. */
const home = (workspace) => join(dirname(workspace), 'homes', basename(workspace));
const cache = (workspace) => join(home(workspace), 'cache');

/**
 * Runs Nx, and fails where it fails.
 * @param options.daemon whether by its daemon
 * @param options.onStart is told the process's ID
 * @returns what it prints
 */
export async function nx(workspace, args, { daemon = false, onStart } = {}) {
  mkdirSync(home(workspace), { recursive: true });
  const env = {
    ...process.env,
    HOME: home(workspace),
    NX_CACHE_DIRECTORY: cache(workspace),
    NX_DAEMON: String(daemon),
    NX_TUI: 'false',
    NX_NO_CLOUD: 'true',
    CI: '',
  };
  delete env.NX_WORKSPACE_DATA_DIRECTORY;
  delete env.XDG_CACHE_HOME;
  const bin = join(workspace, 'node_modules', 'nx', 'dist', 'bin', 'nx.js');
  const child = spawn(process.execPath, [bin, ...args], { cwd: workspace, env });
  onStart?.(child.pid);
  const output = [];
  child.stdout.on('data', (piece) => output.push(piece));
  child.stderr.on('data', (piece) => output.push(piece));
  const status = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  const text = Buffer.concat(output).toString();
  if (status !== 0) throw new Error(`nx ${args.join(' ')} failed:\n${text.slice(-4000)}`);
  return text;
}

/** Milliseconds that a command of Nx takes. */
export const timeOfNx = (workspace, args, options) => time(() => nx(workspace, args, options));

/** The tasks of the last run that were not taken from the cache, sorted. */
export function missed(workspace) {
  const { tasks } = JSON.parse(readFileSync(join(cache(workspace), 'run.json'), 'utf8'));
  return tasks
    .filter(({ cacheStatus }) => cacheStatus === 'cache-miss')
    .map(({ taskId }) => taskId)
    .sort();
}

/** As if the workspace had just been cloned. */
export function forget(workspace) {
  for (const directory of [join(workspace, '.nx'), join(workspace, 'dist'), home(workspace)])
    rmSync(directory, { recursive: true, force: true });
}

/**
 * Runs Nx, and watches it: the whole machine's processors, and the memory of its processes.
 * @returns milliseconds; the part of all processors that was busy, of 1; of its processes the largest peak, in bytes;
 *   undefined where the system does not tell
 */
export async function watchedNx(workspace, args) {
  const before = cpuTimes();
  let peak = 0;
  let timer;
  const ms = await time(() =>
    nx(workspace, args, {
      onStart: (pid) => {
        timer = setInterval(() => (peak = Math.max(peak, ...descendants(pid).map(peakOf))), 50);
      },
    }),
  ).finally(() => clearInterval(timer));
  const after = cpuTimes();
  const busy = 1 - (after.idle - before.idle) / (after.all - before.all);
  return { ms, busy, peak: peak || undefined };
}

function cpuTimes() {
  const times = cpus().map((cpu) => cpu.times);
  const sum = (pick) => times.map(pick).reduce((a, b) => a + b);
  return { idle: sum(({ idle }) => idle), all: sum((each) => Object.values(each).reduce((a, b) => a + b)) };
}

function descendants(root) {
  const parents = new Map();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const parent = statusOf(pid, /^PPid:\s+(\d+)/m);
    parents.set(pid, String(parent));
  }
  const isBelow = (pid) => pid !== undefined && (pid === String(root) || isBelow(parents.get(pid)));
  return [...parents.keys()].filter(isBelow);
}

const peakOf = (pid) => statusOf(pid, /^VmHWM:\s+(\d+) kB/m) * 1024;

/** A number in a process's status (proc(5)); 0 where it is gone. */
function statusOf(pid, pattern) {
  try {
    return Number(pattern.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
