import { workspaceOf } from '../../../test/publish/workspaces';
import { useDirectory } from '../../../test/support/files';
import { GitopsError } from '../../support/errors';
import { Workspace } from '../../workspace/workspace';
import { imagesOf, inGroups } from './tasks';

const directory = useDirectory();
/** As many as no workspace has: what takes the square of them would take a minute. */
const MANY = 20_000;
const SECONDS = 5;

async function seconds(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

describe('tasks', () => {
  it('that are equal in what matters are one piece of work', async () => {
    const tasks = new Map([
      ['a:push', { ring: 'x', n: 1 }],
      ['b:push', { ring: 'y', n: 2 }],
      ['c:push', { ring: 'x', n: 3 }],
    ]);
    const groups: string[][] = [];
    const outcomes = await inGroups(
      tasks,
      ({ ring }) => ring,
      async ({ ring }, group) => {
        groups.push([ring, ...group.keys()]);
        if (ring === 'y') throw new GitopsError('no such ring');
        return new Map<string, GitopsError | string>([
          ['a:push', 'done'],
          ['c:push', new GitopsError('it failed')],
        ]);
      },
    );
    expect(groups).toEqual([
      ['x', 'a:push', 'c:push'],
      ['y', 'b:push'],
    ]);
    expect(Object.fromEntries(outcomes)).toEqual({
      'a:push': { success: true, log: 'done\n' },
      'b:push': { success: false, log: 'no such ring\n' },
      'c:push': { success: false, log: 'it failed\n' },
    });
  });

  it('are for images, by their projects and targets', () => {
    const workspace = workspaceOf(directory(), { api: 'FROM scratch\n', base: 'FROM scratch\n' });
    const build = { buildTarget: 'image-build' };
    const images = imagesOf(workspace, new Map([['base:image-push', build]]));
    expect([...images].map(([task, { name }]) => [task, name])).toEqual([['base:image-push', 'base']]);
  });

  it.each([
    ['other:image-push', 'image-build', 'other:image-build'],
    ['api:image-push', 'build', 'api:build'],
  ])('%s is for none where %s builds none', (task, buildTarget, named) => {
    const workspace = workspaceOf(directory(), { api: 'FROM scratch\n' });
    expect(() => imagesOf(workspace, new Map([[task, { buildTarget }]]))).toThrow(
      `${named} builds no image; correct the option buildTarget`,
    );
  });

  it('in great numbers take a time that grows with their number alone', async () => {
    const workspace = new Workspace(
      directory(),
      workspaceOf(directory(), {}).settings,
      Array.from({ length: MANY }, (_, i) => ({
        name: `image-${i}`,
        project: `image-${i}`,
        projectRoot: `image-${i}`,
        targetName: 'image-build',
        options: { containerfile: `image-${i}/Containerfile` },
      })),
    );
    const tasks = new Map(
      workspace.images.map(({ project }) => [`${project}:image-push`, { buildTarget: 'image-build' }]),
    );
    const work = async (): Promise<Map<string, string>> => new Map();
    expect(await seconds(() => inGroups(tasks, () => 'all', work))).toBeLessThan(SECONDS);
    expect(await seconds(() => imagesOf(workspace, tasks))).toBeLessThan(SECONDS);
  });
});
