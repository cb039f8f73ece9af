import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

let machineId: string | undefined;

/**
 * Eight digits for where process numbers mean the same: a directory may be shared by machines, and by containers of one
 * machine. Machines are told apart by the boot of their kernel too: their names may well be the same.
 */
export function machine(): string {
  machineId ??= createHash('sha256')
    .update([hostname(), processNamespace(), bootId()].join('\n'))
    .digest('hex')
    .slice(0, 8);
  return machineId;
}

let ownId: string | undefined;

/** This process, told apart from every other on whatever machine: its machine, number and start. */
export function processId(): string {
  ownId ??= `${machine()}-${process.pid}-${statusOf(process.pid).start}`;
  return ownId;
}

/** What can be known of a process from here. */
export type Fate = 'running' | 'gone' | 'elsewhere';

/** What became of the process with this {@link processId}; undefined when the text is none. */
export function fateOf(id: string): Fate | undefined {
  const match = /^([0-9a-f]{8})-([1-9]\d*)-(\d*)$/.exec(id);
  if (!match) return undefined;
  const [, where, pid, start] = match;
  if (where !== machine()) return 'elsewhere';
  const now = statusOf(Number(pid));
  // One that has ended, and of which nobody has taken note yet: in containers, perhaps never.
  if (now.state === 'Z' || !isRunning(Number(pid))) return 'gone';
  // In containers, where processes have low numbers, another one soon has the same.
  return start && now.start && start !== now.start ? 'gone' : 'running';
}

/** Whether there is a process with this number, on this machine. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

interface Status {
  readonly state: string;
  /** When it started, in ticks since the boot. */
  readonly start: string;
}

/** From proc(5), /proc/pid/stat; empty where there is none. */
function statusOf(pid: number): Status {
  // The second field is the program's name in brackets, which may hold anything.
  const fields = read(`/proc/${pid}/stat`)
    .replace(/^[^]*\) /, '')
    .split(' ');
  return { state: fields[0] ?? '', start: fields[19] ?? '' };
}

function bootId(): string {
  return read('/proc/sys/kernel/random/boot_id').trim();
}

function processNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
