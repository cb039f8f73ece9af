// Directories in which something may be mounted.
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';

/** Removes a directory, but never through something that is still mounted in it. */
export function clean(dir) {
  removeMountsBelow(dir);
  const left = mountsBelow(dir);
  if (left.length) throw new Error(`${dir} is not removed: ${left[0]} is still mounted`);
  fs.rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
}

export function removeMountsBelow(dir) {
  for (const mount of mountsBelow(dir).reverse()) {
    if (spawnSync('umount', [mount]).status !== 0) spawnSync('umount', ['-l', mount]);
  }
}

function mountsBelow(dir) {
  if (process.platform !== 'linux') return [];
  const octal = (text) =>
    text.replace(/\\([0-7]{3})/g, (_, digits) => String.fromCharCode(parseInt(digits, 8)));
  return fs
    .readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => octal(line.split(' ')[4] ?? ''))
    .filter((mount) => mount === dir || mount.startsWith(dir + '/'));
}
