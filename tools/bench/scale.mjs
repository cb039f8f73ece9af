// A large workspace: what the plugin costs beside Nx itself, and what a change costs.
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { EngineUnavailable, startRegistry } from '../engines/engines.mjs';
import { load } from './builder.mjs';
import { IMAGES, atMost, interleave, mib, missing, ms, short, time, times } from './measure.mjs';
import { forget, missed, nx, timeOfNx, watchedNx } from './nx.mjs';
import { countingProxy } from './proxy.mjs';
import { ALIKE, IDLE, commit, shapeOf, writeWorkspace } from './workspace.mjs';

/** The most memory that a first build may take, in one process. */
const MAX_MEMORY = 600 * 1024 * 1024;
const MAX_UNCHANGED_MS = 3000;
const CHANGED = short ? 4 : 10;
const FILES_PER_IMAGE = 20;

const SHOW = ['show', 'projects'];
const run = (target, ...more) => ['run-many', '-t', target, '--outputStyle=static', ...more];
const BUILD = run('image-build');

/** @returns the rows */
export async function measureScale(options) {
  const { directory, modules, log } = options;
  const images = IMAGES;
  log(`writing workspaces of ${images} images`);
  const shape = shapeOf({ images });
  const write = (name, plugins, more = {}) =>
    writeWorkspace(join(directory, name), modules, shape, {
      plugins,
      files: images * FILES_PER_IMAGE,
      git: true,
      ...more,
    });
  const place = {
    ours: write('ours', ['gitops']),
    floor: write('floor', []),
    idle: write('idle', [IDLE]),
  };
  const count = images.toLocaleString('en');
  return [
    ...(await graph(place, count, options)),
    ...(await firstBuild(place, count, options)),
    ...(await cached(place, count, options)),
    ...(await changedSource(place, shape, count, options)),
    await affectedPush(images, options),
  ];
}

async function graph({ ours, floor, idle }, count, { rounds, log }) {
  const cold = (where) => async () => {
    forget(where);
    return timeOfNx(where, SHOW);
  };
  log('the project graph, cold');
  const first = await interleave({ ours: cold(ours), floor: cold(floor), idle: cold(idle) }, rounds);
  log('the project graph, with the daemon');
  const warm = (where) => () => timeOfNx(where, SHOW, { daemon: true });
  try {
    const later = await interleave({ ours: warm(ours), floor: warm(floor) }, 3 * rounds, 2);
    const what = (when) => `graph of ${count} images, ${when}: \`nx show projects\``;
    return [
      atMost(what('cold'), first.ours, ['Nx without the plugin', first.floor], 1.15),
      atMost(what('cold'), first.ours, ['Nx with a plugin that does nothing', first.idle], 1.15),
      atMost(what('warm, by the daemon'), later.ours, ['Nx without the plugin', later.floor], 1.15),
    ];
  } finally {
    for (const where of [ours, floor]) await nx(where, ['daemon', '--stop'], { daemon: true });
  }
}

async function firstBuild({ ours }, count, { rounds, log }) {
  log(`the first build of ${count} images`);
  const runs = [];
  for (let round = 0; round < rounds; round++) {
    forget(ours);
    runs.push(await watchedNx(ours, BUILD));
  }
  const middle = (pick) => runs.map(pick).sort((a, b) => a - b)[Math.floor(runs.length / 2)];
  const took = middle((each) => each.ms);
  const busy = middle((each) => each.busy);
  const peak = Math.max(...runs.map((each) => each.peak ?? 0));
  const what = `first build of ${count} images`;
  return [
    {
      what: `${what}: \`nx run-many -t image-build\``,
      measured: ms(took),
      against: 'all processors, all of the time',
      ratio: `${Math.round(busy * 100)} % busy`,
    },
    peak
      ? {
          what: `${what}: peak memory of the largest process`,
          measured: mib(peak),
          against: '',
          ratio: '',
          target: `less than ${mib(MAX_MEMORY)}`,
          met: peak < MAX_MEMORY,
        }
      : missing(`${what}: peak memory`, 'this system does not tell'),
  ];
}

/** After a first build. */
async function cached({ ours, floor, idle }, count, { rounds, log }) {
  log(`${count} images with nothing to do`);
  await nx(ours, BUILD);
  await nx(floor, run('cached'));
  await nx(idle, run('alike'));
  const skip = '--skipNxCache';
  const without = await interleave(
    {
      ours: () => timeOfNx(ours, BUILD),
      floor: () => timeOfNx(floor, run('cached')),
      alike: () => timeOfNx(idle, run('alike')),
      skipped: () => timeOfNx(ours, run('image-build', skip)),
      noop: () => timeOfNx(floor, run('nothing', skip)),
      skippedAlike: () => timeOfNx(idle, run('alike', skip)),
    },
    rounds,
  );
  const daemon = true;
  try {
    const byDaemon = await interleave(
      {
        ours: () => timeOfNx(ours, BUILD, { daemon }),
        floor: () => timeOfNx(floor, run('cached'), { daemon }),
        alike: () => timeOfNx(idle, run('alike'), { daemon }),
        skipped: () => timeOfNx(ours, run('image-build', skip), { daemon }),
        noop: () => timeOfNx(floor, run('nothing', skip), { daemon }),
        skippedAlike: () => timeOfNx(idle, run('alike', skip), { daemon }),
      },
      rounds,
      2,
    );
    const all = (when) => `${count} images, all cached${when}: \`nx run-many -t image-build\``;
    const unchanged = (when) =>
      `${count} images, nothing changed${when}: \`nx run-many -t image-build --skipNxCache\``;
    const rows = (when, medians) => [
      atMost(all(when), medians.ours, [`${count} cached tasks that do nothing`, medians.floor], 1.1),
      atMost(all(when), medians.ours, [ALIKE(count), medians.alike]),
      {
        what: unchanged(when),
        measured: ms(medians.skipped),
        against: `${count} \`nx:noop\`: ${ms(medians.noop)}`,
        ratio: times(medians.skipped / medians.noop),
        target: `less than ${ms(MAX_UNCHANGED_MS)}`,
        met: medians.skipped < MAX_UNCHANGED_MS,
      },
      atMost(unchanged(when), medians.skipped, [ALIKE(count), medians.skippedAlike]),
    ];
    return [...rows('', without), ...rows(', by the daemon', byDaemon)];
  } finally {
    for (const where of [ours, floor, idle]) await nx(where, ['daemon', '--stop'], { daemon });
  }
}

/** After all were built. The image is one of the second level: those that are made from it are built again too. */
async function changedSource(
  { ours, floor, idle },
  { images },
  count,
  { packageDirectory, directory, rounds, log },
) {
  log('one changed source');
  const { name } = images[1];
  const reached = reach(images, name);
  const change = (where) =>
    appendFileSync(join(where, 'images', name, 'src', 'file-0.js'), `// ${Date.now()}\n`);
  const build = buildsAlone(packageDirectory, join(directory, 'alone'), images, ours);
  await build(new Set(images.map((image) => image.name)));
  let built;
  const medians = await interleave(
    {
      ours: async () => {
        change(ours);
        const took = await timeOfNx(ours, BUILD);
        built = missed(ours).map((task) => task.replace(':image-build', ''));
        // What is made from an image that came out as it was is not built again.
        if (!built.includes(name) || built.some((image) => !reached.has(image)))
          throw new Error(`a change of ${name} built ${built.join()}`);
        return took;
      },
      floor: () => timeOfNx(floor, run('cached')),
      alike: () => timeOfNx(idle, run('alike')),
      build: () => {
        change(ours);
        return build(new Set(built));
      },
    },
    rounds,
  );
  const what = `${count} images, one source changed: ${built.length} are built, and no other`;
  const alone = `and the build of ${built.length} alone`;
  return [
    atMost(
      what,
      medians.ours,
      [`${count} cached tasks that do nothing, ${alone}`, medians.floor + medians.build],
      1.2,
    ),
    atMost(what, medians.ours, [`${ALIKE(count)}, ${alone}`, medians.alike + medians.build]),
  ];
}

/** The images that are made from one, itself among them. */
function reach(images, name) {
  const reached = new Set([name]);
  for (const image of images) if (reached.has(image.base) || reached.has(image.from)) reached.add(image.name);
  return reached;
}

/** Builds images in one run in this process, into outputs of their own; returns the milliseconds. */
function buildsAlone(packageDirectory, data, images, workspace) {
  process.env.NX_WORKSPACE_DATA_DIRECTORY ??= data;
  const { openRun } = load(packageDirectory, 'executors/build/run.js');
  const target = ({ name, library }) => ({
    executor: 'gitops:build',
    options: {
      containerfile: `images/${name}/Containerfile`,
      outputPath: `dist/alone/${name}`,
      ...(library ? { context: 'workspace' } : {}),
    },
  });
  const projects = Object.fromEntries(
    images.map((image) => [
      image.name,
      { root: `images/${image.name}`, targets: { 'image-build': target(image) } },
    ]),
  );
  return (wanted) =>
    time(async () => {
      const run = openRun(workspace, projects, new Map());
      try {
        for (const { name } of images) {
          if (!wanted.has(name)) continue;
          const { success, log } = await run.build(`${name}:image-build`);
          if (!success) throw new Error(log);
        }
      } finally {
        await run.close();
      }
    });
}

/** With as many changed images of many, and of a tenth of these. */
async function affectedPush(many, { directory, modules, log }) {
  const what = `requests of \`nx affected -t image-push\`, ${CHANGED} of ${many.toLocaleString('en')} images changed`;
  let registry;
  try {
    registry = await startRegistry({ dir: join(directory, 'scale-registry') });
  } catch (error) {
    if (!(error instanceof EngineUnavailable)) throw error;
    return missing(what, `no registry (${error.message})`);
  }
  const proxy = await countingProxy(registry.host);
  try {
    const requests = [];
    // Of too few, there are not as many to change.
    const few = Math.max(many / 10, 25);
    for (const images of [many, few]) {
      log(`a push of ${CHANGED} images of ${images}`);
      const shape = shapeOf({ images, seed: images });
      const workspace = writeWorkspace(join(directory, `push-${images}`), modules, shape, {
        plugins: ['gitops'],
        files: images,
        store: proxy.host,
        project: `bench-${images}`,
        git: true,
      });
      await nx(workspace, run('image-push'));
      for (const { name } of leaves(shape).slice(0, CHANGED))
        appendFileSync(join(workspace, 'images', name, 'src', 'file-0.js'), '// changed\n');
      commit(workspace, 'a change');
      proxy.reset();
      await nx(workspace, ['affected', '-t', 'image-push', '--base=HEAD~1', '--outputStyle=static']);
      requests.push(proxy.requests.length);
    }
    const [ofMany, ofFew] = requests;
    return {
      what,
      measured: `${ofMany}`,
      against: `${CHANGED} of ${few}: ${ofFew}`,
      ratio: times(ofMany / ofFew),
      target: 'at most 1.2 ×',
      met: ofMany / ofFew <= 1.2,
    };
  } finally {
    proxy.close();
    await registry.stop();
  }
}

/** The images from which no other is made. */
function leaves({ images }) {
  const used = new Set(images.flatMap(({ base, from }) => [base, from]));
  return images.filter(({ name }) => !used.has(name));
}
