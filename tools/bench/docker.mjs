// A Docker engine for the measurements, and how programs build with it that know nothing but its API.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { EngineUnavailable, startDocker } from '../engines/engines.mjs';

const require = createRequire(import.meta.url);

/**
 * A private engine that runs until it is stopped.
 * @returns its client, socket and version, or `reason` where there can be none
 */
export async function dockerEngine(directory) {
  let engine;
  try {
    engine = await startDocker({ dir: join(directory, 'docker') });
    const docker = new (require('dockerode'))({ socketPath: engine.socket });
    const { Version, Os } = await docker.version();
    const { Driver } = await docker.info();
    const version = `Docker engine ${Version} (${Os}, ${Driver})`;
    return { docker, host: `unix://${engine.socket}`, version, stop: () => engine.stop() };
  } catch (error) {
    await engine?.stop();
    if (!(error instanceof EngineUnavailable)) throw error;
    return { reason: `no engine (${error.message})`, stop: async () => {} };
  }
}

/**
 * A docker client that builds by BuildKit: newer ones need a plugin for it.
 * @param context a directory with a Containerfile to try it with
 * @returns what runs `docker build` with arguments; undefined where there is none
 */
export function buildClient(host, context) {
  const env = { ...process.env, DOCKER_HOST: host, DOCKER_BUILDKIT: '1' };
  const build = (program, args) =>
    spawnSync(program, ['build', '--quiet', '--network=none', ...args], { env, encoding: 'utf8' });
  const program = (process.env.PATH ?? '')
    .split(delimiter)
    .map((directory) => join(directory, 'docker'))
    .find((found) => build(found, ['--file', join(context, 'Containerfile'), context]).status === 0);
  if (!program) return undefined;
  return (args) => {
    const { status, stderr } = build(program, args);
    if (status !== 0) throw new Error(`docker build: ${stderr}`);
  };
}

/** Builds a directory that is sent to the engine as a whole, in a tar stream. */
export async function uploadBuild(docker, context, options) {
  const tar = require('tar-fs').pack(context);
  const stream = await docker.buildImage(tar, { version: '2', dockerfile: 'Containerfile', ...options });
  await new Promise((resolve, reject) =>
    docker.modem.followProgress(stream, (error, events) => {
      const failed = events?.find((event) => event.error);
      if (error ?? failed) reject(error ?? new Error(failed.error));
      else resolve();
    }),
  );
}
