import { chmodSync, utimesSync } from 'node:fs';
import { filesOf, readImage } from './support/image';
import { buildsDist } from './support/project';
import { built, tasksOf } from './support/tasks';
import { type Workspace, createWorkspace } from './support/workspace';

/** Images with all kinds of input: sources, an ignore file, a base, what another task makes, the environment. */
const FILES = {
  'base/Containerfile': '# The base.\nFROM scratch\nCOPY motd /etc/motd\n',
  'base/motd': 'welcome\n',
  'api/Containerfile': 'FROM shop/base\nCOPY src /srv\n',
  'api/.dockerignore': '**/*.md\n',
  'api/src/main.js': 'serve();\n',
  'api/src/old.js': '',
  'api/src/notes.md': 'to do\n',
  'api/README.md': 'The API.\n',
  'app/project.json': buildsDist('app', 'node build.cjs'),
  'app/build.cjs': `
    const { mkdirSync, readFileSync, writeFileSync } = require('node:fs');
    mkdirSync('dist', { recursive: true });
    writeFileSync('dist/bundle.txt', readFileSync('source.txt', 'utf8').toUpperCase());
  `,
  'app/source.txt': 'app\n',
  'app/Containerfile': 'FROM shop/base\nCOPY dist /app\n',
  'argument/Containerfile': 'FROM scratch\nARG GREETING=hello\nLABEL greeting=$GREETING\n',
  'argument/project.json': JSON.stringify({
    name: 'argument',
    targets: { 'image-build': { options: { buildArgs: ['GREETING'] } } },
  }),
  'other/Containerfile': 'FROM scratch\nCOPY . /\n',
  'other/file': 'other\n',
};
const PROJECTS = ['api', 'app', 'argument', 'base', 'other'];

describe('a second build', () => {
  let workspace: Workspace;

  beforeAll(async () => {
    workspace = await createWorkspace(FILES);
    const { code, stdout } = await workspace.build();
    expect(code).toBe(0);
    expect(built(stdout)).toEqual(PROJECTS);
  });
  afterAll(() => workspace.remove());

  it('is restored from the cache of Nx, after the outputs are gone', async () => {
    const before = ids(workspace);
    workspace.delete('dist');
    const { code, stdout } = await workspace.build();
    expect(code).toBe(0);
    expect(Object.values(tasksOf(stdout)).map(({ cached }) => cached)).toEqual(Array(6).fill(true));
    expect(ids(workspace)).toEqual(before);
  });

  it('without the cache finds everything up to date', async () => {
    const { code, stdout } = await workspace.build(['--skip-nx-cache', '--exclude-task-dependencies']);
    expect(code).toBe(0);
    const logs = Object.values(tasksOf(stdout)).map(({ log }) => log.join('\n'));
    expect(logs).toEqual(Array(5).fill(expect.stringMatching(/^\w+: up to date, sha256:/)));
  });

  // One goes on from what the other left.
  it.each<[string, (at: Workspace) => void, string[]]>([
    ['nothing but times and modes', retouch, []],
    ['a source', (at) => at.write('api/src/main.js', 'listen();\n'), ['api']],
    ['a new file among the sources', (at) => at.write('api/src/new.js', ''), ['api']],
    ['a removed source', (at) => at.delete('api/src/old.js'), ['api']],
    ['an ignored file', (at) => at.write('api/src/notes.md', 'done\n'), []],
    ['a file that no COPY takes', (at) => at.write('api/README.md', 'The shop API.\n'), []],
    ['the ignore file, to other effect', (at) => at.write('api/.dockerignore', '*.md\n'), ['api']],
    ['a label', (at) => at.write('api/Containerfile', 'FROM shop/base\nLABEL a=b\nCOPY src /srv\n'), ['api']],
    ['the content of a base', (at) => at.write('base/motd', 'hello\n'), ['api', 'app', 'base']],
    ['the source of what another task makes', (at) => at.write('app/source.txt', 'App\nII\n'), ['app']],
  ])('follows a change of %s', async (_, change, expected) => {
    change(workspace);
    const { code, stdout } = await workspace.build();
    expect(code).toBe(0);
    expect(built(stdout)).toEqual(expected);
  });

  it('looks at a base with a new comment, and rebuilds nothing that is made from it', async () => {
    workspace.write('base/Containerfile', '# A better comment.\nFROM scratch\nCOPY motd /etc/motd\n');
    const { code, stdout } = await workspace.build();
    expect(code).toBe(0);
    expect(built(stdout)).toEqual([]);
    const { 'base:image-build': base } = tasksOf(stdout);
    expect(base).toMatchObject({ cached: false, log: [expect.stringContaining('base: up to date')] });
  });

  it('follows a build argument that comes from the environment', async () => {
    const env = { GREETING: 'good day' };
    expect(built((await workspace.build([], { env })).stdout)).toEqual(['argument']);
    expect(labels(workspace, 'argument')).toMatchObject({ greeting: 'good day' });
    // With the same value there is nothing to do; without it, the cache has what was there before.
    expect(built((await workspace.build([], { env })).stdout)).toEqual([]);
    expect(built((await workspace.build()).stdout)).toEqual([]);
    expect(labels(workspace, 'argument')).toMatchObject({ greeting: 'hello' });
  });
});

it('takes nothing of what Nx writes into an image of the whole workspace', async () => {
  const workspace = await createWorkspace({
    Containerfile: 'FROM scratch\nCOPY . /\n',
    '.dockerignore': 'node_modules\n.git\ndist\n',
  });
  expect(built((await workspace.build()).stdout)).toEqual(['shop']);
  const files = await filesOf(workspace.path('dist/image'));
  expect([...files.keys()].sort()).toEqual([
    '.dockerignore',
    '.gitignore',
    'Containerfile',
    'nx.json',
    'package.json',
  ]);
  const { stdout } = await workspace.build(['--skip-nx-cache']);
  expect(tasksOf(stdout)['shop:image-build']!.log).toEqual([expect.stringMatching(/^shop: up to date/)]);
  workspace.remove();
});

it('makes equal images of equal sources, in another directory, with other modes and times', async () => {
  const workspaces = [
    await createWorkspace(FILES),
    await createWorkspace(FILES, { name: 'a directory of another name' }),
  ];
  retouch(workspaces[1]!);
  const made = [];
  for (const workspace of workspaces) {
    expect(built((await workspace.build()).stdout)).toEqual(PROJECTS);
    made.push(ids(workspace));
    workspace.remove();
  }
  expect(made[0]).toEqual(made[1]);
});

/** Other modes and times, as another umask or another checkout gives them. */
function retouch(workspace: Workspace): void {
  for (const path of ['base/motd', 'api/src/main.js', 'other/file']) {
    chmodSync(workspace.path(path), 0o600);
    utimesSync(workspace.path(path), 1, 1);
  }
}

/** The image IDs, and the digests of the manifests. */
function ids(workspace: Workspace): string[] {
  return PROJECTS.map((project) => readImage(workspace.path(`dist/${project}/image`))).map(
    ({ id, digest }) => `${id} ${digest}`,
  );
}

function labels(workspace: Workspace, project: string): Record<string, string> | undefined {
  return readImage(workspace.path(`dist/${project}/image`)).config.config.Labels;
}
