import { itUnless } from '../support/available';
import { readlinkSync, rmSync } from 'node:fs';
import { sha256 } from '../../src/oci/digest';
import { GitopsError } from '../../src/support/errors';
import { BASE, busybox, onDisk, type TestEngine, withEngine } from './fixture';
import { SHELL, TestWorkspace, type Project } from './workspace';

jest.setTimeout(120_000);

const api = (...lines: string[]): Project => ({ containerfile: ['FROM shop/base', ...lines, ''].join('\n') });

for (const kind of ['docker', 'podman'] as const)
  withEngine(kind, 'images of a workspace, built by an engine', (engine) => {
    const isBuildKit = kind === 'docker';
    const open: TestWorkspace[] = [];

    function workspace(projects: Readonly<Record<string, Project>>): TestWorkspace {
      const made = new TestWorkspace({ base: SHELL, ...projects });
      open.push(made);
      return made;
    }

    /** A workspace with the image `api` on an assembled base, built. */
    async function built(project: Project, more: Readonly<Record<string, Project>> = {}) {
      const shop = workspace({ api: project, ...more });
      const [, result] = await shop.buildAll('base', 'api');
      return { shop, result: result! };
    }

    beforeAll(() => Object.assign(process.env, engine().env));
    beforeEach(() => Object.assign(process.env, engine().env));
    afterEach(async () => {
      for (const shop of open.splice(0)) shop.remove();
      expect(await remains(engine())).toEqual([]);
    });
    afterAll(() => delete process.env['DOCKER_HOST']);

    describe('on each other', () => {
      it('RUN on an assembled base', async () => {
        const { shop, result } = await built(api('', '# Comments count.', 'RUN echo made > /made'));
        expect(result.log).toEqual(['api: engine, RUN at api/Containerfile:4']);
        expect(result.said.filter((line) => line.startsWith('engine: '))).toEqual([
          expect.stringMatching(
            /^engine: (Docker|Podman) \d+\.\d+\.\d+\S* at unix:\/\/\S+\.sock(, BuildKit)?$/,
          ),
        ]);
        expect((await shop.texts('api'))['made']).toBe('made\n');
        // Just the layers that the base lacks are there, and each is what it says it is.
        const below = shop.image('base').manifest.layers;
        const { manifest, config, own, id } = shop.image('api');
        expect(manifest.layers.slice(0, below.length)).toEqual(below);
        expect(own).toEqual(manifest.layers.slice(below.length).map(({ digest }) => digest));
        expect(own).toHaveLength(1);
        expect(config.rootfs.diff_ids).toEqual(manifest.layers.map(({ digest }) => digest));
        expect(config.history).toHaveLength(shop.image('base').config.history!.length + 1);
        const blobs = [...shop.contents('api')].filter(([path]) => path.startsWith('blobs/'));
        expect(blobs).toHaveLength(3);
        for (const [path, bytes] of blobs) expect(`blobs/${sha256(bytes).replace(':', '/')}`).toBe(path);
        expect(blobs.map(([path]) => path)).toContain(`blobs/${id.replace(':', '/')}`);
      });

      it('assembled, RUN, assembled, RUN', async () => {
        const shop = workspace({
          one: api('RUN echo one > /one'),
          two: { containerfile: 'FROM shop/one\nCOPY file /two\n', files: { file: 'two\n' } },
          three: { containerfile: 'FROM shop/two\nRUN cat /one /two > /three\n' },
        });
        const logs = (await shop.buildAll('base', 'one', 'two', 'three')).map(({ log }) => log.join());
        expect(logs).toEqual([
          '',
          'one: engine, RUN at one/Containerfile:2',
          '',
          'three: engine, RUN at three/Containerfile:2',
        ]);
        expect((await shop.texts('three'))['three']).toBe('one\ntwo\n');
        expect(shop.image('three').own).toHaveLength(1);
        const layers = (name: string) => shop.image(name).config.rootfs.diff_ids;
        expect(layers('three').slice(0, -1)).toEqual(layers('two'));
      });

      it('RUN on RUN', async () => {
        const shop = workspace({
          one: api('RUN echo one > /one', 'ENV ONE=1'),
          two: { containerfile: 'FROM shop/one\nRUN cat /one > /two && echo $ONE >> /two\n' },
        });
        await shop.buildAll('base', 'one', 'two');
        expect((await shop.texts('two'))['two']).toBe('one\n1\n');
      });

      it('takes files and mounts of other images, assembled and not', async () => {
        const shop = workspace({
          data: { containerfile: 'FROM scratch\nCOPY file /data\n', files: { file: 'data\n' } },
          made: api('RUN echo made > /made'),
          api: api(
            'COPY --from=shop/data /data /copied',
            'COPY --from=shop/made:latest /made /',
            ...(isBuildKit
              ? [
                  'RUN --mount=from=shop/data,target=/m --mount=type=bind,from=shop/made,target=/n cat /m/data /n/made > /mounted',
                ]
              : ['RUN cat /copied /made > /mounted']),
          ),
        });
        await shop.buildAll('base', 'data', 'made', 'api');
        expect(await shop.texts('api')).toMatchObject({
          copied: 'data\n',
          made: 'made\n',
          mounted: 'data\nmade\n',
        });
      });
    });

    describe('stages', () => {
      it('a stage with RUN, and a last one without', async () => {
        const { shop, result } = await built({
          containerfile:
            'FROM shop/base AS build\nCOPY file /\nRUN cat /file /file > /twice\nFROM scratch\nCOPY --from=build /twice /\n',
          files: { file: 'x\n' },
        });
        expect(result.log).toEqual(['api: engine, RUN at api/Containerfile:3']);
        expect(await shop.texts('api')).toEqual({ twice: 'x\nx\n' });
        expect(shop.image('api').config.config?.Labels).not.toHaveProperty(
          'org.opencontainers.image.base.name',
        );
      });

      it.each([
        ['by name', 'middle', 'middle'],
        ['by number', '1', 'middle'],
        ['without a name', '2', 'unnamed'],
      ])('a target in the middle, %s', async (_, target, expected) => {
        const { shop } = await built({
          ...api(
            'RUN echo first > /which',
            'FROM shop/base AS middle',
            'RUN echo middle > /which',
            'FROM shop/base',
            'RUN echo unnamed > /which',
            'FROM shop/base',
            'RUN exit 1',
          ),
          options: { target },
        });
        expect((await shop.texts('api'))['which']).toBe(`${expected}\n`);
      });

      it('a stage that nothing needs is not built', async () => {
        const { shop, result } = await built(
          api('RUN exit 1', 'FROM shop/base', 'COPY --from=shop/base /bin/cat /dog'),
        );
        expect(result.log).toEqual([]);
        expect(shop.image('api').own).toHaveLength(1);
      });
    });

    describe('options', () => {
      it('build arguments', async () => {
        const { shop } = await built({
          ...api('ARG WHO=nobody', 'ARG FROM_ENV', 'RUN echo "$WHO $FROM_ENV" > /who'),
          options: { buildArgs: ['WHO=me and "you"', 'FROM_ENV'] },
        });
        expect((await shop.texts('api'))['who']).toBe('me and "you" \n');
      });

      // Podman has that of the host, whatever it is told.
      it.each(isBuildKit ? ['none', 'host'] : ['host'])('network %s', async (network) => {
        const { shop } = await built({
          ...api('RUN readlink /proc/self/ns/net > /net'),
          options: { network },
        });
        const mine = readlinkSync('/proc/self/ns/net');
        expect((await shop.texts('api'))['net']?.trim() === mine).toBe(network === 'host');
      });

      it('extra hosts', async () => {
        const { shop } = await built({
          ...api('RUN grep db.test /etc/hosts > /found'),
          options: { extraHosts: ['db.test:10.1.2.3'] },
        });
        expect((await shop.texts('api'))['found']).toMatch(/^10\.1\.2\.3\s+db\.test$/m);
      });

      const noCache = isBuildKit
        ? undefined
        : "Podman's cache is made of the very images that are taken away";
      itUnless(noCache, 'the cache of the engine, and noCache', async () => {
        const { shop } = await built(api('RUN cat /proc/sys/kernel/random/uuid > /id'));
        const id = async () => (await shop.texts('api'))['id'];
        const first = await id();
        rmSync(shop.layout('api').directory, { recursive: true });
        const { said } = await shop.build('api');
        expect(await id()).toBe(first);
        expect(said.join('\n')).toMatch(/\(cached\)|Using cache/);
        const again = await shop.build('api', { options: { noCache: true } });
        expect(again.built).toBe(true);
        expect(await id()).not.toBe(first);
      });

      it('secrets, which get nowhere', async () => {
        const file = 's3cret of a file';
        const variable = 's3cret of a variable';
        process.env['TEST_SECRET'] = variable;
        const shop = workspace({
          api: {
            ...api(
              'RUN --mount=type=secret,id=file --mount=type=secret,id=variable,required=true,target=/v cat /run/secrets/file /v | wc -c > /size',
            ),
            options: { secrets: ['id=file,src=secret.txt', 'id=variable,env=TEST_SECRET'] },
          },
        });
        shop.write('.', { 'secret.txt': file });
        await shop.build('base');
        const result = await shop.build('api');
        expect((await shop.texts('api'))['size']?.trim()).toBe(String(file.length + variable.length));
        const all = Buffer.concat([...shop.contents('api').values()]).toString('latin1');
        expect([all, ...result.said, ...result.log].join('\n')).not.toContain('s3cret');
      });

      it('cache mounts', async () => {
        const lines =
          'RUN --mount=type=cache,target=/cache echo line >> /cache/lines; cat /cache/lines > /lines';
        const { shop } = await built(api(lines));
        const before = (await shop.texts('api'))['lines'];
        shop.write('api', { Containerfile: api('ENV CHANGED=1', lines).containerfile });
        await shop.build('api');
        expect((await shop.texts('api'))['lines']).toBe(`${before}line\n`);
        expect(await shop.texts('api')).not.toHaveProperty(['cache/lines']);
      });
    });

    describe('labels', () => {
      it('says what the image is, and nothing of what its base is', async () => {
        const base: Project = {
          ...SHELL,
          containerfile: `${SHELL.containerfile}LABEL org.opencontainers.image.version=1.0.0 dependency.other=2.0.0 kept=base\n`,
        };
        const { shop, result } = await built(
          api('RUN true', 'LABEL mine="a b" org.opencontainers.image.title=Api'),
          { base },
        );
        expect(shop.image('api').config.config?.Labels).toEqual({
          kept: 'base',
          mine: 'a b',
          'org.opencontainers.image.title': 'Api',
          'org.opencontainers.image.ref.name': 'shop/api',
          'org.opencontainers.image.revision': result.revision,
          'org.opencontainers.image.base.name': 'shop/base',
          'org.opencontainers.image.base.digest': (await shop.build('base')).digest,
        });
      });

      it('keeps one that the container file writes itself', async () => {
        const { shop } = await built(api('RUN true', 'LABEL org.opencontainers.image.version=3.0.0'));
        expect(shop.image('api').config.config?.Labels).toMatchObject({
          'org.opencontainers.image.version': '3.0.0',
        });
      });
    });

    it('gives the same configuration as assembling', async () => {
      const lines = [
        'ENV A=1 B="two words"',
        'WORKDIR /w',
        'USER 7:8',
        'EXPOSE 80 53/udp',
        'VOLUME /data',
        'HEALTHCHECK --interval=5s --retries=2 CMD true',
        // Podman takes it for RUN alone.
        ...(isBuildKit ? ['SHELL ["/bin/sh", "-ec"]'] : []),
        'STOPSIGNAL SIGINT',
        'ENTRYPOINT ["/bin/sh"]',
        'CMD echo $A',
      ];
      const { shop } = await built(api('RUN true', ...lines), {
        assembled: api(...lines),
      });
      await shop.build('assembled');
      const { Labels: _, ...actual } = shop.image('api').config.config!;
      const { Labels: __, ...expected } = shop.image('assembled').config.config!;
      expect(actual).toEqual(expected);
      const { config: _c, rootfs: _r, history: _h, ...top } = shop.image('api').config;
      const { config: _d, rootfs: _s, history: _i, ...wanted } = shop.image('assembled').config;
      expect(top).toEqual(wanted);
    });

    it('gives the layers of the base too where it is told to', async () => {
      const { shop } = await built({ ...api('RUN true'), options: { full: true } });
      const { manifest, own } = shop.image('api');
      expect(own).toEqual(manifest.layers.map(({ digest }) => digest));
    });

    it('has nothing to do where nothing has changed, and asks no engine', async () => {
      const { shop, result } = await built(api('RUN true'));
      process.env['DOCKER_HOST'] = 'unix:///nonexistent/engine.sock';
      const again = await shop.build('api');
      expect(again).toMatchObject({ built: false, digest: result.digest, log: [], said: [] });
    });

    it('says what its steps say, while they run', async () => {
      const shop = workspace({ api: api('RUN echo early; sleep 2; echo late') });
      await shop.build('base');
      let early = 0;
      await shop.build('api', {
        onOutput: (line) => (early ||= / early$|^early$/.test(line) ? Date.now() : 0),
      });
      expect(Date.now() - early).toBeGreaterThan(1500);
      expect(Date.now() - early).toBeLessThan(60_000);
    });

    it('keeps builds apart that have bases of the same name', async () => {
      const shops = ['left', 'right'].map((which) =>
        workspace({
          base: {
            containerfile: `${SHELL.containerfile}COPY which /\n`,
            files: { ...SHELL.files, which },
          },
          api: api('RUN cat /which > /seen && sleep 1'),
          other: api('RUN cat /which > /seen'),
        }),
      );
      for (const shop of shops) await shop.build('base');
      await Promise.all(shops.flatMap((shop) => [shop.build('api'), shop.build('other')]));
      const seen = await Promise.all(
        shops.flatMap((shop) => ['api', 'other'].map(async (name) => (await shop.texts(name))['seen'])),
      );
      expect(seen).toEqual(['left', 'left', 'right', 'right']);
    });

    it('builds on an image that the engine alone knows, with all of its layers', async () => {
      const id = await buildBase(engine());
      await engine().tag(id, 'known-to-the-engine');
      const shop = workspace({
        api: { containerfile: 'FROM known-to-the-engine:test\nRUN echo made > /made\n' },
      });
      await shop.build('api');
      const { own, manifest } = shop.image('api');
      expect(own).toHaveLength(manifest.layers.length);
      expect((await shop.texts('api'))['made']).toBe('made\n');
      await engine().engine.docker.getImage('known-to-the-engine:test').remove();
    });

    describe('the option builder', () => {
      it('assemble: says what cannot be assembled', async () => {
        const shop = workspace({ api: { ...api('RUN make'), options: { builder: 'assemble' } } });
        await shop.build('base');
        await expect(shop.build('api')).rejects.toThrow(
          'api/Containerfile:2: RUN needs a container engine; move the step to a target of Nx, and COPY what it makes',
        );
      });

      it('docker: builds by the engine what could be assembled', async () => {
        const { shop, result } = await built({
          ...api('COPY file /'),
          files: { file: 'x' },
          options: { builder: 'docker' },
        });
        expect(result.said[0]).toMatch(/^engine: /);
        expect((await shop.texts('api'))['file']).toBe('x');
      });
    });

    describe('leaves nothing behind, and builds again', () => {
      it('after a RUN that fails', async () => {
        const shop = workspace({ api: api('RUN echo one > /one', 'RUN echo wrong >&2; exit 3') });
        await shop.build('base');
        await expect(shop.build('api')).rejects.toThrow(
          /^api\/Containerfile:3: RUN echo wrong .* failed with exit code 3: wrong; see its output above$/,
        );
        await mended(shop);
      });

      it('after a step that is stopped', async () => {
        const shop = workspace({ api: api('RUN echo one > /one', 'RUN echo sleeping; sleep 60') });
        await shop.build('base');
        const abort = new AbortController();
        const stop = () => abort.abort(new GitopsError('interrupted'));
        const started = Date.now();
        const onOutput = (line: string) => void (/ sleeping$|^sleeping$/.test(line) && setTimeout(stop, 100));
        await expect(shop.build('api', { signal: abort.signal, onOutput })).rejects.toThrow(/interrupted$/);
        expect(Date.now() - started).toBeLessThan(20_000);
        await mended(shop);
      });

      it('after an export that fails', async () => {
        const shop = workspace({ api: api('RUN echo one > /one') });
        await shop.build('base');
        shop.write('blocked', { file: '' });
        await expect(shop.build('api', { options: { outputPath: 'blocked/file/image' } })).rejects.toThrow(
          /: \S*blocked\/file\/image\S* cannot be used: a part of the path is a file$/,
        );
        await mended(shop);
      });

      async function mended(shop: TestWorkspace): Promise<void> {
        expect([...shop.contents('api').keys()].filter((path) => path.includes('.tmp'))).toEqual([]);
        // The engine may still be taking down what was stopped.
        await eventually(async () => expect(await remains(engine())).toEqual([]));
        shop.write('api', { Containerfile: api('RUN echo mended > /mended').containerfile });
        await shop.build('api');
        expect((await shop.texts('api'))['mended']).toBe('mended\n');
      }
    });
  });

/** All that the engine has, which is nothing but the cache of its builder. */
async function remains({ engine: { docker, kind } }: TestEngine): Promise<string[]> {
  const containers = await docker.listContainers({ all: true });
  const images = await docker.listImages();
  const { Volumes } = await docker.listVolumes();
  return [
    ...containers.flatMap(({ Names }) => Names),
    // What has no name is the cache of a builder without BuildKit.
    ...images.flatMap(({ Id, RepoTags }) => RepoTags ?? (kind === 'docker' ? [Id] : [])),
    ...(Volumes ?? []).map(({ Name }) => Name),
  ];
}

async function buildBase(engine: TestEngine): Promise<string> {
  if (engine.engine.buildkit) return engine.buildkit({ text: BASE, files: busybox() });
  const { root, tree, remove } = onDisk(busybox());
  return engine.classic(root, tree, BASE).finally(remove);
}

async function eventually(check: () => Promise<void>): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt++) {
    try {
      return await check();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  await check();
}
