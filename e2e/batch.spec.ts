import { readImage } from './support/image';
import { built, tasksOf } from './support/tasks';
import { type Workspace, createWorkspace } from './support/workspace';

describe('many images in one run, one of them broken', () => {
  let workspace: Workspace;

  beforeAll(async () => {
    const independent = Array.from({ length: 20 }, (_, i) => [
      [`many/image${i}/Containerfile`, 'FROM scratch\nCOPY file /\n'],
      [`many/image${i}/file`, `${i}\n`],
    ]);
    workspace = await createWorkspace({
      ...(Object.fromEntries(independent.flat()) as Record<string, string>),
      'broken/Containerfile': 'FROM scratch\n\nCOPY nothing /\n',
      'above/Containerfile': 'FROM shop/broken\n',
      'beside/Containerfile': 'FROM scratch\nCOPY --from=shop/broken / /\n',
      'top/Containerfile': 'FROM shop/above\n',
      'mentions/Containerfile': 'FROM scratch\nLABEL dependency.broken="*"\n',
    });
  });
  afterAll(() => workspace.remove());

  it('says which line is at fault, whatever the output style, and exits with 1', async () => {
    const { code, stdout, stderr } = await workspace.nx(['run-many', '-t', 'image-build']);
    expect(code).toBe(1);
    expect(stdout).toContain('Running 25 tasks with gitops:build');
    expect(stdout).toContain('broken/Containerfile:3: COPY source nothing does not exist');
    const failed = stderr.split('\n').filter((line) => line.startsWith('- '));
    expect(failed.sort()).toEqual(
      ['above', 'beside', 'broken', 'top'].map((project) => `- ${project}:image-build`),
    );
  });

  it('has built all that is not made from the broken one, in the same run', () => {
    expect(readImage(workspace.path('dist/mentions/image')).layers).toEqual([]);
    for (let i = 0; i < 20; i++)
      expect(readImage(workspace.path(`dist/many/image${i}/image`)).layers).toHaveLength(1);
    for (const project of ['above', 'beside', 'broken', 'top'])
      expect(workspace.exists(`dist/${project}`)).toBe(false);
  });

  it('tells of each image that waited in vain what it waited for', async () => {
    const { stdout } = await workspace.build();
    expect(tasksOf(stdout)).toMatchObject({
      'above:image-build': { log: ['not built: broken:image-build failed'] },
      'beside:image-build': { log: ['not built: broken:image-build failed'] },
      'top:image-build': { log: ['not built: above:image-build failed'] },
    });
  });

  it('builds the rest once the line is mended, one at a time on request', async () => {
    workspace.write('broken/nothing', 'something\n');
    const { code, stdout } = await workspace.build(['--concurrency=1']);
    expect(code).toBe(0);
    // Run with another option, all of them are other tasks to Nx; what is there is not made again.
    expect(built(stdout)).toEqual(['above', 'beside', 'broken', 'top']);
  });

  it('builds one image without a batch', async () => {
    const { code, stdout } = await workspace.nx(['image-build', 'top'], { env: { NX_BATCH_MODE: 'false' } });
    expect(code).toBe(0);
    expect(stdout).toContain('top');
  });
});
