import { image, index, store } from '../../../test/oci/fixtures';
import { AMD64, ARM64, storeBuilt, storeIndex } from '../../../test/publish/images';
import { type MemoryRepository, MemoryStore } from '../../oci/memory';
import { OCI } from '../../oci/media-types';
import { attach, referrersTag } from '../../oci/referrers';
import type { Repository } from '../../oci/store';
import type { Descriptor, Digest } from '../../oci/types';
import { inventoryOf } from './inventory';

let repository: MemoryRepository;
beforeEach(() => {
  repository = new MemoryStore().repository('acme/shop/api');
});

const artifact = (text: string) => ({
  artifactType: 'application/vnd.example.sbom.v1',
  mediaType: 'text/plain',
  content: Buffer.from(text),
});

async function platforms(content: string, labels: Record<string, string> = {}): Promise<Descriptor[]> {
  const parts = [AMD64, ARM64].map(async (platform) => ({
    ...(await storeBuilt(repository, [content], platform, { Labels: labels })),
    platform,
  }));
  const [amd64, arm64] = await Promise.all(parts);
  return [await storeIndex(repository, [amd64!, arm64!]), amd64!, arm64!];
}

it('has what tags name, and what that is made of', async () => {
  const [top, ...parts] = await platforms('one');
  const bytes = index(...parts.map((part, i) => ({ ...part, platform: [AMD64, ARM64][i]! })));
  await repository.putManifest(bytes, '0.1.0');
  await attach(repository, top!, artifact('sbom'));
  const { tags, manifests } = await inventoryOf(repository, [], []);
  expect([...tags.keys()]).toEqual(['0.1.0', referrersTag(top!.digest)]);
  expect(manifests.get(tags.get('0.1.0')!)!.parts).toEqual(parts.map(({ digest }) => digest));
  expect(manifests.get(tags.get(referrersTag(top!.digest))!)!.parts).toHaveLength(1);
});

it('has what the ledger names where it is there, without a tag', async () => {
  const one = image(['one']);
  await store(repository, one);
  const gone = image(['gone']).descriptor.digest;
  const { manifests } = await inventoryOf(far(), [], [one.descriptor.digest, gone]);
  expect([...manifests.keys()]).toEqual([one.descriptor.digest]);
  expect([...(await inventoryOf(far(), [], [])).manifests.keys()]).toEqual([]);
});

it('has what else is there, and what that says to be', async () => {
  const labels = (name: string) => ({
    'org.opencontainers.image.version': '0.1.0',
    'org.opencontainers.image.ref.name': name,
  });
  const [own] = await platforms('own', labels('acme/shop/api'));
  const other = await storeBuilt(repository, ['other'], AMD64, { Labels: labels('acme/shop/web') });
  const bare = await storeBuilt(repository, ['bare']);
  const broken = await repository.putManifest({
    mediaType: OCI.manifest,
    bytes: image(['x']).manifest.bytes,
  });
  const { manifests } = await inventoryOf(repository, [], []);
  const said = [own!, other, bare, broken].map(({ digest }) => manifests.get(digest)?.untagged);
  expect(said).toEqual([{ version: '0.1.0' }, {}, {}, {}]);
});

describe('where the store keeps lists of its own', () => {
  it('has what is attached to what may go, to its parts and to what is attached', async () => {
    const [top, part] = await platforms('going');
    const kept = image(['kept']);
    await store(repository, kept, '0.2.0');
    const [sbom, signature, other] = ['sbom', 'signature', 'other'].map((text) => image([text]).descriptor);
    const lists = new Map([
      [top!.digest, [sbom!]],
      [sbom!.digest, [signature!]],
      [part!.digest, [other!]],
    ]);
    const asked: Digest[] = [];
    const registry = far(asked, (subject) => lists.get(subject) ?? []);
    const { manifests } = await inventoryOf(registry, [kept.descriptor.digest], [top!.digest]);
    const attached = [top!, sbom!, part!].map(({ digest }) => manifests.get(digest)?.attached);
    expect(attached).toEqual([[sbom!.digest], [signature!.digest], [other!.digest]]);
    expect(asked).not.toContain(kept.descriptor.digest);
  });

  it('asks once where there are none', async () => {
    const [top] = await platforms('going');
    const asked: Digest[] = [];
    await inventoryOf(
      far(asked, () => undefined),
      [],
      [top!.digest],
    );
    expect(asked).toEqual([top!.digest]);
  });
});

/** The same repository as a registry has it, which lists no manifests; with lists of its own where there are some. */
function far(
  asked: Digest[] = [],
  listed?: (subject: Digest) => readonly Descriptor[] | undefined,
): Repository {
  const { name, where } = repository;
  return {
    name,
    where,
    has: (descriptor) => repository.has(descriptor),
    open: (descriptor) => repository.open(descriptor),
    resolve: (tagOrDigest) => repository.resolve(tagOrDigest),
    tags: () => repository.tags(),
    ...(listed && {
      referrers: async (subject: Digest) => {
        asked.push(subject);
        return listed(subject);
      },
    }),
  };
}
