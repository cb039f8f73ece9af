import { type Target, type Workspace, createWorkspace } from './support/workspace';

interface Schema {
  readonly description: string;
  readonly properties?: Readonly<Record<string, { readonly description: string }>>;
  readonly examples: readonly { readonly command: string }[];
}

/** What a user finds who asks Nx, or Nx Console, what there is. */
describe('what Nx shows of the plugin', () => {
  let workspace: Workspace;
  beforeAll(async () => {
    workspace = await createWorkspace({
      'gitops.yaml': 'project: acme/shop\nroot: root\nrings: [developers, testers]\n',
      'apps/api/Containerfile': 'FROM scratch\nCOPY file /\n',
      'apps/api/Containerfile.worker': 'FROM scratch\nCOPY file /\n',
      'apps/api/file': 'api\n',
      'deploy/root/Containerfile': 'FROM scratch\nLABEL dependency.api="*"\nCOPY file /\n',
      'deploy/root/project.json': '{ "name": "root" }',
      'deploy/root/file': 'root\n',
    });
  });
  afterAll(() => workspace.remove());

  const shown = async (...args: string[]): Promise<string> => {
    const { code, output } = await workspace.nx(args);
    if (code !== 0) throw new Error(`nx ${args.join(' ')}: ${output}`);
    return output;
  };
  const packed = <T>(path: string): T => JSON.parse(workspace.read(`node_modules/gitops/${path}`)) as T;
  const entries = (kind: 'executors' | 'generators') =>
    Object.entries(
      packed<Record<string, Record<string, { schema: string; hidden?: boolean }>>>(`${kind}.json`)[kind]!,
    );
  const schemas = () =>
    new Map(entries('executors').map(([name, { schema }]) => [`gitops:${name}`, packed<Schema>(schema)]));
  const ours = async (): Promise<[task: string, target: Target][]> =>
    Object.entries((await workspace.graph()).nodes).flatMap(([project, { data }]) =>
      Object.entries(data.targets)
        .filter(([, { executor }]) => executor?.startsWith('gitops:'))
        .map(([name, target]): [string, Target] => [`${project}:${name}`, target]),
    );

  /** Every option with the start of its description, every example, and nothing that is not there. */
  function expectHelp(output: string, { properties = {}, examples }: Schema): void {
    expect(output).not.toContain('undefined');
    for (const [name, { description }] of Object.entries(properties)) {
      const [, start] =
        new RegExp(`^ +--${name}(?:, -\\w+)? +(\\S+(?: [^\\s[]\\S*)*)`, 'm').exec(output) ?? [];
      expect([name, description.startsWith(start ?? '(nothing)')]).toEqual([name, true]);
    }
    for (const { command } of examples) expect(output).toContain(command.split(' ').slice(0, 3).join(' '));
  }

  it('nx list', async () => {
    const output = await shown('list', 'gitops');
    for (const [name, { hidden }] of [...entries('executors'), ...entries('generators')])
      if (!hidden) expect(output).toMatch(new RegExp(`\\b${name}\\b`));
  });

  it('nx show project', async () => {
    const output = await shown('show', 'project', 'api');
    for (const target of ['image-build', 'image-label', 'image-push', 'image-promote', 'image-load'])
      for (const suffix of ['', '-worker']) expect(output).toContain(`${target}${suffix}`);
  });

  it('nx show target', async () => {
    const output = await shown('show', 'target', 'api:image-build');
    expect(output).toContain('gitops:build');
    expect(output).toContain('apps/api/Containerfile');
  });

  it('each target, or its executor, says what it is for', async () => {
    const targets = await ours();
    expect(targets.length).toBeGreaterThanOrEqual(18);
    for (const [task, { metadata, executor }] of targets) {
      const description = metadata?.description ?? schemas().get(executor)!.description;
      expect([task, description]).toEqual([task, expect.stringMatching(/\S/)]);
    }
  });

  it('what is there for each image says nothing that its executor says', async () => {
    const isOfImages = /:image-(label|push|promote|load)/;
    for (const [task, target] of await ours())
      if (isOfImages.test(task)) expect([task, 'metadata' in target]).toEqual([task, false]);
  });

  it('those that are there once say how they are used', async () => {
    const used = (await ours()).filter(([, { metadata }]) => metadata?.help);
    expect(used.map(([task]) => task.replace(/^\S+:/, '')).sort()).toEqual([
      'rings',
      'site-deploy',
      'site-diff',
      'site-render',
      'store-doctor',
      'store-prune',
    ]);
    for (const [task, { metadata }] of used)
      expect([task, metadata!.help!.command]).toEqual([task, expect.stringMatching(/^npx nx .* --help$/)]);
  });

  it('each executor has the options that the targets’ help names', async () => {
    const seen = new Map((await ours()).map(([task, target]) => [target.executor, { task, target }]));
    for (const [executor, { target }] of seen) {
      const properties = Object.keys(schemas().get(executor)!.properties ?? {});
      const { options = {} } = (target.metadata?.help?.example ?? {}) as { options?: object };
      for (const option of Object.keys(options)) expect(properties).toContain(option);
    }
    expect([...schemas().keys()].filter((executor) => !seen.has(executor))).toEqual([]);
  });

  it('--help of each kind of target shows every option', async () => {
    const tasks = new Map((await ours()).map(([task, { executor }]) => [executor, task]));
    for (const [name, { schema }] of entries('executors'))
      expectHelp(await shown('run', tasks.get(`gitops:${name}`)!, '--help'), packed<Schema>(schema));
  });

  it('--help of each generator shows every option', async () => {
    for (const [name, { schema }] of entries('generators'))
      expectHelp(await shown('g', `gitops:${name}`, '--help'), packed<Schema>(schema));
  });
});
