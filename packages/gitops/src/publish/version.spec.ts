import { AMD64, ARM64, documentOf, storeBuilt, storeIndex } from '../../test/publish/images';
import { sha256 } from '../oci/digest';
import { describe as describeManifest } from '../oci/manifest';
import { OCI } from '../oci/media-types';
import { MemoryStore } from '../oci/memory';
import type { ImageConfig, Index, Manifest } from '../oci/types';
import { type Variant, imagesOf, platformOf, putVersion, variantsOf, versionOf } from './version';

const store = new MemoryStore();
const built = store.repository('built');
const LABELS = 'org.opencontainers.image.version';

/** The same image for some platforms, as the build leaves it. */
async function variants(...platforms: (typeof AMD64)[]): Promise<readonly Variant[]> {
  const images = await Promise.all(
    platforms.map(async (platform) => ({
      ...(await storeBuilt(built, ['common', platform.architecture], platform)),
      platform,
    })),
  );
  const [first] = images;
  return variantsOf(built, images.length === 1 ? first! : await storeIndex(built, images));
}

const version = (all: readonly Variant[], name = '1.2.0') =>
  versionOf(all, () => ({ version: name, dependencies: {} }));

describe('a version', () => {
  it('of one platform is its manifest', async () => {
    const { top, descriptor, parts, digests } = version(await variants(AMD64));
    expect(parts).toHaveLength(1);
    expect(top).toBe(parts[0]!.manifest);
    expect(descriptor).toEqual(describeManifest(top));
    expect([...digests]).toEqual([['linux/amd64', descriptor.digest]]);
  });

  it('of two platforms is an index of their manifests', async () => {
    const { top, descriptor, parts, digests } = version(await variants(AMD64, ARM64));
    const [amd64, arm64] = parts.map((part) => part.descriptor);
    expect(JSON.parse(top.bytes.toString())).toEqual({
      schemaVersion: 2,
      mediaType: OCI.index,
      manifests: [
        { ...amd64, platform: AMD64 },
        { ...arm64, platform: ARM64 },
      ],
    });
    expect(descriptor).toEqual(describeManifest(top));
    expect([...digests]).toEqual([
      ['linux/amd64', amd64!.digest],
      ['linux/arm64', arm64!.digest],
    ]);
  });

  it('has an identity for each platform', async () => {
    const { parts } = versionOf(await variants(AMD64, ARM64), ({ architecture }) => ({
      version: '1.2.0',
      dependencies: {},
      baseDigest: sha256(architecture),
    }));
    const labels = parts.map(
      ({ config }) => (JSON.parse(config.bytes.toString()) as ImageConfig).config!.Labels!,
    );
    expect(labels.map((all) => all['org.opencontainers.image.base.digest'])).toEqual([
      sha256('amd64'),
      sha256('arm64'),
    ]);
  });

  it('has the same bytes where it is the same', async () => {
    expect(version(await variants(AMD64, ARM64))).toEqual(version(await variants(AMD64, ARM64)));
    const other = version(await variants(AMD64, ARM64), '1.2.1');
    expect(other.descriptor).not.toEqual(version(await variants(AMD64, ARM64)).descriptor);
  });

  it('is stored whole, without a tag, and is the same when it is read', async () => {
    const repository = store.repository('api');
    const all = await variants(AMD64, ARM64);
    const one = version(all);
    await putVersion(repository, one);
    expect(await documentOf<Index>(repository, one.descriptor)).toMatchObject({ mediaType: OCI.index });
    const stored = await variantsOf(repository, one.descriptor);
    expect(stored.map(({ digest }) => digest)).toEqual([...one.digests.values()]);
    expect(stored.map(({ platform, layers }) => ({ platform, layers }))).toEqual(
      all.map(({ platform, layers }) => ({ platform, layers })),
    );
    for (const { config } of stored) expect(config.config!.Labels![LABELS]).toBe('1.2.0');
    const tags: string[] = [];
    for await (const tag of repository.tags()) tags.push(tag);
    expect(tags).toEqual([]);
  });

  it('of one platform is stored without an index', async () => {
    const repository = store.repository('web');
    const one = version(await variants(AMD64));
    await putVersion(repository, one);
    expect(await documentOf<Manifest>(repository, one.descriptor)).toMatchObject({
      mediaType: OCI.manifest,
      layers: [{ mediaType: OCI.layer }, { mediaType: OCI.layer }],
    });
  });
});

describe('the images of a descriptor', () => {
  it('are not what says where an image comes from', async () => {
    const image = { ...(await storeBuilt(built, ['layer'])), platform: AMD64 };
    const attestation = { ...image, platform: { os: 'unknown', architecture: 'unknown' } };
    const images = await imagesOf(built, await storeIndex(built, [image, attestation]));
    expect(images.map(({ digest }) => digest)).toEqual([image.digest]);
  });

  it.each([
    [{ os: 'linux', architecture: 'amd64' }, 'amd64', undefined],
    [{ os: 'linux', architecture: 'arm64', variant: 'v8' }, 'arm64', undefined],
    [{ os: 'linux', architecture: 'arm', variant: 'v7' }, 'arm', 'v7'],
    [{ os: 'linux', architecture: 'arm64', variant: '' }, 'arm64', undefined],
  ])('are for the platform that their configuration names: %j', (config, architecture, variant) => {
    const platform = platformOf({ ...config, rootfs: { type: 'layers', diff_ids: [] } });
    expect(platform).toEqual({ os: 'linux', architecture, ...(variant && { variant }) });
  });
});
