#!/usr/bin/env node
/**
 * Private engines for tests: a Docker engine, a Podman API socket, and a container registry.
 *
 * Each one lives in a directory of its own (data, socket, log, state), listens on a unix socket or on a
 * free port of 127.0.0.1, and leaves nothing behind. Nothing that was not started from here is ever
 * touched: a process is stopped only if its pid and its start time are those in the state file.
 *
 *     node tools/engines/engines.mjs start docker [--dir=DIR] [--json]
 *     node tools/engines/engines.mjs start registry [--dir=DIR] [--user=ann --password=secret] [--configuration=JSON]
 *     node tools/engines/engines.mjs status docker [--dir=DIR]
 *     node tools/engines/engines.mjs stop docker [--dir=DIR]
 *     node tools/engines/engines.mjs check docker        (why it cannot run here, if it cannot)
 *
 * As a module: `const docker = await startDocker({ dir }); …; await docker.stop()`.
 */
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as http from 'node:http';
import * as os from 'node:os';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import { clean, removeMountsBelow } from './directory.mjs';
import { kill, launch, ready, startTime } from './process.mjs';

/** Thrown where an engine cannot run here; the message is one line that says why. */
export class EngineUnavailable extends Error {
  name = 'EngineUnavailable';
}

export const kinds = ['docker', 'podman', 'registry'];

const programs = {
  docker: ['dockerd', 'containerd', 'runc'],
  podman: ['podman'],
  registry: ['docker-registry', 'registry'],
};

/** Why this kind of engine cannot be started here, or undefined if it can be tried. */
export function unavailable(kind) {
  if (kind === 'registry') {
    return programs.registry.some(which)
      ? undefined
      : 'registry: neither docker-registry nor registry is on the PATH (Debian: apt-get install docker-registry)';
  }
  const missing = programs[kind].filter((program) => !which(program));
  if (missing.length) {
    const advice = kind === 'docker' ? 'docker.io' : kind;
    return `${kind}: ${missing.join(', ')} not on the PATH (Debian: apt-get install ${advice})`;
  }
  if (process.platform !== 'linux') return `${kind}: needs Linux, this is ${process.platform}`;
  if (process.getuid() !== 0) return `${kind}: needs root`;
  return undefined;
}

/**
 * A Docker engine on a unix socket. It has no bridge and no iptables rules: builds run without a network,
 * and containers can have the host's or none.
 *
 * @param {{ dir?: string, storageDriver?: string, timeoutMs?: number }} [options]
 */
export async function startDocker(options = {}) {
  return start('docker', options, async (dir, timeout) => {
    const socket = socketPath(dir, 'docker.sock');
    const log = path.join(dir, 'docker.log');
    const drivers = options.storageDriver ? [options.storageDriver] : ['overlay2', 'vfs'];
    for (const [attempt, driver] of drivers.entries()) {
      const args = [
        ['--data-root', path.join(dir, 'data')],
        ['--exec-root', path.join(dir, 'exec')],
        ['--pidfile', path.join(dir, 'docker.pid')],
        ['-H', `unix://${socket}`],
        ['--storage-driver', driver],
        ['--containerd-namespace', `gitops-${process.pid}`],
        ['--bridge=none', '--iptables=false', '--ip6tables=false'],
        // An empty file, so that the machine's own daemon.json (hosts, mirrors, data-root) plays no part.
        ['--config-file', emptyJson(dir)],
      ].flat();
      const pid = launch('dockerd', args, { dir, log });
      const failure = await ready(pid, log, timeout, () => ping(socket));
      if (!failure) return { pid, log, socket, env: { DOCKER_HOST: `unix://${socket}` } };
      await kill(pid);
      removeMountsBelow(dir);
      if (attempt === drivers.length - 1) throw new EngineUnavailable(`docker: ${failure}`);
    }
    throw new EngineUnavailable('docker: no storage driver to try');
  });
}

/**
 * Podman's Docker-compatible API on a unix socket.
 *
 * @param {{ dir?: string, storageDriver?: string, timeoutMs?: number }} [options]
 */
export async function startPodman(options = {}) {
  return start('podman', options, async (dir, timeout) => {
    const socket = socketPath(dir, 'podman.sock');
    const log = path.join(dir, 'podman.log');
    const conf = path.join(dir, 'containers.conf');
    // Locks in files below the directory: in shared memory they would outlive the containers.
    fs.writeFileSync(conf, '[engine]\nlock_type = "file"\n');
    const args = [
      ['--root', path.join(dir, 'data')],
      ['--runroot', path.join(dir, 'run')],
      ['--tmpdir', path.join(dir, 'tmp')],
      options.storageDriver ? ['--storage-driver', options.storageDriver] : [],
      ['--events-backend', 'none', '--cgroup-manager', 'cgroupfs'],
      ['system', 'service', '--time=0', `unix://${socket}`],
    ].flat();
    const env = { ...process.env, CONTAINERS_CONF: conf };
    for (const name of ['CONTAINER_HOST', 'DOCKER_HOST']) delete env[name];
    const pid = launch('podman', args, { dir, log, env });
    const failure = await ready(pid, log, timeout, () => ping(socket));
    if (!failure) return { pid, log, socket, env: { DOCKER_HOST: `unix://${socket}` } };
    await kill(pid);
    throw new EngineUnavailable(`podman: ${failure}`);
  });
}

/**
 * A registry (distribution) on a free port of 127.0.0.1, with deletion allowed.
 *
 * @param {{ dir?: string, user?: string, password?: string, configuration?: object, timeoutMs?: number }} [options]
 *   configuration: sections that come over the usual ones, such as `{ http: { tls: { certificate, key } } }`
 */
export async function startRegistry(options = {}) {
  return start('registry', options, async (dir, timeout) => {
    const log = path.join(dir, 'registry.log');
    const config = path.join(dir, 'config.yml');
    const usual = {
      version: '0.1',
      log: { level: 'info', formatter: 'text', accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: path.join(dir, 'data') }, delete: { enabled: true } },
      http: { addr: '127.0.0.1:0' },
    };
    if (options.user !== undefined) {
      const file = path.join(dir, 'htpasswd');
      fs.writeFileSync(file, htpasswd(options.user, options.password ?? ''), { mode: 0o600 });
      usual.auth = { htpasswd: { realm: 'gitops', path: file } };
    }
    const configuration = merged(usual, options.configuration ?? {});
    fs.mkdirSync(configuration.storage.filesystem.rootdirectory, { recursive: true });
    fs.writeFileSync(config, JSON.stringify(configuration, null, 2) + '\n'); // which is YAML too
    const program = programs.registry.find(which);
    // Variables of this name would override the configuration.
    const env = Object.fromEntries(Object.entries(process.env).filter(([k]) => !k.startsWith('REGISTRY_')));
    env.OTEL_TRACES_EXPORTER = 'none';
    const pid = launch(program, ['serve', config], { dir, log, env });
    let host = '';
    const failure = await ready(pid, log, timeout, async () => {
      const port = /listening on 127\.0\.0\.1:(\d+)/.exec(fs.readFileSync(log, 'utf8'))?.[1];
      if (!port) return false;
      host = `127.0.0.1:${port}`;
      return (await get({ host: '127.0.0.1', port, path: '/v2/' })) !== undefined;
    });
    const url = `${configuration.http.tls ? 'https' : 'http'}://${host}`;
    if (!failure) return { pid, log, host, url, env: { REGISTRY: host } };
    await kill(pid);
    throw new EngineUnavailable(`registry: ${failure}`);
  });
}

/** The engine that runs in a directory, if it does. */
export function running(kind, dir = defaultDir(kind)) {
  const state = readState(kind, dir);
  if (!state || startTime(state.pid) !== state.startTime) return undefined;
  return { ...state, dir, stop: () => stop(kind, dir) };
}

/** Stops the engine of a directory, if one runs there, and removes the directory. Never fails on nothing. */
export async function stop(kind, dir = defaultDir(kind)) {
  const state = readState(kind, dir);
  if (!state) return false;
  const alive = startTime(state.pid) === state.startTime;
  if (alive) await kill(state.pid);
  if (kind === 'docker') await killContainerd(dir);
  clean(dir);
  return alive;
}

// --- the parts -----------------------------------------------------------------------------------------

const stateFile = (kind, dir) => path.join(dir, `${kind}.state.json`);
const defaultDir = (kind) => path.join(os.tmpdir(), `gitops-${kind}-${os.userInfo().uid}`);

async function start(kind, options, launchEngine) {
  const dir = path.resolve(options.dir ?? fs.mkdtempSync(path.join(os.tmpdir(), `gitops-${kind}-`)));
  const already = running(kind, dir);
  if (already) return already;
  try {
    const reason = unavailable(kind);
    if (reason) throw new EngineUnavailable(reason);
    if (readState(kind, dir)) await stop(kind, dir); // what a crash has left
    fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
    const engine = await launchEngine(dir, options.timeoutMs ?? 30_000);
    const state = { kind, ...engine, startTime: startTime(engine.pid) };
    fs.writeFileSync(stateFile(kind, dir), JSON.stringify(state, null, 2) + '\n', { mode: 0o600 });
    return { ...state, dir, stop: () => stop(kind, dir) };
  } catch (error) {
    if (options.dir === undefined) clean(dir);
    throw error;
  }
}

function readState(kind, dir) {
  try {
    return JSON.parse(fs.readFileSync(stateFile(kind, dir), 'utf8'));
  } catch {
    return undefined;
  }
}

const ping = async (socketPath) => (await get({ socketPath, path: '/_ping' })) === 200;

function get(options) {
  return new Promise((resolve) => {
    const request = http.get({ timeout: 2000, ...options }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(undefined));
  });
}

/** dockerd that died by a signal leaves its containerd behind. */
async function killContainerd(dir) {
  const file = path.join(dir, 'exec/containerd/containerd.pid');
  if (!fs.existsSync(file)) return;
  const pid = Number(fs.readFileSync(file, 'utf8'));
  try {
    if (fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(path.join(dir, 'exec'))) await kill(pid);
  } catch {
    // gone already
  }
}

/** One line of an htpasswd file. Distribution takes bcrypt only, which Node does not have. */
function htpasswd(user, password) {
  if (which('htpasswd')) {
    const { status, stdout } = spawnSync('htpasswd', ['-niB', user], { input: password, encoding: 'utf8' });
    if (status === 0) return stdout.trim() + '\n';
  }
  const script = 'chomp(my $p = <STDIN>); print crypt($p, q($2b$05$abcdefghijklmnopqrstuu));';
  const { stdout } = spawnSync('perl', ['-e', script], { input: password + '\n', encoding: 'utf8' });
  if (!stdout?.startsWith('$2')) {
    throw new EngineUnavailable('registry: a password needs htpasswd (apache2-utils), or perl with bcrypt');
  }
  return `${user}:${stdout}\n`;
}

/** The first object with what the second one has over it, section by section. */
function merged(usual, over) {
  const isSection = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);
  if (!isSection(usual) || !isSection(over)) return over;
  const sections = Object.entries(over).map(([name, value]) => [name, merged(usual[name], value)]);
  return { ...usual, ...Object.fromEntries(sections) };
}

function socketPath(dir, name) {
  const socket = path.join(dir, name);
  // containerd's own socket is longer by 19 characters, and 107 is all that fits into a socket address.
  if (socket.length > 85) throw new EngineUnavailable(`${name}: ${dir} is too long a path for a unix socket`);
  return socket;
}

function emptyJson(dir) {
  const file = path.join(dir, 'daemon.json');
  fs.writeFileSync(file, '{}\n');
  return file;
}

function which(program) {
  const dirs = (process.env.PATH ?? '').split(path.delimiter).filter(Boolean);
  return dirs.map((dir) => path.join(dir, program)).find((file) => isExecutable(file));
}

function isExecutable(file) {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}

// --- the command line ----------------------------------------------------------------------------------

async function main([command, kind, ...rest]) {
  const flags = Object.fromEntries(
    rest.map((flag) => /^--([a-z]+)(?:=(.*))?$/s.exec(flag)).map((match) => [match?.[1], match?.[2] ?? true]),
  );
  if (
    !['start', 'stop', 'status', 'check'].includes(command) ||
    !kinds.includes(kind) ||
    'undefined' in flags
  ) {
    throw new EngineUnavailable(
      `usage: engines.mjs start|stop|status|check ${kinds.join('|')} [--dir=DIR] [--json] [--user=U --password=P] [--configuration=JSON]`,
    );
  }
  const dir = flags.dir ?? defaultDir(kind);
  if (command === 'check') {
    const reason = unavailable(kind);
    if (reason) throw new EngineUnavailable(reason);
    return;
  }
  const starters = { docker: startDocker, podman: startPodman, registry: startRegistry };
  if (command === 'stop') {
    await stop(kind, dir);
    return;
  }
  const { user, password } = flags;
  const configuration = flags.configuration && JSON.parse(flags.configuration);
  const engine =
    command === 'start' ? await starters[kind]({ dir, user, password, configuration }) : running(kind, dir);
  if (!engine) throw new EngineUnavailable(`${kind}: not running in ${dir}`);
  const lines = Object.entries(engine.env).map(([name, value]) => `${name}=${value}`);
  process.stdout.write((flags.json ? JSON.stringify(engine) : lines.join('\n')) + '\n');
}

if (import.meta.url === pathToFileURL(fs.realpathSync(process.argv[1] ?? '.')).href) {
  main(process.argv.slice(2)).catch((error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
}
