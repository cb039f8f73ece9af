// Ten thousand images: what each of them costs, beside what it costs where there are a thousand.
import { join } from 'node:path';
import { atMost, interleave, perImage } from './measure.mjs';
import { forget, timeOfNx } from './nx.mjs';
import { ALIKE, IDLE, shapeOf, writeWorkspace } from './workspace.mjs';

const FEW = 1000;
const MANY = 10_000;
const FILES_PER_IMAGE = 20;
const BUILD = ['run-many', '-t', 'image-build', '--outputStyle=static'];

/** @returns the rows */
export async function measureLarge({ directory, modules, log }) {
  const write = (name, images, plugin) => {
    log(`writing a workspace of ${images} images`);
    return writeWorkspace(join(directory, name), modules, shapeOf({ images }), {
      plugins: [plugin],
      files: images * FILES_PER_IMAGE,
      git: true,
    });
  };
  const [few, many] = [FEW, MANY].map((images) => write(`of-${images}`, images, 'gitops'));
  const row = (what, medians) =>
    perImage(`${what} of 10,000 images, for each`, [medians.many, MANY], [medians.few, FEW]);

  log('the graph of 10,000 images');
  const cold = (where) => () => {
    forget(where);
    return timeOfNx(where, ['show', 'projects']);
  };
  const graph = await interleave({ few: cold(few), many: cold(many) }, 3, 0);
  log('the build of 10,000 images');
  const first = (where) => () => {
    forget(where);
    return timeOfNx(where, BUILD);
  };
  // Once each: these take minutes.
  const build = await interleave({ few: first(few), many: first(many) }, 1, 0);
  log('10,000 images with nothing to do');
  const again =
    (where, ...more) =>
    () =>
      timeOfNx(where, [...BUILD, ...more]);
  const cached = await interleave({ few: again(few), many: again(many) }, 1, 0);
  const skipped = await interleave(
    { few: again(few, '--skipNxCache'), many: again(many, '--skipNxCache') },
    1,
    0,
  );
  log('10,000 such tasks of a plugin that does nothing');
  const idle = write('idle-many', MANY, IDLE);
  const allAlike = ['run-many', '-t', 'alike', '--outputStyle=static'];
  await timeOfNx(idle, allAlike);
  const alike = await timeOfNx(idle, allAlike);
  const allCached = 'all cached: `nx run-many -t image-build`';
  return [
    row('the graph, cold,', graph),
    row('the first build', build),
    row(allCached, cached),
    atMost(`${allCached} of 10,000 images`, cached.many, [ALIKE('10,000'), alike]),
    row('nothing changed: `nx run-many -t image-build --skipNxCache`', skipped),
  ];
}
