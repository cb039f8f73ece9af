import type { TargetConfiguration } from '@nx/devkit';
import { createTree } from '@nx/devkit/testing';
import { detectKind } from './kind';
import { readSubject } from './subject';

const PAGE = { 'index.html': '' };
const START = { 'package.json': '{"scripts":{"start":"node ."}}' };
const MAIN = { 'package.json': '{"main":"index.js"}' };

it.each<[string, TargetConfiguration | undefined, Record<string, string>]>([
  ['node', { executor: '@nx/js:tsc' }, { 'src/main.ts': '' }],
  ['node', { executor: '@nx/esbuild:esbuild' }, { 'public/index.html': '' }],
  ['node', { executor: '@nx/node:build' }, PAGE],
  ['node', { executor: '@nx/webpack:webpack' }, { 'src/main.ts': '' }],
  ['node', { executor: '@nx/webpack:webpack', options: { target: 'node' } }, { 'src/index.html': '' }],
  ['node', { command: 'webpack-cli build' }, { 'src/main.ts': '' }],
  ['node', { executor: 'nx:run-commands', options: { command: 'tsc' } }, MAIN],
  ['node', undefined, START],
  ['node', { command: 'tsc' }, { 'package.json': '{"dependencies":{"express":"5"}}' }],
  ['node', undefined, { ...MAIN, 'public/index.html': '' }],
  ['static', { executor: '@nx/webpack:webpack' }, { 'src/index.html': '' }],
  ['static', { executor: '@nx/vite:build' }, { 'src/main.ts': '' }],
  ['static', { executor: 'nx:run-commands', options: { command: 'vite build' } }, { ...START, ...PAGE }],
  ['static', { command: 'npx vite build' }, {}],
  ['static', { executor: '@angular/build:application' }, { 'src/main.ts': '' }],
  ['static', undefined, PAGE],
  ['static', undefined, { 'public/index.html': '' }],
  ['scratch', { executor: '@nx-go/nx-go:build' }, { 'main.go': '' }],
  ['scratch', undefined, { 'main.go': '' }],
  ['base', undefined, {}],
  ['base', undefined, { 'Containerfile.dockerignore': '', 'project.json': '{}' }],
])('%s: built by %j from %j', (kind, build, files) => {
  const tree = createTree();
  for (const [path, text] of Object.entries(files)) tree.write(`apps/x/${path}`, text);
  const targets: Record<string, TargetConfiguration> = build ? { build } : {};
  expect(detectKind(tree, readSubject(tree, 'x', { root: 'apps/x', targets }, ['build']))).toBe(kind);
});
