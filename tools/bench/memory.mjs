// The memory that building an image with one large file takes, in a process of its own.
import { spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { interleave, mib, short } from './measure.mjs';

const SMALL = 16 * 1024 * 1024;
const GIB = short ? 0.5 : 2;
const LARGE = GIB * 1024 * 1024 * 1024;
const LIMIT = 32 * 1024 * 1024;

/** @returns the row */
export async function measureMemory({ packageDirectory, directory, rounds, log }) {
  log(`an image with one file of ${GIB} GiB`);
  const growth = (size) => async () => {
    const workspace = join(directory, 'large');
    mkdirSync(join(workspace, 'app'), { recursive: true });
    writeFileSync(join(workspace, 'app', 'Containerfile'), 'FROM scratch\nCOPY large /large\n');
    const file = openSync(join(workspace, 'app', 'large'), 'w');
    ftruncateSync(file, size);
    closeSync(file);
    const child = fileURLToPath(new URL('memory-child.mjs', import.meta.url));
    const env = { ...process.env, NX_WORKSPACE_DATA_DIRECTORY: join(workspace, 'workspace-data') };
    const { status, stdout, stderr } = spawnSync(process.execPath, [child, packageDirectory, workspace], {
      encoding: 'utf8',
      env,
    });
    rmSync(workspace, { recursive: true });
    if (status !== 0) throw new Error(stderr);
    return Number(stdout);
  };
  const { large, small } = await interleave({ large: growth(LARGE), small: growth(SMALL) }, rounds, 0);
  const more = Math.max(0, large - small);
  return {
    what: `peak memory that a build adds, one file of ${GIB} GiB (sparse)`,
    measured: mib(large),
    against: `one file of 16 MiB: ${mib(small)}`,
    ratio: `${mib(more)} more`,
    target: `at most ${mib(LIMIT)} more`,
    met: more <= LIMIT,
  };
}
