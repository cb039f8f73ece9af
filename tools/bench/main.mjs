// Measures what the package promises to be fast at, and writes the table to docs/bench.md.
//
//     npm run bench               everything, about half an hour
//     npm run bench -- --short    a first look, in two minutes: one round of less; the table is only shown
//     npm run bench -- engine     just what is named: images, engine, push, promote, scale, large, memory; only shown,
//                                 but with --write its rows take the place of those that the page has
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, totalmem, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { short } from './measure.mjs';
import { measureEngine } from './engine.mjs';
import { measureImages } from './images.mjs';
import { measureLarge } from './large.mjs';
import { measureMemory } from './memory.mjs';
import { measurePromote } from './promote.mjs';
import { measurePush } from './push.mjs';
import { measureScale } from './scale.mjs';
import { stage } from './stage.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const writes = process.argv.includes('--write');
const page = join(root, 'docs', 'bench.md');
const rounds = short ? 1 : 5;
/** Bytes that a workspace of 10,000 images takes, with Nx's cache of them, and some more. */
const ROOM = 8 * 1024 ** 3;

/** What is measured, by the names to choose it with. */
const parts = {
  images: measureImages,
  engine: measureEngine,
  push: measurePush,
  promote: measurePromote,
  scale: async (options) => ({ rows: await measureScale({ ...options, directory: large }) }),
  // It takes too long for a short run.
  large: async (options) => ({ rows: short ? [] : await measureLarge({ ...options, directory: large }) }),
  memory: async (options) => ({ rows: [await measureMemory(options)] }),
};
const named = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));
const unknown = named.find((name) => !(name in parts));
if (unknown) throw new Error(`there is no part ${unknown}; choose of ${Object.keys(parts).join(', ')}`);
const chosen = Object.keys(parts).filter((name) => named.length === 0 || named.includes(name));

const log = (what) => process.stderr.write(`measuring: ${what}\n`);

const [directory, large] = [tmpdir(), inMemory() ?? tmpdir()].map((where) =>
  mkdtempSync(join(where, 'gitops-bench-')),
);
try {
  const packageDirectory = stage(root, directory);
  const options = { packageDirectory, modules: join(directory, 'node_modules'), directory, rounds, log };
  const lines = Object.fromEntries(Object.keys(parts).map((part) => [part, writes ? linesOf(part) : []]));
  const engines = new Set(writes ? enginesOnPage() : []);
  for (const part of chosen) {
    const found = await parts[part](options);
    lines[part] = found.rows.map((row) => lineOf(part, row));
    for (const version of found.versions ?? []) engines.add(version);
  }

  const config = { ...(await resolveConfig(page)), parser: 'markdown' };
  const text = await format(document(Object.values(lines).flat(), [...engines]), config);
  console.log(text);
  if (writes || (!short && chosen.length === Object.keys(parts).length)) {
    mkdirSync(dirname(page), { recursive: true });
    writeFileSync(page, text);
  }
} finally {
  for (const each of [directory, large]) rmSync(each, { recursive: true, force: true });
}

/**
 * A file system in memory with room for the large workspaces; undefined where there is none. Nx writes all outputs again
 * and again: how fast a disk takes them differs twofold from one run to the next.
 */
function inMemory() {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm');
    return bavail * bsize > ROOM ? '/dev/shm' : undefined;
  } catch {
    return undefined;
  }
}

/** A row of the table. */
function lineOf(part, { what, measured, against, ratio, target = '', met }) {
  const answer = met === undefined ? '' : met ? 'yes' : '**no**';
  return `| ${[part, what, measured, against, ratio, target, answer].join(' | ')} |`;
}

/** The rows of a part that the page has. */
function linesOf(part) {
  return readFileSync(page, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith(`| ${part} `));
}

/** What was compared with, as the page says. */
function enginesOnPage() {
  const [, versions] = /^Node [^,]+, nx [^,;]+(?:, ([^;]*))?;/m.exec(readFileSync(page, 'utf8')) ?? [];
  return versions?.split(/, (?![^(]*\))/) ?? [];
}

function document(lines, engines) {
  const { version: nx } = JSON.parse(
    readFileSync(createRequire(import.meta.url).resolve('nx/package.json'), 'utf8'),
  );
  const versions = [`Node ${process.versions.node}`, `nx ${nx}`, ...engines].join(', ');
  const memory = Math.round(totalmem() / 1024 ** 3);
  return `# Measurements

Written by \`npm run bench\`. ${short ? 'A short run, for which the targets are not: one round' : `Medians of at least ${rounds} rounds`},
and in each row the two were measured in turns. Parts may be of runs of their own. Another machine gives other times:
read the ratios.

${versions}; ${process.platform} ${process.arch}, ${availableParallelism()} cores, ${memory} GiB of memory.

| part | what | measured | compared with | ratio | target | met |
| --- | --- | --- | --- | --- | --- | --- |
${lines.join('\n')}

- The image: \`FROM scratch\` and a \`COPY\` of 2,000 files in 100 directories, 53 MB of random bytes, in the page cache.
  Assembled in one process, by the executor's own code, with the file hashes of the run before; a first build has
  none, and no output.
- Reading the files: \`readdir\` and \`lstat\` of all; then each read into one buffer and hashed, synchronously.
  \`sha256sum\` is a process, and knows which files there are.
- The engines get the same context: by the Docker API as a tar stream that tar-fs packs, buildah as a directory. For a
  first build their images and build caches are removed.
- By the engine: in one process, by the executor's own code, which connects anew each time; the output of the build
  before is there. *Nothing changed* but \`vendor\` in gitops.yaml: so the engine is asked, and has all in its cache.
  \`docker build\`, a process, and BuildKit alone, by this package's session in this process, build the same files. They
  leave the image in the engine, and have their base there; ours is brought each time, and taken away again.
- One file changed: the image takes 10 of the 100 directories, and a \`RUN\` reads them. It is fetched from the engine and
  written as a layout. The other build, by BuildKit too, leaves its image in the engine.
- The export fetches the layer of 50 files of 1 MB, verified, into a layout; \`docker save\` writes its archive to a file.
- A push, of an image of one small file: ours builds it, sends it, waits 200 ms for other writers, and moves the tags.
  On a new machine it has no caches, and reads the base's layer once to know what is in it. An engine that has built the
  base itself compresses it to know what it is called in the registry; just its push is timed, not what it builds.
- 1,000 images, each of one file, in one process with warm caches; the requests are counted by a proxy.
- A promotion, of 1,000 images of one file each, in one process with warm caches: one entry of the ledger, which waits
  200 ms for other writers; then each image gets the tag of the ring. It stands when the entry is confirmed. The requests
  are all those before the first one to the repository of an image, by a proxy; what is timed does without it.
  \`skopeo copy\` from tag to tag is a process for each image: 20 are timed, and the rest taken to be like them.
- The board: a fresh process runs the executor, and prints to a pipe. Each ring holds another version of each image.
- The large workspaces: images in trees of three levels, nine FROM one another at each, every tenth with a COPY from an
  image of another tree, every fourth with sources of another project, and a root image that names all in labels; 20
  source files an image. The floor is the same workspace without the plugin in nx.json, whose tasks wait for each other
  alike: \`nx:noop\`, and a cached \`true\`. What Nx itself takes for the tasks of images shows beside a plugin that does
  nothing, whose executor, in batches too, writes five files, with the inputs and outputs that an image has. Cold: no
  daemon, no \`.nx\` directory. Nx starts a process for every plugin, whatever it does. Without a daemon Nx writes the
  outputs of all cached tasks again. These workspaces are in memory where there is room (/dev/shm): a disk takes up to
  twice as long for the same the next time.
- A first build: no outputs, no caches; how busy the processors of the whole machine are, Nx's start included.
- One source changed: an image of the second level, and those that are made from it. Their build alone is in one process.
- A push of what \`nx affected\` finds: images from which no other is made, and the root image; by a proxy that counts.
- 10,000 images: medians of three for the graph, once for what takes minutes.
- The memory is the peak of a fresh process, less its peak before the build.
`;
}
