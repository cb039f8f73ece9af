import { gzipSync } from 'node:zlib';
import { change, details } from '../../test/ledger/changes';
import { sha256 } from '../oci/digest';
import { canonicalJson } from '../oci/json';
import type { Manifest } from '../oci/types';
import { type Entry, entryTag } from './entry';
import { ENTRY_ANNOTATION, entryContent, entryDocuments } from './entry-documents';

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

const manifestOf = (entry: Entry): Manifest => JSON.parse(entryDocuments(entry).manifest.toString());
const contentOf = (entry: Entry): unknown => JSON.parse(entryContent(manifestOf(entry))!.toString());

describe('the documents of an entry', () => {
  const { manifest, empty, layer } = entryDocuments(ENTRY);

  it('are a manifest of a type of its own, which says all', () => {
    const { annotations, ...others } = JSON.parse(manifest.toString()) as Manifest;
    expect(others).toEqual({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      artifactType: 'application/vnd.gitops.ledger.v1+json',
      config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: sha256('{}'), size: 2 },
      layers: [{ mediaType: 'application/vnd.oci.empty.v1+json', digest: sha256('{}'), size: 2 }],
    });
    expect(Object.keys(annotations!)).toEqual([ENTRY_ANNOTATION]);
    expect(contentOf(ENTRY)).toEqual(ENTRY);
    expect([empty.bytes.toString(), layer]).toEqual(['{}', undefined]);
  });

  it('have a layer where the entry is too large for a manifest', () => {
    const names = Array.from({ length: 40_000 }, (_, i) => `image-${i}`);
    const many = {
      ...ENTRY,
      state: details(Object.fromEntries(names.map((name) => [name, { '1.0.0': name }]))),
    };
    const documents = entryDocuments(many);
    expect(documents.manifest.length).toBeLessThan(1000);
    expect(entryContent(manifestOf(many))).toEqual(documents.layer!.descriptor);
    expect(documents.layer!.descriptor).toMatchObject({
      mediaType: 'application/vnd.gitops.ledger.v1+json',
      digest: sha256(documents.layer!.bytes),
    });
    expect(JSON.parse(documents.layer!.bytes.toString())).toEqual(many);
  });

  it('stay far below what registries take for a manifest', () => {
    for (const count of [1, 1_000, 10_000, 20_000]) {
      const names = Array.from({ length: count }, (_, i) => `image-${i}`);
      const state = details(Object.fromEntries(names.map((name) => [name, { '1.0.0': name }])));
      expect(entryDocuments({ ...ENTRY, state }).manifest.length).toBeLessThan(1.1 * 1024 * 1024);
    }
  });

  it('do not depend on the order in which an entry was put together, nor on what is undefined in it', () => {
    const backwards = Object.fromEntries(Object.entries(ENTRY).reverse()) as unknown as Entry;
    expect(entryDocuments({ ...backwards, run: undefined, reason: undefined }).manifest).toEqual(manifest);
  });
});

describe('the content of an entry', () => {
  const { layers, ...others } = manifestOf(ENTRY);

  it('is read from what another gzip made of it', () => {
    const annotation = gzipSync(canonicalJson(ENTRY), { level: 1 }).toString('base64');
    const content = entryContent({ ...others, layers, annotations: { [ENTRY_ANNOTATION]: annotation } });
    expect(JSON.parse(content!.toString())).toEqual(ENTRY);
  });

  it.each(['', '{}', 'H4sIAAAAAAAAA', Buffer.from('{}').toString('base64')])('is not %j', (annotation) => {
    expect(
      entryContent({ ...others, layers, annotations: { [ENTRY_ANNOTATION]: annotation } }),
    ).toBeUndefined();
  });

  it('is not there in the manifest of anything else', () => {
    expect(entryContent({ ...others, layers, annotations: {} })).toBeUndefined();
  });
});
