import { copyFileSync, cpSync, mkdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Docker from 'dockerode';
import { isAvailable, unless } from '../packages/gitops/test/support/available';
import { type Engine, startDocker, whyNoEngine } from '../packages/gitops/test/support/engines';
import { filesOf } from './support/image';
import { succeed } from './support/process';
import { tasksOf } from './support/tasks';
import { type Workspace, createWorkspace } from './support/workspace';

const missing = ['npm', 'ldd', 'busybox'].find((program) => !isAvailable(program));

const command = (outputs: string[], line: string, dependsOn: string[] = []) => ({
  executor: 'nx:run-commands',
  cache: true,
  dependsOn,
  outputs: outputs.map((output) => `{projectRoot}/${output}`),
  options: { command: line, cwd: '{projectRoot}' },
});

/** What the prune targets of Nx make of it, for an application that needs a package of the workspace. */
const PRUNED = {
  'package.json': { name: '@acme/api', dependencies: { '@acme/lib': 'file:./workspace_modules/@acme/lib' } },
  'package-lock.json': {
    name: '@acme/api',
    lockfileVersion: 3,
    requires: true,
    packages: {
      '': { name: '@acme/api', dependencies: { '@acme/lib': 'file:./workspace_modules/@acme/lib' } },
      'node_modules/@acme/lib': { resolved: 'workspace_modules/@acme/lib', link: true },
      'workspace_modules/@acme/lib': { name: '@acme/lib', version: '1.0.0' },
    },
  },
};

/** An application with a package to install, on a base with this machine's own Node and npm. */
unless(whyNoEngine('docker') ?? (missing && `${missing} is not on PATH`), 'a generated image of Node', () => {
  let engine: Engine;
  let workspace: Workspace;

  beforeAll(async () => {
    engine = await startDocker();
    workspace = await createWorkspace({
      'package.json': JSON.stringify({ name: 'shop', private: true, workspaces: ['apps/*', 'libs/*'] }),
      'libs/lib/package.json': JSON.stringify({ name: '@acme/lib', version: '1.0.0', main: 'index.js' }),
      'libs/lib/index.js': 'module.exports = "from the library";\n',
      'apps/api/package.json': JSON.stringify({
        name: '@acme/api',
        dependencies: { '@acme/lib': '*' },
        nx: {
          targets: {
            build: command(['dist'], 'mkdir -p dist && cp src/main.js dist/'),
            'prune-lockfile': command(
              ['dist/package.json', 'dist/package-lock.json'],
              'cp pruned/*.json dist/',
              ['build'],
            ),
            'copy-workspace-modules': command(
              ['dist/workspace_modules'],
              'mkdir -p dist/workspace_modules/@acme && cp -r ../../libs/lib dist/workspace_modules/@acme/',
              ['build'],
            ),
          },
        },
      }),
      'apps/api/src/main.js': 'console.log("1", require("@acme/lib"));\n',
      ...Object.fromEntries(
        Object.entries(PRUNED).map(([name, content]) => [`apps/api/pruned/${name}`, JSON.stringify(content)]),
      ),
      'images/node-base/Containerfile':
        'FROM scratch\nCOPY --chmod=755 npm /bin/npm\nCOPY root/ /\nENV PATH=/bin HOME=/tmp\n',
      'images/node-base/npm': '#!/bin/sh\nexec node /lib/npm/bin/npm-cli.js "$@"\n',
    });
    await copyNode(workspace.path('images/node-base/root'));
  });
  afterAll(async () => {
    workspace.remove();
    await engine.stop();
  });

  /** Runs Nx with the engine, which has no bridge to give to a RUN. */
  async function nx(...args: string[]): Promise<string> {
    const { code, output } = await workspace.nx(args, {
      env: { ...engine.env, NX_DEFAULT_OUTPUT_STYLE: 'static' },
    });
    if (code !== 0) throw new Error(output);
    return output;
  }

  it('installs what the application needs, and runs', async () => {
    await nx('g', 'gitops:image', '@acme/api', '--no-interactive');
    const log = await nx('run', '@acme/api:image-build', '--network=host');
    expect(log).toContain('api: engine, RUN at apps/api/Containerfile:6');
    expect(log).toMatch(/^api \| .*RUN npm ci --omit=dev/m);
    const files = await filesOf(
      workspace.path('dist/apps/api/image'),
      workspace.path('dist/images/node-base/image'),
    );
    expect(files.get('app/node_modules/@acme/lib')).toMatchObject({ type: 'symlink' });
    expect(files.has('app/workspace_modules/@acme/lib/index.js')).toBe(true);
    expect(await start()).toBe('1 from the library\n');
  });

  it('installs nothing anew for a change of its sources', async () => {
    workspace.write('apps/api/src/main.js', 'console.log("2", require("@acme/lib"));\n');
    const log = await nx('run', '@acme/api:image-build', '--network=host');
    expect(log).toMatch(/^api \| .*RUN npm ci --omit=dev \(cached\)$/m);
    expect(await start()).toBe('2 from the library\n');
    const again = await nx('run', '@acme/api:image-build', '--network=host');
    expect(Object.values(tasksOf(again)).map(({ cached }) => cached)).toEqual([true, true, true, true, true]);
  });

  /** Loads the image and runs it: what it prints. */
  async function start(): Promise<string> {
    await nx('image-load', '@acme/api', '--excludeTaskDependencies');
    const docker = new Docker({ socketPath: engine.socket });
    const container = await docker.createContainer({
      Image: 'shop/api:developers',
      HostConfig: { NetworkMode: 'none' },
    });
    try {
      await container.start();
      await container.wait();
      const [logs] = [await container.logs({ stdout: true, stderr: true })];
      // Each chunk of the log has a header of eight bytes.
      return logs.subarray(8).toString();
    } finally {
      await container.remove({ force: true });
    }
  }
});

/** Copies this machine's Node with its libraries, its npm, and a shell. */
async function copyNode(root: string): Promise<void> {
  const put = (file: string, path: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    copyFileSync(realpathSync(file), join(root, path));
  };
  const which = async (program: string): Promise<string> => (await succeed('which', [program])).trim();
  put(process.execPath, 'bin/node');
  put(await which('busybox'), 'bin/sh');
  const libraries = await succeed('ldd', [realpathSync(process.execPath)]);
  for (const [path] of libraries.matchAll(/\/\S+/g)) put(path, path);
  cpSync(join(realpathSync(await which('npm')), '../..'), join(root, 'lib/npm'), { recursive: true });
}
