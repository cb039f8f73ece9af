import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { useDirectory } from '../../test/support/files';
import { replaceFile, temporaryPath } from './temporary';

const directory = useDirectory();
const DAY_MS = 24 * 60 * 60 * 1000;

/** A process that has begun to write a file in the directory. */
async function writing(): Promise<{ end: (signal: NodeJS.Signals) => Promise<void> }> {
  const script = `
    require('@swc-node/register');
    const { temporaryPath } = require(${JSON.stringify(join(__dirname, 'temporary.ts'))});
    process.once('SIGTERM', () => process.exit(143));
    setInterval(() => undefined, 1000);
    require('node:fs').writeFileSync(temporaryPath(process.argv[1]), 'half');
    process.stdout.write('written');`;
  const child = spawn(process.execPath, ['-e', script, directory()], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return {
    end: async (signal) => {
      const gone = once(child, 'exit');
      child.kill(signal);
      await gone;
    },
  };
}

describe('what a process has begun to write', () => {
  it('stays while it runs', async () => {
    const process = await writing();
    try {
      temporaryPath(directory());
      expect(readdirSync(directory())).toHaveLength(1);
    } finally {
      await process.end('SIGKILL');
    }
  });

  it('is removed by the next one, where it was killed', async () => {
    const process = await writing();
    await process.end('SIGKILL');
    expect(readdirSync(directory())).toHaveLength(1);
    temporaryPath(directory());
    expect(readdirSync(directory())).toEqual([]);
  });

  it('is removed by itself where it ends', async () => {
    const process = await writing();
    await process.end('SIGTERM');
    expect(readdirSync(directory())).toEqual([]);
  });

  it.each([
    ['stays on another machine', DAY_MS - 60_000, true],
    ['is removed on another machine after a day', DAY_MS + 60_000, false],
  ])('%s', (_, age, isThere) => {
    const name = '.tmp-00000000-1-1-abcdef';
    writeFileSync(join(directory(), name), '');
    const then = (Date.now() - age) / 1000;
    utimesSync(join(directory(), name), then, then);
    temporaryPath(directory());
    expect(readdirSync(directory())).toEqual(isThere ? [name] : []);
  });
});

describe('replaceFile', () => {
  it('makes the file and its directory, and leaves nothing else', () => {
    const path = join(directory(), 'a/b/file');
    replaceFile(path, 'one');
    replaceFile(path, Buffer.from('two'));
    expect(readFileSync(path, 'utf8')).toBe('two');
    expect(readdirSync(join(directory(), 'a/b'))).toEqual(['file']);
  });

  it('leaves nothing where it cannot', () => {
    expect(() => replaceFile(directory(), 'a file')).toThrow();
    expect(readdirSync(directory())).toEqual([]);
  });
});
