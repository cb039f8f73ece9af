// Nx itself, with and without the plugin: the project graph of 1,000 images, and 1,000 tasks with nothing to do.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { interleave, ms, time, times } from './measure.mjs';

const PROJECTS = 1000;

const IDLE_PLUGIN = `exports.name = 'idle';
exports.createNodes = ['**/Containerfile', async () => []];
`;

/** @returns the rows for the project graph */
export async function measureGraph({ directory, rounds, short, log }) {
  const workspace = (name, plugins) =>
    writeWorkspace(join(directory, name), join(directory, 'node_modules'), plugins);
  const plugin = workspace('with-plugin', ['gitops']);
  const without = workspace('without-plugin', []);
  // Nx starts a process for each plugin: that much any plugin costs.
  const idle = workspace('idle-plugin', ['./idle.cjs']);
  writeFileSync(join(idle, 'idle.cjs'), IDLE_PLUGIN);

  const show = (where, daemon) => () => nx(where, ['show', 'projects'], daemon);
  const cold = (where) => async () => {
    rmSync(join(where, '.nx'), { recursive: true, force: true });
    return time(show(where, false));
  };
  log('the project graph, cold');
  const first = await interleave({ plugin: cold(plugin), without: cold(without), idle: cold(idle) }, rounds);
  log('the project graph, with the daemon');
  try {
    const warm = (where) => async () => time(show(where, true));
    const later = await interleave(
      { plugin: warm(plugin), without: warm(without) },
      short ? rounds : 2 * rounds,
    );
    return [
      adds('cold', first.plugin, ['without the plugin', first.without], 300),
      adds('cold', first.plugin, ['a plugin that does nothing', first.idle]),
      adds('warm, with the daemon', later.plugin, ['without the plugin', later.without], 100),
    ];
  } finally {
    for (const where of [plugin, without]) nx(where, ['daemon', '--stop'], true);
  }
}

/** @returns the row for tasks with nothing to do; after `measureGraph`, in its workspaces */
export async function measureBatch({ directory, rounds, log }) {
  const run = (name, target) => () =>
    nx(join(directory, name), ['run-many', '-t', target, '--skipNxCache', '--outputStyle=static'], false);
  log('1,000 images with nothing to do');
  const medians = await interleave(
    {
      images: async () => time(run('with-plugin', 'image-build')),
      noop: async () => time(run('without-plugin', 'nothing')),
    },
    rounds,
  );
  return {
    what: '1,000 images with nothing to do: `nx run-many -t image-build --skipNxCache`',
    measured: ms(medians.images),
    against: `1,000 \`nx:noop\`: ${ms(medians.noop)}`,
    ratio: times(medians.images / medians.noop),
  };
}

function adds(when, plugin, [name, against], limit) {
  const added = plugin - against;
  return {
    what: `graph of 1,000 Containerfiles, ${when}: \`nx show projects\``,
    measured: ms(plugin),
    against: `${name}: ${ms(against)}`,
    ratio: `adds ${ms(added)}`,
    ...(limit === undefined ? {} : { target: `adds less than ${limit} ms`, met: added < limit }),
  };
}

/** 1,000 projects of one Containerfile each; every tenth is the base of the nine after it. */
function writeWorkspace(workspace, modules, plugins) {
  mkdirSync(workspace);
  symlinkSync(modules, join(workspace, 'node_modules'));
  const write = (file, content) =>
    writeFileSync(join(workspace, file), typeof content === 'string' ? content : JSON.stringify(content));
  write('package.json', { name: 'bench', version: '0.0.0', private: true });
  write('nx.json', { analytics: false, plugins });
  write('.gitignore', 'node_modules\n.nx\ndist\n');
  for (let i = 0; i < PROJECTS; i++) {
    const root = `projects/p${i}`;
    mkdirSync(join(workspace, root, 'src'), { recursive: true });
    write(`${root}/project.json`, { name: `p${i}`, targets: { nothing: { executor: 'nx:noop' } } });
    const base = i % 10 === 0 ? 'scratch' : `bench/p${i - (i % 10)}`;
    write(`${root}/Containerfile`, `FROM ${base}\nCOPY src /app/p${i}\nCMD ["/app/p${i}/main.js"]\n`);
    write(`${root}/src/main.js`, `console.log(${i});\n`);
  }
  return workspace;
}

function nx(workspace, args, daemon) {
  const env = { ...process.env, NX_DAEMON: String(daemon), NX_TUI: 'false', NX_NO_CLOUD: 'true', CI: '' };
  delete env.NX_WORKSPACE_DATA_DIRECTORY;
  const bin = join(workspace, 'node_modules', 'nx', 'dist', 'bin', 'nx.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], {
    cwd: workspace,
    env,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0)
    throw new Error(`nx ${args.join(' ')} failed:\n${stdout.slice(-2000)}${stderr.slice(-2000)}`);
}
