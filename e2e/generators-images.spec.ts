import { mkdirSync } from 'node:fs';
import { whenAvailable } from '../packages/gitops/test/support/available';
import { filesOf, readImage } from './support/image';
import { succeed } from './support/process';
import { tasksOf } from './support/tasks';
import { type Workspace, createWorkspace } from './support/workspace';

/** A build that puts a copy of the project's sources somewhere, as a compiler does. */
const copies = (to: string) => ({
  executor: 'nx:run-commands',
  cache: true,
  inputs: ['{projectRoot}/src/**/*'],
  outputs: [`{workspaceRoot}/${to}`],
  options: { command: `mkdir -p ${to} && cp -r {projectRoot}/src/. ${to}/` },
});

const project = (name: string, to: string, more: object = {}): string =>
  JSON.stringify({ name, targets: { build: copies(to), ...more } });

/** The packed plugin's generators of images in a workspace of their own. What they write is built by the plugin. */
describe('a generator of images', () => {
  let workspace: Workspace;
  beforeAll(async () => {
    workspace = await createWorkspace({
      'nx.json': JSON.stringify({ analytics: false, plugins: [] }),
      '.gitignore': 'node_modules\ndist\n.nx\n',
      'package.json': JSON.stringify({ name: 'shop', private: true, workspaces: ['apps/*'] }),
      'gitops.yaml': 'project: acme/shop\n',
      'apps/api/package.json': JSON.stringify({
        name: '@acme/api',
        main: 'dist/main.js',
        nx: { targets: { build: copies('apps/api/dist') } },
      }),
      'apps/api/src/main.js': 'serve();\n',
      'apps/web/project.json': project('web', 'dist/apps/web'),
      'apps/web/src/index.html': '<h1>Shop</h1>\n',
      'apps/tool/project.json': project('tool', 'apps/tool/dist'),
      'apps/tool/src/tool': 'binary\n',
    });
  });
  afterAll(() => workspace.remove());

  async function generate(...args: string[]): Promise<string> {
    const { code, output } = await workspace.nx(['g', ...args, '--no-interactive']);
    if (code !== 0) throw new Error(output);
    return output;
  }

  async function build(name: string): Promise<boolean> {
    const { code, output, stdout } = await workspace.build(['-p', name]);
    if (code !== 0) throw new Error(output);
    return tasksOf(stdout)[`${name}:image-build`]!.cached;
  }

  it('init sets the workspace up once', async () => {
    expect(await generate('gitops:init', '--dry-run')).toContain('UPDATE nx.json');
    expect(workspace.read('nx.json')).not.toContain('gitops');
    await generate('gitops:ng-add', '--project=acme/shop');
    const after = ['nx.json', 'package.json', '.gitignore', 'gitops.yaml'].map((file) =>
      workspace.read(file),
    );
    expect(JSON.parse(after[0]!)).toEqual({
      analytics: false,
      plugins: ['gitops'],
      sync: { globalGenerators: ['gitops:sync'] },
    });
    expect(JSON.parse(after[1]!)).toMatchObject({
      devDependencies: { gitops: expect.any(String) as string },
    });
    expect(after.slice(2)).toEqual(['node_modules\ndist\n.nx\n.gitops/\n', 'project: acme/shop\n']);
    expect(await generate('gitops:init', '--keepExistingVersions')).not.toMatch(/^(CREATE|UPDATE)/m);
  });

  it('makes a base of a new directory, and an application that is made from it, without an engine', async () => {
    const args = ['gitops:image', '--directory=images/node-base'];
    expect(await generate(...args, '--dry-run')).toContain('CREATE images/node-base/Containerfile');
    expect(workspace.exists('images')).toBe(false);
    await generate(...args);
    await generate('gitops:image', '@acme/api');
    expect(workspace.read('apps/api/Containerfile')).toContain('FROM acme/shop/node-base\n');
    expect(await build('@acme/api')).toBe(false);
    const { config } = readImage(workspace.path('dist/apps/api/image')).config;
    expect(config).toMatchObject({
      Cmd: ['node', 'main.js'],
      User: '1000',
      WorkingDir: '/app',
      Labels: { 'org.opencontainers.image.authors': 'acme/shop' },
    });
    const files = await filesOf(workspace.path('dist/apps/api/image'));
    expect(files.get('app/main.js')?.content.toString()).toBe('serve();\n');
    workspace.write('apps/api/src/main.js', 'serve(1);\n');
    expect(await build('@acme/api')).toBe(false);
  });

  it('makes an image of a web site that is built to a directory of the workspace; again it is up to date', async () => {
    await generate('gitops:image', 'web', '--base=node-base');
    expect(JSON.parse(workspace.read('apps/web/project.json'))).toMatchObject({
      targets: { 'image-build': { options: { context: 'workspace' } } },
    });
    expect([await build('web'), await build('web')]).toEqual([false, true]);
    const files = await filesOf(workspace.path('.gitops/images/apps/web/image'));
    expect([...files.keys()].filter((path) => path.startsWith('www/'))).toEqual(['www/index.html']);
    workspace.write('apps/web/src/index.html', '<h1>The shop</h1>\n');
    expect(await build('web')).toBe(false);
  });

  it('makes an image of a program', async () => {
    await generate('gitops:image', 'tool');
    await build('tool');
    const { config } = readImage(workspace.path('dist/apps/tool/image')).config;
    expect(config).toMatchObject({ Entrypoint: ['/tool'], User: '1000' });
    expect((await filesOf(workspace.path('dist/apps/tool/image'))).has('tool')).toBe(true);
  });

  it('changes nothing when run again', async () => {
    const again = [['--directory=images/node-base'], ['@acme/api'], ['web', '--base=node-base'], ['tool']];
    for (const args of again)
      expect(await generate('gitops:image', ...args)).not.toMatch(/^(CREATE|UPDATE)/m);
  });

  it('says in one line what is wrong, and touches nothing', async () => {
    for (const [args, line] of [
      [
        ['tool', '--kind=static', '--artefact=apps/tool/dist'],
        'apps/tool/Containerfile is there already; use --force',
      ],
      [['toll'], 'there is no project toll; did you mean tool?'],
      [['--directory=images/tool'], 'images/tool would be called tool, and so is the project in apps/tool'],
    ] as const) {
      const { code, output } = await workspace.nx(['g', 'gitops:image', ...args, '--no-interactive']);
      expect({ code, output }).toMatchObject({ code: 1 });
      expect(output).toContain(line);
      expect(output).not.toMatch(/^\s+at /m);
    }
    expect(workspace.exists('images/tool')).toBe(false);
  });

  it('has its options described', async () => {
    const { output } = await workspace.nx(['g', 'gitops:image', '--help']);
    for (const option of ['--kind', '--base', '--artefact', '--directory']) expect(output).toContain(option);
    expect(output).not.toContain('undefined');
  });

  whenAvailable('skopeo', 'with the usual bases, which stand in the store', () => {
    it.each([
      ['node', 'node', '22-alpine', '@acme/api', 'app/main.js'],
      ['static', 'nginxinc/nginx-unprivileged', '1.28-alpine', 'web', 'usr/share/nginx/html/index.html'],
    ])('%s', async (kind, repository, tag, name, file) => {
      await build('node-base');
      const store = workspace.path(`.gitops/store/${repository}`);
      mkdirSync(store, { recursive: true });
      await succeed('skopeo', [
        'copy',
        `oci:${workspace.path('dist/images/node-base/image')}`,
        `oci:${store}:${tag}`,
      ]);
      await generate('gitops:image', name, `--kind=${kind}`, '--name=usual', `--base=${repository}:${tag}`);
      const { code, output } = await workspace.nx(['run', `${name}:image-build-usual`]);
      if (code !== 0) throw new Error(output);
      const image = kind === 'node' ? 'dist/apps/api/image-usual' : '.gitops/images/apps/web/image-usual';
      expect((await filesOf(workspace.path(image))).has(file)).toBe(true);
    });
  });
});
