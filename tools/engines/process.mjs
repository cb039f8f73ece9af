// Programs that go on when this process ends: how they are started, known again, and ended.
import { spawn, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** @returns its pid; -1 where it cannot be started */
export function launch(program, args, { dir, log, env }) {
  const out = fs.openSync(log, 'a');
  // In a session of its own: an interrupt of the tests must not reach it before they stop it.
  const child = spawn(program, args, { cwd: dir, env, detached: true, stdio: ['ignore', out, out] });
  child.on('error', () => undefined); // seen by ready(): there is no process
  child.unref();
  fs.closeSync(out);
  return child.pid ?? -1;
}

/** Waits until the engine answers. Returns what went wrong, or undefined. */
export async function ready(pid, log, timeoutMs, answers) {
  const end = Date.now() + timeoutMs;
  while (Date.now() < end) {
    if (await answers()) return undefined;
    if (startTime(pid) === undefined) return `it ended at once: ${lastWords(log)}`;
    await sleep(25);
  }
  return `no answer after ${timeoutMs} ms: ${lastWords(log)}`;
}

function lastWords(log) {
  const text = fs.existsSync(log) ? fs.readFileSync(log, 'utf8').trim() : '';
  return text.split('\n').at(-1)?.slice(0, 400) || 'nothing in its log';
}

/**
 * When a process was started, as an opaque word; undefined if there is no such process. A pid alone could
 * have been given to somebody else since.
 */
export function startTime(pid) {
  if (!(pid > 0)) return undefined;
  if (process.platform === 'linux') {
    try {
      const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
    } catch {
      return undefined;
    }
  }
  const { status, stdout } = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() || undefined : undefined;
}

export async function kill(pid) {
  const since = startTime(pid);
  if (since === undefined) return;
  for (const [signal, waitMs] of [
    ['SIGTERM', 15_000],
    ['SIGKILL', 5_000],
  ]) {
    try {
      process.kill(pid, signal);
    } catch {
      return;
    }
    const end = Date.now() + waitMs;
    while (Date.now() < end) {
      if (startTime(pid) !== since) return;
      await sleep(20);
    }
  }
}
