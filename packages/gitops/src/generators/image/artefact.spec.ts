import type { TargetConfiguration } from '@nx/devkit';
import { createTree } from '@nx/devkit/testing';
import { type Artefact, findArtefact } from './artefact';
import type { Kind } from './kind';
import { readSubject } from './subject';

const MAIN = 'apps/x/src/main.ts';
const TO = { outputPath: 'dist/apps/x' };
const OPTION = ['{options.outputPath}'];

function find(
  kind: Exclude<Kind, 'base'>,
  build: TargetConfiguration | undefined,
  manifest: object = {},
  files: Record<string, string> = {},
): Artefact {
  const tree = createTree();
  tree.write('.gitignore', 'dist/\nout\n');
  tree.write('apps/x/package.json', JSON.stringify(manifest));
  for (const [path, text] of Object.entries(files)) tree.write(`apps/x/${path}`, text);
  const subject = readSubject(tree, '@acme/x', { root: 'apps/x', targets: build ? { build } : {} }, [
    'build',
  ]);
  return findArtefact(tree, kind, subject, undefined);
}

it.each<[TargetConfiguration, object, string, string]>([
  [
    { executor: '@nx/js:tsc', options: { main: MAIN, ...TO }, outputs: OPTION },
    {},
    'dist/apps/x',
    'src/main.js',
  ],
  [
    { executor: '@nx/webpack:webpack', options: { main: MAIN, ...TO }, outputs: OPTION },
    {},
    'dist/apps/x',
    'main.js',
  ],
  [
    {
      executor: '@nx/esbuild:esbuild',
      options: { main: MAIN, ...TO, outputFileName: 'app.mjs' },
      outputs: OPTION,
    },
    {},
    'dist/apps/x',
    'app.mjs',
  ],
  [
    { executor: '@nx/esbuild:esbuild', options: { main: MAIN, ...TO, format: ['cjs'] }, outputs: OPTION },
    {},
    'dist/apps/x',
    'main.cjs',
  ],
  [
    {
      executor: '@nx/esbuild:esbuild',
      options: { main: MAIN, ...TO, format: ['cjs'] },
      outputs: OPTION,
      defaultConfiguration: 'production',
      configurations: { production: { esbuildOptions: { outExtension: { '.js': '.js' } } } },
    },
    {},
    'dist/apps/x',
    'main.js',
  ],
  [{ executor: 'a:b', options: { main: 'src/main.mts' } }, {}, 'apps/x/dist', 'main.mjs'],
  [{ executor: 'a:b', outputs: ['{workspaceRoot}/dist/{projectRoot}'] }, {}, 'dist/apps/x', 'main.js'],
  [
    { executor: 'a:b', outputs: OPTION },
    { main: './dist/server/index.js' },
    'apps/x/dist',
    'server/index.js',
  ],
  [{ executor: 'a:b', outputs: ['{projectRoot}/out/**/*.{js,d.ts}'] }, {}, 'apps/x/out', 'main.js'],
  [
    { command: 'tsc', outputs: ['{projectRoot}/dist', '{projectRoot}/out'] },
    { scripts: { start: 'node --env-file=.env dist/start.js' }, main: 'dist/main.js' },
    'apps/x/dist',
    'start.js',
  ],
])('of %j with %j Node starts %s/%s', (build, manifest, output, main) => {
  expect(find('node', build, manifest)).toEqual({ path: `${output}/${main}`, source: output, home: output });
});

it.each<[object, string[], string, string]>([
  [{ main: 'src/main.js' }, ['src/main.js'], 'src/main.js', 'apps/x/src'],
  [{}, ['index.js'], 'index.js', 'apps/x'],
  [{ main: 'gone.js' }, ['index.js'], 'index.js', 'apps/x'],
  [{ main: 'lib/main.js', scripts: { start: 'node server.js' } }, ['server.js'], 'server.js', 'apps/x'],
])('of sources with %j and %j Node starts %s', (manifest, files, main, source) => {
  const given = Object.fromEntries(files.map((file) => [file, '']));
  expect(find('node', undefined, manifest, given)).toEqual({
    path: `apps/x/${main}`,
    source,
    home: 'apps/x',
  });
});

it.each<[Exclude<Kind, 'base'>, TargetConfiguration, string]>([
  ['static', { executor: '@nx/vite:build', options: TO, outputs: OPTION }, 'dist/apps/x'],
  ['static', { executor: '@angular/build:application', options: TO, outputs: OPTION }, 'dist/apps/x/browser'],
  ['static', { command: 'vite build', outputs: ['{projectRoot}/dist'] }, 'apps/x/dist'],
  ['scratch', { command: 'go build', outputs: ['{projectRoot}/dist'] }, 'apps/x/dist/x'],
])('of kind %s built by %j it is %s', (kind, build, path) => {
  expect(find(kind, build)).toMatchObject({ path, source: path });
});
