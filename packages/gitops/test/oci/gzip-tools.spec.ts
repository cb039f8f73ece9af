import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contentOf } from '../../src/oci/content';
import { sha256 } from '../../src/oci/digest';
import { compressLayer } from '../../src/oci/gzip';
import { canonicalJson } from '../../src/oci/json';
import { Layout } from '../../src/oci/layout';
import { OCI } from '../../src/oci/media-types';
import { openRegistry } from '../../src/oci/registry';
import { unless, whenAvailable } from '../support/available';
import { type EngineKind, startEngine, whyNoEngine } from '../support/engines';
import { END, rawMember } from '../support/tar';
import { startDockerRegistry } from './docker-registry';
import type { RunningRegistry } from './docker-registry';
import { blob, noise } from './fixtures';

const SIZE = 3_000_000;
const FILE = Buffer.concat([noise(SIZE / 2), Buffer.alloc(SIZE / 2, 'text ')]);
const TAR = Buffer.concat([
  rawMember({ name: 'file', size: `${SIZE.toString(8).padStart(11, '0')}\0`, body: FILE }),
  END,
]);
const sum = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** Whether others read layers of several gzip members. */
describe('an image with a compressed layer', () => {
  let root: string;
  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'gitops-gzip-'));
    const layout = new Layout(join(root, 'image'));
    const layer = await compressLayer(contentOf(TAR), layout);
    const platform = { os: 'linux', architecture: 'amd64' };
    const config = blob(
      canonicalJson({ ...platform, config: {}, rootfs: { type: 'layers', diff_ids: [sha256(TAR)] } }),
      OCI.config,
    );
    await layout.push(config.descriptor, () => contentOf(config.bytes));
    const manifest = {
      schemaVersion: 2,
      mediaType: OCI.manifest,
      config: config.descriptor,
      layers: [layer],
    };
    await layout.putManifest({ mediaType: OCI.manifest, bytes: canonicalJson(manifest) }, '1.0.0');
  });
  afterAll(() => rmSync(root, { recursive: true }));

  const run = (program: string, args: string[], env: Record<string, string> = {}) =>
    execFileSync(program, args, { stdio: 'pipe', env: { ...process.env, ...env }, maxBuffer: 10 * SIZE });
  const skopeo = (...args: string[]) => run('skopeo', ['--insecure-policy', ...args]);

  whenAvailable('skopeo', 'skopeo', () => {
    it('copies it to a directory as it is', () => {
      skopeo('copy', `oci:${root}/image:1.0.0`, `dir:${root}/dir`);
      const { layers } = JSON.parse(readFileSync(join(root, 'dir/manifest.json'), 'utf8'));
      expect(readFileSync(join(root, 'dir', layers[0].digest.slice(7))).readUInt16BE(0)).toBe(0x1f8b);
    });

    it('unpacks it for an archive of docker', () => {
      skopeo('copy', `oci:${root}/image:1.0.0`, `docker-archive:${root}/image.tar:acme/api:1.0.0`);
      const [entry] = JSON.parse(
        run('tar', ['-xOf', join(root, 'image.tar'), 'manifest.json']).toString(),
      ) as { Layers: string[] }[];
      expect(sum(run('tar', ['-xOf', join(root, 'image.tar'), entry!.Layers[0]!]))).toBe(sum(TAR));
    });
  });

  whenAvailable('docker-registry', 'in a registry', () => {
    let registry: RunningRegistry;
    let reference: string;
    beforeAll(async () => {
      registry = await startDockerRegistry();
      reference = `${registry.host}/acme/api:1.0.0`;
      const store = openRegistry(registry.host);
      const [from, to] = [new Layout(join(root, 'image')), store.repository('acme/api')];
      const [entry] = from.entries();
      const bytes = readFileSync(from.path(entry!)!);
      const { config, layers } = JSON.parse(bytes.toString());
      for (const descriptor of [config, ...layers]) await to.push(descriptor, () => from.open(descriptor));
      await to.putManifest({ mediaType: OCI.manifest, bytes }, '1.0.0');
      await store.close();
    });
    afterAll(() => registry.stop());

    whenAvailable('skopeo', 'skopeo', () => {
      it('inspects and copies it', () => {
        const flags = ['--tls-verify=false', `docker://${reference}`];
        expect(JSON.parse(skopeo('inspect', ...flags).toString())).toMatchObject({ Architecture: 'amd64' });
        skopeo('copy', '--src-tls-verify=false', flags[1]!, `docker-archive:${root}/pulled.tar`);
      });
    });

    for (const kind of ['docker', 'podman'] satisfies EngineKind[])
      unless(whyNoEngine(kind), kind, () => {
        it('pulls it, and reads the file in it', async () => {
          const engine = await startEngine(kind);
          // Podman's client is its engine too: it has to be told that there is another one.
          const remote = kind === 'podman' ? ['--remote', '--url', `unix://${engine.socket}`] : [];
          const client = (...args: string[]) => run(kind, [...remote, ...args], engine.env);
          try {
            client('pull', ...(kind === 'podman' ? ['--tls-verify=false'] : []), reference);
            const id = client('create', reference, '/file').toString().trim();
            client('cp', `${id}:/file`, join(root, kind));
            expect(sum(readFileSync(join(root, kind)))).toBe(sum(FILE));
          } finally {
            await engine.stop();
          }
        });
      });
  });
});
