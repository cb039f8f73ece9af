import { parseIgnoreFile } from '../containerfile/ignore';
import { toNxGlob } from '../containerfile/glob';
import { fileGlobs, fixedPart, ignoredGlobs, outputGlobs, sourceGlobs } from './inputs';

const source = (pattern: string, parents = false) => ({
  line: 1,
  pattern,
  parents,
  exact: true,
  exclude: [],
});

const { matchGlobPaths } = require('nx/src/native') as {
  matchGlobPaths(globs: string[], paths: string[]): boolean[];
};

describe('sourceGlobs', () => {
  it.each<[name: string, pattern: string, context: string, project: string, globs: string[]]>([
    [
      'a file, or a directory',
      'src',
      'apps/api',
      'apps/api',
      ['{projectRoot}/src', '{projectRoot}/src/**/*'],
    ],
    ['the context', '.', 'apps/api', 'apps/api', ['{projectRoot}/**/*']],
    ['the context by its slash', '/', 'apps/api', 'apps/api', ['{projectRoot}/**/*']],
    [
      'slashes and dots',
      './src//lib/',
      'apps/api',
      'apps/api',
      ['{projectRoot}/src/lib', '{projectRoot}/src/lib/**/*'],
    ],
    [
      '.. is held at the context',
      '../src',
      'apps/api',
      'apps/api',
      ['{projectRoot}/src', '{projectRoot}/src/**/*'],
    ],
    [
      'a wildcard',
      'src/*.ts',
      'apps/api',
      'apps/api',
      ['{projectRoot}/src/*.ts', '{projectRoot}/src/*.ts/**/*'],
    ],
    ['a class', '[ab]*', 'apps/api', 'apps/api', ['{projectRoot}/[ab]*', '{projectRoot}/[ab]*/**/*']],
    ['the workspace', '.', '.', 'apps/api', ['{workspaceRoot}/**/*']],
    [
      'of the workspace, in the project',
      'apps/api/src',
      '.',
      'apps/api',
      ['{projectRoot}/src', '{projectRoot}/src/**/*'],
    ],
    ['of the workspace, the project', 'apps/api', '.', 'apps/api', ['{projectRoot}', '{projectRoot}/**/*']],
    [
      'of the workspace, elsewhere',
      'libs/x',
      '.',
      'apps/api',
      ['{workspaceRoot}/libs/x', '{workspaceRoot}/libs/x/**/*'],
    ],
    [
      'of the workspace, a neighbour of the same start',
      'apps/api2',
      '.',
      'apps/api',
      ['{workspaceRoot}/apps/api2', '{workspaceRoot}/apps/api2/**/*'],
    ],
    ['the root project', 'src', '.', '.', ['{projectRoot}/src', '{projectRoot}/src/**/*']],
    ['all of the root project', '.', '.', '.', ['{projectRoot}/**/*']],
  ])('%s', (_name, pattern, context, project, globs) => {
    expect(sourceGlobs(source(pattern), context, project)).toEqual(globs);
  });

  it('two stars mean many directories with --parents alone', () => {
    expect(sourceGlobs(source('src/**/x', true), 'a', 'a')[0]).toBe('{projectRoot}/src/**/x');
    expect(sourceGlobs(source('src/**/x'), 'a', 'a')[0]).toBe('{projectRoot}/src/*/x');
  });
});

it('outputGlobs are paths of the workspace', () => {
  expect(outputGlobs(source('dist/*.js'), 'apps/api')).toEqual([
    'apps/api/dist/*.js',
    'apps/api/dist/*.js/**/*',
  ]);
  expect(outputGlobs(source('dist'), '.')).toEqual(['dist', 'dist/**/*']);
});

describe('fixedPart', () => {
  it.each([
    ['src/lib', 'src/lib'],
    ['src/*.ts', 'src'],
    ['src/a?/b', 'src'],
    ['*', ''],
    ['.', ''],
    ['../src/./x', 'src/x'],
  ])('of %s is "%s"', (pattern, part) => {
    expect(fixedPart(source(pattern))).toBe(part);
  });
});

describe('ignoredGlobs', () => {
  const ignored = (text: string, context = 'apps/api', project = 'apps/api') =>
    ignoredGlobs(parseIgnoreFile(text), context, project);
  const both = (glob: string): string[] => [`!${glob}`, `!${glob}/**/*`];

  it.each<[name: string, text: string, globs: string[]]>([
    ['nothing', '', []],
    ['a name', 'node_modules', both('{projectRoot}/node_modules')],
    ['a path', 'src/gen/', both('{projectRoot}/src/gen')],
    ['a leading slash', '/dist', both('{projectRoot}/dist')],
    ['a star', '*.log', both('{projectRoot}/*.log')],
    ['two stars', '**/*.log', both('{projectRoot}/**/*.log')],
    ['several', 'a\n# b\n\nc', [...both('{projectRoot}/a'), ...both('{projectRoot}/c')]],
    ['all', '**', both('{projectRoot}/**')],
  ])('%s', (_name, text, globs) => {
    expect(ignored(text)).toEqual(globs);
  });

  it.each<[name: string, text: string]>([
    ['an exception', 'dist\n!dist/keep'],
    ['a question mark', 'a?'],
    ['a class', '[ab]'],
    ['an escape', 'a\\*'],
    ['two stars within a name', '**.log'],
    ['letters that Nx reads otherwise', 'a{b,c}'],
    ['the context itself, which ignore files do not mean', '.'],
    ['the same by a slash', '/'],
    ['what is outside of the context', '../x'],
    ['the directory above', '..'],
  ])('leaves nothing out for %s', (_name, text) => {
    expect(ignored(text)).toEqual([]);
  });

  it('of a context that is the workspace', () => {
    expect(ignored('dist\napps/api/x', '.')).toEqual([
      ...both('{workspaceRoot}/dist'),
      ...both('{projectRoot}/x'),
    ]);
  });
});

describe('the globs of files', () => {
  it.each([
    ['apps/api/Containerfile', 'apps/api', '{projectRoot}/Containerfile'],
    ['apps/api/docker/Containerfile.worker', 'apps/api', '{projectRoot}/docker/Containerfile.worker'],
    ['Containerfile', '.', '{projectRoot}/Containerfile'],
    ['docker/api/Containerfile', 'apps/api', '{workspaceRoot}/docker/api/Containerfile'],
    ['apps/api2/Containerfile', 'apps/api', '{workspaceRoot}/apps/api2/Containerfile'],
    ['.dockerignore', 'apps/api', '{workspaceRoot}/.dockerignore'],
    // The project's directory is not part of the glob; what is, stands for itself.
    ['apps/[id]/Containerfile', 'apps/[id]', '{projectRoot}/Containerfile'],
    ['apps/api/Containerfile.[x]', 'apps/api', `{projectRoot}/${toNxGlob('Containerfile.\\[x]')}`],
    ['apps/api/Containerfile.a*', 'apps/api', `{projectRoot}/${toNxGlob('Containerfile.a\\*')}`],
  ])('%s of %s is %s', (path, projectRoot, glob) => {
    expect(fileGlobs([path], projectRoot)).toEqual([glob]);
  });

  it('does not stand for others', () => {
    expect(fileGlobs(['apps/api/Containerfile.a*'], 'apps/api')).not.toEqual([
      '{projectRoot}/Containerfile.a*',
    ]);
  });

  it('are one for each directory', () => {
    const inProject = ['apps/api/Containerfile', 'apps/api/.dockerignore', 'apps/api/Containerfile'];
    expect(fileGlobs([...inProject, '.dockerignore', 'apps/api/docker/x'], 'apps/api')).toEqual([
      '{projectRoot}/{Containerfile,.dockerignore}',
      '{workspaceRoot}/.dockerignore',
      '{projectRoot}/docker/x',
    ]);
  });

  it.each([
    [
      'Containerfile',
      ['Containerfile', '.dockerignore'],
      ['Containerfile.dockerignore', 'dockerignore', 'src/Containerfile'],
    ],
    ['Containerfile.a,b', ['Containerfile.a,b', '.dockerignore'], ['Containerfile.a', 'b']],
    ['Containerfile.{a}', ['Containerfile.{a}', '.dockerignore'], ['Containerfile.a', '.dockerignore}']],
    ['Containerfile.[x]', ['Containerfile.[x]', '.dockerignore'], ['Containerfile.x']],
    ['docker file', ['docker file', '.dockerignore'], ['docker', 'file']],
  ])('%s and .dockerignore: Nx finds both, and no other', (file, theirs, others) => {
    const [glob] = fileGlobs([`p/${file}`, 'p/.dockerignore'], 'p');
    const found = (paths: readonly string[]) =>
      matchGlobPaths(
        [glob!.replace('{projectRoot}', 'p')],
        paths.map((path) => `p/${path}`),
      );
    expect(found(theirs)).toEqual(theirs.map(() => true));
    expect(found(others)).toEqual(others.map(() => false));
  });
});
