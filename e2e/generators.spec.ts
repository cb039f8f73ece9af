import { type Workspace, createWorkspace } from './support/workspace';

/** The packed plugin's generators in a workspace of their own. */
describe('a generator', () => {
  let workspace: Workspace;
  beforeAll(async () => {
    workspace = await createWorkspace({
      'apps/api/Containerfile': 'FROM scratch\nCOPY file /\n',
      'apps/api/file': 'api\n',
    });
  });
  afterAll(() => workspace.remove());

  const generate = (...args: string[]) => workspace.nx(['g', ...args, '--no-interactive']);
  const rings = (): string | undefined =>
    workspace.exists('gitops.yaml') ? /^rings: .*$/m.exec(workspace.read('gitops.yaml'))?.[0] : undefined;

  it('shows what it would do, and does nothing', async () => {
    const { code, output } = await generate('gitops:ring', 'testers', '--dry-run');
    expect({ code, output }).toMatchObject({ code: 0 });
    expect(output).toContain('CREATE gitops.yaml');
    expect(rings()).toBeUndefined();
  });

  it('adds, renames and removes rings, with which Nx works at once', async () => {
    for (const args of [['testers'], ['pilots', '--after=developers'], ['pilots', '--rename=friends']]) {
      const { code, output } = await generate('gitops:ring', ...args);
      expect({ code, output }).toMatchObject({ code: 0 });
    }
    expect(rings()).toBe('rings: [developers, friends, testers]');
    const { output } = await workspace.nx(['image-push', 'api', '--ring=friends']);
    expect(output).toContain('api: pushed 0.1.0 to friends');
  });

  it('says in one line what is wrong, and touches nothing', async () => {
    for (const [args, line] of [
      [['testers', '--before=developers'], 'there is a ring testers already: the rings are'],
      [['post'], 'is always there; leave it out of the list'],
      [['friends', '--remove'], 'the ring friends holds api 0.1.0; promote what is needed to another ring'],
    ] as const) {
      const { code, output } = await generate('gitops:ring', ...args);
      expect({ code, output }).toMatchObject({ code: 1 });
      expect(output).toContain(line);
      expect(output).not.toMatch(/^\s+at /m);
    }
    expect(rings()).toBe('rings: [developers, friends, testers]');
  });

  it('is listed, with its options', async () => {
    expect((await workspace.nx(['list', 'gitops'])).output).toContain('ring');
    const { output } = await workspace.nx(['g', 'gitops:ring', '--help']);
    expect(output).toContain('--after');
  });
});
