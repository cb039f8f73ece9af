import { type RunningRegistry, startDockerRegistry } from '../packages/gitops/test/oci/docker-registry';
import { whenAvailable } from '../packages/gitops/test/support/available';
import { type Result, run } from './support/process';
import { type Workspace, createWorkspace } from './support/workspace';

jest.setTimeout(240_000);

whenAvailable(['docker-registry'], 'npx gitops', () => {
  let registry: RunningRegistry;
  let workspace: Workspace;

  beforeAll(async () => {
    registry = await startDockerRegistry();
    workspace = await createWorkspace({
      'apps/api/Containerfile': 'FROM scratch\nCOPY file /api/\n',
      'apps/api/file': 'api',
      'gitops.yaml': `project: shop\nstore: ${registry.host}\nrings: [developers, testers]\n`,
    });
    const { code, output } = await workspace.nx(['image-push', 'api', '--output-style=static']);
    expect({ code, output }).toMatchObject({ code: 0 });
  });
  afterAll(async () => {
    workspace.remove();
    await registry.stop();
  });

  const gitops = (args: readonly string[], directory = '.'): Promise<Result> =>
    run('npx', ['gitops', ...args], {
      cwd: workspace.path(directory),
      env: {
        PATH: process.env['PATH'],
        HOME: workspace.above,
        NX_DAEMON: 'false',
        NO_COLOR: '1',
        // Or npm says once that there is a newer one.
        npm_config_update_notifier: 'false',
      },
    });
  const says = async (args: readonly string[], directory?: string): Promise<string> => {
    const { code, stdout, stderr } = await gitops(args, directory);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return stdout;
  };

  it('rings shows the board, anywhere in the workspace', async () => {
    const board = await says(['rings']);
    expect(board).toMatch(/^IMAGE +developers +testers\napi +0\.1\.0 +-\nlatest: /);
    expect(await says(['rings'], 'apps/api')).toBe(board);
  });

  it('rings knows of images that were never pushed', async () => {
    workspace.write('apps/web/Containerfile', 'FROM scratch\nCOPY file /web/\n');
    workspace.write('apps/web/file', 'web');
    const { images } = JSON.parse(await says(['rings', '--json'])) as { images: object };
    expect(images).toMatchObject({ api: { developers: { version: '0.1.0' } }, web: {} });
  });

  it('doctor examines the store', async () => {
    expect(await says(['doctor'])).toContain('two pushes at once: both land');
    expect(await says(['doctor', '--no-probe'])).toContain('what else the store does was not tried out');
  });

  it('prune says what would go', async () => {
    expect(await says(['prune', '--days=0', '--entries=0'])).toMatch(/kept: 1 version/);
  });

  it('shows help, outside of a workspace too', async () => {
    expect(await says([])).toMatch(/^ {2}gitops doctor +Examine the state store$/m);
    expect(await says(['help', 'prune'])).toMatch(/^ {2}--\[no-\]dryRun +Print what would go/m);
    const { code, stdout } = await run(workspace.path('node_modules/.bin/gitops'), ['rings', '--help'], {
      cwd: workspace.above,
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}--limit=<integer> +With --log:/m);
  });

  it.each([
    [['rings', '--rings=testers'], 'unknown option --rings; did you mean --ring?'],
    [['prune', '--dry-run'], 'unknown option --dry-run; did you mean --dryRun?'],
    [['prune', '--days=soon'], '--days is a whole number of at least 0, not soon'],
    [['ring'], 'there is no command ring; did you mean rings?'],
    // What the executor itself says.
    [['rings', '--hold=testers'], 'a hold needs a reason; add --reason=…, which all see who are held up'],
  ])('%j is one line', async (args, line) => {
    expect(await gitops(args)).toMatchObject({ code: 1, stdout: '', stderr: `${line}\n` });
  });

  it('says in one line that there is no workspace', async () => {
    const { code, output } = await run(workspace.path('node_modules/.bin/gitops'), ['doctor'], {
      cwd: workspace.above,
    });
    expect({ code, output }).toEqual({
      code: 1,
      output: `${workspace.above} is in no Nx workspace; run gitops in a directory that has an nx.json, or below one\n`,
    });
  });

  it('fails where the doctor finds a problem', async () => {
    workspace.write('gitops.yaml', workspace.read('gitops.yaml').replace(/127\.0\.0\.1:\d+/, '127.0.0.1:1'));
    const { code, output } = await gitops(['doctor']);
    expect(code).toBe(1);
    expect(output).not.toMatch(/^ +at /m);
  });
});
