import { hexOf } from '../../src/oci/digest';
import { withEngine } from './fixture';
import { SHELL, TestWorkspace } from './workspace';

jest.setTimeout(120_000);

/**
 * Podman 4 reads the names of an image, and writes them with one more or one less: of two processes that do so at once,
 * one has done nothing. Here a name goes just before the stage that needs it.
 */
withEngine('podman', 'an engine that loses the name of a base', (engine) => {
  const slow = 'FROM shop/base AS slow\nRUN echo made > /made && echo sleeping && sleep 1\n';
  let shop: TestWorkspace;

  beforeAll(async () => {
    Object.assign(process.env, engine().env);
    shop = new TestWorkspace({
      base: SHELL,
      data: { containerfile: 'FROM scratch\nCOPY file /data\n', files: { file: 'data\n' } },
      api: { containerfile: `${slow}FROM shop/data\nCOPY --from=slow /made /\n` },
    });
    await shop.buildAll('base', 'data');
  });
  afterAll(() => {
    shop.remove();
    delete process.env['DOCKER_HOST'];
  });

  /** Takes the name of the small base away. */
  async function lose(): Promise<void> {
    const { docker } = engine().engine;
    for (const { Id, RepoTags } of await docker.listImages())
      if (Id.endsWith(dataId())) for (const name of RepoTags ?? []) await docker.getImage(name).remove();
  }
  const dataId = () => hexOf(shop.image('data').manifest.config.digest);

  it('gets it again, and builds again', async () => {
    const losses: Promise<void>[] = [];
    const onOutput = (line: string) =>
      void (/sleeping$/.test(line) && losses.length === 0 && losses.push(lose()));
    await shop.build('api', { onOutput });
    expect(losses).toHaveLength(1);
    await Promise.all(losses);
    expect((await shop.texts('api'))['made']).toBe('made\n');
    expect(shop.image('api').manifest.layers[0]).toEqual(shop.image('data').manifest.layers[0]);
    expect(await engine().leftovers()).toEqual([]);
  });

  it('gives up where it is lost each time', async () => {
    const losses: Promise<void>[] = [];
    const onOutput = (line: string) => void (/sleeping$/.test(line) && losses.push(lose()));
    shop.write('api', { Containerfile: `${slow}RUN true\nFROM shop/data\nCOPY --from=slow /made /again\n` });
    await expect(shop.build('api', { onOutput, options: { noCache: true } })).rejects.toThrow(
      /^api\/Containerfile: .*gitops\.invalid/,
    );
    expect(losses).toHaveLength(4);
    await Promise.all(losses);
    expect(await engine().leftovers()).toEqual([]);
  });
});
