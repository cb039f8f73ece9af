import { contentOf, readAll, readDocument } from '../../src/oci/content';
import { canonicalJson } from '../../src/oci/json';
import { isIndex, parseManifest } from '../../src/oci/manifest';
import { OCI } from '../../src/oci/media-types';
import { attach, attached, readAttached, referrersTag } from '../../src/oci/referrers';
import type { Artifact } from '../../src/oci/referrers';
import type { RawManifest, Store, WritableRepository } from '../../src/oci/store';
import type { Manifest } from '../../src/oci/types';
import { blob, image, index, noise, store as put } from './fixtures';
import { failure } from './registry-fixture';

export const SBOM = 'application/vnd.example.sbom.v1';
export const NOTES = 'application/vnd.example.notes.v1';

/** With a time, if it has one. */
export const artifact = (text: string | Buffer, artifactType = SBOM, created?: string): Artifact => ({
  artifactType,
  mediaType: 'application/json',
  content: Buffer.from(text),
  annotations: created ? { 'org.opencontainers.image.created': created } : undefined,
});

export const { descriptor: SUBJECT } = image(['the subject']);

/** What holds for artifacts in every store. @param open opens an empty store; called before each test */
export function referrersContract(open: () => Promise<Store> | Store): void {
  let store: Store;
  let repository: WritableRepository;
  let count = 0;
  beforeEach(async () => {
    store = await open();
    repository = store.repository(`acme/referrers-${++count}`);
  });
  afterEach(() => store.close());

  it('has nothing where nothing is attached', async () => {
    expect(await attached(repository, SUBJECT.digest, SBOM)).toEqual([]);
    expect(await readAttached(repository, SUBJECT.digest, SBOM)).toBeUndefined();
  });

  it('gives back what was attached, by its type', async () => {
    await put(repository, image(['the subject']), '1.0.0');
    const large = noise(1_000_000);
    const sbom = await attach(repository, SUBJECT, artifact(large));
    await attach(repository, SUBJECT, artifact('notes', NOTES));
    const found = await attached(repository, SUBJECT.digest, SBOM);
    expect(found).toEqual([{ ...sbom, artifactType: SBOM }]);
    expect((await readAttached(repository, SUBJECT.digest, SBOM))!.equals(large)).toBe(true);
    expect((await readAttached(repository, SUBJECT.digest, NOTES))!.toString()).toBe('notes');
    expect(await readAttached(repository, SUBJECT.digest, 'application/vnd.other')).toBeUndefined();
    expect(await readAttached(repository, image(['other']).descriptor.digest, SBOM)).toBeUndefined();
  });

  it('is a manifest as the specification has it', async () => {
    const descriptor = await attach(repository, { ...SUBJECT, annotations: { a: 'b' } }, artifact('{}'));
    const manifest = JSON.parse((await readDocument(repository, descriptor)).toString());
    const empty = { digest: blob('{}').descriptor.digest, size: 2 };
    expect(manifest).toEqual({
      schemaVersion: 2,
      mediaType: OCI.manifest,
      artifactType: SBOM,
      config: { mediaType: OCI.empty, ...empty },
      layers: [{ mediaType: 'application/json', ...empty }],
      subject: SUBJECT,
    });
  });

  it('is attached once, however often', async () => {
    const first = await attach(repository, SUBJECT, artifact('same'));
    expect(await attach(repository, SUBJECT, artifact('same'))).toEqual(first);
    expect(await attached(repository, SUBJECT.digest, SBOM)).toHaveLength(1);
  });

  it('is the newest of several', async () => {
    for (const year of ['2025', '2027', '2026'])
      await attach(repository, SUBJECT, artifact(year, SBOM, `${year}-01-01T00:00:00Z`));
    await attach(repository, SUBJECT, artifact('undated'));
    expect((await readAttached(repository, SUBJECT.digest, SBOM))!.toString()).toBe('2027');
    const found = await attached(repository, SUBJECT.digest, SBOM);
    expect(found.map(({ annotations }) => annotations?.['org.opencontainers.image.created'])).toEqual([
      '2027-01-01T00:00:00Z',
      '2026-01-01T00:00:00Z',
      '2025-01-01T00:00:00Z',
      undefined,
    ]);
  });

  it('is not lost where others attach at the same time', async () => {
    const names = [...Array(8).keys()].map((i) => `application/vnd.example.${i}`);
    await Promise.all(names.map((name) => attach(repository, SUBJECT, artifact(name, name))));
    for (const name of names)
      expect((await readAttached(repository, SUBJECT.digest, name))!.toString()).toBe(name);
  });

  it('can be attached by who is alone', async () => {
    const work = () => attach(repository, SUBJECT, artifact('alone'));
    await (repository.exclusively?.(work) ?? work());
    expect(await attached(repository, SUBJECT.digest, SBOM)).toHaveLength(1);
  });

  it('keeps other blobs of the repository', async () => {
    const other = blob('beside it', 'text/plain');
    await repository.push(other.descriptor, () => contentOf(other.bytes));
    const descriptor = await attach(repository, SUBJECT, {
      ...artifact('document'),
      attachments: [other.descriptor],
    });
    expect((await readAttached(repository, SUBJECT.digest, SBOM))!.toString()).toBe('document');
    const manifest = JSON.parse((await readAll(repository.open(descriptor))).toString()) as Manifest;
    expect(manifest.layers.slice(1)).toEqual([other.descriptor]);
  });

  it('is refused where it is too large', async () => {
    await attach(repository, SUBJECT, artifact(noise(1000)));
    const read = (maxSize: number) => readAttached(repository, SUBJECT.digest, SBOM, { maxSize });
    await expect(read(999)).rejects.toEqual(failure('corrupt', 'too many'));
    expect(await read(1000)).toHaveLength(1000);
  });
}

/** What holds where the list is under a tag. */
export function referrersTagContract(open: () => Promise<Store> | Store): void {
  let repository: WritableRepository;
  let store: Store;
  let count = 0;
  beforeEach(async () => {
    store = await open();
    repository = store.repository(`acme/tagged-${++count}`);
  });
  afterEach(() => store.close());
  const tag = referrersTag(SUBJECT.digest);

  it('lists what is attached under the tag of the specification, and keeps what others put there', async () => {
    const other = { ...image(['other']).descriptor, artifactType: NOTES, annotations: { a: 'b' } };
    await put(repository, image(['other']));
    const before = { ...JSON.parse(index(other).bytes.toString()), annotations: { c: 'd' } };
    await repository.putManifest({ mediaType: OCI.index, bytes: canonicalJson(before) }, tag);
    const mine = await attach(repository, SUBJECT, artifact('mine', SBOM, '2026-01-01T00:00:00Z'));
    expect(tag).toBe(`sha256-${SUBJECT.digest.slice(7)}`);
    const listed = (await repository.resolve(tag))!;
    expect(listed.mediaType).toBe(OCI.index);
    const document = parseManifest(await readDocument(repository, listed), 'here');
    const entry = {
      ...mine,
      artifactType: SBOM,
      annotations: { 'org.opencontainers.image.created': '2026-01-01T00:00:00Z' },
    };
    expect(document.annotations).toEqual({ c: 'd' });
    expect(isIndex(document) && document.manifests).toHaveLength(2);
    expect(isIndex(document) && document.manifests).toEqual(expect.arrayContaining([entry, other]));
  });

  it('is the same list whoever came first', async () => {
    const names = ['acme/first', 'acme/second'].map((name) => `${name}-${count}`);
    for (const [i, name] of names.entries())
      for (const text of i ? ['a', 'b'] : ['b', 'a'])
        await attach(store.repository(name), SUBJECT, artifact(text));
    const [first, second] = await Promise.all(names.map((name) => store.repository(name).resolve(tag)));
    expect(first).toEqual(second);
  });

  it('does not overwrite a tag that is something else', async () => {
    const { descriptor } = image(['x']);
    await put(repository, image(['x']), tag);
    await expect(attach(repository, SUBJECT, artifact('mine'))).rejects.toEqual(
      failure('corrupt', `${tag} is not a list of referrers`),
    );
    expect(await repository.resolve(tag)).toEqual(descriptor);
    await expect(attached(repository, SUBJECT.digest, SBOM)).rejects.toEqual(
      failure('corrupt', 'not a list'),
    );
  });

  describe('refuses as corrupt', () => {
    const list = async (raw: RawManifest, artifactType = SBOM) => {
      const descriptor = await repository.putManifest(raw);
      await repository.putManifest(index({ ...descriptor, artifactType }), tag);
    };
    const manifest = async (changes: object) => {
      const content = blob('content', 'text/plain');
      const empty = blob('{}', OCI.empty);
      for (const one of [content, empty]) await repository.push(one.descriptor, () => contentOf(one.bytes));
      const document = {
        schemaVersion: 2,
        mediaType: OCI.manifest,
        artifactType: SBOM,
        config: empty.descriptor,
        layers: [content.descriptor],
        subject: SUBJECT,
        ...changes,
      };
      return { mediaType: OCI.manifest, bytes: canonicalJson(document) };
    };

    it.each([
      ['what is attached to something else', { subject: image(['other']).descriptor }],
      ['what is attached to nothing', { subject: undefined }],
      ['what is of another type', { artifactType: NOTES }],
      ['what has no content', { layers: [] }],
    ])('%s', async (_, changes) => {
      await list(await manifest(changes));
      const reading = readAttached(repository, SUBJECT.digest, SBOM);
      await expect(reading).rejects.toEqual(failure('corrupt', SBOM));
    });

    it('nothing else', async () => {
      await list(await manifest({}));
      expect((await readAttached(repository, SUBJECT.digest, SBOM))!.toString()).toBe('content');
    });
  });
}
