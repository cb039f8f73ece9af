import { isAvailable, itUnless } from '../packages/gitops/test/support/available';
import { filesOf } from './support/image';
import { run } from './support/process';
import { tasksOf } from './support/tasks';
import { type Workspace, createWorkspace } from './support/workspace';

const API = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: api
spec:
  selector: { matchLabels: { app: api } }
  template:
    metadata: { labels: { app: api } }
    spec: { containers: [{ name: api, image: api }] }
`;

/** The packed plugin's generators for environments and sites, in a workspace of their own. */
describe('environments and sites', () => {
  let workspace: Workspace;
  beforeAll(async () => {
    workspace = await createWorkspace({
      'deploy/Containerfile': 'FROM scratch\nCOPY . /gitops\n',
      'gitops.yaml': '# ours\nproject: acme/shop\nrings: [developers, testers]\n',
    });
  });
  afterAll(() => workspace.remove());

  /** Runs a generator that has to succeed. */
  async function generate(...args: string[]): Promise<string> {
    const { code, output } = await workspace.nx(['g', ...args, '--no-interactive']);
    expect({ code, output }).toMatchObject({ code: 0 });
    return output;
  }
  async function render(directory: string, ...args: string[]): Promise<string> {
    const { code, output } = await run('kubectl', ['kustomize', ...args, workspace.path(directory)]);
    expect({ code, output }).toMatchObject({ code: 0 });
    return output;
  }

  it('show what they would do, and do nothing', async () => {
    const output = await generate('gitops:environment', 'prod', '--dry-run');
    for (const line of [
      'CREATE deploy/base/kustomization.yaml',
      'CREATE deploy/environments/prod/kustomization.yaml',
      'UPDATE gitops.yaml',
    ])
      expect(output).toContain(line);
    expect(workspace.exists('deploy/base')).toBe(false);
    expect(workspace.read('gitops.yaml')).not.toContain('prod');
  });

  it('are there with one command each, and again', async () => {
    await generate('gitops:environment', 'prod');
    await generate('gitops:site', 'demo', '--environment=prod', '--ring=testers');
    const text = workspace.read('gitops.yaml');
    expect(text).toBe(
      '# ours\nproject: acme/shop\nrings: [developers, testers]\nenvironments:\n  prod: deploy/environments/prod\nsites:\n  demo: { environment: prod, ring: testers }\n',
    );
    expect(await render('deploy/environments/prod')).toBe('');
    for (const args of [
      ['gitops:environment', 'prod'],
      ['gitops:site', 'demo', '--environment=prod', '--ring=testers'],
    ])
      expect(await generate(...args)).not.toMatch(/^(CREATE|UPDATE|DELETE) /m);
    expect(workspace.read('gitops.yaml')).toBe(text);
  });

  it('take all options, and render', async () => {
    workspace.write('deploy/base/api.yaml', API);
    workspace.write('deploy/base/kustomization.yaml', 'resources: [api.yaml]\n');
    await generate('gitops:environment', '7', '--namespace=8', '--replicas=3', '--patches=deployment/api');
    await generate('gitops:environment', 'next', '--from=7', '--replicas=5');
    const [seven, next] = [await render('deploy/environments/7'), await render('deploy/environments/next')];
    expect(seven).toContain('namespace: "8"');
    expect(seven).toContain('replicas: 3');
    expect(next).toContain('namespace: "8"');
    expect(next).toContain('replicas: 5');
  });

  it('take charts, which helm renders', async () => {
    const directory = 'deploy/environments/chart';
    workspace.write(`${directory}/charts/hello/Chart.yaml`, 'apiVersion: v2\nname: hello\nversion: 1.0.0\n');
    workspace.write(
      `${directory}/charts/hello/templates/map.yaml`,
      'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: hello }\ndata: { who: "{{ .Values.who }}" }\n',
    );
    await generate('gitops:environment', 'chart', '--helm=hello');
    workspace.write(`${directory}/values-hello.yaml`, 'who: us\n');
    expect(workspace.read(`${directory}/kustomization.yaml`)).toContain('valuesFile: values-hello.yaml');
  });

  // Without helm on the machine, kustomize cannot render a chart.
  itUnless(
    isAvailable('helm') ? undefined : 'helm is not on PATH',
    'are rendered with their charts',
    async () => {
      expect(await render('deploy/environments/chart', '--enable-helm')).toContain('who: us');
    },
  );

  it('may be personal: neither git nor an image gets them', async () => {
    await generate('gitops:environment', 'mine', '--personal', '--from=prod');
    await generate('gitops:site', 'laptop', '--environment=mine', '--ring=developers', '--context=kind-kind');
    expect(workspace.read('gitops.local.yaml')).toContain('laptop: { environment: mine');
    expect(workspace.read('gitops.yaml')).not.toContain('mine');
    expect(await render('deploy/environments/local/mine')).toContain('kind: Deployment');
    const { output } = await run('git', ['status', '--porcelain', '--untracked-files=all'], {
      cwd: workspace.dir,
    });
    expect(output).toContain('.gitignore');
    expect(output).not.toMatch(/local/);
    expect(workspace.read('deploy/.containerignore')).toBe('environments/local\n');

    expect(await workspace.build()).toMatchObject({ code: 0 });
    const files = [...(await filesOf(workspace.path('dist/deploy/image'))).keys()];
    expect(files).toContain('gitops/environments/prod/kustomization.yaml');
    expect(files.filter((file) => file.includes('local'))).toEqual([]);
    workspace.write('gitops.local.yaml', `${workspace.read('gitops.local.yaml')}# more\n`);
    expect(tasksOf((await workspace.build()).output)['deploy:image-build']).toMatchObject({ cached: true });
  });

  it('say in one line what is wrong, and touch nothing', async () => {
    const before = workspace.read('gitops.yaml');
    for (const [args, line] of [
      [
        ['site', 'beta', '--environment=test', '--ring=testers'],
        'there is no environment test; use one of 7, prod',
      ],
      [
        ['site', 'beta', '--environment=prod'],
        'a new site has to have --ring; give one of ante, developers, testers',
      ],
      [['environment', 'prod', '--remove'], 'the environment prod is that of demo; give these sites another'],
      [['environment', 'base'], 'an environment cannot be called base'],
      [
        ['environment', 'few', '--replicas=-1'],
        'there cannot be -1 replicas; write a whole number, 0 or more',
      ],
    ] as const) {
      const { code, output } = await workspace.nx([
        'g',
        `gitops:${args[0]}`,
        ...args.slice(1),
        '--no-interactive',
      ]);
      expect({ code, output }).toMatchObject({ code: 1 });
      expect(output).toContain(line);
      expect(output).not.toMatch(/^\s+at /m);
    }
    expect(workspace.read('gitops.yaml')).toBe(before);
  });

  it('get other names, and go again', async () => {
    await generate('gitops:environment', 'prod', '--rename=live');
    await generate('gitops:site', 'demo', '--rename=fair');
    expect(workspace.read('gitops.yaml')).toContain('  fair: { environment: live, ring: testers }\n');
    await generate('gitops:site', 'fair', '--remove');
    await generate('gitops:environment', 'next', '--remove', '--force');
    expect(workspace.exists('deploy/environments/next')).toBe(false);
    expect((await workspace.nx(['show', 'projects'])).code).toBe(0);
  });

  it('show their options', async () => {
    expect((await workspace.nx(['g', 'gitops:environment', '--help'])).output).toContain('--helmRepo');
    const { output } = await workspace.nx(['g', 'gitops:site', '--help']);
    expect(output).toContain('--environment');
    expect(output).not.toContain('undefined');
  });
});
