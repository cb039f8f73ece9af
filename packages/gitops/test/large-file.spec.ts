import { closeSync, ftruncateSync, openSync, readdirSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './support/build';
import { useDirectory, writeFiles } from './support/files';

const directory = useDirectory();
const SIZE = 2 * 2 ** 30;
const MB = 2 ** 20;

jest.setTimeout(120_000);

/** What this process held in memory at most while `work` ran, beyond what it held before, in MB. */
async function growth(work: () => Promise<unknown>): Promise<number> {
  const before = process.memoryUsage().rss;
  let most = before;
  const timer = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 20);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return (Math.max(most, process.memoryUsage().rss) - before) / MB;
}

it('a file of 2 GiB goes into an image without going into memory', async () => {
  const root = writeFiles(join(directory(), 'context'), {});
  const fd = openSync(join(root, 'large'), 'w');
  ftruncateSync(fd, SIZE);
  writeSync(fd, 'the end', SIZE - 7);
  closeSync(fd);

  const output = join(directory(), 'output');
  const recipe = { root, containerfile: 'FROM scratch\nCOPY large /\n' };
  // Buffers and code that are there once are no growth with the file.
  await build({ ...recipe, containerfile: 'FROM scratch\nCOPY <<E /x\nx\nE\n' }, join(directory(), 'small'));
  const peak = process.resourceUsage().maxRSS;
  const grown = await growth(() => build(recipe, output));

  expect(grown).toBeLessThan(100);
  // The highest mark that the kernel saw, in KiB: it misses nothing between two looks.
  expect((process.resourceUsage().maxRSS - peak) / 1024).toBeLessThan(100);
  const blobs = join(output, 'image', 'blobs', 'sha256');
  const sizes = readdirSync(blobs).map((name) => statSync(join(blobs, name)).size);
  // A header, the bytes, two blocks for the end.
  expect(Math.max(...sizes)).toBe(512 + SIZE + 1024);
});
