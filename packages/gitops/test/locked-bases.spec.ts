import { readAll } from '../src/oci/content';
import type { Digest } from '../src/oci/digest';
import { OCI } from '../src/oci/media-types';
import { openRegistry } from '../src/oci/registry';
import type { WritableRepository } from '../src/oci/store';
import { formatBaseLock } from '../src/workspace/base-lock';
import { Stores } from '../src/workspace/stores';
import { TestWorkspace } from './engine/workspace';
import { type RunningRegistry, startDockerRegistry } from './oci/docker-registry';
import { AMD64, ARM64, storeBuilt, storeIndex } from './publish/images';
import { whenAvailable } from './support/available';
import { writeFiles } from './support/files';
import { END, rawMember } from './support/tar';

jest.setTimeout(30_000);

describe('a locked base', () => {
  describe('in a directory that stands in for its registry', () => {
    suite(() => ({ location: 'oci:store', reference: 'tools/base:1' }));
  });

  whenAvailable('docker-registry', 'in a registry', () => {
    let registry: RunningRegistry;
    beforeAll(async () => {
      registry = await startDockerRegistry();
    });
    afterAll(() => registry.stop());
    suite(() => ({ location: registry.host, reference: `${registry.host}/tools/base:1` }), true);
  });
});

function suite(where: () => { location: string; reference: string }, isRegistry = false): void {
  let workspace: TestWorkspace;
  let stores: Stores;
  let repository: WritableRepository;
  let one: Digest;
  let two: Digest;

  beforeEach(async () => {
    const { location, reference } = where();
    workspace = new TestWorkspace({
      api: { containerfile: `FROM ${reference}\nCOPY file /\n`, files: { file: 'api' } },
      tool: { containerfile: `FROM scratch\nCOPY --from=${reference} /motd /\n` },
      own: { containerfile: 'FROM scratch\nCOPY file /\n', files: { file: 'own' } },
    });
    stores = new Stores(workspace.root, openRegistry);
    repository = stores.open(location).repository('tools/base');
    one = await publish('one');
    two = await publish('two');
  });
  afterEach(async () => {
    await stores.close();
    workspace.remove();
  });

  it('is built on, whatever its tag means', async () => {
    const { log } = await workspace.build('tool');
    expect(await workspace.texts('tool')).toEqual({ motd: 'two' });
    expect(log).toEqual([
      expect.stringMatching(
        /^warning: tool\/Containerfile:2: .* means now; lock it by nx g gitops:lock, or pin it as /,
      ),
    ]);
    lock({ [where().reference]: one });
    expect(await workspace.build('tool')).toMatchObject({ built: true, log: [] });
    expect(await workspace.texts('tool')).toEqual({ motd: 'one' });
    await publish('three');
    expect(await workspace.build('tool')).toMatchObject({ built: false, log: [] });
  });

  it('has the labels that it has by its tag', async () => {
    await workspace.build('api');
    const before = labels('api');
    const same = { ...before, [`${ANNOTATION}revision`]: expect.any(String) as string };
    lock({ [where().reference]: two });
    await workspace.build('api');
    expect(labels('api')).toEqual(same);
    workspace.write('api', { Containerfile: `FROM ${where().reference}@${two}\nCOPY file /\n` });
    await workspace.build('api');
    expect(labels('api')).toEqual(same);
    expect(before[`${ANNOTATION}base.name`]).toMatch(/tools\/base:1$/);
  });

  it('is in the revision: that changes when, and only when, the digest does', async () => {
    const revisions = async (): Promise<string[]> =>
      (await workspace.buildAll('api', 'tool', 'own')).map(({ revision }) => revision);
    const loose = await revisions();
    lock({ [where().reference]: one });
    const first = await revisions();
    lock({ [where().reference]: two });
    const second = await revisions();
    for (const image of [0, 1]) expect(new Set([loose[image], first[image], second[image]]).size).toBe(3);
    expect([loose[2], first[2], second[2]]).toEqual(Array(3).fill(loose[2]));

    lock({ [where().reference]: one, 'unused:1': two });
    expect(await revisions()).toEqual(first);
    await publish('three');
    expect(await revisions()).toEqual(first);
    lock({});
    expect(await revisions()).toEqual(loose);
  });

  it('is locked for all of its platforms', async () => {
    lock({ [where().reference]: one });
    const platforms = ['linux/amd64', 'linux/arm64'];
    expect(await workspace.build('tool', { options: { platforms } })).toMatchObject({ built: true, log: [] });
    const { manifests } = JSON.parse(
      (await readAll(workspace.layout('tool').open(workspace.layout('tool').entries()[0]!))).toString(),
    ) as { manifests: unknown[] };
    expect(manifests).toHaveLength(2);
  });

  // What a directory lacks, Docker Hub is asked for.
  if (isRegistry)
    it.each([
      ['assembled', ''],
      ['built by an engine, which may have the tag', 'RUN true\n'],
    ])('that is gone is no base of what is %s', async (_name, more) => {
      lock({ [where().reference]: one });
      workspace.write('api', { Containerfile: `FROM ${where().reference}\n${more}` });
      await repository.delete!(one);
      const { reference } = where();
      await expect(workspace.build('api')).rejects.toThrow(
        `api/Containerfile:1: there is no image ${reference}@${one} in `,
      );
      await expect(workspace.build('api')).rejects.toThrow(
        `; gitops.lock.json has this digest: run nx g gitops:lock ${reference}`,
      );
    });

  const ANNOTATION = 'org.opencontainers.image.';
  const labels = (name: string): Record<string, string> => workspace.image(name).config.config?.Labels ?? {};

  function lock(entries: Readonly<Record<string, Digest>>): void {
    writeFiles(workspace.root, { 'gitops.lock.json': formatBaseLock(new Map(Object.entries(entries))) });
  }

  /** An image for two platforms, with a file of this text; the tag then means it. */
  async function publish(text: string): Promise<Digest> {
    const images = [];
    for (const platform of [AMD64, ARM64]) {
      const layer = Buffer.concat([
        rawMember({ name: 'motd', body: text, size: text.length.toString(8).padStart(11, '0') }),
        END,
      ]);
      images.push({ ...(await storeBuilt(repository, [layer], platform)), platform });
    }
    const index = await storeIndex(repository, images);
    const bytes = await readAll(repository.open(index));
    return (await repository.putManifest({ mediaType: OCI.index, bytes }, '1')).digest;
  }
}
