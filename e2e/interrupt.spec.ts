import { existsSync, readdirSync, truncateSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Result } from './support/process';
import { leftovers, readImage } from './support/image';
import { built } from './support/tasks';
import { type Workspace, createWorkspace } from './support/workspace';

const OUTPUT = 'dist/big/image';

/** An image that takes long enough to write that one can get in between. */
describe('a build that is stopped half-way', () => {
  let workspace: Workspace;

  beforeEach(async () => {
    workspace = await createWorkspace({
      'big/Containerfile': 'FROM scratch\nCOPY small /\nCOPY data /\n',
      'big/small': 'small\n',
      'big/data': '',
    });
    // Sparse: it takes no room until it is in an image.
    truncateSync(workspace.path('big/data'), 2 ** 30);
  });
  afterEach(() => workspace.remove());

  it('by Ctrl-C leaves nothing half-written, and can be run again', async () => {
    const { code, output } = await stopped('SIGINT');
    expect(code).not.toBe(0);
    expect(output).not.toMatch(/^\s+at /m);
    // Nx may end before the process that builds, which has a few seconds.
    for (let i = 0; leftovers(workspace.path(OUTPUT)).length > 0 && i < 60; i++) await sleep(100);
    expect(leftovers(workspace.path(OUTPUT))).toEqual([]);
    expect(published()).toEqual([]);
    await buildsAfterwards();
  });

  it('by SIGKILL leaves what the next run cleans away', async () => {
    await stopped('SIGKILL');
    expect(published()).toEqual([]);
    await buildsAfterwards();
    expect(leftovers(workspace.path(OUTPUT))).toEqual([]);
  });

  /** Stops Nx and all that it has started in the middle of writing the layer. */
  async function stopped(signal: NodeJS.Signals): Promise<Result> {
    let group: number | undefined;
    const result = workspace.build([], { onStart: (pid) => (group = pid) });
    let over = false;
    void result.finally(() => (over = true));
    while (leftovers(workspace.path(OUTPUT)).length === 0) {
      if (over) throw new Error(`it was over too soon: ${(await result).output}`);
      await sleep(5);
    }
    process.kill(-group!, signal);
    return result;
  }

  /** What index.json names. It is always whole, or not there yet. */
  function published(): unknown[] {
    if (!workspace.exists(`${OUTPUT}/index.json`)) return [];
    return (JSON.parse(workspace.read(`${OUTPUT}/index.json`)) as { manifests: unknown[] }).manifests;
  }

  async function buildsAfterwards(): Promise<void> {
    truncateSync(workspace.path('big/data'), 2 ** 20);
    const { code, stdout } = await workspace.build();
    expect(code).toBe(0);
    expect(built(stdout)).toEqual(['big']);
    const { layers } = readImage(workspace.path(OUTPUT));
    expect(layers).toHaveLength(2);
    expect(readdirSync(workspace.path(`${OUTPUT}/blobs/sha256`))).toHaveLength(4);
    expect(existsSync(workspace.path(`${OUTPUT}/oci-layout`))).toBe(true);
  }
});
