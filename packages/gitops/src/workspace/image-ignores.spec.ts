import { posix } from 'node:path';
import { type Files, imageIgnoring } from './image-ignores';

function filesOf(texts: Readonly<Record<string, string>>): Files {
  return {
    read: (path) => (Object.hasOwn(texts, path) ? texts[path] : undefined),
    list: (directory) =>
      Object.keys(texts)
        .filter((path) => posix.dirname(path) === directory)
        .map((path) => posix.basename(path)),
  };
}

it.each<[what: string, files: Record<string, string>, changed: Record<string, string>]>([
  ['no image', { 'other/Containerfile': '' }, {}],
  ['an image above', { 'deploy/Dockerfile': '' }, { 'deploy/.containerignore': 'sites/local\n' }],
  ['an image of the workspace', { Containerfile: '' }, { '.containerignore': 'deploy/sites/local\n' }],
  [
    'two images, and one ignore file',
    { 'deploy/Containerfile': '', 'deploy/Containerfile.b': '', 'deploy/.dockerignore': 'x' },
    { 'deploy/.dockerignore': 'x\nsites/local\n' },
  ],
  [
    'an ignore file of its own',
    { 'deploy/Containerfile': '', 'deploy/Containerfile.containerignore': '', 'deploy/.dockerignore': 'x' },
    { 'deploy/Containerfile.containerignore': '**/sites/local\n' },
  ],
  [
    'ignore files of the workspace',
    { '.containerignore': 'a\r\n', '.dockerignore': 'b' },
    { '.containerignore': 'a\r\ndeploy/sites/local\r\n', '.dockerignore': 'b\ndeploy/sites/local\n' },
  ],
  [
    'the line',
    { '.dockerignore': 'deploy/sites/local\n*\n' },
    { '.dockerignore': 'deploy/sites/local\n*\n' },
  ],
])('where there is %s', (_, files, changed) => {
  expect(Object.fromEntries(imageIgnoring('deploy/sites/local', filesOf(files)))).toEqual(changed);
});
