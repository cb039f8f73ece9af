import { chmodSync, chownSync, readdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { leftovers, readImage } from './support/image';
import { built, tasksOf } from './support/tasks';
import { type Workspace, createWorkspace } from './support/workspace';

/** Nobody listens there. */
const CLOSED = '127.0.0.1:9';

/** What is wrong, the container file, and the line that the build says. */
const MISTAKES: Readonly<Record<string, [what: string, containerfile: string, message: RegExp]>> = {
  unknown: ['an unknown instruction', 'FROM scratch\nCOPPY a /\n', /^unknown\/Containerfile:2: .*COPPY.*; /],
  missing: ['a missing source', 'FROM scratch\nCOPY nothing /\n', /^missing\/Containerfile:2: .*nothing.*; /],
  outside: [
    'a source outside the context',
    'FROM scratch\nCOPY ../missing/Containerfile /\n',
    /^outside\/Containerfile:2: .*; /,
  ],
  escaping: [
    'a link that leads out of the context',
    'FROM scratch\nCOPY link /\n',
    /^escaping\/Containerfile:2: .*link/,
  ],
  ignored: [
    'a source that is ignored',
    'FROM scratch\nCOPY secret /\n',
    /^ignored\/Containerfile:2: .*secret is left out by ignored\/\.dockerignore; /,
  ],
  stage: ['an unknown stage', 'FROM scratch\nCOPY --from=7 /a /\n', /^stage\/Containerfile:2: .*7/],
  self: [
    'a stage that copies from itself',
    'FROM scratch AS one\nCOPY --from=one /a /\n',
    /^self\/Containerfile:2: .*one/,
  ],
  owner: [
    'an unknown user',
    'FROM scratch\nCOPY --chown=alice file /\n',
    /^owner\/Containerfile:2: .*alice.*; /,
  ],
  nowhere: [
    'a base that is nowhere',
    `FROM ${CLOSED}/nope/base\n`,
    /^nowhere\/Containerfile:1: .*127\.0\.0\.1:9/,
  ],
  reference: ['a name that no image has', 'FROM Shop/Base\n', /^reference\/Containerfile:1: .*Shop\/Base/],
  engine: ['a RUN without an engine', 'FROM scratch\n\nRUN make\n', /^engine\/Containerfile:3: .*RUN.*; /],
  empty: ['an empty file', '# Nothing yet.\n', /^empty\/Containerfile(:1)?: .*FROM/],
};

/** Who builds, where it is not the plugin itself; it is no part of the message. */
const PLAN = /^\w+: engine, /;

describe('a mistake', () => {
  let workspace: Workspace;
  let code: number | null;
  let output: string;

  beforeAll(async () => {
    const mistakes = Object.entries(MISTAKES).map(([name, [, text]]) => [`${name}/Containerfile`, text]);
    workspace = await createWorkspace({
      ...(Object.fromEntries(mistakes) as Record<string, string>),
      ...withOptions('misnamed', { image: 'Not a name' }),
      ...withOptions('platform', { platforms: ['vax'] }),
      ...withOptions('target', { target: 'last' }),
      ...withOptions('away', { outputPath: '../away' }),
      ...withOptions('below', { outputPath: 'nx.json/image' }),
      ...withOptions('rival/one', { outputPath: 'dist/rival' }),
      ...withOptions('rival/two', { outputPath: 'dist/rival/' }),
      'ignored/.dockerignore': 'secret\n',
      'ignored/secret': 'xyz\n',
      'owner/file': '',
      'fine/Containerfile': 'FROM scratch\nCOPY file /\n',
      'fine/file': 'fine\n',
      'circle/one/Containerfile': 'FROM shop/two\n',
      'circle/two/Containerfile': '# Two.\nFROM shop/three\n',
      'circle/three/Containerfile': 'FROM shop/one\n',
      'claims/a/Containerfile': 'FROM scratch\n',
      'claims/a/package.json': '{"name": "@left/claimed"}',
      'claims/b/Containerfile': 'FROM scratch\n',
      'claims/b/package.json': '{"name": "@right/claimed"}',
    });
    workspace.link('escaping/link', '../fine/file');
    ({ code, output } = await workspace.build([], { env: { DOCKER_HOST: `tcp://${CLOSED}` } }));
  });
  afterAll(() => workspace.remove());

  it.each(Object.entries(MISTAKES).map(([project, [what, , message]]) => ({ what, project, message })))(
    'is told in one line: $what',
    ({ project, message }) => {
      const { log } = tasksOf(output)[`${project}:image-build`]!;
      expect(log.filter((line) => !PLAN.test(line))).toEqual([expect.stringMatching(message)]);
    },
  );

  it('is told in one line: a circle of images, with its path', () => {
    const tasks = tasksOf(output);
    expect(tasks).toMatchObject({
      'one:image-build': {
        log: [expect.stringMatching(/^circle\/one\/Containerfile:1: .*one → two → three → one; /)],
      },
      'two:image-build': {
        log: [expect.stringMatching(/^circle\/two\/Containerfile:2: .*two → three → one → two; /)],
      },
      'three:image-build': { log: [expect.stringMatching(/^circle\/three\/Containerfile:1: .*three → one/)] },
    });
  });

  it.each([
    ['a name that is none', 'misnamed', /^misnamed\/Containerfile: .*"shop\/Not a name".*; /],
    ['an unknown platform', 'platform', /^platform\/Containerfile: .*"vax".*; /],
    ['a stage that is not there', 'target', /^target\/Containerfile: .*"last".*; /],
    ['an output outside the workspace', 'away', /^away\/Containerfile: its outputPath \.\.\/away .*; /],
    ['an output below a file', 'below', /^below\/Containerfile: .*nx\.json\/image/],
    [
      'an output of another image',
      'rival/one',
      /^rival\/one\/Containerfile: .* rival\/two\/Containerfile too; /,
    ],
    [
      'an output of another image',
      'rival/two',
      /^rival\/two\/Containerfile: .* rival\/one\/Containerfile too; /,
    ],
  ])('of an option is told in one line: %s', (_, directory, message) => {
    const { log } = tasksOf(output)[`${directory.replace('/', '-')}:image-build`]!;
    expect(log).toEqual([expect.stringMatching(message)]);
  });

  it('is told in one line: two projects that claim one name', () => {
    const claimed = /claims\/a\/Containerfile.*claims\/b\/Containerfile.*; rename/;
    expect(tasksOf(output)).toMatchObject({
      '@left/claimed:image-build': { log: [expect.stringMatching(claimed)] },
      '@right/claimed:image-build': { log: [expect.stringMatching(claimed)] },
    });
  });

  it('fails the run, and stops no other image', () => {
    expect(code).toBe(1);
    expect(built(output)).toEqual(['fine']);
    expect(readdirSync(workspace.path('dist'))).toEqual(['fine']);
  });

  it('shows no stack', () => {
    expect(output).not.toMatch(/^\s+at /m);
    expect(output).not.toContain('a fault in gitops');
    expect(output).not.toContain('undefined');
  });
});

describe('what a build finds in its way', () => {
  let workspace: Workspace;
  const output = 'dist/base/image';

  beforeAll(async () => {
    workspace = await createWorkspace({
      'base/Containerfile': 'FROM scratch\nCOPY file /\n',
      'base/file': 'base\n',
      'api/Containerfile': 'FROM shop/base\nCOPY file /api\n',
      'api/file': 'api\n',
    });
    expect((await workspace.build()).code).toBe(0);
  });
  afterAll(() => workspace.remove());

  it.each<[string, (at: Workspace) => void]>([
    ['an index.json that is cut off', (at) => at.write(`${output}/index.json`, '{"schemaVersion": 2, "mani')],
    ['an index.json of something else', (at) => at.write(`${output}/index.json`, '[]')],
    ['a layer that is gone', (at) => at.delete(layer(at))],
    ['a layer that is cut off', (at) => truncateSync(at.path(layer(at)), 100)],
    ['no oci-layout', (at) => at.delete(`${output}/oci-layout`)],
  ])('is mended: %s', async (_, damage) => {
    const { id } = readImage(workspace.path(output));
    damage(workspace);
    const { code, stdout } = await workspace.build(['--skip-nx-cache']);
    expect({ code, built: built(stdout) }).toMatchObject({
      code: 0,
      built: expect.arrayContaining(['base']),
    });
    expect(readImage(workspace.path(output)).id).toBe(id);
    expect(workspace.exists(layer(workspace))).toBe(true);
    expect(leftovers(workspace.path(output))).toEqual([]);
  });

  it.each<[string, string, RegExp[]]>([
    ['no YAML', 'project: shop\nstore: [\n', [/^gitops\.yaml:\d:\d: /, /^not built: base/]],
    ['an unknown key', 'project: shop\nrigns: [a]\n', [/^gitops\.yaml:2:1: .*rigns.*; /, /^not built: base/]],
  ])('fails each build for a gitops.yaml with %s', async (_, text, messages) => {
    workspace.write('gitops.yaml', text);
    const { code, output } = await workspace.build();
    workspace.delete('gitops.yaml');
    expect(code).toBe(1);
    expect(output).not.toMatch(/^\s+at /m);
    const { 'base:image-build': base, 'api:image-build': api } = tasksOf(output);
    expect(base!.log).toEqual([expect.stringMatching(messages[0]!)]);
    expect(api!.log).toEqual([expect.stringMatching(messages[1]!)]);
  });

  it('fails the build of what may not be read or written, as an ordinary user', async () => {
    workspace.write('api/file', 'secret\n');
    workspace.write(
      'base/project.json',
      '{"name": "base", "targets": {"image-build": {"options": {"outputPath": "locked/base"}}}}',
    );
    workspace.write('locked/here', '');
    // To root no file is closed.
    const user = process.getuid?.() === 0 ? 65534 : undefined;
    if (user !== undefined) own(workspace, user);
    chmodSync(workspace.path('api/file'), 0);
    chmodSync(workspace.path('locked'), 0o555);
    workspace.write('api/Containerfile', 'FROM scratch\nCOPY file /api\n');
    const { code, output } = await workspace.build([], { ...(user === undefined ? {} : { user }) });
    expect(code).toBe(1);
    expect(output).not.toMatch(/^\s+at /m);
    const { 'base:image-build': base, 'api:image-build': api } = tasksOf(output);
    expect(base!.log).toEqual([expect.stringMatching(/locked\/base.*(EACCES|permission)/)]);
    expect(api!.log).toEqual([expect.stringMatching(/^api\/Containerfile:2: .*file.*(EACCES|permission)/)]);
  });
});

/** The layer that the base's output has. */
function layer(workspace: Workspace): string {
  const { layers } = readImage(workspace.path('dist/base/image'));
  return `dist/base/image/blobs/${layers[0]!.digest.replace(':', '/')}`;
}

/** Gives a workspace to another user, node_modules aside, which all workspaces share. */
function own(workspace: Workspace, user: number): void {
  const all = readdirSync(workspace.above, { recursive: true, encoding: 'utf8' });
  for (const path of ['', ...all.filter((path) => !path.includes('node_modules/'))])
    chownSync(join(workspace.above, path), user, user);
}

/** A project that sets options of its image's target. */
function withOptions(directory: string, options: object): Record<string, string> {
  const name = directory.replace('/', '-');
  return {
    [`${directory}/Containerfile`]: 'FROM scratch\nLABEL a=b\n',
    [`${directory}/project.json`]: JSON.stringify({ name, targets: { 'image-build': { options } } }),
  };
}
