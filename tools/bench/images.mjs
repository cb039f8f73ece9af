// Building one image of 2,000 files: assembled, by container engines, and what reading the files alone takes.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, lstatSync, mkdirSync, openSync, readSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { imageBuilder } from './builder.mjs';
import { writeContext } from './context.mjs';
import { dockerEngine, uploadBuild } from './docker.mjs';
import { atMost, faster, interleave, missing, short, time } from './measure.mjs';

const WHAT = {
  first: 'first build',
  unchanged: 'nothing changed',
  changed: 'one file changed',
};

/** @returns the rows, and the engines that were there with their versions */
export async function measureImages({ packageDirectory, directory, rounds, log }) {
  const workspace = join(directory, 'workspace');
  mkdirSync(join(workspace, 'app'), { recursive: true });
  log('writing the context of 53 MB');
  const change = writeContext(join(workspace, 'app'));
  const cycle = cycles(change);
  const builder = assembler(packageDirectory, workspace, join(directory, 'workspace-data'));
  const assembled = cycle(builder);

  log('assembled, against reading the files');
  // Each beside its own yardstick: what a build leaves to be written to disk would slow down whatever comes next.
  const quiet = await interleave(
    {
      lstat: settled(() => walk(join(workspace, 'app'))),
      unchanged: settled(() => builder.build()),
    },
    4 * rounds,
    5,
  );
  const hasSums = spawnSync('sha256sum', ['--version']).status === 0;
  const floor = await interleave(
    {
      read: settled(() => hashFiles(join(workspace, 'app'))),
      ...(hasSums ? { sums: settled(() => sha256sum(join(workspace, 'app'))) } : {}),
      assembled,
    },
    2 * rounds,
    3,
  );
  const rows = [
    atMost(`assembled: ${WHAT.unchanged}`, quiet.unchanged, ['lstat of the tree', quiet.lstat], 3),
    atMost(`assembled: ${WHAT.first}`, floor['assembled first'], ['lstat, read, sha256', floor.read], 2.5),
    hasSums
      ? atMost(`assembled: ${WHAT.first}`, floor['assembled first'], ['`sha256sum` of the files', floor.sums])
      : missing(`assembled: ${WHAT.first}`, 'there is no `sha256sum`'),
    atMost(`assembled: ${WHAT.changed}`, floor['assembled changed'], ['lstat, read, sha256', floor.read]),
  ];

  const { builders, versions, reasons, stop } = await engines({ workspace, directory });
  try {
    const names = Object.keys(builders);
    if (names.length) log(`assembled, against ${names.join(', ')}`);
    const subjects = Object.fromEntries(names.map((name) => [name, cycle(builders[name])]));
    const built = names.length ? await interleave({ assembled, ...subjects }, rounds) : {};
    for (const name of names)
      for (const [part, what] of Object.entries(WHAT)) {
        const factor = name === BUILDKIT && part === 'changed' ? 10 : undefined;
        rows.push(
          faster(`assembled: ${what}`, built[`assembled ${part}`], [name, built[`${name} ${part}`]], factor),
        );
      }
    rows.push(...reasons.map(([name, reason]) => missing(`assembled, against ${name}`, reason)));
    return { rows, versions };
  } finally {
    await stop();
  }
}

/** One round of a builder: the first build, one with nothing changed, one with one file changed. */
function cycles(change) {
  return (builder) => async () => {
    await builder.reset();
    await settle();
    const first = await time(() => builder.build());
    await settle();
    const unchanged = await time(() => builder.build());
    change();
    await settle();
    const changed = await time(() => builder.build());
    return { first, unchanged, changed };
  };
}

/** What was written within the file system's last tick is read again at the next build; nobody builds that fast. */
const settle = () => sleep(100);

const settled = (work) => async () => {
  await settle();
  return time(work);
};

function assembler(packageDirectory, workspace, cache) {
  process.env.NX_WORKSPACE_DATA_DIRECTORY = cache;
  return {
    reset: () => {
      rmSync(cache, { recursive: true, force: true });
      rmSync(join(workspace, 'dist'), { recursive: true, force: true });
    },
    build: imageBuilder(packageDirectory, workspace),
  };
}

/** Every file below a directory, with its status. */
function walk(directory, found = []) {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = `${directory}/${entry.name}`;
    const stat = lstatSync(path);
    if (entry.isDirectory()) walk(path, found);
    else found.push({ path, stat });
  }
  return found;
}

const buffer = Buffer.allocUnsafe(1024 * 1024);

function hashFiles(directory) {
  return walk(directory).map(({ path }) => {
    const hash = createHash('sha256');
    const file = openSync(path, 'r');
    for (let read; (read = readSync(file, buffer, 0, buffer.length, null)) > 0;)
      hash.update(buffer.subarray(0, read));
    closeSync(file);
    return hash.digest('hex');
  });
}

/** The tool that everybody has: a process, with all files as its arguments. */
function sha256sum(directory) {
  const { status } = spawnSync(
    'sha256sum',
    walk(directory).map(({ path }) => path),
    { stdio: 'ignore' },
  );
  if (status !== 0) throw new Error('sha256sum failed');
}

const BUILDKIT = 'BuildKit, by the Docker API';
const CLASSIC = 'the classic builder, by the Docker API';
const BUILDAH = 'buildah';

/** What else builds images here; a short run has no time for the two that are slowest. */
async function engines({ workspace, directory }) {
  const context = join(workspace, 'app');
  const builders = {};
  const versions = [];
  const reasons = [];
  const { docker, version, reason, stop } = await dockerEngine(directory);
  if (docker) {
    versions.push(version);
    builders[BUILDKIT] = dockerBuilder(docker, context, '2');
    if (short) reasons.push([CLASSIC, 'left out of a short run']);
    else builders[CLASSIC] = dockerBuilder(docker, context, '1');
  } else reasons.push([BUILDKIT, reason], [CLASSIC, 'no engine']);
  const { status, stdout } = spawnSync('buildah', ['--version'], { encoding: 'utf8' });
  if (status !== 0) reasons.push([BUILDAH, 'not installed']);
  else if (short) reasons.push([BUILDAH, 'left out of a short run']);
  else {
    versions.push(stdout.trim().replace(/ \(.*$/, ''));
    builders[BUILDAH] = buildahBuilder(context, join(directory, 'buildah'));
  }
  return { builders, versions, reasons, stop };
}

function dockerBuilder(docker, context, version) {
  return {
    reset: async () => {
      const images = await docker.listImages({ all: true });
      for (const { Id } of images)
        await docker
          .getImage(Id)
          .remove({ force: true })
          .catch(() => {});
      await docker.pruneBuilder();
    },
    build: () => uploadBuild(docker, context, { t: `bench:v${version}`, version }),
  };
}

function buildahBuilder(context, directory) {
  const buildah = (...args) => {
    const all = ['--root', join(directory, 'root'), '--runroot', join(directory, 'run'), ...args];
    const { status, stderr } = spawnSync('buildah', all, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`buildah ${args[0]}: ${stderr}`);
  };
  return {
    reset: () => buildah('rmi', '--all', '--force'),
    build: () =>
      buildah('build', '--layers', '--quiet', '--tag', 'bench', '-f', `${context}/Containerfile`, context),
  };
}
