import { built, tasksOf } from './support/tasks';
import { type Graph, type Workspace, createWorkspace } from './support/workspace';

const SCRATCH = 'FROM scratch\nLABEL a=b\n';

describe('projects of container files', () => {
  let workspace: Workspace;
  let graph: Graph;

  beforeAll(async () => {
    workspace = await createWorkspace({
      'apps/web/package.json': '{"name": "@acme/web"}',
      'apps/web/Containerfile': SCRATCH,
      'apps/admin/project.json': '{"name": "backoffice"}',
      'apps/admin/Containerfile': SCRATCH,
      'services/mail/Dockerfile': SCRATCH,
      'east/tool/Containerfile': SCRATCH,
      'west/tool/Containerfile': SCRATCH,
      'docs/examples/web/Dockerfile': SCRATCH,
      '.devcontainer/Dockerfile': SCRATCH,
      'apps/web/.devcontainer/Dockerfile': SCRATCH,
      'vendor/dist/Containerfile': SCRATCH,
      'jobs/Containerfile': SCRATCH,
      'jobs/Containerfile.worker': SCRATCH,
      'jobs/cron.Containerfile': SCRATCH,
      'jobs/Containerfile.dockerignore': '*.md\n',
      'jobs/Containerfile.orig': SCRATCH,
      'twice/Containerfile': SCRATCH,
      'twice/Dockerfile': SCRATCH,
    });
    graph = await workspace.graph();
  });
  afterAll(() => workspace.remove());

  it.each([
    ['package.json names the project', 'apps/web', '@acme/web'],
    ['project.json names it', 'apps/admin', 'backoffice'],
    ['the directory does, where there is neither', 'services/mail', 'mail'],
    ['directories of one name are told apart by what they lie in', 'east/tool', 'east-tool'],
    ['whichever comes first', 'west/tool', 'west-tool'],
    ['a stray file takes no name from an image', 'docs/examples/web', 'examples-web'],
  ])('%s', (_, root, name) => {
    expect(names(graph)[root]).toBe(name);
  });

  it('has no other projects: not of .devcontainer, nor of what git ignores', () => {
    expect(Object.keys(names(graph)).sort()).toEqual([
      '.',
      'apps/admin',
      'apps/web',
      'docs/examples/web',
      'east/tool',
      'jobs',
      'services/mail',
      'twice',
      'west/tool',
    ]);
  });

  it('shows the rings, and looks after the store, by targets of the workspace itself', () => {
    const { name, targets } = Object.entries(graph.nodes)
      .map(([project, { data }]) => ({ name: project, ...data }))
      .find(({ root }) => root === '.')!;
    expect(name).toBe('shop');
    expect(Object.keys(targets)).toEqual(['rings', 'store-doctor', 'store-prune']);
  });

  it('makes more files of a directory more images of its project', () => {
    const { targets } = graph.nodes['jobs']!.data;
    const builds = Object.entries(targets).filter(([, { executor }]) => executor === 'gitops:build');
    expect(Object.fromEntries(builds.map(([name, { options }]) => [name, options]))).toEqual({
      'image-build': { containerfile: 'jobs/Containerfile', outputPath: 'dist/jobs/image' },
      'image-build-worker': {
        containerfile: 'jobs/Containerfile.worker',
        outputPath: 'dist/jobs/image-worker',
      },
      'image-build-cron': { containerfile: 'jobs/cron.Containerfile', outputPath: 'dist/jobs/image-cron' },
    });
  });

  it('builds them side by side', async () => {
    const { code, stdout } = await workspace.nx([
      ...['run-many', '--output-style=static', '-p', 'jobs', '-t'],
      ...['image-build', 'image-build-worker', 'image-build-cron'],
    ]);
    expect(code).toBe(0);
    expect(built(stdout)).toEqual(['jobs', 'jobs-cron', 'jobs-worker']);
  });

  it('fails the build of a directory with a Containerfile and a Dockerfile, naming both, and no other', async () => {
    const { code, stdout } = await workspace.build();
    expect(code).toBe(1);
    const { 'twice:image-build': twice, ...others } = tasksOf(stdout);
    expect(twice!.log).toEqual([expect.stringMatching(/twice\/Containerfile.*twice\/Dockerfile/)]);
    const failed = Object.entries(others).filter(([, { log }]) => !/built from/.test(log.join()));
    expect(failed).toEqual([]);
  });
});

describe('what an image needs', () => {
  let graph: Graph;

  beforeAll(async () => {
    const workspace = await createWorkspace({
      'gitops.yaml': 'project: acme/shop\nstore: registry.acme.dev\nrings: [developers, testers]\n',
      'base/Containerfile': SCRATCH,
      'tools/Containerfile': SCRATCH,
      'assets/project.json': '{"name": "assets"}',
      'assets/logo.svg': '<svg/>',
      'from/Containerfile': 'FROM acme/shop/base\n',
      'copy/Containerfile': 'FROM scratch\nCOPY --from=acme/shop/tools / /\n',
      'mount/Containerfile':
        'FROM acme/shop/base\nRUN --mount=type=bind,from=acme/shop/tools,target=/t true\n',
      'label/Containerfile': 'FROM scratch\nLABEL dependency.base="^1" dependency.tools="*"\n',
      'expanded/Containerfile': 'ARG BASE=base\nFROM acme/shop/${BASE:-tools}\n',
      'pinned/Containerfile': 'FROM acme/shop/base:1.2.3\n',
      'digest/Containerfile': `FROM acme/shop/base@sha256:${'0'.repeat(64)}\n`,
      'ring/Containerfile': 'FROM acme/shop/base:testers\n',
      'hosted/Containerfile': 'FROM registry.acme.dev/acme/shop/base:latest\n',
      'foreign/Containerfile': 'FROM registry.example/acme/shop/base\n',
      'stages/Containerfile': 'FROM acme/shop/tools AS base\nFROM base\n',
      'logo/Containerfile': 'FROM scratch\nCOPY assets/logo.svg /\n',
      'logo/project.json': JSON.stringify({
        name: 'logo',
        targets: { 'image-build': { options: { context: 'workspace' } } },
      }),
    });
    try {
      graph = await workspace.graph();
    } finally {
      workspace.remove();
    }
  });

  it.each([
    ['FROM', 'from', ['base'], ['base']],
    ['COPY --from', 'copy', ['tools'], ['tools']],
    ['RUN --mount=from', 'mount', ['base', 'tools'], ['base', 'tools']],
    ['a label, for which no build waits', 'label', ['base', 'tools'], []],
    ['an expanded reference', 'expanded', ['base'], ['base']],
    ['an exact version, for which no build waits', 'pinned', ['base'], []],
    ['a digest, for which no build waits', 'digest', ['base'], []],
    ["a ring's name", 'ring', ['base'], ['base']],
    ["the store's host before it", 'hosted', ['base'], ['base']],
    ['nothing: the same name on another host', 'foreign', [], []],
    ['a stage under the name of an image', 'stages', ['tools'], ['tools']],
    ['the source of a COPY in another project', 'logo', ['assets'], []],
  ])('is found by %s', (_, project, edges, waitsFor) => {
    expect(graph.dependencies[project]!.map(({ target }) => target).sort()).toEqual(edges);
    const { dependsOn = [] } = graph.nodes[project]!.data.targets['image-build']!;
    const images = dependsOn.filter(({ target }) => target === 'image-build');
    expect(images.flatMap(({ projects }) => projects).sort()).toEqual(waitsFor);
  });
});

describe('what nx.json says', () => {
  let workspace: Workspace;
  const register = (plugin: object): void =>
    workspace.write(
      'nx.json',
      JSON.stringify({ analytics: false, plugins: [{ plugin: 'gitops', ...plugin }] }),
    );

  beforeAll(async () => {
    workspace = await createWorkspace({
      'shared/greeting': 'hello\n',
      'apps/api/Containerfile': 'FROM scratch\nCOPY shared/greeting /\n',
      'apps/own/Containerfile': 'FROM scratch\nCOPY greeting /\n',
      'apps/own/greeting': 'good day\n',
      'apps/own/project.json': JSON.stringify({
        name: 'own',
        targets: { container: { options: { context: 'project' } } },
      }),
      'examples/one/Containerfile': SCRATCH,
    });
  });
  afterAll(() => workspace.remove());

  it('renames the target, and sets the context, which a project may set otherwise', async () => {
    register({ options: { buildTargetName: 'container', context: 'workspace' }, exclude: ['examples/**'] });
    const { code, stdout } = await workspace.nx(['run-many', '-t', 'container', '--output-style=static']);
    expect(code).toBe(0);
    expect(tasksOf(stdout)).toMatchObject({
      'api:container': { log: [expect.stringContaining('api: built from 1 file')] },
      'own:container': { log: [expect.stringContaining('own: built from 1 file')] },
    });
  });

  it.each<[title: string, options: object, worksOn: object]>([
    [
      'usual names: nothing',
      {},
      { 'image-label': {}, 'image-push': {}, 'image-promote': {}, 'image-load': {} },
    ],
    [
      'other names: these',
      { buildTargetName: 'container', labelTargetName: 'stamp' },
      {
        stamp: { buildTarget: 'container' },
        'image-push': { buildTarget: 'container', labelTarget: 'stamp' },
        'image-promote': { buildTarget: 'container' },
        'image-load': { buildTarget: 'container' },
      },
    ],
  ])('says what targets work on, of %s', async (_, options, worksOn) => {
    register({ options });
    const { targets } = (await workspace.graph()).nodes['api']!.data;
    const named = Object.keys(worksOn).map((name) => [name, targets[name]!.options ?? {}]);
    expect(Object.fromEntries(named)).toEqual(worksOn);
  });

  it('publishes by targets of other names', async () => {
    register({ options: { buildTargetName: 'container', labelTargetName: 'stamp', context: 'workspace' } });
    const { code, output } = await workspace.nx(['run', 'api:image-push', '--output-style=static']);
    expect([code, output]).toEqual([0, expect.stringContaining('api: pushed 0.1.0 to developers')]);
  });

  it.each([
    ['include', { include: ['examples/**'] }, ['one', 'own', 'shop']],
    ['exclude', { exclude: ['apps/api/**', 'examples/**'] }, ['own', 'shop']],
  ])('chooses the files by %s', async (_, plugin, projects) => {
    register(plugin);
    const { stdout } = await workspace.nx(['show', 'projects', '--json']);
    // `own` is one by its project.json.
    expect((JSON.parse(stdout) as string[]).sort()).toEqual(projects);
  });
});

/** The names of the projects by their directories. */
function names({ nodes }: Graph): Record<string, string> {
  return Object.fromEntries(Object.entries(nodes).map(([name, { data }]) => [data.root, name]));
}
