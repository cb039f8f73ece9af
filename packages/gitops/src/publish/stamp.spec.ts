import { sha256 } from '../oci/digest';
import { OCI } from '../oci/media-types';
import type { ImageConfig } from '../oci/types';
import { readLabels, stamp } from './stamp';

const LAYERS = [{ mediaType: OCI.layer, digest: sha256('layer'), size: 5 }];
const CONFIG: ImageConfig = {
  os: 'linux',
  architecture: 'arm64',
  variant: 'v8',
  created: '1980-01-01T00:00:00Z',
  rootfs: { type: 'layers', diff_ids: [sha256('layer')] },
  history: [{ created_by: 'COPY . /' }],
  config: {
    Env: ['PATH=/bin', 'ODD="quotes" and ünicode'],
    Entrypoint: ['/api'],
    Labels: { team: 'web', 'org.opencontainers.image.revision': 'abc' },
  },
};

function withLabels(labels: Record<string, string>): ImageConfig {
  return { ...CONFIG, config: { ...CONFIG.config, Labels: labels } };
}

function stampedConfig(...[config, identity]: [ImageConfig, Parameters<typeof stamp>[2]]): ImageConfig {
  return JSON.parse(stamp(config, LAYERS, identity).config.bytes.toString()) as ImageConfig;
}

function labelsOf(labels: Record<string, string>, identity: Partial<Parameters<typeof stamp>[2]> = {}) {
  return stampedConfig(withLabels(labels), { version: '1.2.0', dependencies: {}, ...identity }).config!
    .Labels;
}

const VERSION = { 'org.opencontainers.image.version': '1.2.0' };

describe('a stamped image', () => {
  it.each<
    [
      name: string,
      before: Record<string, string>,
      identity: Partial<Parameters<typeof stamp>[2]>,
      after: Record<string, string>,
    ]
  >([
    ['has its version', {}, {}, VERSION],
    ['keeps what the build has labelled it with', { team: 'web' }, {}, { team: 'web', ...VERSION }],
    [
      'has its own version, not that which its Containerfile claims',
      { 'org.opencontainers.image.version': '9.9.9' },
      {},
      VERSION,
    ],
    [
      'has a version of each dependency',
      {},
      { dependencies: { api: '1.0.0', web: '2.0.0' } },
      {
        ...VERSION,
        'dependency.api': '1.0.0',
        'dependency.web': '2.0.0',
      },
    ],
    [
      'has the exact version in place of a range',
      { 'dependency.api': '^1' },
      { dependencies: { api: '1.4.2' } },
      { ...VERSION, 'dependency.api': '1.4.2' },
    ],
    [
      'has no dependency but its own: neither of a base nor one that is no image here',
      { 'dependency.kernel': '6.1.0', 'dependency.': 'x' },
      { dependencies: { api: '1.0.0' } },
      { ...VERSION, 'dependency.api': '1.0.0' },
    ],
    [
      'says which manifest of its base it was published with',
      { 'org.opencontainers.image.base.digest': sha256('built') },
      { baseDigest: sha256('published') },
      { ...VERSION, 'org.opencontainers.image.base.digest': sha256('published') },
    ],
    [
      'keeps the digest of a base that is not of the workspace',
      { 'org.opencontainers.image.base.digest': sha256('built') },
      {},
      { ...VERSION, 'org.opencontainers.image.base.digest': sha256('built') },
    ],
    [
      'has the labels of an option, rather than those of the Containerfile',
      { team: 'web', tier: '1' },
      { labels: { team: 'api', seen: '' } },
      { team: 'api', tier: '1', seen: '', ...VERSION },
    ],
  ])('%s', (_name, before, identity, after) => {
    expect(labelsOf(before, identity)).toEqual(after);
  });

  it('has labels where the build gave it none', () => {
    const { config: _, ...bare } = CONFIG;
    expect(stampedConfig(bare, { version: '1.2.0', dependencies: {} }).config).toEqual({ Labels: VERSION });
  });

  it('is otherwise as it was built: only labels change, no layer does', () => {
    const {
      config: rawConfig,
      manifest,
      descriptor,
    } = stamp(CONFIG, LAYERS, {
      version: '1.2.0',
      dependencies: { api: '1.0.0' },
    });
    const config = JSON.parse(rawConfig.bytes.toString()) as ImageConfig;
    expect({ ...config, config: { ...config.config, Labels: CONFIG.config!.Labels } }).toEqual(CONFIG);
    expect(JSON.parse(manifest.bytes.toString())).toEqual({
      schemaVersion: 2,
      mediaType: OCI.manifest,
      config: { mediaType: OCI.config, digest: sha256(rawConfig.bytes), size: rawConfig.bytes.length },
      layers: LAYERS,
    });
    expect(descriptor).toEqual({
      mediaType: OCI.manifest,
      digest: sha256(manifest.bytes),
      size: manifest.bytes.length,
    });
  });

  it('has the same bytes, in whatever order it was put together', () => {
    const identity = {
      version: '1.2.0',
      dependencies: { api: '1.0.0', web: '2.0.0' },
      labels: { a: '1', b: '2' },
    };
    const backwards = {
      labels: { b: '2', a: '1' },
      dependencies: { web: '2.0.0', api: '1.0.0' },
      version: '1.2.0',
    };
    const reversed = Object.fromEntries(Object.entries(CONFIG).reverse()) as unknown as ImageConfig;
    expect(stamp(reversed, LAYERS, backwards)).toEqual(stamp(CONFIG, LAYERS, identity));
  });

  it('is not given its version twice: what is stamped already comes out as from the build', () => {
    const first = stampedConfig(CONFIG, { version: '1.2.0', dependencies: { api: '1.0.0' } });
    const second = { version: '1.3.0', dependencies: { api: '1.1.0' } };
    expect(stamp(first, LAYERS, second)).toEqual(stamp(CONFIG, LAYERS, second));
  });
});

describe('labels of an option', () => {
  it.each<[given: string[], labels: Record<string, string>]>([
    [[], {}],
    [['team=web'], { team: 'web' }],
    [['a=b=c', 'empty=', 'spaced = x y'], { a: 'b=c', empty: '', spaced: ' x y' }],
    [['team=web', 'team=api'], { team: 'api' }],
    [['org.opencontainers.image.vendor=Acme'], { 'org.opencontainers.image.vendor': 'Acme' }],
    [['org.opencontainers.image.versions=1'], { 'org.opencontainers.image.versions': '1' }],
    [['dependencies=none'], { dependencies: 'none' }],
  ])('%j', (given, labels) => {
    expect(readLabels(given)).toEqual(labels);
  });

  it.each(['team', '=web', ' =web', ''])('no label: %j', (text) => {
    expect(() => readLabels([text])).toThrow(
      `the label ${JSON.stringify(text)} has no name; write name=value`,
    );
  });

  it.each([
    'org.opencontainers.image.version',
    'org.opencontainers.image.revision',
    'org.opencontainers.image.ref.name',
    'org.opencontainers.image.base.name',
    'org.opencontainers.image.base.digest',
    'dependency.api',
    'dependency.',
  ])('only gitops says %s', (name) => {
    const text = `the label ${name} is set by gitops; take it out of the labels`;
    expect(() => readLabels([`${name}=1`])).toThrow(text);
    expect(() => readLabels(['team=web', ` ${name} =1`])).toThrow(text);
  });
});
