import fc from 'fast-check';
import { gzipSync } from 'node:zlib';
import { blob } from '../../../test/oci/fixtures';
import { anyEntry } from '../../../test/support/entries';
import { tarOf } from '../../../test/support/tar';
import { listTarStream } from '../../filetree/tar/reader';
import { contentOf } from '../../oci/content';
import { MemoryStore } from '../../oci/memory';
import { OCI } from '../../oci/media-types';
import {
  fetchListing,
  listingOf,
  packListing,
  parseListing,
  withListing,
  withoutListing,
  writeListing,
} from './layer-listing';

const LAYER = blob('layer', OCI.layerGzip).descriptor;
const LISTING = [
  { path: 'etc/passwd', type: 'file', mode: 0o644, uid: 0, gid: 0, size: 4, offset: 512 },
] as const;

it('is the same after it was written and read', () =>
  fc.assert(
    fc.asyncProperty(fc.array(anyEntry, { maxLength: 5 }), async (entries) => {
      const wanted = new Set(entries.map(({ path }) => path).slice(0, 1));
      const listing = await listTarStream(contentOf(tarOf(entries)), 'layer', wanted);
      expect(parseListing(writeListing(listing))).toEqual(listing);
    }),
  ));

it.each([
  ['what is no JSON', 'nothing'],
  ['what is damaged', writeListing(LISTING).subarray(0, 40)],
  ['what is no listing', '[]'],
  ['another version of it', '{"version":2,"entries":[]}'],
])('%s is as none', (_, text) => {
  expect(parseListing(Buffer.from(text))).toBeUndefined();
});

describe('a layer with a listing', () => {
  const packed = packListing(LISTING);
  const annotated = withListing({ ...LAYER, annotations: { a: 'b' } }, packed.descriptor);

  it('says where that is', () => {
    expect(listingOf(annotated)).toEqual(packed.descriptor);
    expect(annotated).toMatchObject({ digest: LAYER.digest, annotations: { a: 'b' } });
    expect(withoutListing(annotated)).toEqual({ ...LAYER, annotations: { a: 'b' } });
    expect(withoutListing(withListing(LAYER, packed.descriptor))).toEqual(LAYER);
  });

  it.each([
    [undefined],
    [''],
    ['sha256:abc 12'],
    [packed.descriptor.digest],
    [`${packed.descriptor.digest} 0`],
    [`${packed.descriptor.digest} -1`],
    [`${packed.descriptor.digest} 1e3`],
    [`${packed.descriptor.digest} 12 13`],
  ])('has none where it says %p', (text) => {
    const annotations = text === undefined ? undefined : { 'dev.gitops.listing': text };
    expect(listingOf({ ...LAYER, annotations })).toBeUndefined();
  });

  it('has it in the repository', async () => {
    const repository = new MemoryStore().repository('base');
    await repository.push(packed.descriptor, () => contentOf(packed.bytes));
    expect(await fetchListing(repository, annotated)).toEqual(LISTING);
    expect(await fetchListing(repository, LAYER)).toBeUndefined();
  });

  it.each([
    ['is gone', undefined],
    ['is not compressed', writeListing(LISTING)],
    ['is cut', packed.bytes.subarray(0, -1)],
    ['is none', gzipSync('[]')],
  ])('is read itself where that %s', async (_, bytes) => {
    const repository = new MemoryStore().repository('base');
    const { descriptor } = blob(bytes ?? 'gone');
    if (bytes) await repository.push(descriptor, () => contentOf(bytes));
    expect(await fetchListing(repository, withListing(LAYER, descriptor))).toBeUndefined();
  });

  it('is not, where the store cannot be reached', async () => {
    const repository = new MemoryStore().repository('base');
    repository.open = () => {
      throw new Error('no network');
    };
    await expect(fetchListing(repository, annotated)).rejects.toThrow('no network');
  });
});
