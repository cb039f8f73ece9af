import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Digest } from '../../src/oci/digest';
import type { Index } from '../../src/oci/types';
import { withEngine } from './fixture';
import { SHELL, TestWorkspace } from './workspace';

jest.setTimeout(60_000);

withEngine('docker', 'what the output has from an earlier build', (engine) => {
  let shop: TestWorkspace;

  beforeEach(async () => {
    Object.assign(process.env, engine().env);
    shop = new TestWorkspace({
      base: SHELL,
      api: { containerfile: 'FROM shop/base\nRUN echo made > /made\nCOPY file /\n', files: { file: 'one' } },
    });
    await shop.buildAll('base', 'api');
  });
  afterEach(async () => {
    shop.remove();
    expect(await engine().leftovers()).toEqual([]);
  });
  afterAll(() => delete process.env['DOCKER_HOST']);

  it('is not taken from the engine again: layers', async () => {
    const { own } = shop.image('api');
    spoil(own[0]!);
    shop.write('api', { file: 'two' });
    await shop.build('api');
    expect(shop.image('api').own).toEqual([own[0], expect.not.stringMatching(own[1]!)]);
    expect(isSpoilt(own[0]!)).toBe(true);
  });

  it('is not taken from the engine again: an image that is the same', async () => {
    const { id } = shop.image('api');
    forgetWhatItIsMadeFrom();
    const began = Date.now();
    const { built, said } = await shop.build('api');
    expect(built).toBe(true);
    expect(said.join('\n')).toMatch(/RUN echo made > \/made \(cached\)/);
    expect(shop.image('api').id).toBe(id);
    expect(await exports(began)).toEqual([]);
  });

  it('is taken where it is not whole', async () => {
    const { own, id } = shop.image('api');
    writeFileSync(pathOf(own[0]!), 'half');
    const began = Date.now();
    await shop.build('api');
    expect(await exports(began)).toHaveLength(1);
    expect(shop.image('api')).toMatchObject({ own, id });
    expect((await shop.texts('api'))['made']).toBe('made\n');
  });

  /** Other bytes of the same number. */
  function spoil(digest: Digest): void {
    const path = pathOf(digest);
    writeFileSync(path, readFileSync(path).fill('x'));
  }

  function isSpoilt(digest: Digest): boolean {
    return readFileSync(pathOf(digest)).every((byte) => byte === 'x'.charCodeAt(0));
  }

  function forgetWhatItIsMadeFrom(): void {
    const path = join(shop.layout('api').directory, 'index.json');
    const index = JSON.parse(readFileSync(path, 'utf8')) as Index;
    const [entry] = index.manifests;
    const annotations = { ...entry!.annotations, 'dev.gitops.build': 'something else' };
    writeFileSync(path, JSON.stringify({ ...index, manifests: [{ ...entry, annotations }] }));
  }

  function pathOf(digest: Digest): string {
    return join(shop.layout('api').directory, 'blobs', digest.replace(':', '/'));
  }

  /** The containers by which something was taken from the engine, since then. */
  async function exports(since: number): Promise<string[]> {
    const events = await engine().engine.docker.getEvents({
      since: since / 1000,
      until: Date.now() / 1000,
      filters: { type: ['container'], event: ['create'] },
    });
    return (await text(events)).match(/gitops-export-[\w-]+/g) ?? [];
  }
});
