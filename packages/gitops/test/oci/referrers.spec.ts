import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LayoutTree } from '../../src/oci/layout';
import { OCI } from '../../src/oci/media-types';
import { MemoryStore } from '../../src/oci/memory';
import { attach, attached, referrersTag } from '../../src/oci/referrers';
import { openRegistry } from '../../src/oci/registry';
import type { RawManifest, WritableRepository } from '../../src/oci/store';
import type { Descriptor } from '../../src/oci/types';
import { whenAvailable } from '../support/available';
import { startDockerRegistry } from './docker-registry';
import type { RunningRegistry } from './docker-registry';
import { blob, image, index } from './fixtures';
import { withReferrersApi } from './referrers-api';
import {
  NOTES,
  SBOM,
  SUBJECT,
  artifact,
  referrersContract,
  referrersTagContract,
} from './referrers-contract';
import { RegistryFixture, failure } from './registry-fixture';
import { fail, json } from './scripted-registry';

describe('memory', () => {
  referrersContract(() => new MemoryStore());
  referrersTagContract(() => new MemoryStore());
});

describe('a directory of layouts', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'gitops-referrers-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));
  referrersContract(() => new LayoutTree(directory));
  referrersTagContract(() => new LayoutTree(directory));

  it('loses nothing where several processes attach', async () => {
    const workers = ['a', 'b', 'c', 'd'].map((name) =>
      fork(join(__dirname, 'layout-worker.ts'), ['attach', directory, name, '5'], {
        execArgv: ['-r', require.resolve('@swc-node/register')],
      }),
    );
    const ended = workers.map((worker) => once(worker, 'exit'));
    await Promise.all(workers.map((worker) => once(worker, 'message')));
    for (const worker of workers) worker.send('go');
    expect(await Promise.all(ended)).toEqual(workers.map(() => [0, null]));
    const repository = new LayoutTree(directory).repository('acme/shared');
    expect(await attached(repository, SUBJECT.digest, SBOM)).toHaveLength(20);
  });
});

whenAvailable('docker-registry', 'a registry without the API', () => {
  let registry: RunningRegistry;
  beforeAll(async () => {
    registry = await startDockerRegistry();
  });
  afterAll(() => registry.stop());
  referrersContract(() => openRegistry(registry.host));
  referrersTagContract(() => openRegistry(registry.host));
});

describe.each([true, false])('a registry with the API, which filters: %s', (filters) => {
  const fixture = new RegistryFixture();
  afterEach(() => fixture.clear());
  const start = async () => {
    const server = await fixture.start();
    withReferrersApi(server, { filters });
    return server;
  };
  referrersContract(async () => fixture.store((await start()).host));

  it('is asked for page after page, and needs no tag', async () => {
    const server = await start();
    const repository = fixture.open(server.host);
    for (const text of ['1', '2', '3', '4', '5']) await attach(repository, SUBJECT, artifact(text));
    await attach(repository, SUBJECT, artifact('notes', NOTES));
    server.asked.length = 0;
    expect(await attached(repository, SUBJECT.digest, SBOM)).toHaveLength(5);
    const path = `/v2/acme/api/referrers/${SUBJECT.digest}?artifactType=${encodeURIComponent(SBOM)}`;
    expect(server.asked.map((asked) => asked.path)).toEqual([path, `${path}&at=2`, `${path}&at=4`]);
  });
});

describe('a registry', () => {
  const fixture = new RegistryFixture();
  afterEach(() => fixture.clear());

  it('that has the API now is asked for the tag that it had before', async () => {
    const server = await fixture.start();
    const entry = { ...image(['x']).descriptor, artifactType: SBOM };
    const list = index(entry);
    server.hold(blob(list.bytes, OCI.index));
    server.next(
      json({ schemaVersion: 2, manifests: [] }, { 'content-type': OCI.index }),
      fail(200, {
        'content-type': OCI.index,
        'docker-content-digest': blob(list.bytes).descriptor.digest,
        'content-length': String(list.bytes.length),
      }),
    );
    expect(await attached(fixture.open(server.host), SUBJECT.digest, SBOM)).toEqual([entry]);
  });

  it.each([
    ['400', fail(400)],
    ['404', fail(404)],
    ['405', fail(405)],
    ['a page of html', fail(200, { 'content-type': 'text/html' }, '<html>')],
  ])('has no API where it answers %s', async (_, answer) => {
    const server = (await fixture.start()).next(answer).always(fail(404));
    expect(await attached(fixture.open(server.host), SUBJECT.digest, SBOM)).toEqual([]);
    expect(server.asked.at(-1)!.path).toBe(`/v2/acme/api/manifests/${referrersTag(SUBJECT.digest)}`);
  });

  it.each([
    ['nothing that can be read', '{', 'is not JSON'],
    ['no list', '{"schemaVersion":2,"config":{},"layers":[]}', 'has no sha256 digest'],
    ['a list without an end', ' '.repeat(5_000_000), 'is larger than'],
  ])('that answers with %s is corrupt', async (_, body, text) => {
    const server = (await fixture.start()).always(fail(200, { 'content-type': OCI.index }, body));
    const asking = attached(fixture.open(server.host), SUBJECT.digest, SBOM);
    await expect(asking).rejects.toEqual(failure('corrupt', text));
  });

  it('that denies access to the list says so', async () => {
    const server = (await fixture.start()).always(fail(403));
    const asking = attached(fixture.open(server.host), SUBJECT.digest, SBOM);
    await expect(asking).rejects.toEqual(failure('forbidden', 'denies access to the referrers of'));
  });
});

describe('a list that others overwrite', () => {
  /** Memory that cannot lock, and of which somebody else sets the list back so many times. */
  class Contested {
    readonly writes: (string | undefined)[] = [];
    private readonly inner = new MemoryStore().repository('acme/api');
    readonly where = this.inner.where;
    readonly name = this.inner.name;
    constructor(private times: number) {}

    has = (descriptor: Descriptor) => this.inner.has(descriptor);
    open = (descriptor: Descriptor) => this.inner.open(descriptor);
    tags = () => this.inner.tags();
    resolve = (tagOrDigest: string) => this.inner.resolve(tagOrDigest);
    push: WritableRepository['push'] = (...all) => this.inner.push(...all);
    async putManifest(manifest: RawManifest, tag?: string): Promise<Descriptor> {
      this.writes.push(tag);
      const stored = await this.inner.putManifest(manifest, tag);
      if (tag && this.times-- > 0) {
        const theirs = { ...image([`theirs ${this.times}`]).descriptor, artifactType: NOTES };
        await this.inner.putManifest(index(theirs), tag);
      }
      return stored;
    }
  }

  it('has all in the end', async () => {
    const repository = new Contested(3);
    await attach(repository, SUBJECT, artifact('mine'));
    expect(await attached(repository, SUBJECT.digest, SBOM)).toHaveLength(1);
    expect(await attached(repository, SUBJECT.digest, NOTES)).toHaveLength(3);
  });

  it('is given up after some attempts', async () => {
    const repository = new Contested(Infinity);
    const attaching = attach(repository, SUBJECT, artifact('mine'));
    await expect(attaching).rejects.toEqual(failure('unavailable', 'is overwritten all the time; try again'));
    expect(repository.writes).toHaveLength(6);
  });
});
