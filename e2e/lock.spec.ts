import { mkdirSync } from 'node:fs';
import { whenAvailable } from '../packages/gitops/test/support/available';
import type { Result } from './support/process';
import { succeed } from './support/process';
import { built, tasksOf } from './support/tasks';
import { type Workspace, createWorkspace } from './support/workspace';

whenAvailable('skopeo', 'the lock of external bases', () => {
  let workspace: Workspace;

  // One test goes on from what the other left.
  beforeAll(async () => {
    workspace = await createWorkspace({
      'maker/Containerfile': 'FROM scratch\nCOPY motd /etc/motd\n',
      'maker/motd': 'one\n',
      'api/Containerfile': 'FROM tools/base:1.0\nCOPY file /\n',
      'api/file': 'api\n',
      'web/Containerfile': 'FROM scratch\nCOPY --from=tools/other:2.3 /etc /etc\n',
      'on-api/Containerfile': 'FROM shop/api\nCOPY file /\n',
      'on-api/file': 'on api\n',
      'alone/Containerfile': 'FROM scratch\nCOPY file /\n',
      'alone/file': 'alone\n',
      'unrelated/project.json': JSON.stringify({
        name: 'unrelated',
        targets: { echo: { executor: 'nx:run-commands', cache: true, options: { command: 'echo hello' } } },
      }),
    });
    await move('tools/base', '1.0', 'one\n');
    await move('tools/other', '2.3', 'one\n');
  });
  afterAll(async () => {
    await workspace.nx(['daemon', '--stop']);
    workspace.remove();
  });

  it('is missed by a warning', async () => {
    const { code, output } = await build();
    expect({ code, output }).toMatchObject({ code: 0 });
    expect(built(output)).toEqual(ALL);
    expect(output).toContain('warning: api/Containerfile:1: tools/base:1.0 is what its tag means now');
    expect(output).toContain('lock it by nx g gitops:lock');
    const check = await lock('--check', '--missing');
    expect(check).toMatchObject({ code: 1 });
    expect(check.output).toContain('tools/base:1.0 is not locked');
  });

  it('is written, shown before on request', async () => {
    const dry = await lock('--dry-run');
    expect(dry.output).toContain('CREATE gitops.lock.json');
    expect(workspace.exists('gitops.lock.json')).toBe(false);
    const { code, output } = await lock();
    expect({ code, output }).toMatchObject({ code: 0 });
    expect(output).toMatch(/^tools\/base:1\.0 sha256:[0-9a-f]{12}… \(new\)$/m);
    expect(Object.keys(images())).toEqual(['tools/base:1.0', 'tools/other:2.3']);
    expect((await lock('--check')).output).toContain('gitops.lock.json is up to date');
  });

  it('makes the images anew whose bases it is of, and takes the warning away', async () => {
    const { output } = await build();
    expect(built(output)).toEqual(['api', 'on-api', 'web']);
    expect(output).not.toContain('warning');
    const { code } = await workspace.nx(['run-many', '-t', 'image-push', '-p', ...ALL]);
    expect(code).toBe(0);
    await commit();
  });

  it('holds while a tag moves, and a check says that it did', async () => {
    await move('tools/base', '1.0', 'two\n');
    const { output } = await build();
    expect(Object.values(tasksOf(output)).map(({ cached }) => cached)).not.toContain(false);
    const fresh = await build('--skip-nx-cache');
    expect(built(fresh.output)).toEqual([]);
    const check = await lock('--check');
    expect(check).toMatchObject({ code: 1 });
    expect(check.output).toMatch(/^tools\/base:1\.0 is sha256:\w{12}… now, locked is sha256:\w{12}…$/m);
    expect(check.output).toContain('gitops.lock.json is not up to date; run nx g gitops:lock');
    expect(check.output).not.toMatch(/^\s+at /m);
  });

  it('makes just the images of a base anew when it is refreshed', async () => {
    const { output } = await lock('tools/base:1.0,tools/other:2.3');
    expect(output).toMatch(/^tools\/base:1\.0 sha256:\w{12}… → sha256:\w{12}…$/m);
    expect(output).not.toContain('tools/other');
    const result = await build();
    expect(built(result.output)).toEqual(['api', 'on-api']);
    const cached = ['web:image-build', 'alone:image-build', 'unrelated:echo'];
    expect(cached.map((task) => tasksOf(result.output)[task]?.cached)).toEqual([true, true, true]);
    const { output: inputs } = await workspace.nx(['show', 'target', 'inputs', 'api:image-build']);
    expect(inputs).toContain(images()['tools/base:1.0']!.digest);
  });

  it('affects the images with external bases, of which those are pushed whose base changed', async () => {
    const { stdout } = await workspace.nx(['show', 'projects', '--affected', '--json']);
    expect((JSON.parse(stdout) as string[]).filter((name) => ALL.includes(name)).sort()).toEqual([
      'api',
      'on-api',
      'web',
    ]);
    const { code, output } = await workspace.nx([
      'affected',
      '-t',
      'image-build',
      'image-push',
      '--output-style=static',
    ]);
    expect({ code, output }).toMatchObject({ code: 0 });
    expect(output).toMatch(/^api .* 0\.1\.0 → 0\.1\.1 +revision changed: tools\/base:1\.0$/m);
    expect(output).toContain('api: pushed 0.1.1 to developers');
    expect(output).toContain('on-api: pushed 0.1.1 to developers');
    expect(output).not.toContain('web: pushed');
  });

  it('is seen by the daemon of Nx', async () => {
    const daemon = { env: { NX_DAEMON: 'true' } };
    expect((await workspace.build(['-p', ...ALL], daemon)).code).toBe(0);
    await move('tools/other', '2.3', 'three\n');
    expect((await workspace.nx(['g', 'gitops:lock', '--no-interactive'], daemon)).code).toBe(0);
    const { output } = await workspace.build(['-p', ...ALL], daemon);
    expect(built(output)).toEqual(['web']);
    expect(workspace.exists('.nx/workspace-data/d/daemon.log')).toBe(true);
  });

  const ALL = ['alone', 'api', 'on-api', 'web'];

  const build = (...args: string[]): Promise<Result> =>
    workspace.nx([
      'run-many',
      ...['-t', 'image-build', 'echo', '-p', ...ALL, 'unrelated'],
      '--output-style=static',
      ...args,
    ]);

  const lock = (...args: string[]): Promise<Result> =>
    workspace.nx(['g', 'gitops:lock', ...args, '--no-interactive']);

  const images = (): Record<string, { digest: string }> =>
    (JSON.parse(workspace.read('gitops.lock.json')) as { images: Record<string, { digest: string }> }).images;

  /** Makes a tag of the embedded store mean an image with this text. */
  async function move(repository: string, tag: string, motd: string): Promise<void> {
    workspace.write('maker/motd', motd);
    const { code, output } = await workspace.build(['-p', 'maker']);
    expect({ code, output }).toMatchObject({ code: 0 });
    const directory = workspace.path(`.gitops/store/${repository}`);
    mkdirSync(directory, { recursive: true });
    await succeed('skopeo', ['copy', `oci:${workspace.path('dist/maker/image')}`, `oci:${directory}:${tag}`]);
  }

  async function commit(): Promise<void> {
    const author = ['-c', 'user.name=Test', '-c', 'user.email=test@example.com'];
    await succeed('git', ['add', '--all'], { cwd: workspace.dir });
    await succeed('git', [...author, 'commit', '--quiet', '--message=Lock'], { cwd: workspace.dir });
  }
});
