// Workspaces to measure with: as many images as one likes, made from one another, with sources in other projects.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Of so many images one takes from a library, and one copies from another image. */
const TAKES_LIBRARY = 4;
const COPIES_FROM = 10;

/** A plugin that infers nothing, with an executor that does as good as nothing. */
export const IDLE = './idle';
/** What that is compared as: what Nx alone takes for tasks with an image's inputs and outputs. */
export const ALIKE = (count) => `${count} such tasks of a plugin that does nothing`;

/**
 * The images of a workspace. They are the trees of a forest: `depth` levels of images, each FROM one of the level
 * before, `width` of them FROM the same one. Some copy from an image of an earlier tree, some take the sources of a
 * library, which is a project of its own. The last one names all others in labels, as a root image does.
 *
 * @param shape.images how many, 1 or more
 * @param shape.seed the same seed gives the same workspace
 */
export function shapeOf({ images, depth = 3, width = 9, libraries = Math.ceil(images / 5), seed = 1 }) {
  const random = seeded(seed);
  const pick = (count) => Math.floor(random() * count);
  const shaped = [];
  const treeSize = Array.from({ length: depth }, (_, level) => width ** level).reduce((a, b) => a + b);
  for (let i = 0; i < images - 1; i++) {
    const tree = i - (i % treeSize);
    const inTree = i - tree;
    shaped.push({
      name: `image-${i}`,
      base: inTree === 0 ? undefined : `image-${tree + Math.floor((inTree - 1) / width)}`,
      from: tree > 0 && pick(COPIES_FROM) === 0 ? `image-${pick(tree)}` : undefined,
      library: pick(TAKES_LIBRARY) === 0 ? `library-${pick(libraries)}` : undefined,
    });
  }
  return { images: shaped, libraries: Array.from({ length: libraries }, (_, i) => `library-${i}`), seed };
}

/**
 * Writes a workspace into a directory that is not there yet.
 * @param modules the node_modules to use
 * @param options.plugins what nx.json registers; {@link IDLE} brings tasks that are to Nx what those of images are
 * @param options.files about how many source files, in images and libraries
 * @param options.project for gitops.yaml
 * @param options.store for gitops.yaml
 */
export function writeWorkspace(
  workspace,
  modules,
  shape,
  { plugins, files, project = 'bench', store, git = false },
) {
  const { images, libraries } = shape;
  const random = seeded(shape.seed + 1);
  const each = Math.max(1, Math.round(files / (images.length + libraries.length)));
  mkdirSync(workspace, { recursive: true });
  symlinkSync(modules, join(workspace, 'node_modules'));
  const write = (file, content) =>
    writeFileSync(join(workspace, file), typeof content === 'string' ? content : JSON.stringify(content));
  const sources = (root) => {
    mkdirSync(join(workspace, root, 'src'), { recursive: true });
    for (let i = 0; i < each; i++) write(`${root}/src/file-${i}.js`, text(random));
  };
  /** What Nx's floor is measured with: as many tasks, which wait for each other alike. */
  const floor = ({ name, library }, needed) => {
    const waits = (target) => (needed.length ? { dependsOn: [{ projects: needed, target }] } : {});
    const output = (image) => `dist/floor/${image}`;
    return {
      nothing: { executor: 'nx:noop', ...waits('nothing') },
      cached: {
        executor: 'nx:run-commands',
        options: { command: 'true' },
        cache: true,
        inputs: ['{projectRoot}/**/*'],
        ...waits('cached'),
      },
      /** What an image's is to Nx, by an executor that does as good as nothing. */
      ...(plugins.includes(IDLE)
        ? {
            alike: {
              executor: `${IDLE}:write`,
              options: { outputPath: output(name) },
              cache: true,
              outputs: ['{options.outputPath}'],
              inputs: [
                '{workspaceRoot}/gitops.yaml',
                '{projectRoot}/src/**/*',
                ...(library ? [`{workspaceRoot}/libraries/${library}/src/**/*`] : []),
                ...needed.map((image) => ({ dependentTasksOutputFiles: `${output(image)}/index.json` })),
                { externalDependencies: [] },
              ],
              ...waits('alike'),
            },
          }
        : {}),
    };
  };

  write('package.json', { name: 'bench', version: '0.0.0', private: true });
  write('nx.json', { analytics: false, plugins });
  write('.gitignore', 'node_modules\n.nx\ndist\n.gitops\n');
  write(
    'gitops.yaml',
    `project: ${project}\n${store ? `store: ${store}\n` : ''}root: root\nrings: [developers, testers, users]\n`,
  );
  for (const name of libraries) {
    const root = `libraries/${name}`;
    sources(root);
    write(`${root}/project.json`, { name });
  }
  for (const { name, base, from, library } of images) {
    const root = `images/${name}`;
    sources(root);
    const context = library ? `${root}/` : '';
    const needed = [base, from].filter(Boolean);
    write(`${root}/project.json`, {
      name,
      targets: {
        ...floor({ name, library }, needed),
        ...(library && plugins.length ? { 'image-build': { options: { context: 'workspace' } } } : {}),
      },
    });
    write(
      `${root}/Containerfile`,
      [
        `FROM ${base ? `${project}/${base}` : 'scratch'}`,
        `COPY ${context}src /app/${name}`,
        ...(from ? [`COPY --from=${project}/${from} /app/${from} /app/of/${from}`] : []),
        ...(library ? [`COPY libraries/${library}/src /app/of/${library}`] : []),
        `CMD ["/app/${name}/file-0.js"]`,
        '',
      ].join('\n'),
    );
  }
  mkdirSync(join(workspace, 'root'));
  const all = images.map(({ name }) => name);
  write('root/project.json', { name: 'root', targets: floor({ name: 'root' }, []) });
  write('root/release.txt', 'a release\n');
  write(
    'root/Containerfile',
    ['FROM scratch', 'COPY release.txt /', ...all.map((name) => `LABEL dependency.${name}=""`), ''].join(
      '\n',
    ),
  );
  if (plugins.includes(IDLE))
    cpSync(fileURLToPath(new URL('idle', import.meta.url)), join(workspace, IDLE), { recursive: true });
  if (git) commit(workspace, 'a workspace', ['init', '--quiet', '--initial-branch=main']);
  return workspace;
}

/** Commits all that there is. */
export function commit(workspace, message, ...before) {
  const identity = ['-c', 'user.name=bench', '-c', 'user.email=bench@example.com', '-c', 'gc.auto=0'];
  for (const args of [...before, ['add', '.'], [...identity, 'commit', '--quiet', '-m', message]]) {
    const { status, stderr } = spawnSync('git', args, { cwd: workspace, encoding: 'utf8' });
    if (status !== 0) throw new Error(`git ${args.at(-1)}: ${stderr}`);
  }
}

/** A source file of some 0.2 to 4 KB, as text compresses. */
function text(random) {
  const lines = 4 + Math.floor(random() * 80);
  return Array.from(
    { length: lines },
    (_, i) => `export const value${i} = ${Math.floor(random() * 1e9)};\n`,
  ).join('');
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
