import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { sizeOf } from '../../src/support/size';
import { noise } from '../oci/fixtures';
import { itUnless } from '../support/available';
import { type Files, listFiles } from '../support/files';
import { useMachine } from './each-store';
import { FILES, Shop, change } from './fixture';

const LARGE = 1_000_000;
/** Two images that have nothing to do with each other, and a layer in common. */
const TWINS: Files = {
  'left/Containerfile': 'FROM scratch\nCOPY shared.bin /\nCOPY left.bin /\n',
  'left/left.bin': noise(100_000, 7),
  'left/shared.bin': noise(LARGE, 9),
  'right/Containerfile': 'FROM scratch\nCOPY shared.bin /\nCOPY right.bin /\n',
  'right/right.bin': noise(100_000, 8),
  'right/shared.bin': noise(LARGE, 9),
};

const directory = useMachine();
const storeOf = (shop: Shop): string => shop.store.slice('oci:'.length);

/** The files of a blob, by its digest: one path for each that the file system has. */
function blobsBelow(...directories: string[]): Map<string, Map<number, string>> {
  const found = new Map<string, Map<number, string>>();
  for (const root of directories.filter(existsSync))
    for (const file of listFiles(root).filter((path) => /(^|\/)blobs\/sha256\/[^/]+$/.test(path))) {
      const path = join(root, file);
      const files = found.get(basename(path)) ?? new Map<number, string>();
      found.set(basename(path), files.set(statSync(path).ino, path));
    }
  return found;
}

/** The layers of which there is more than one file. */
function copies(...directories: string[]): string[][] {
  return [...blobsBelow(...directories).values()]
    .map((files) => [...files.values()])
    .filter(([path, ...others]) => others.length > 0 && statSync(path!).size > 50_000);
}

/** Bytes that the blobs take on disk. */
function taken(...directories: string[]): number {
  return [...blobsBelow(...directories).values()]
    .flatMap((files) => [...files.values()])
    .reduce((sum, path) => sum + statSync(path).blocks * 512, 0);
}

/** Bytes that there would have to be. */
function needed(...directories: string[]): number {
  return [...blobsBelow(...directories).values()]
    .map((files) => Math.max(...[...files.values()].map((path) => statSync(path).blocks * 512)))
    .reduce((sum, size) => sum + size, 0);
}

const dist = (shop: Shop): string => join(shop.root, 'dist');

describe('a store on the file system that images are built on', () => {
  const ALL = ['base', 'api', 'web', 'root'];

  it('has no second copy of a layer, whatever images, rings and versions have it', async () => {
    const shop = new Shop(directory(), `oci:${join(directory(), 'store')}`);
    for (const files of [{}, change('web'), change('base')]) {
      shop.write(files);
      await shop.build(...ALL);
      await shop.label();
      expect((await shop.push()).failed).toEqual({});
      expect((await shop.push({ ring: 'testers' })).failed).toEqual({});
      const all = [dist(shop), shop.cache, storeOf(shop)];
      const line = `store: ${sizeOf(taken(storeOf(shop)))}, beside it: ${sizeOf(taken(...all) - taken(storeOf(shop)))}`;
      process.stdout.write(`one copy: ${line}, that is to be: ${sizeOf(needed(...all))}\n`);
      expect(copies(...all)).toEqual([]);
    }
  });

  it('has one file for a layer of images that have nothing to do with each other', async () => {
    const shop = new Shop(directory(), `oci:${join(directory(), 'store')}`, TWINS);
    await shop.build('left');
    await shop.push({ images: ['left'] });
    // Another run, which may know nothing of the first.
    rmSync(shop.cache, { recursive: true });
    await shop.build('right');
    await shop.push({ images: ['right'] });
    expect(copies(storeOf(shop))).toEqual([]);
    expect(taken(storeOf(shop))).toBeLessThan(LARGE + 300_000);
  });

  it('has one file for them when they come at once', async () => {
    const shop = new Shop(directory(), `oci:${join(directory(), 'store')}`, TWINS);
    const { made } = await shop.push();
    expect(copies(storeOf(shop))).toEqual([]);
    expect(made['left']!.layers + made['right']!.layers).toBe(3);
  });

  it('keeps it when one of the images goes', async () => {
    const shop = new Shop(directory(), `oci:${join(directory(), 'store')}`, TWINS);
    await shop.push();
    rmSync(join(storeOf(shop), 'acme/shop/left'), { recursive: true });
    expect(Object.keys(await shop.shelf.files('right'))).toEqual(['shared.bin', 'right.bin']);
  });
});

describe('a store on another file system', () => {
  const other = ['/dev/shm', '/run'].find(
    (path) => existsSync(path) && statSync(path).dev !== statSync('/tmp').dev,
  );

  itUnless(
    other === undefined ? 'there is no other file system' : undefined,
    'has one copy of its own of each layer',
    async () => {
      const at = mkdtempSync(join(other!, 'gitops-spec-'));
      try {
        const shop = new Shop(directory(), `oci:${join(at, 'store')}`, { ...FILES, ...TWINS });
        await shop.build('base', 'api', 'web', 'root', 'left', 'right');
        expect((await shop.push()).failed).toEqual({});
        expect((await shop.push({ ring: 'testers' })).failed).toEqual({});
        expect(copies(storeOf(shop))).toEqual([]);
        const { stdout } = spawnSync('du', ['-s', '--block-size=1', storeOf(shop)], { encoding: 'utf8' });
        process.stdout.write(`one copy: on another file system: ${sizeOf(parseInt(stdout, 10))}\n`);
        expect(parseInt(stdout, 10)).toBeLessThan(600_000 + LARGE + 200_000 + 300_000);
      } finally {
        rmSync(at, { recursive: true });
      }
    },
  );
});
