// Publishing: what travels for a rebuilt image, and what it takes to find out that nothing has to.
import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EngineUnavailable, startRegistry } from '../engines/engines.mjs';
import { load } from './builder.mjs';
import { dockerEngine, uploadBuild } from './docker.mjs';
import { IMAGES, faster, interleave, missing, short, time } from './measure.mjs';
import { countingProxy } from './proxy.mjs';
import { pusher, writeProject } from './publisher.mjs';

const MB = 1_000_000;
const BASE_MB = short ? 40 : 200;
const AT_ONCE = 8;
const WHAT = {
  built: `rebuilt image on a base of ${BASE_MB} MB that the store has, from a new machine; the engine has built the base`,
  pulled: 'the same; the engine pulls the base',
  known: 'the same, from a machine that has pushed the base before',
  requests: `requests to find ${IMAGES} images up to date in a ring`,
  check: `finding ${IMAGES} images up to date in a ring, sources read`,
};

/** @returns the rows, and the engine's version */
export async function measurePush(options) {
  let registry;
  try {
    registry = await startRegistry({ dir: join(options.directory, 'registry') });
  } catch (error) {
    if (!(error instanceof EngineUnavailable)) throw error;
    return { rows: Object.values(WHAT).map((what) => missing(what, `no registry (${error.message})`)) };
  }
  process.env.NX_WORKSPACE_DATA_DIRECTORY ??= join(options.directory, 'workspace-data');
  process.env.XDG_CACHE_HOME = join(options.directory, 'cache');
  const proxy = await countingProxy(registry.host);
  try {
    const { rows, version } = await measureRebuilt(registry.host, options);
    rows.push(...(await measureCheck(proxy, options)));
    return { rows, versions: version ? [version] : [] };
  } finally {
    proxy.close();
    await registry.stop();
  }
}

async function measureRebuilt(host, { packageDirectory, directory, rounds, log }) {
  log('pushing a rebuilt image');
  // Half of it compresses, as programs do.
  const large = Buffer.concat([randomBytes((BASE_MB * MB) / 2), Buffer.alloc((BASE_MB * MB) / 2, 'gitops ')]);
  const [workspace, contexts] = ['push', 'push-contexts'].map((name) => join(directory, name));
  writeProject(workspace, 'base', 'FROM scratch\nCOPY file /base\n', large);
  writeProject(workspace, 'app', 'FROM bench/base\nCOPY file /app\n', 'one');
  writeFileSync(join(workspace, 'gitops.yaml'), `project: bench\nstore: ${host}\n`);
  for (const [project, file] of Object.entries({ base: large, app: 'one' }))
    writeProject(contexts, project, '', file);
  const push = pusher(packageDirectory, workspace, ['base', 'app']);
  await push();

  let count = 0;
  const change = () => {
    count++;
    for (const at of [workspace, contexts]) writeFileSync(join(at, 'app', 'file'), `change ${count}`);
  };
  const engines = join(directory, 'push-engine');
  const image = (name) => `${host}/engine/${name}`;
  const build = (docker, project, containerfile) => {
    writeFileSync(join(contexts, project, 'Containerfile'), containerfile);
    return uploadBuild(docker, join(contexts, project), { t: image(project) });
  };
  const buildBase = (docker) => build(docker, 'base', 'FROM scratch\nCOPY file /base\n');
  const buildApp = (docker) => build(docker, 'app', `FROM ${image('base')}\nCOPY file /app\n`);
  /** An engine that has built and pushed nothing yet, as on a new machine. */
  const onFresh = async (body) => {
    const { docker, stop } = await dockerEngine(engines);
    try {
      return await body(docker);
    } finally {
      await stop();
      rmSync(engines, { recursive: true, force: true });
    }
  };
  const known = await dockerEngine(join(directory, 'push-engine-known'));
  const { docker, version, reason } = known;
  if (!docker) return { rows: [WHAT.built, WHAT.pulled, WHAT.known].map((what) => missing(what, reason)) };
  try {
    await buildBase(docker);
    await pushByEngine(docker, image('base'));
    const medians = await interleave(
      {
        fresh: () => {
          change();
          // Nothing of it is on this machine but the sources.
          rmSync(join(process.env.NX_WORKSPACE_DATA_DIRECTORY, 'gitops'), { recursive: true, force: true });
          return time(push);
        },
        ours: () => {
          change();
          return time(push);
        },
        built: () =>
          onFresh(async (engine) => {
            change();
            await buildBase(engine);
            await buildApp(engine);
            return time(() => pushByEngine(engine, image('app')));
          }),
        pulled: () =>
          onFresh((engine) => {
            change();
            return time(async () => {
              await buildApp(engine);
              await pushByEngine(engine, image('app'));
            });
          }),
        known: () => {
          change();
          return time(async () => {
            await buildApp(docker);
            await pushByEngine(docker, image('app'));
          });
        },
      },
      rounds,
    );
    return {
      version,
      rows: [
        faster(WHAT.built, medians.fresh, ['`docker push` alone', medians.built], 5),
        faster(WHAT.pulled, medians.fresh, ['build and `docker push`', medians.pulled]),
        faster(WHAT.known, medians.ours, ['build and `docker push`', medians.known]),
      ],
    };
  } finally {
    await known.stop();
  }
}

async function measureCheck(proxy, { packageDirectory, directory, rounds, log }) {
  log(`whether ${IMAGES} images are up to date`);
  const workspace = join(directory, 'check');
  const names = Array.from({ length: IMAGES }, (_, i) => `image-${i}`);
  for (const name of names) writeProject(workspace, name, 'FROM scratch\nCOPY file /\n', name);
  writeFileSync(join(workspace, 'gitops.yaml'), `project: bench-check\nstore: ${proxy.host}\n`);
  const push = pusher(packageDirectory, workspace, names);
  await push();
  proxy.reset();
  await push();
  const requests = proxy.requests.length;
  const { openRegistry } = load(packageDirectory, 'oci/registry/index.js');
  const each = async () => {
    const store = openRegistry(proxy.host);
    const left = [...names];
    const worker = async () => {
      for (let name = left.shift(); name; name = left.shift())
        await store.repository(`bench-check/${name}`).resolve('developers');
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    await store.close();
  };
  const medians = await interleave({ ours: () => time(push), each: () => time(each) }, rounds);
  return [
    {
      what: WHAT.requests,
      measured: `${requests}`,
      against: `one an image: ${IMAGES}`,
      ratio: '',
      target: 'at most 5',
      met: requests <= 5,
    },
    faster(WHAT.check, medians.ours, [`a HEAD for each, ${AT_ONCE} at once`, medians.each]),
  ];
}

async function pushByEngine(docker, reference) {
  const stream = await docker.getImage(reference).push({ tag: 'latest', authconfig: {} });
  await new Promise((resolve, reject) =>
    docker.modem.followProgress(stream, (error, events) => {
      const failed = events?.find((event) => event.error);
      if (error ?? failed) reject(error ?? new Error(failed.error));
      else resolve();
    }),
  );
}
