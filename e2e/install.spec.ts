import { filesOf, readImage } from './support/image';
import { built, tasksOf } from './support/tasks';
import { type Graph, type Workspace, createWorkspace } from './support/workspace';

type ShownProject = Graph['nodes'][string]['data'];

/** The packed plugin in a workspace that has nothing but Nx: two images, one made from the other. */
describe('the packed plugin in a fresh workspace', () => {
  let workspace: Workspace;

  beforeAll(async () => {
    workspace = await createWorkspace({
      'apps/base/Containerfile': 'FROM scratch\nCOPY motd /etc/motd\n',
      'apps/base/motd': 'welcome\n',
      'apps/api/Containerfile': 'FROM shop/base\nCOPY src/ /srv/\n',
      'apps/api/src/main.js': 'serve();\n',
    });
  });
  afterAll(() => workspace.remove());

  it('makes an image of every container file', async () => {
    const { code, stdout, stderr } = await workspace.build();
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(built(stdout)).toEqual(['api', 'base']);
    expect(tasksOf(stdout)['api:image-build']!.log).toEqual([
      expect.stringMatching(/^api: built from 1 file, sha256:[0-9a-f]{12} in dist\/apps\/api\/image$/),
    ]);

    const api = workspace.path('dist/apps/api/image');
    const files = await filesOf(api, workspace.path('dist/apps/base/image'));
    expect(files.get('etc/motd')?.content.toString()).toBe('welcome\n');
    expect(files.get('srv/main.js')?.content.toString()).toBe('serve();\n');
    expect(readImage(api).config.config.Labels).toMatchObject({
      'org.opencontainers.image.ref.name': 'shop/api',
      'org.opencontainers.image.base.name': 'shop/base',
      'org.opencontainers.image.base.digest': readImage(workspace.path('dist/apps/base/image')).digest,
    });
  });

  it('shows what it inferred, as Nx Console has it', async () => {
    const { code, stdout } = await workspace.nx(['show', 'project', 'api', '--json']);
    expect(code).toBe(0);
    const { root, metadata, targets } = JSON.parse(stdout) as ShownProject;
    expect(root).toBe('apps/api');
    expect(metadata).toMatchObject({ technologies: ['container'] });
    expect(targets['image-build']).toMatchObject({
      executor: 'gitops:build',
      cache: true,
      dependsOn: [{ projects: ['base'], target: 'image-build' }],
      metadata: {
        description: 'Builds the image shop/api from apps/api/Containerfile',
      },
    });
  });

  it('explains a rebuild by the inputs', async () => {
    const { code, stdout } = await workspace.nx(['show', 'target', 'inputs', 'api:image-build']);
    expect(code).toBe(0);
    expect(stdout).toContain('{projectRoot}/src');
    expect(stdout).toContain('{"dependentTasksOutputFiles":"dist/apps/base/image/index.json"}');
    const files = stdout
      .slice(stdout.indexOf('Files ('))
      .split('\n')
      .slice(1)
      .map((line) => line.trim());
    expect(files.filter((file) => file.startsWith('apps/') || file.startsWith('dist/'))).toEqual([
      'apps/api/Containerfile',
      'apps/api/src/main.js',
      'dist/apps/base/image/index.json',
    ]);
    expect(stdout).not.toContain('undefined');
  });

  it.each([
    [['list', 'gitops'], 'build : Builds an OCI image from a Containerfile.'],
    [
      ['image-build', 'api', '--help'],
      'Builds an OCI image from a Containerfile, into an OCI image layout on disk.',
    ],
    [['show', 'target', 'api:image-build'], 'Executor: gitops:build'],
  ])('describes itself: nx %s', async (args, expected) => {
    const { code, output } = await workspace.nx(args);
    expect(code).toBe(0);
    expect(output.replace(/\s+/g, ' ')).toContain(expected);
    expect(output).not.toContain('undefined');
  });

  it('draws the graph', async () => {
    const { nodes, dependencies } = await workspace.graph();
    expect(Object.keys(nodes).sort()).toEqual(['api', 'base', 'shop']);
    expect(dependencies['api']).toEqual([{ source: 'api', target: 'base', type: 'static' }]);
    expect(dependencies['base']).toEqual([]);
  });
});
