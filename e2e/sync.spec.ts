import { type Workspace, createWorkspace } from './support/workspace';

const KUSTOMIZATION = 'namespace: shop\nresources: [../../base]\n';
const PLUGIN = { analytics: false, plugins: ['gitops'], sync: { globalGenerators: ['gitops:sync'] } };

describe('nx sync', () => {
  let workspace: Workspace;
  beforeAll(async () => {
    workspace = await createWorkspace({
      'nx.json': JSON.stringify(PLUGIN),
      'gitops.yaml':
        'project: acme/shop # ours\nroot: root\nenvironments:\n  dev: deploy/environments/dev # the first\n',
      'gitops.lock.json': JSON.stringify({ lockfileVersion: 1, images: {} }),
      'apps/api/Containerfile': 'FROM scratch\nCOPY file /\n',
      'apps/api/file': 'api\n',
      'deploy/project.json': '{"name":"root"}',
      'deploy/Containerfile': 'FROM scratch\nCOPY base /base\n',
      'deploy/base/kustomization.yaml': 'resources: []\n',
      'deploy/environments/dev/kustomization.yaml': KUSTOMIZATION,
    });
  });
  afterAll(() => workspace.remove());

  const check = () => workspace.nx(['sync:check']);
  const sync = async (): Promise<void> => {
    const { code, output } = await workspace.nx(['sync']);
    if (code !== 0) throw new Error(output);
  };

  it('finds all in step', async () => {
    expect(await check()).toMatchObject({ code: 0 });
  });

  it('says what is not, changes nothing when it checks, and brings it in step', async () => {
    workspace.write('deploy/environments/prod/kustomization.yaml', KUSTOMIZATION);
    workspace.write('deploy/base/api.yaml', 'kind: Pod\nspec: { containers: [{ image: acme/shop/api }] }\n');
    const before = workspace.read('gitops.yaml');
    const { code, output } = await check();
    expect({ code, output }).toMatchObject({ code: 1 });
    for (const line of [
      'gitops.yaml does not have the environment prod, which is in deploy/environments/prod',
      'deploy/Containerfile has no label dependency.api, and its manifests run api',
    ])
      expect(output).toContain(line);
    expect(workspace.read('gitops.yaml')).toBe(before);

    await sync();
    expect(workspace.read('gitops.yaml')).toBe(`${before}  prod: deploy/environments/prod\n`);
    expect(workspace.read('deploy/Containerfile')).toContain('LABEL dependency.api=""\n');
    expect(await check()).toMatchObject({ code: 0 });
  });

  it('locks what is not locked, as the store in the place of a registry has it', async () => {
    expect((await workspace.nx(['image-push', 'api'])).code).toBe(0);
    // What is published is a base like any other to who calls it so.
    await workspace.shell(
      'mkdir -p .gitops/store/tools && cp -r .gitops/store/acme/shop/api .gitops/store/tools/api',
    );
    workspace.write('apps/web/Containerfile', 'FROM tools/api:0.1.0\n');
    expect((await check()).output).toContain('gitops.lock.json does not have tools/api:0.1.0');
    await sync();
    expect(workspace.read('gitops.lock.json')).toMatch(/"tools\/api:0\.1\.0": \{\s+"digest": "sha256:/);
    workspace.delete('apps/web');
    expect((await check()).output).toContain('gitops.lock.json has tools/api:0.1.0');
    await sync();
    expect(workspace.read('gitops.lock.json')).not.toContain('tools');
  });

  it('says in one line what is wrong', async () => {
    workspace.write('gitops.yaml', 'project: [\n');
    const { code, output } = await check();
    expect(code).not.toBe(0);
    expect(output).toContain('gitops.yaml:');
    expect(output).not.toMatch(/^\s+at .*\(/m);
  });
});
