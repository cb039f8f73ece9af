import fc from 'fast-check';
import { change, details } from '../../test/ledger/changes';
import { sha256 } from '../oci/digest';
import { type Entry, entryDocuments, entryTag, sequenceOf, sequencePrefix } from './entry';

const DIGEST = sha256(Buffer.from('entry'));
const ENTRY: Entry = {
  schemaVersion: 1,
  sequence: 12,
  previous: [DIGEST],
  ancestors: [entryTag(11, DIGEST)],
  void: [],
  time: '2026-01-02T03:04:05.678Z',
  who: 'mia',
  operation: { kind: 'push', ring: 'developers' },
  changes: [change('api', 'developers', '', '0.1.0', true)],
  state: details({ api: { '0.1.0': 'content' } }),
};

describe('the tag of an entry', () => {
  it('has its sequence and the start of its digest', () => {
    expect(entryTag(12, DIGEST)).toBe(`0000000012-${DIGEST.slice(7, 19)}`);
  });

  it('tells the sequence', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9_999_999_999 }), (sequence) => {
        expect(sequenceOf(entryTag(sequence, DIGEST))).toBe(sequence);
      }),
    );
  });

  it.each([
    'latest',
    'followed',
    '0000000012',
    '0000000012-',
    '0000000012-3f2a',
    '0000000012-3F2AB1C4D5E6',
    '0000000012-3f2ab1c4d5e6f',
    '00000000012-3f2ab1c4d5e6',
    '000000012-3f2ab1c4d5e6',
    'x0000000012-3f2ab1c4d5e6',
    '0000000012-3f2ab1c4d5e6.sig',
    'sha256-3f2ab1c4d5e6',
    '1.2.3',
    '',
  ])('is not %j', (tag) => {
    expect(sequenceOf(tag)).toBeUndefined();
  });

  it('sorts by its sequence, and what stands before a sequence before all tags of it', () => {
    const sequence = fc.integer({ min: 1, max: 9_999_999_999 });
    fc.assert(
      fc.property(sequence, sequence, fc.string(), (a, b, text) => {
        const [lower, higher] = [Math.min(a, b), Math.max(a, b)];
        const tag = entryTag(higher, sha256(Buffer.from(text)));
        expect(sequencePrefix(higher) < tag).toBe(true);
        if (lower < higher) expect(entryTag(lower, DIGEST) < sequencePrefix(higher)).toBe(true);
      }),
    );
  });

  it.each([
    [0, '0000000000'],
    [-31, '0000000000'],
    [7, '0000000007'],
  ])('of sequence %i starts with %s', (sequence, prefix) => {
    expect(sequencePrefix(sequence)).toBe(prefix);
  });
});

describe('the documents of an entry', () => {
  const { manifest, layer, config, layerDescriptor, configDescriptor } = entryDocuments(ENTRY);

  it('are a manifest of a type of its own, with one layer and the empty config', () => {
    expect(JSON.parse(manifest.toString())).toEqual({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      artifactType: 'application/vnd.gitops.ledger.v1+json',
      config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: sha256(config), size: 2 },
      layers: [
        { mediaType: 'application/vnd.gitops.ledger.v1+json', digest: sha256(layer), size: layer.length },
      ],
    });
    expect(JSON.parse(layer.toString())).toEqual(ENTRY);
    expect(config.toString()).toBe('{}');
    expect(layerDescriptor).toEqual(JSON.parse(manifest.toString()).layers[0]);
    expect(configDescriptor).toEqual(JSON.parse(manifest.toString()).config);
  });

  // Entries that exist would get other tags.
  it('have the same bytes with every version of gitops', () => {
    expect(sha256(layer)).toBe('sha256:11b989b85cef7867fa8032f43d041afccb51768a17a9e56b7589db226250bfa3');
    expect(sha256(manifest)).toBe('sha256:0693657acb1ae7efc1e5ece8157429aaf6e9700344cb5d02ee2321da97d63dc3');
  });

  it('do not depend on the order in which an entry was put together, nor on what is undefined in it', () => {
    const backwards = Object.fromEntries(Object.entries(ENTRY).reverse()) as unknown as Entry;
    expect(entryDocuments({ ...backwards, run: undefined, reason: undefined }).layer).toEqual(layer);
  });
});
