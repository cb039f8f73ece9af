import { rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { namesIn } from './directory';

/** What a file takes besides its bytes, roughly. */
const OVERHEAD = 4096;

/** Says that a file was used just now. */
export function used(path: string): void {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch {
    // What is gone was used for the last time.
  }
}

/**
 * Removes files of a directory until they take no more than so many bytes; those that were not used for longest go
 * first. What is being written has a name with a dot, and stays. Other processes may do the same at the same time.
 */
export function keepUsed(directory: string, capacity: number): void {
  const files = filesOf(directory);
  let taken = files.reduce((sum, { size }) => sum + size, 0);
  for (const { path, size } of files.sort((a, b) => a.usedAt - b.usedAt)) {
    if (taken <= capacity) return;
    rmSync(path, { force: true });
    taken -= size;
  }
}

function filesOf(directory: string): { path: string; size: number; usedAt: number }[] {
  return namesIn(directory).flatMap((name) => {
    const path = join(directory, name);
    const state = name.startsWith('.') ? undefined : statSync(path, { throwIfNoEntry: false });
    return state?.isFile() ? [{ path, size: state.size + OVERHEAD, usedAt: state.mtimeMs }] : [];
  });
}
