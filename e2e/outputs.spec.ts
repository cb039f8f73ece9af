import { readFileSync } from 'node:fs';
import { filesOf, readImage } from './support/image';
import { succeed } from './support/process';
import { tasksOf } from './support/tasks';
import { type Workspace, createWorkspace } from './support/workspace';
import { whenAvailable } from '../packages/gitops/test/support/available';

interface Inspected {
  readonly Digest: string;
  readonly Architecture: string;
  readonly Layers: readonly string[];
  readonly Labels: Readonly<Record<string, string>>;
}

/** Other tools have the last word on what an image is. */
whenAvailable('skopeo', 'the output, as skopeo reads it', () => {
  let workspace: Workspace;
  const options = (name: string, given: object) =>
    JSON.stringify({ name, targets: { 'image-build': { options: given } } });

  beforeAll(async () => {
    workspace = await createWorkspace({
      'base/Containerfile': 'FROM scratch\nCOPY file /base\n',
      'base/file': 'base\n',
      'thin/Containerfile': 'FROM shop/base\nCOPY file /thin\n',
      'thin/file': 'thin\n',
      'full/Containerfile': 'FROM shop/base\nCOPY file /full\nENTRYPOINT ["/full"]\n',
      'full/file': 'full\n',
      'full/project.json': options('full', { full: true }),
      'many/Containerfile': 'FROM scratch\nARG TARGETARCH\nCOPY common $TARGETARCH /\n',
      'many/common': 'common\n',
      'many/amd64/word': 'amd64\n',
      'many/arm64/word': 'arm64\n',
      'many/project.json': options('many', { platforms: ['linux/amd64', 'linux/arm64'] }),
      'elsewhere/Containerfile': 'FROM scratch\n',
      'elsewhere/project.json': options('elsewhere', { outputPath: 'dist/images/elsewhere' }),
    });
    const { code, output } = await workspace.build();
    expect({ code, output }).toMatchObject({ code: 0 });
  });
  afterAll(() => workspace.remove());

  it.each(['dist/base/image', 'dist/full/image', 'dist/thin/image', 'dist/images/elsewhere'])(
    'can be inspected: %s',
    async (output) => {
      const { digest, layers } = readImage(workspace.path(output));
      expect(await inspect(output)).toMatchObject({
        Digest: digest,
        Architecture: 'amd64',
        Layers: layers.map((layer) => layer.digest),
        Labels: { 'org.opencontainers.image.ref.name': expect.stringMatching(/^shop\//) as string },
      });
    },
  );

  it('can be copied whole with the option full', async () => {
    const archive = workspace.path('full.tar');
    await succeed('skopeo', [
      'copy',
      `oci:${workspace.path('dist/full/image')}`,
      `docker-archive:${archive}:full:1`,
    ]);
    expect(readFileSync(archive).length).toBeGreaterThan(0);
    expect([...(await filesOf(workspace.path('dist/full/image'))).keys()]).toEqual(['base', 'full']);
  });

  it('holds just its own layers without it', async () => {
    const { layers } = readImage(workspace.path('dist/thin/image'));
    const held = layers.map(({ digest }) =>
      workspace.exists(`dist/thin/image/blobs/${digest.replace(':', '/')}`),
    );
    expect(held).toEqual([false, true]);
  });

  it.each(['amd64', 'arm64'])('has an image for each platform: %s', async (architecture) => {
    const inspected = await inspect('dist/many/image', [
      '--override-os=linux',
      `--override-arch=${architecture}`,
    ]);
    expect(inspected.Architecture).toBe(architecture);
    const copy = workspace.path(`${architecture}`);
    const from = `oci:${workspace.path('dist/many/image')}`;
    await succeed('skopeo', [
      `--override-arch=${architecture}`,
      '--override-os=linux',
      'copy',
      from,
      `oci:${copy}`,
    ]);
    const files = await filesOf(copy);
    expect(files.get('word')?.content.toString()).toBe(`${architecture}\n`);
    expect(files.get('common')?.content.toString()).toBe('common\n');
  });

  it('is the same once more, with other options of the command line', async () => {
    const before = readImage(workspace.path('dist/thin/image'));
    const { code, stdout } = await workspace.nx(['image-build', 'thin', '--full', '--output-style=static']);
    expect(code).toBe(0);
    expect(tasksOf(stdout)['thin:image-build']!.log).toHaveLength(1);
    const after = readImage(workspace.path('dist/thin/image'));
    expect(after).toEqual(before);
    expect([...(await filesOf(workspace.path('dist/thin/image'))).keys()]).toEqual(['base', 'thin']);
  });

  async function inspect(output: string, flags: string[] = []): Promise<Inspected> {
    const said = await succeed('skopeo', [...flags, 'inspect', `oci:${workspace.path(output)}`]);
    return JSON.parse(said) as Inspected;
  }
});
