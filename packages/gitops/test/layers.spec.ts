import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';
import { listFiles, useDirectory, writeFiles } from './support/files';

const SOURCES = resolve(__dirname, '../src');

/** A folder's files import from their own folder, and from those before it. */
const LAYERS = [
  'support',
  'filetree',
  'containerfile',
  'oci',
  'revision',
  'builders',
  'ledger',
  'workspace',
  'publish',
  'sites',
  'plugin',
  'executors',
  'bin',
  'generators',
  'migrations',
];

interface Import {
  readonly from: string;
  readonly to: string;
}

const files = listFiles(SOURCES).filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'));
const imports = files.flatMap((file) => importsOf(file, readFileSync(join(SOURCES, file), 'utf8')));
/** Without those that only types need: when the code runs, they are gone. */
const runtimeImports = files.flatMap((file) =>
  importsOf(file, readFileSync(join(SOURCES, file), 'utf8').replace(/^(im|ex)port type [^;]*;/gm, '')),
);

/** Imports of our own files, those that are only loaded where they are needed among them. */
function importsOf(file: string, text: string): Import[] {
  const names = ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
  return [...new Set(names)]
    .filter((name) => name.startsWith('.'))
    .map((name) => ({ from: file, to: resolveImport(file, name) }));
}

function resolveImport(from: string, name: string): string {
  const path = resolve(SOURCES, dirname(from), name);
  const found = [`${path}.ts`, join(path, 'index.ts'), path].find((candidate) => existsSync(candidate));
  if (!found) throw new Error(`${from} imports ${name}, which is not there`);
  return relative(SOURCES, found);
}

const layerOf = (file: string): number => LAYERS.indexOf(file.split('/')[0]!);
const shown = ({ from, to }: Import): string => `${from} → ${to}`;

describe('folders', () => {
  it('are all among the layers', () => {
    expect(files.filter((file) => file.includes('/') && layerOf(file) === -1)).toEqual([]);
    expect(files.filter((file) => !file.includes('/'))).toEqual(['index.ts']);
  });

  it('import only from those before them', () => {
    const upwards = imports.filter(({ from, to }) => from !== 'index.ts' && layerOf(to) > layerOf(from));
    expect(upwards.map(shown)).toEqual([]);
  });

  it('the package has what Nx loads as its face, and no more', () => {
    expect(imports.filter(({ from }) => from === 'index.ts').map(shown)).toEqual([
      'index.ts → plugin/index.ts',
    ]);
  });

  it('executors take of the plugin what is internal to Nx', () => {
    const taken = imports.filter(({ from, to }) => from.startsWith('executors/') && to.startsWith('plugin/'));
    expect([...new Set(taken.map(({ to }) => to))]).toEqual(['plugin/nx-internals.ts']);
  });

  it('nothing takes from executors but the commands that run them', () => {
    const taken = imports.filter(
      ({ from, to }) => to.startsWith('executors/') && !from.startsWith('executors/'),
    );
    expect([...new Set(taken.map(({ from }) => from))]).toEqual(['bin/commands.ts']);
  });

  it('no file imports itself, by whatever way', () => {
    // Two functions that call each other, one in each file: to be taken apart.
    const known = ['builders/engine/connect/docker-context.ts', 'builders/engine/connect/endpoint.ts'];
    const others = runtimeImports.filter(({ from, to }) => ![from, to].every((file) => known.includes(file)));
    expect(circles(others)).toEqual([]);
  });
});

describe('the package that a run starts with', () => {
  const directory = useDirectory();

  it('making the project graph loads nothing that is slow, or that graphs do not need', () => {
    expect(packagesLoadedBy(join(SOURCES, 'index.ts'), ['@nx/devkit', '@nx/devkit/internal'])).toEqual([
      'ignore',
    ]);
  });

  it('what reads and checks gitops.yaml is loaded where there is one', () => {
    const loaded = (): string[] =>
      packagesLoadedBy(join(SOURCES, 'workspace/settings.ts'), [], `readSettings('${directory()}')`);
    expect(loaded()).toEqual([]);
    writeFiles(directory(), { 'gitops.yaml': 'project: acme/shop\n' });
    expect(loaded()).toEqual(expect.arrayContaining(['ajv', 'yaml']));
  });

  it('the project graph of a workspace that has not changed its settings is made without a parser', () => {
    writeFiles(directory(), {
      'gitops.yaml': 'project: acme/shop\nrings: [developers]\n',
      'gitops.lock.json': `{"lockfileVersion": 1, "images": {"node:22": {"digest": "sha256:${'1'.repeat(64)}"}}}`,
      'api/Containerfile': 'FROM node:22\nCOPY . /\n',
      'api/project.json': '{"name": "api"}',
    });
    const graph = `createNodes[1](['api/Containerfile'], {}, { workspaceRoot: '${directory()}' })`;
    const loaded = (): string[] =>
      packagesLoadedBy(join(SOURCES, 'index.ts'), ['nx/src/utils/cache-directory'], graph, {
        NX_WORKSPACE_DATA_DIRECTORY: join(directory(), '.nx'),
      });
    expect(loaded()).toEqual(expect.arrayContaining(['ajv', 'yaml']));
    expect(loaded()).toEqual(['ignore']);
  });

  it('the plugin’s entry loads these modules of its own, and no others', () => {
    const loaded = modulesLoadedBy(join(SOURCES, 'index.ts'), []).map((file) => relative(SOURCES, file));
    const own = loaded.filter((file) => !file.includes('node_modules')).sort();
    const expected = Object.entries({
      containerfile: [
        'context-sources',
        'directives',
        'durations',
        'errors',
        'expand',
        'flags',
        'glob',
        'heredocs',
        'ignore',
        'lines',
        'mounts',
        'parse',
        'pattern',
        'patterns',
        'platform-args',
        'read-command',
        'read-setting',
        'read-transfer',
        'read-variables',
        'scope',
        'sources',
        'stages',
        'statement',
        'text',
        'word-syntax',
        'words',
      ],
      filetree: ['layer-index'],
      ledger: ['rings'],
      oci: ['digest', 'names', 'platform', 'reference'],
      plugin: [
        'build-target',
        'dependencies',
        'image-targets',
        'index',
        'infer',
        'nx-internals',
        'options',
        'project-files',
        'site-targets',
      ],
      support: [
        'directory',
        'duration',
        'errors',
        'json-places',
        'phases',
        'process-id',
        'schemas',
        'temporary',
      ],
      workspace: [
        'analysis',
        'base-lock',
        'build-options',
        'collect',
        'container-files',
        'gitignore',
        'ignore-file',
        'image',
        'inputs',
        'parsed',
        'settings-document',
        'settings-files',
        'settings-header',
        'settings-messages',
        'settings-schema',
        'settings',
        'store-location',
        'workspace',
      ],
    }).flatMap(([folder, names]) => names.map((name) => `${folder}/${name}.ts`));
    expect(own).toEqual(['index.ts', ...expected].sort());
  });

  it('building without an engine and a registry loads nothing that speaks to them', () => {
    const loaded = packagesLoadedBy(join(SOURCES, 'executors/build/batch.ts'), [
      '@nx/devkit',
      '@nx/devkit/internal',
    ]);
    expect(loaded).toEqual([]);
  });
});

/** Files that import one another in a circle: one line for each. */
function circles(all: readonly Import[]): string[] {
  const next = new Map<string, string[]>();
  for (const { from, to } of all) next.set(from, [...(next.get(from) ?? []), to]);
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file);
    if (at !== -1) found.push([...path.slice(at), file].join(' → '));
    if (at !== -1 || done.has(file)) return;
    for (const imported of next.get(file) ?? []) visit(imported, [...path, file]);
    done.add(file);
  };
  for (const file of next.keys()) visit(file, []);
  return found;
}

/** The packages of node_modules that a module loads, by `modulesLoadedBy`. */
function packagesLoadedBy(...of: Parameters<typeof modulesLoadedBy>): string[] {
  const names = modulesLoadedBy(...of).flatMap((file) => {
    const [, name] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file) ?? [];
    return name ?? [];
  });
  return [...new Set(names)].sort();
}

/**
 * The files that a module loads, beyond those that its host has loaded already.
 * @param call what is called of the module: `readSettings('.')`
 */
function modulesLoadedBy(
  module: string,
  host: readonly string[],
  call?: string,
  env: Readonly<Record<string, string>> = {},
): string[] {
  const script = `
    require('@swc-node/register');
    for (const name of ${JSON.stringify(host)}) require(name);
    const before = new Set(Object.keys(require.cache));
    const loaded = require(${JSON.stringify(module)});
    Promise.resolve(${call === undefined ? '' : `loaded.${call}`}).then(() =>
      console.log(JSON.stringify(Object.keys(require.cache).filter((file) => !before.has(file)))));
  `;
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], {
    cwd: SOURCES,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  if (!stdout) throw new Error(stderr);
  return JSON.parse(stdout) as string[];
}
