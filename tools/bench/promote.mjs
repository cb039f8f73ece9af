// Promotions: what it takes until one stands and until all tags have followed, and to show what the rings hold.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EngineUnavailable, startRegistry } from '../engines/engines.mjs';
import { load } from './builder.mjs';
import { IMAGES, faster, interleave, missing, ms, perImage, short, time } from './measure.mjs';
import { countingProxy } from './proxy.mjs';
import { promoter, pusher, writeProject } from './publisher.mjs';

const MANY = 10_000;
const COPIED = 20;
const MAX_REQUESTS = 10;
const MAX_BOARD_MS = 1000;
const RINGS = ['developers', 'testers', ...Array.from({ length: 7 }, (_, i) => `ring-${i + 3}`)];
const WHAT = {
  requests: `requests until a promotion of ${IMAGES} images stands`,
  stands: `a promotion of ${IMAGES} images, until it stands`,
  tags: `the same, until the tags of all images have followed`,
  board: `the board of ${IMAGES} images in ${RINGS.length} rings, by a process of its own`,
  many: `the same of ${MANY} images, for each of them`,
};

const namesOf = (count) => Array.from({ length: count }, (_, i) => `image-${i}`);
const names = namesOf(IMAGES);

/** @returns the rows, and the version of what is compared with */
export async function measurePromote(options) {
  let registry;
  try {
    registry = await startRegistry({ dir: join(options.directory, 'promote-registry') });
  } catch (error) {
    if (!(error instanceof EngineUnavailable)) throw error;
    return { rows: Object.values(WHAT).map((what) => missing(what, `no registry (${error.message})`)) };
  }
  process.env.NX_WORKSPACE_DATA_DIRECTORY ??= join(options.directory, 'workspace-data');
  process.env.XDG_CACHE_HOME = join(options.directory, 'cache');
  try {
    const { rows, version } = await measureMoves(registry.host, options);
    rows.push(...(await measureBoards(registry.host, options)));
    return { rows, versions: version ? [version] : [] };
  } finally {
    await registry.stop();
  }
}

async function measureMoves(host, { packageDirectory, directory, rounds, log }) {
  log(`promotions of ${IMAGES} images`);
  const workspace = join(directory, 'promote');
  for (const name of names) writeProject(workspace, name, 'FROM scratch\nCOPY file /\n', name);
  writeSettings(workspace, 'bench-promote', host);
  await pusher(packageDirectory, workspace, names)();
  const promote = promoter(packageDirectory, workspace, names);
  const from = RINGS.values();
  const promoteOn = () => promote(from.next().value);

  // Makes everything warm, and history: mostly an entry has another before it, with which it is compared.
  await promoteOn();
  const requests = await requestsBeforeTags(host, workspace, promoteOn);
  const rows = [
    {
      what: WHAT.requests,
      measured: `${requests.length}`,
      against: `one an image: ${IMAGES}`,
      ratio: '',
      target: `at most ${MAX_REQUESTS}`,
      met: requests.length <= MAX_REQUESTS,
    },
  ];

  const version = spawnSync('skopeo', ['--version'], { encoding: 'utf8' }).stdout?.trim();
  if (!version)
    return { rows: [...rows, ...[WHAT.stands, WHAT.tags].map((what) => missing(what, 'no skopeo'))] };
  const image = (name, tag) => `docker://${host}/bench-promote/${name}:${tag}`;
  let copies = 0;
  const medians = await interleave(
    {
      ours: () => timeOfPromotion(packageDirectory, promoteOn),
      // To a tag that is not there yet, as those of a ring that held nothing before.
      skopeo: async () => {
        const tag = `copy-${++copies}`;
        const all = names.slice(0, COPIED);
        const took = await time(() =>
          all.forEach((name) => copy(image(name, 'developers'), image(name, tag))),
        );
        return (took * IMAGES) / COPIED;
      },
    },
    rounds,
    0,
  );
  const copying = [`\`skopeo copy\` for each (${COPIED}, times ${IMAGES / COPIED})`, medians.skopeo];
  rows.push(
    faster(WHAT.stands, medians['ours stands'], copying, 50),
    faster(WHAT.tags, medians['ours tags'], copying),
  );
  return { rows, version };
}

/** What a promotion asks of the store, up to its first request to another repository than the ledger's. */
async function requestsBeforeTags(host, workspace, promote) {
  const proxy = await countingProxy(host);
  writeSettings(workspace, 'bench-promote', proxy.host);
  try {
    await promote();
  } finally {
    proxy.close();
    writeSettings(workspace, 'bench-promote', host);
  }
  const ofLedger = /^\w+ \/v2\/($|bench-promote\/ledger\/)/;
  const end = proxy.requests.findIndex((request) => !ofLedger.test(request));
  return proxy.requests.slice(0, end);
}

/** Milliseconds until the ledger's commit returns, and until everything is done. */
async function timeOfPromotion(packageDirectory, promote) {
  const { Ledger } = load(packageDirectory, 'ledger/ledger.js');
  const { commit } = Ledger.prototype;
  const start = performance.now();
  let stands;
  Ledger.prototype.commit = async function (...args) {
    const committed = await commit.apply(this, args);
    stands = performance.now() - start;
    return committed;
  };
  try {
    await promote();
    return { stands, tags: performance.now() - start };
  } finally {
    Ledger.prototype.commit = commit;
  }
}

function copy(from, to) {
  const args = ['copy', '--src-tls-verify=false', '--dest-tls-verify=false', from, to];
  const { status, stderr } = spawnSync('skopeo', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}

async function measureBoards(host, options) {
  const { rounds, log } = options;
  const node = (...args) =>
    spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  const child = fileURLToPath(new URL('board-child.mjs', import.meta.url));
  const board = async (count) => {
    log(`the board of ${count} images in ${RINGS.length} rings`);
    const workspace = join(options.directory, `board-${count}`);
    mkdirSync(workspace);
    writeSettings(workspace, `bench-board-${count}`, host);
    await fillBoard(options.packageDirectory, workspace, namesOf(count));
    return () =>
      time(() => {
        const { stdout, stderr } = node(child, options.packageDirectory, workspace);
        const shown = stdout.match(/^image-\d+( +1\.\d\.0( \*)?){9}$/gm) ?? [];
        if (shown.length !== count) throw new Error(`${stdout}${stderr}`);
      });
  };
  const subjects = {
    board: await board(IMAGES),
    ...(short ? {} : { many: await board(MANY) }),
    start: () => time(() => node('-e', '0')),
  };
  const medians = await interleave(subjects, rounds);
  const one = {
    what: WHAT.board,
    measured: ms(medians.board),
    against: `Node that does nothing: ${ms(medians.start)}`,
    ratio: `adds ${ms(medians.board - medians.start)}`,
    target: `less than ${MAX_BOARD_MS} ms`,
    met: medians.board < MAX_BOARD_MS,
  };
  if (short) return [one];
  return [one, perImage(WHAT.many, [medians.many, MANY], [medians.board, IMAGES])];
}

/** A ledger in which each ring holds another version of each image: the largest that there can be. */
async function fillBoard(packageDirectory, workspace, names) {
  const { openRegistry } = load(packageDirectory, 'oci/registry/index.js');
  const { openLedger } = load(packageDirectory, 'publish/open.js');
  const { readSettings } = load(packageDirectory, 'workspace/settings.js');
  const settings = readSettings(workspace);
  const store = openRegistry(settings.store);
  const ledger = openLedger(store, settings);
  const digest = (text) => `sha256:${createHash('sha256').update(text).digest('hex')}`;
  for (const [i, ring] of RINGS.entries()) {
    const to = `1.${RINGS.length - i}.0`;
    const published = (name) => ({
      digest: digest(`${name} ${to}`),
      revision: digest(`revision of ${name} ${to}`),
      dependencies: { [names[0]]: to },
    });
    const images = names.map((name) => [name, { rings: {}, versions: { [to]: published(name) }, taken: {} }]);
    await ledger.commit({ who: 'bench' }, async () => ({
      operation: { kind: 'push', ring },
      changes: names.map((image) => ({ image, ring, to, isNew: true })),
      details: { images: Object.fromEntries(images) },
    }));
  }
  await store.close();
}

function writeSettings(workspace, project, host) {
  const settings = `project: ${project}\nstore: ${host}\nrings: [${RINGS.join(', ')}]\n`;
  writeFileSync(join(workspace, 'gitops.yaml'), settings);
}
