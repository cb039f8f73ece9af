import { mkdirSync } from 'node:fs';
import { filesOf, readImage } from './support/image';
import { succeed } from './support/process';
import { built, tasksOf } from './support/tasks';
import { type Workspace, createWorkspace } from './support/workspace';
import { whenAvailable } from '../packages/gitops/test/support/available';
import { type Engine, startRegistry } from '../packages/gitops/test/support/engines';

whenAvailable('skopeo', 'a base that is not of this workspace', () => {
  let workspace: Workspace;

  beforeAll(async () => {
    workspace = await createWorkspace({
      'maker/Containerfile': 'FROM scratch\nCOPY etc /etc\nENV FROM=tools\nWORKDIR /srv\n',
      'maker/etc/passwd': 'alice:x:1000:1000::/:/bin/sh\n',
      'maker/etc/group': 'alice:x:1000:\n',
    });
    expect((await workspace.nx(['image-build', 'maker'])).code).toBe(0);
  });
  afterAll(() => workspace.remove());

  it('comes from the embedded store, a directory of layouts', async () => {
    await copyToStore('tools/base', '1.0');
    await takes('tools/base:1.0', 'stored');
    expect(readImage(workspace.path('dist/stored/image')).config.config.Labels).toMatchObject({
      'org.opencontainers.image.base.name': 'docker.io/tools/base:1.0',
      'org.opencontainers.image.base.digest': readImage(workspace.path('.gitops/store/tools/base')).digest,
    });
  });

  it('is there in the version that a pinned reference names', async () => {
    await copyToStore('shop/maker', '1.2.3');
    workspace.write('maker/etc/motd', 'newer\n');
    await takes('shop/maker:1.2.3', 'pinned');
    const files = await filesOf(workspace.path('dist/pinned/image'));
    expect(files.has('etc/motd')).toBe(false);
  });

  it('is told where it is not', async () => {
    workspace.write('absent/Containerfile', 'FROM tools/base:2.0\n');
    const { code, output } = await workspace.build(['-p', 'absent'], { env: OFFLINE });
    expect(code).toBe(1);
    expect(tasksOf(output)['absent:image-build']!.log.at(-1)).toMatch(/^absent\/Containerfile:1: .*; /);
    expect(output).not.toMatch(/^\s+at /m);
  });

  whenAvailable('docker-registry', 'in a registry', () => {
    let registry: Engine;

    beforeAll(async () => {
      registry = await startRegistry();
      await copyTo(`docker://${registry.host}/tools/base:1.0`, ['--dest-tls-verify=false']);
    });
    afterAll(() => registry.stop());

    it('is taken from there', async () => {
      await takes(`${registry.host}/tools/base:1.0`, 'remote');
      expect(readImage(workspace.path('dist/remote/image')).config.config.Labels).toMatchObject({
        'org.opencontainers.image.base.name': `${registry.host}/tools/base:1.0`,
      });
    });

    it('is told where the registry does not have it', async () => {
      workspace.write('lacking/Containerfile', `FROM ${registry.host}/tools/base:9\n`);
      const { code, output } = await workspace.build(['-p', 'lacking']);
      expect(code).toBe(1);
      expect(tasksOf(output)['lacking:image-build']!.log.at(-1)).toMatch(
        /^lacking\/Containerfile:1: .*tools\/base:9/,
      );
    });
  });

  /** No request leaves this machine. */
  const OFFLINE = { HTTPS_PROXY: 'http://127.0.0.1:9', HTTP_PROXY: 'http://127.0.0.1:9' };

  async function copyToStore(repository: string, tag: string): Promise<void> {
    const directory = workspace.path(`.gitops/store/${repository}`);
    mkdirSync(directory, { recursive: true });
    await copyTo(`oci:${directory}:${tag}`);
  }

  async function copyTo(destination: string, flags: string[] = []): Promise<void> {
    await succeed('skopeo', ['copy', ...flags, `oci:${workspace.path('dist/maker/image')}`, destination]);
  }

  /** An image of the project's name, made from the reference: it has the base's users, environment and directory. */
  async function takes(reference: string, project: string): Promise<void> {
    workspace.write(`${project}/file`, `${project}\n`);
    workspace.write(`${project}/Containerfile`, `FROM ${reference}\nCOPY --chown=alice file .\n`);
    const { code, stdout, output } = await workspace.build(['-p', project, '--full']);
    expect({ code, output }).toMatchObject({ code: 0 });
    expect(built(stdout)).toEqual([project]);
    const { config } = readImage(workspace.path(`dist/${project}/image`));
    expect(config.config).toMatchObject({
      Env: expect.arrayContaining(['FROM=tools']) as string[],
      WorkingDir: '/srv',
    });
    const files = await filesOf(workspace.path(`dist/${project}/image`));
    expect(files.get('srv/file')).toMatchObject({ owner: '1000:1000', content: Buffer.from(`${project}\n`) });
  }
});
