import { type ProjectConfiguration, type Tree, logger, readJson } from '@nx/devkit';
import { createTree } from '@nx/devkit/testing';
import { useDirectory, writeFiles } from '../../../test/support/files';
import { parseContainerfile } from '../../containerfile/parse';
import { planStages } from '../../containerfile/stages';
import imageGenerator, { type ImageOptions } from './generator';

const directory = useDirectory();
const USER = '# A number, by which Kubernetes can tell that it is not root.\nUSER 1000\n';
const INSTALL = '# What it needs at run time: installed anew only when what is copied here changes.\n';
const NODE = 'FROM node:22-alpine\nENV NODE_ENV=production\n';

let tree: Tree;
let projects: Record<string, ProjectConfiguration>;

beforeEach(() => {
  tree = createTree();
  tree.root = directory();
  writeFiles(directory(), { 'gitops.yaml': 'project: acme/shop\nvendor: Acme\n' });
  tree.write('nx.json', JSON.stringify({ plugins: ['gitops'] }));
  tree.write('.gitignore', 'node_modules\ndist\n.gitops\n');
  projects = {};
  jest.spyOn(logger, 'info').mockImplementation();
});
afterEach(() => jest.restoreAllMocks());

/** A project in apps/<name>, with what its package.json says and what is in its directory. */
function give(
  name: string,
  { manifest, files = {}, ...config }: Partial<ProjectConfiguration> & Given = {},
): void {
  const root = config.root ?? `apps/${name}`;
  projects[name] = { targets: {}, ...config, root };
  if (manifest) tree.write(`${root}/package.json`, JSON.stringify({ name, ...manifest }));
  for (const [path, text] of Object.entries(files)) tree.write(`${root}/${path}`, text);
}

interface Given {
  readonly manifest?: object;
  readonly files?: Readonly<Record<string, string>>;
}

const generate = (options: ImageOptions) => imageGenerator(tree, { skipFormat: true, ...options }, projects);

/** What was written, which the parser takes. */
function written(path: string): string {
  const text = tree.read(path, 'utf8')!;
  planStages(parseContainerfile(text, path), { platform: { os: 'linux', architecture: 'amd64' } });
  return text;
}

const all = (): Record<string, string | null> =>
  Object.fromEntries(tree.listChanges().map(({ path }) => [path, tree.read(path, 'utf8')]));

const build = (executor: string, options: object = {}, outputs = ['{options.outputPath}']) => ({
  build: { executor, options, outputs },
});
const SOURCE = { files: { 'src/main.ts': '' } };

describe('an application that Node runs', () => {
  it('that needs no packages needs no engine', async () => {
    give('api', { targets: build('@nx/js:tsc', { main: 'apps/api/src/main.ts' }, ['{projectRoot}/dist']) });
    await generate({ project: 'api' });
    expect(written('apps/api/Containerfile')).toBe(
      `${NODE}WORKDIR /app\nCOPY dist/ ./\n${USER}CMD ["node", "src/main.js"]\n`,
    );
    expect(tree.read('apps/api/Containerfile.dockerignore', 'utf8')).toBe(
      'node_modules\n.git\n.nx\n.gitops\n**/.env\n**/.env.*\n',
    );
    expect(tree.exists('apps/api/project.json')).toBe(false);
  });

  it('that is built to a directory of the workspace takes from there, and is put elsewhere', async () => {
    give('api', {
      files: { 'project.json': '{"name":"api"}' },
      targets: build('@nx/esbuild:esbuild', {
        main: 'apps/api/src/main.ts',
        outputPath: 'dist/apps/api',
        thirdParty: true,
        format: ['cjs'],
      }),
      manifest: { dependencies: { express: '5' } },
    });
    await generate({ project: 'api' });
    expect(written('apps/api/Containerfile')).toBe(
      `${NODE}WORKDIR /app\nCOPY dist/apps/api/ ./\n${USER}CMD ["node", "main.cjs"]\n`,
    );
    expect(readJson(tree, 'apps/api/project.json')).toEqual({
      name: 'api',
      targets: {
        'image-build': { options: { context: 'workspace', outputPath: '.gitops/images/apps/api/image' } },
      },
    });
  });

  it('installs what the prune targets of Nx leave, and waits for them', async () => {
    tree.write('package-lock.json', '{}');
    give('lib', { root: 'libs/lib', manifest: { name: '@acme/lib' } });
    give('api', {
      manifest: { dependencies: { express: '5', '@acme/lib': '*' } },
      targets: {
        ...build('@nx/js:tsc', { main: 'apps/api/src/main.ts' }, ['{projectRoot}/dist']),
        'prune-lockfile': { executor: '@nx/js:prune-lockfile' },
        'copy-workspace-modules': { executor: '@nx/js:copy-workspace-modules' },
      },
    });
    await generate({ project: 'api' });
    expect(written('apps/api/Containerfile')).toBe(
      `${INSTALL}FROM node:22-alpine AS dependencies\nWORKDIR /app\n` +
        'COPY dist/package.json dist/package-lock.json ./\n' +
        'COPY dist/workspace_modules/ ./workspace_modules/\n' +
        'RUN npm ci --omit=dev\n\n' +
        `${NODE}WORKDIR /app\nCOPY --from=dependencies /app/ /app/\nCOPY dist/ ./\n` +
        `${USER}CMD ["node", "src/main.js"]\n`,
    );
    expect(readJson(tree, 'nx.json').plugins).toEqual([
      {
        plugin: 'gitops',
        options: { sourceTargets: ['build', 'prune-lockfile', 'copy-workspace-modules'] },
      },
    ]);
    expect(tree.exists('apps/api/project.json')).toBe(false);
  });

  it('gets the prune targets where @nx/js is installed', async () => {
    tree.write('package.json', JSON.stringify({ devDependencies: { '@nx/js': '23.2.1' } }));
    tree.write('pnpm-lock.yaml', '');
    give('api', {
      manifest: { dependencies: { express: '5' }, main: 'dist/server.js' },
      targets: build('nx:run-commands', { command: 'tsc' }, ['{projectRoot}/dist/**/*.js']),
    });
    await generate({ project: 'api' });
    expect(written('apps/api/Containerfile')).toBe(
      `${INSTALL}FROM node:22-alpine AS dependencies\nWORKDIR /app\n` +
        'RUN npm install --global pnpm\n' +
        'COPY dist/package.json dist/pnpm-lock.yaml ./\n' +
        'RUN pnpm install --prod --frozen-lockfile\n\n' +
        `${NODE}WORKDIR /app\nCOPY --from=dependencies /app/ /app/\nCOPY dist/ ./\n` +
        `${USER}CMD ["node", "server.js"]\n`,
    );
    const { targets } = readJson(tree, 'apps/api/package.json').nx;
    expect(Object.keys(targets)).toEqual(['prune-lockfile', 'copy-workspace-modules']);
    expect(targets['copy-workspace-modules']).toEqual({
      executor: '@nx/js:copy-workspace-modules',
      dependsOn: ['build'],
      cache: true,
      outputs: ['{workspaceRoot}/apps/api/dist/workspace_modules'],
      options: { buildTarget: 'build' },
    });
  });

  it('installs for itself alone what the lock file of the workspace has', async () => {
    tree.write('package-lock.json', '{}');
    give('api', {
      manifest: { dependencies: { express: '5' } },
      targets: build('@nx/js:swc', { main: 'apps/api/src/main.ts' }, ['{projectRoot}/dist']),
    });
    await generate({ project: 'api' });
    expect(written('apps/api/Containerfile')).toBe(
      `${INSTALL}FROM node:22-alpine AS dependencies\nWORKDIR /app\n` +
        'COPY package.json package-lock.json ./\n' +
        'COPY apps/api/package.json ./apps/api/\n' +
        'RUN npm ci --omit=dev --workspace=apps/api\n\n' +
        `${NODE}WORKDIR /app/apps/api\nCOPY --from=dependencies /app/ /app/\nCOPY apps/api/dist/ ./\n` +
        `${USER}CMD ["node", "src/main.js"]\n`,
    );
    expect(readJson(tree, 'apps/api/package.json').nx.targets).toEqual({
      'image-build': { options: { context: 'workspace' } },
    });
  });

  it('of sources keeps their places, and brings the package.json that says how to read them', async () => {
    give('api', {
      manifest: { type: 'module', scripts: { start: 'node --enable-source-maps src/server/main.js' } },
      files: { 'src/server/main.js': '' },
    });
    await generate({ project: 'api' });
    expect(written('apps/api/Containerfile')).toBe(
      `${NODE}WORKDIR /app\nCOPY package.json ./\nCOPY src/ ./src/\n${USER}CMD ["node", "src/server/main.js"]\n`,
    );
  });

  it('of sources with a lock file of their own copies all, but what is about the image', async () => {
    give('api', {
      manifest: { dependencies: { express: '5' } },
      files: { 'index.js': '', 'package-lock.json': '{}' },
    });
    await generate({ project: 'api', kind: 'node', base: 'registry.acme.dev/node:22' });
    expect(written('apps/api/Containerfile')).toBe(
      `${INSTALL}FROM registry.acme.dev/node:22 AS dependencies\nWORKDIR /app\n` +
        'COPY package.json package-lock.json ./\nRUN npm ci --omit=dev\n\n' +
        'FROM registry.acme.dev/node:22\nENV NODE_ENV=production\nWORKDIR /app\n' +
        `COPY --from=dependencies /app/ /app/\nCOPY . ./\n${USER}CMD ["node", "index.js"]\n`,
    );
    expect(tree.read('apps/api/Containerfile.dockerignore', 'utf8')).toMatch(
      /^\*\*\/node_modules\nContainerfile\*\nDockerfile\*\ndist\n$/m,
    );
  });
});

describe('the other kinds', () => {
  it('static: what a web build makes, on a web server', async () => {
    give('web', {
      files: { 'index.html': '' },
      targets: build('@nx/vite:build', { outputPath: 'dist/apps/web' }),
    });
    await generate({ project: 'web' });
    expect(written('apps/web/Containerfile')).toBe(
      'FROM nginxinc/nginx-unprivileged:1.28-alpine\nCOPY dist/apps/web/ /usr/share/nginx/html/\n',
    );
  });

  it('static: a directory with a blank in its name', async () => {
    give('site', { root: 'apps/the site', files: { 'public/index.html': '' } });
    projects['site']!.targets = { 'image-build': { options: { context: 'workspace' } } };
    await generate({ project: 'site' });
    expect(written('apps/the site/Containerfile')).toContain(
      '\nCOPY ["apps/the site/public/", "/usr/share/nginx/html/"]\n',
    );
  });

  it('static: a directory of sources, on a base of the workspace', async () => {
    give('web', { files: { 'public/index.html': '' } });
    give('static-base', {
      targets: { 'image-build': { executor: 'gitops:build', options: { containerfile: 'b/Containerfile' } } },
    });
    await generate({ project: 'web' });
    expect(written('apps/web/Containerfile')).toBe('FROM acme/shop/static-base\nCOPY public/ /www/\n');
  });

  it('base: a new directory becomes a project', async () => {
    await generate({ directory: './images/base/' });
    expect(written('images/base/Containerfile')).toBe(
      '# What images of this workspace have in common, which begin with FROM acme/shop/base.\n' +
        'FROM scratch\n' +
        '# Labels here are theirs too.\n' +
        'LABEL org.opencontainers.image.authors="Acme"\n' +
        '# COPY files here that all need, such as certificates. A RUN belongs here as well; it needs a container engine.\n',
    );
    const after = all();
    await generate({ directory: 'images/base' });
    expect(all()).toEqual(after);
  });

  it('base: a directory keeps the name that its package.json has', async () => {
    writeFiles(directory(), { 'images/base/package.json': '{"name":"@acme/common"}' });
    await generate({ directory: 'images/base' });
    expect(written('images/base/Containerfile')).toContain('FROM acme/shop/common.\n');
  });

  it('scratch: one program', async () => {
    give('tool', { ...SOURCE, targets: build('@nx-go/nx-go:build', {}, ['{projectRoot}/dist']) });
    await generate({ project: 'tool' });
    expect(written('apps/tool/Containerfile')).toBe(
      `FROM scratch\nCOPY dist/tool /tool\n${USER}ENTRYPOINT ["/tool"]\n`,
    );
  });

  it('a second container file, of what is named', async () => {
    give('api', {
      files: { Containerfile: 'FROM scratch\n' },
      targets: build('@nx/js:tsc', {}, ['{projectRoot}/dist']),
    });
    await generate({ project: 'api', name: 'worker', kind: 'node', artefact: 'apps/api/dist/worker.js' });
    expect(written('apps/api/Containerfile.worker')).toContain('CMD ["node", "worker.js"]\n');
    expect(tree.exists('apps/api/Containerfile.worker.dockerignore')).toBe(true);
    expect(tree.read('apps/api/Containerfile', 'utf8')).toBe('FROM scratch\n');
  });
});

describe('run again', () => {
  it.each(['Containerfile', 'Dockerfile'])(
    'changes nothing, and overwrites %s only by force',
    async (name) => {
      give('web', { files: { 'public/index.html': '', [name]: 'FROM scratch\n' } });
      const before = all();
      await expect(generate({ project: 'web' })).rejects.toThrow(
        `apps/web/${name} is there already; use --force to write it anew, or --name=<name> for a second`,
      );
      expect(all()).toEqual(before);
      await generate({ project: 'web', force: true });
      expect(written(`apps/web/${name}`)).toContain('COPY public/');
      const after = all();
      await generate({ project: 'web' });
      expect(all()).toEqual(after);
    },
  );
});

describe('refuses, and touches nothing:', () => {
  beforeEach(() => {
    give('api', { ...SOURCE, targets: build('@nx/js:tsc', {}, ['{projectRoot}/dist']) });
    give('empty', SOURCE);
    give('open', { ...SOURCE, targets: build('@nx/js:tsc', {}, ['{projectRoot}/lib']) });
    give('needy', {
      manifest: { dependencies: { api: '*' } },
      targets: build('@nx/js:tsc', {}, ['{projectRoot}/dist']),
    });
    give('x'.repeat(250));
    projects['api']!.targets!['image-build'] = {
      executor: 'gitops:build',
      options: { containerfile: 'apps/api/Containerfile' },
    };
    tree.write('apps/api/package.json', '{"name":"api"}');
    tree.write('package-lock.json', '{}');
  });

  it.each<[ImageOptions, string]>([
    [{}, 'neither a project nor a directory is named'],
    [{ project: 'api', directory: 'apps/api' }, 'a project and --directory do not go together'],
    [{ project: 'apo' }, 'there is no project apo; did you mean api?'],
    [{ directory: '../api' }, 'the directory ../api is not in the workspace'],
    [{ directory: 'images/Web Site' }, '"Web Site" is not a repository name; use lower-case letters'],
    [{ directory: 'images/api' }, 'images/api would be called api, and so is the project in apps/api'],
    [{ project: 'x'.repeat(250) }, 'is not a repository name; use lower-case letters'],
    [{ project: 'api', name: 'Worker' }, 'apps/api/Containerfile.Worker is not what a container file'],
    [{ project: 'api', name: 'md' }, 'apps/api/Containerfile.md is not what a container file'],
    [{ project: 'api', base: 'Node:22' }, 'image reference "Node:22"'],
    [
      { project: 'api', base: 'scratch' },
      'an image of kind node is not made from scratch; name a base that has',
    ],
    [{ project: 'api', kind: 'scratch', base: 'alpine' }, 'an image of kind scratch is not made from alpine'],
    [{ project: 'empty' }, 'nothing of apps/empty is known to go into an image of kind scratch'],
    [{ project: 'empty', kind: 'node' }, 'nothing of apps/empty is known to go into an image of kind node'],
    [{ project: 'empty', artefact: 'apps/empty/tool' }, 'there is no apps/empty/tool; correct --artefact'],
    [
      { project: 'open' },
      'git does not ignore apps/open/lib, so that no image would wait for build to make it',
    ],
    [
      { project: 'needy' },
      'apps/needy needs api of this workspace at run time, which package-lock.json alone',
    ],
  ])('%j', async (options, message) => {
    const before = all();
    await expect(generate(options)).rejects.toThrow(message);
    expect(all()).toEqual(before);
  });

  it('where nx.json does not have the plugin', async () => {
    tree.write('nx.json', '{}');
    await expect(generate({ project: 'api' })).rejects.toThrow('run npx nx g gitops:init');
  });

  it('packages that Yarn 2 or Bun manage', async () => {
    tree.delete('package-lock.json');
    for (const [lock, text, manager] of [
      ['yarn.lock', '__metadata:\n  version: 8\n', 'Yarn 2 or newer'],
      ['bun.lock', '', 'Bun'],
    ] as const) {
      tree.write(lock, text);
      await expect(generate({ project: 'needy' })).rejects.toThrow(`packages that ${manager} manages cannot`);
      tree.delete(lock);
    }
  });
});
