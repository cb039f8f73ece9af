import { whenAvailable } from '../packages/gitops/test/support/available';
import { filesOf, readImage } from './support/image';
import { run } from './support/process';
import { FILES, PROGRAMS, addPrograms } from './support/shell-base';
import { type Workspace, createWorkspace } from './support/workspace';

/** The packed plugin's generator of the root image, and the image that it makes. */
whenAvailable(PROGRAMS, 'the root image', () => {
  let workspace: Workspace;
  beforeAll(async () => {
    workspace = await createWorkspace({
      ...FILES,
      'gitops.yaml': 'project: acme/shop\n',
      'apps/api/Containerfile': 'FROM acme/shop/tools\nCOPY file /\n',
      'apps/api/file': 'api\n',
    });
    await addPrograms(workspace);
  });
  afterAll(() => workspace.remove());

  const ROOT = ['gitops:root', '--base=acme/shop/tools', '--kubectl=acme/shop/kubectl'];
  async function generate(...args: string[]): Promise<string> {
    const { code, output } = await workspace.nx(['g', ...args, '--no-interactive']);
    expect({ code, output }).toMatchObject({ code: 0 });
    return output;
  }

  it('is shown, and not written, with --dry-run', async () => {
    expect(await generate(...ROOT, '--dry-run')).toContain('CREATE deploy/reconcile');
    expect(workspace.exists('deploy')).toBe(false);
  });

  it('is written once', async () => {
    await generate(...ROOT, '--images=api');
    expect(await generate(...ROOT, '--images=api')).not.toMatch(/^(CREATE|UPDATE|DELETE)/m);
    expect(workspace.read('gitops.yaml')).toBe('project: acme/shop\nroot: root\n');
  });

  it('is built without an engine', async () => {
    await generate('gitops:environment', 'prod');
    const { code, output } = await workspace.build(['-p', 'root', '--full']);
    expect({ code, output }).toMatchObject({ code: 0 });
    const layout = workspace.path('dist/deploy/image');
    const { config } = readImage(layout).config;
    expect(config).toMatchObject({ Entrypoint: ['/gitops/reconcile'], User: '65532:65532' });
    expect(config.Labels).toMatchObject({ 'dependency.api': '' });
    const files = await filesOf(layout);
    expect(files.get('gitops/reconcile')).toMatchObject({ mode: 0o755, owner: '0:0' });
    expect(files.get('usr/local/bin/kubectl')).toMatchObject({ mode: 0o755 });
    expect([...files.keys()]).toEqual(
      expect.arrayContaining([
        'gitops/base/api.yaml',
        'gitops/environments/prod/kustomization.yaml',
        'gitops/lib/lock.sh',
      ]),
    );
  });

  it('has a script that renders an environment, where it lies and under busybox too', async () => {
    const env = {
      PATH: process.env['PATH'],
      GITOPS_SITE: 'demo',
      GITOPS_ENVIRONMENT: 'prod',
      GITOPS_NAMESPACE: 'demo',
      GITOPS_PULL_SECRET: 'pull',
    };
    const script = workspace.path('deploy/reconcile');
    const [plain, busy] = [
      await run(script, ['render'], { env }),
      await run('busybox', ['sh', script, 'render'], { env }),
    ];
    expect(plain).toMatchObject({ code: 0, stderr: '' });
    expect(plain.stdout).toMatch(/image: acme\/shop\/api\n/);
    expect(plain.stdout).toMatch(/imagePullSecrets:\n +- name: pull\n/);
    expect(busy).toEqual(plain);
  });

  it('gets what is new', async () => {
    workspace.write('apps/web/Containerfile', 'FROM scratch\nCOPY file /\n');
    workspace.write('apps/web/file', 'web\n');
    const output = await generate('gitops:root', '--images=api,web');
    expect(output.match(/^(CREATE|UPDATE|DELETE) .*$/gm)?.sort()).toEqual([
      'CREATE deploy/base/web.yaml',
      'UPDATE deploy/Containerfile',
      'UPDATE deploy/base/kustomization.yaml',
    ]);
    const { dependencies } = await workspace.graph();
    expect(dependencies['root']!.map(({ target }) => target).sort()).toEqual([
      'api',
      'kubectl',
      'tools',
      'web',
    ]);
  });

  it('is refused in one line, where it cannot be', async () => {
    const { code, output } = await workspace.nx(['g', 'gitops:root', '--images=ap', '--no-interactive']);
    expect({ code, output }).toMatchObject({ code: 1 });
    expect(output).toContain('there is no image ap to deploy; did you mean api?');
    expect(output).not.toMatch(/^\s+at /m);
  });
});
