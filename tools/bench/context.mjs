// A build context of 2,000 files and 53 MB, the same on every machine.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FILES = 2000;
const DIRECTORIES = 100;
const BYTES = 53_000_000;

/** Numbers in [0, 1) that look random and always are the same (mulberry32). */
function numbers(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function randomBytes(next, size) {
  const bytes = Buffer.allocUnsafe(size);
  for (let i = 0; i < size; i++) bytes[i] = next() * 256;
  return bytes;
}

/**
 * Writes the context, its Containerfile included.
 * @returns what changes one file of middling size; every call makes it another
 */
export function writeContext(directory) {
  const next = numbers(20);
  // Most files are small and a few are large, as in real trees.
  const weights = Array.from({ length: FILES }, () => Math.exp(3 * next()));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  weights.forEach((weight, i) => {
    const below = join(directory, 'src', `module-${i % DIRECTORIES}`);
    if (i < DIRECTORIES) mkdirSync(below, { recursive: true });
    writeFileSync(join(below, `file-${i}.js`), randomBytes(next, Math.round((BYTES * weight) / total)));
  });
  writeFileSync(join(directory, 'Containerfile'), 'FROM scratch\nCOPY src /app\n');
  const changed = join(directory, 'src', 'module-50', 'file-1050.js');
  return () => writeFileSync(changed, randomBytes(next, 25_000));
}
