import { setTimeout as sleep } from 'node:timers/promises';
import { type RunningRegistry, startDockerRegistry } from '../packages/gitops/test/oci/docker-registry';
import { whenAvailable } from '../packages/gitops/test/support/available';
import { succeed } from './support/process';
import { type Workspace, createWorkspace } from './support/workspace';

jest.setTimeout(240_000);

const FILES = {
  'apps/base/Containerfile': 'FROM scratch\nCOPY file /base/\n',
  'apps/base/file': 'base',
  'apps/api/Containerfile': 'FROM shop/base\nCOPY file /api/\n',
  'apps/api/file': 'api',
  'apps/root/Containerfile': 'FROM scratch\nLABEL dependency.api="*"\nCOPY file /deploy/\n',
  'apps/root/file': 'root',
  'apps/alone/Containerfile': 'FROM scratch\nCOPY file /alone/\n',
  'apps/alone/file': 'alone',
};

type Board = Record<string, Record<string, string>>;

whenAvailable(['docker-registry', 'skopeo', 'git'], 'a release, moved from ring to ring', () => {
  let registry: RunningRegistry;
  let workspace: Workspace;

  beforeAll(async () => {
    registry = await startDockerRegistry();
    workspace = await createWorkspace({
      ...FILES,
      'gitops.yaml': `project: shop\nstore: ${registry.host}\nrings: [developers, testers, users]\n`,
    });
  });
  afterAll(async () => {
    workspace.remove();
    await registry.stop();
  });

  async function commit(subject: string): Promise<void> {
    const git = (...args: string[]) =>
      succeed('git', ['-C', workspace.dir, '-c', 'user.name=mia', '-c', 'user.email=mia@shop', ...args]);
    await git('add', 'apps', 'gitops.yaml');
    await git('commit', '-q', '-m', subject);
  }
  const run = (...args: string[]) => workspace.nx([...args, '--output-style=static']);
  const nx = async (...args: string[]): Promise<string> => {
    const { code, output } = await run(...args);
    expect({ args, code, output }).toMatchObject({ code: 0 });
    return output;
  };
  const fails = async (...args: string[]): Promise<string> => {
    const { code, output } = await run(...args);
    expect({ code, output }).toMatchObject({ code: 1 });
    expect(output).not.toMatch(/^\s+at /m);
    return output;
  };
  /** Whether it was still at work. */
  const killedAfter = async (ms: number, ...args: string[]): Promise<boolean> => {
    let group: number | undefined;
    const running = workspace.nx(args, { onStart: (pid) => (group = pid) });
    await sleep(ms);
    try {
      process.kill(-group!, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
    return (await running).code === null;
  };
  const json = <T>(output: string): T =>
    JSON.parse(output.slice(output.indexOf('{'), output.lastIndexOf('}') + 1)) as T;
  const board = async (): Promise<Board> => {
    const { images } = json<{ images: Record<string, Record<string, { version: string }>> }>(
      await nx('rings', '--json'),
    );
    return Object.fromEntries(
      Object.entries(images).map(([image, cells]) => [
        image,
        Object.fromEntries(Object.entries(cells).map(([ring, { version }]) => [ring, version])),
      ]),
    );
  };
  /** The version of an image that a ring's tag names, as another tool sees it. */
  const tagged = async (image: string, ring: string): Promise<string> => {
    const reference = `docker://${registry.host}/shop/${image}:${ring}`;
    const said = await succeed('skopeo', ['inspect', '--tls-verify=false', reference]);
    return (JSON.parse(said) as { Labels: Record<string, string> }).Labels[
      'org.opencontainers.image.version'
    ]!;
  };

  it('goes to the testers with all that it depends on', async () => {
    await nx('run-many', '-t', 'image-push', '--reason=first');
    const plan = await nx('image-promote', 'root', '--dryRun');
    expect(plan).toMatch(/^root +testers +- → 0\.1\.0 +the ring holds none$/m);
    expect(plan).toContain('root: would be promoted to testers: testers - → 0.1.0, with 2 others');
    expect(await board()).toMatchObject({ root: { developers: '0.1.0' } });
    const output = await nx('image-promote', 'root', '--reason=sprint 1');
    expect(output).toContain('root: promoted to testers: testers - → 0.1.0, with 2 others');
    expect(await board()).toEqual({
      alone: { developers: '0.1.0' },
      ...Object.fromEntries(
        ['api', 'base', 'root'].map((image) => [image, { developers: '0.1.0', testers: '0.1.0' }]),
      ),
    });
    expect(await tagged('api', 'testers')).toBe('0.1.0');
    expect(await nx('image-promote', 'root')).toContain('root: testers holds just that');
  });

  it('says which files and commits it brings', async () => {
    workspace.write('apps/base/file', 'base 2');
    await commit('Repair the base');
    await nx('run-many', '-t', 'image-push');
    expect(await nx('rings', '--diff=developers..testers')).toMatch(
      /^base +testers +0\.1\.0 → 0\.2\.0 +revision changed: apps\/base\/file; 1 commit [0-9a-f]{7}\.\.[0-9a-f]{7}$/m,
    );
    const output = await nx('image-promote', 'root', '--dryRun');
    expect(output).toMatch(/^api +testers +0\.1\.0 → 0\.2\.0 +base 0\.1\.0 → 0\.2\.0; 1 commit/m);
    expect(output).toMatch(/^ {2}[0-9a-f]{7} Repair the base$/m);
    const { changes } = json<{ changes: { image: string; files: string[]; commits: { lines: string[] } }[] }>(
      await nx('image-promote', 'root', '--dryRun', '--json'),
    );
    expect(changes.find(({ image }) => image === 'base')).toMatchObject({
      files: ['apps/base/file'],
      commits: { lines: [expect.stringMatching(/Repair the base$/)] },
    });
  });

  it('is not torn apart', async () => {
    expect(await fails('image-promote', 'base')).toContain(
      'nothing moves to testers: api 0.1.0 needs base 0.1.0, but testers would hold 0.2.0; see to that first, or override it with --force --reason=…',
    );
    expect(await fails('image-promote', 'base', '--force')).toContain('--force has to be accounted for');
  });

  it('shifts the whole chain on', async () => {
    await nx('image-promote', 'root', '--ring=testers');
    const output = await nx('image-promote', 'root', '--shift', '--reason=sprint 2');
    expect(output).toContain('root: shifted on from developers: testers 0.1.0 → 0.2.0, with 2 others');
    workspace.write('apps/base/file', 'base 3');
    await commit('Break the base');
    await nx('run-many', '-t', 'image-push');
    await nx('image-promote', 'root', '--shift', '--reason=sprint 3');
    expect((await board())['base']).toEqual({
      developers: '0.3.0',
      testers: '0.3.0',
      users: '0.2.0',
      post: '0.1.0',
    });
    expect(await tagged('root', 'users')).toBe('0.2.0');
  });

  it('comes back by one command, and the rings are on hold', async () => {
    const output = await nx('image-promote', 'root', '--ring=users', '--unshift', '--reason=it broke');
    expect(output).toContain('root: taken back from users: testers 0.3.0 → 0.2.0, users 0.2.0 → 0.1.0');
    expect((await board())['base']).toEqual({ developers: '0.3.0', testers: '0.2.0', users: '0.1.0' });
    expect(await tagged('api', 'users')).toBe('0.1.0');
    expect(await fails('image-promote', 'root')).toMatch(
      /nothing moves to testers: testers is on hold: \d+-\w+ was taken back by .*: it broke/,
    );
    workspace.write('apps/alone/file', 'alone 2');
    expect(await fails('image-push', 'alone', '--ring=testers')).toContain(
      'nothing is pushed to testers: testers is on hold',
    );
    expect(await nx('rings', '--release=testers')).toContain('testers is released');
    await nx('rings', '--release=users', '--reason=mended');
  });

  it('is finished by the next run, where one was killed', async () => {
    const before = await board();
    let killed = 0;
    for (const delay of [1000, 1500, 2000, 2500, 3000]) {
      if (await killedAfter(delay, 'image-promote', 'root')) killed++;
      const now = await board();
      const isDone = now['base']!['testers'] === '0.3.0';
      const then = (image: string) => ({ ...before[image], testers: before[image]!['developers'] });
      const after = {
        ...before,
        ...Object.fromEntries(['api', 'base', 'root'].map((image) => [image, then(image)])),
      };
      expect(now).toEqual(isDone ? after : before);
    }
    expect(killed).toBeGreaterThan(0);
    await nx('image-promote', 'root');
    await nx('rings', '--repair');
    expect(await tagged('base', 'testers')).toBe('0.3.0');
    expect(await nx('rings', '--repair')).toContain('all tags are right');
    expect(await nx('image-promote', 'root', '--ring=testers', '--unshift')).toContain(
      'testers 0.3.0 → 0.2.0',
    );
  });

  it('is in the log', async () => {
    const output = await nx('rings', '--log');
    for (const line of [
      /^\d{10}-\w{12} {2}\S+Z {2}unshift users \(\w{12}\) {2}by \S+$/m,
      /^ {2}why: it broke$/m,
      /^ {2}users base 0\.2\.0 → 0\.1\.0$/m,
      /^ {2}users on hold$/m,
      / shift on from developers /,
      / promote developers → testers /,
      / push to developers /,
      /^ {2}commit: [0-9a-f]{40}$/m,
    ])
      expect(output).toMatch(line);
    const of = await nx('rings', '--log', '--ring=users', '--limit=1');
    expect(of).toContain('release users');
    expect(of).not.toContain('push to');
    expect(await nx('rings', '--at=2')).toMatch(/^api +0\.1\.0 +0\.1\.0 +-/m);
    expect(await fails('rings', '--at=2020-01-01')).toContain('the ledger does not go back to 2020-01-01');
  });

  it('is copied to a directory, and looked at there', async () => {
    const stick = workspace.path('stick');
    const output = await nx('image-promote', 'root', '--ring=testers', `--toStore=oci:${stick}`);
    expect(output).toMatch(/root: copied 3 images of testers to .*stick, \d+ blobs/);
    expect(await nx('image-promote', 'root', '--ring=testers', `--toStore=oci:${stick}`)).toContain(
      '3 images of testers up to date',
    );
    const said = await succeed('skopeo', ['inspect', `oci:${stick}/shop/base:testers`]);
    expect(said).toContain('"org.opencontainers.image.version": "0.2.0"');
  });

  it('leaves a store that is sound, and makes room in it', async () => {
    const output = await nx('store-doctor');
    expect(output).toContain('two pushes at once: both land');
    expect(output).not.toMatch(/^(problem|warning) /m);
    expect(await nx('store-prune')).toMatch(/kept: \d+ versions that rings hold/);
  });

  it.each([
    [['image-promote', 'root', '--ring=nowhere'], 'there is no ring nowhere; use one of ante, developers'],
    [['image-promote', 'root', '--ring=post'], 'nothing is promoted from post'],
    [['image-promote', 'root', '--ring=users'], 'users is the last ring: there is none after it'],
    [
      ['image-promote', 'root', '--to=developers'],
      'developers does not come after developers; use one of testers, users',
    ],
    [
      ['image-promote', 'alone', '--ring=testers'],
      'the ring testers does not hold alone; push it there first',
    ],
    [['image-promote', 'root', '--unshift'], '--unshift needs a ring'],
    [['image-promote', 'root', '--shift', '--to=users'], '--to and --shift do not go together'],
    [['image-promote', 'alone', '--ring=testers', '--unshift'], 'there is nothing to take back'],
    [['rings', '--hold=users'], 'a hold needs a reason'],
    [['rings', '--hold=post', '--reason=x'], 'post cannot be held'],
    [['rings', '--diff=testers'], 'does not name two rings'],
  ])('%j is one line', async (args, line) => {
    expect(await fails(...args)).toContain(line);
  });
});
