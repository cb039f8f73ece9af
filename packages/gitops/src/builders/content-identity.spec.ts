import { gzipSync } from 'node:zlib';
import { AMD64, ARM64 } from '../../test/publish/images';
import { sha256 } from '../oci/digest';
import type { Image } from '../oci/image';
import type { ImageConfig } from '../oci/types';
import { contentIdentity } from './content-identity';

const CONFIG: ImageConfig = {
  ...AMD64,
  created: '1980-01-01T00:00:00Z',
  rootfs: { type: 'layers', diff_ids: [sha256('a'), sha256('b')] },
  config: {
    Env: ['PATH=/bin'],
    User: 'app',
    Labels: { team: 'web', 'org.opencontainers.image.vendor': 'Acme' },
  },
  history: [{ created_by: 'COPY' }],
};

const identityOf = (config: ImageConfig): Promise<string> =>
  contentIdentity({ config: async () => config } as Image);

function changed(run: ImageConfig['config'], image: Partial<ImageConfig> = {}): ImageConfig {
  return { ...CONFIG, ...image, config: { ...CONFIG.config, ...run } };
}

const labelled = (labels: Record<string, string>): ImageConfig =>
  changed({ Labels: { ...CONFIG.config!.Labels, ...labels } });

describe('two images are equal in what they hand down', () => {
  it.each<[name: string, other: ImageConfig]>([
    ['where they are the same', { ...CONFIG }],
    [
      'in whatever order they were put together',
      Object.fromEntries(Object.entries(CONFIG).reverse()) as unknown as ImageConfig,
    ],
    ['whatever their versions', labelled({ 'org.opencontainers.image.version': '1.2.0' })],
    ['whatever their revisions', labelled({ 'org.opencontainers.image.revision': 'abc' })],
    ['whatever their names', labelled({ 'org.opencontainers.image.ref.name': 'acme/shop/api' })],
    [
      'whatever their bases are called',
      labelled({
        'org.opencontainers.image.base.name': 'node',
        'org.opencontainers.image.base.digest': sha256('x'),
      }),
    ],
    ['whatever versions they were made with', labelled({ 'dependency.api': '1.0.0' })],
    ['whenever and by whatever they were made', { ...CONFIG, created: '2026-01-01T00:00:00Z', history: [] }],
  ])('%s', async (_name, other) => {
    expect(await identityOf(other)).toBe(await identityOf(CONFIG));
  });

  it('without labels, whether there is no list of them or an empty one', async () => {
    const { config: _, ...bare } = CONFIG;
    const empty = await identityOf({ ...bare, config: { Labels: {} } });
    expect(await identityOf({ ...bare, config: {} })).toBe(empty);
    expect(await identityOf({ ...bare, config: { Labels: null } })).toBe(empty);
    expect(await identityOf(bare)).toBe(empty);
  });

  it('however their layers are compressed: only what these are uncompressed counts', async () => {
    const image = (bytes: Buffer): Image =>
      ({
        config: async () => CONFIG,
        layers: async () => [{ descriptor: { digest: sha256(bytes) } }],
      }) as never;
    expect(await contentIdentity(image(Buffer.from('a')))).toBe(await contentIdentity(image(gzipSync('a'))));
  });
});

describe('two images are not equal in what they hand down', () => {
  it.each<[name: string, other: ImageConfig]>([
    ['with another layer', { ...CONFIG, rootfs: { type: 'layers', diff_ids: [sha256('a'), sha256('c')] } }],
    [
      'with the layers in another order',
      { ...CONFIG, rootfs: { type: 'layers', diff_ids: [sha256('b'), sha256('a')] } },
    ],
    ['for another platform', { ...CONFIG, ...ARM64 }],
    ['for another variant of it', { ...CONFIG, variant: 'v8' }],
    ['with another environment', changed({ Env: ['PATH=/usr/bin'] })],
    ['with another user', changed({ User: 'root' })],
    ['with a trigger', changed({ OnBuild: ['RUN true'] })],
    ['with another label of the users', labelled({ team: 'api' })],
    ['with another vendor', labelled({ 'org.opencontainers.image.vendor': 'Other' })],
  ])('%s', async (_name, other) => {
    expect(await identityOf(other)).not.toBe(await identityOf(CONFIG));
  });
});
