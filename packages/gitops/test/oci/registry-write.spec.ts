import { contentOf } from '../../src/oci/content';
import { DOCKER, OCI } from '../../src/oci/media-types';
import type { RegistryOptions } from '../../src/oci/registry';
import { blob, image, noise } from './fixtures';
import { RegistryFixture, failure } from './registry-fixture';
import { fail, json } from './scripted-registry';
import type { Answer, ScriptedRegistry } from './scripted-registry';

const fixture = new RegistryFixture();
const start = () => fixture.start();
const open = (location: string, options?: RegistryOptions) => fixture.open(location, options);

afterEach(() => fixture.clear());

const SMALL = blob('small');
const LARGE = blob(noise(5 * 1024 * 1024));
const hangUp: Answer = (_, response) => response.destroy();
const absent = fail(404);
const session = (location = '/upload?_state=a%2Bb~c', status = 202) => fail(status, { location });

/** Method and path of all that was asked. */
const asked = ({ asked: all }: ScriptedRegistry) => all.map(({ method, path }) => `${method} ${path}`);
const body = (server: ScriptedRegistry, i: number) => Buffer.from(server.asked[i]!.body, 'latin1');
const digestQuery = ({ descriptor }: typeof SMALL) => `digest=${encodeURIComponent(descriptor.digest)}`;

describe('an upload', () => {
  it('of a small blob is one request, at the very address that the registry gave', async () => {
    const server = (await start()).next(absent, session(), fail(201));
    await open(server.host).push(SMALL.descriptor, () => contentOf(SMALL.bytes));
    expect(asked(server)).toEqual([
      `HEAD /v2/acme/api/blobs/${SMALL.descriptor.digest}`,
      'POST /v2/acme/api/blobs/uploads/',
      `PUT /upload?_state=a%2Bb~c&${digestQuery(SMALL)}`,
    ]);
    expect(body(server, 2)).toEqual(SMALL.bytes);
  });

  it('of a large blob is a stream and an end, each where the answer before it said', async () => {
    const server = (await start()).next(absent, session('/1?a=1'), session('/2?a=2'), fail(201));
    await open(server.host).push(LARGE.descriptor, () => contentOf(LARGE.bytes));
    expect(asked(server).slice(2)).toEqual(['PATCH /1?a=1', `PUT /2?a=2&${digestQuery(LARGE)}`]);
    expect(body(server, 2).equals(LARGE.bytes)).toBe(true);
    expect(body(server, 3)).toHaveLength(0);
  });

  it('goes on where it was cut, when the registry says where', async () => {
    const server = (await start()).next(
      absent,
      session('/1'),
      hangUp,
      absent,
      fail(204, { range: '0-999999', location: '/2' }),
      session('/3'),
      fail(201),
    );
    await open(server.host).push(LARGE.descriptor, () => contentOf(LARGE.bytes));
    expect(asked(server).slice(2)).toEqual([
      'PATCH /1',
      `HEAD /v2/acme/api/blobs/${LARGE.descriptor.digest}`,
      'GET /1',
      'PATCH /2',
      `PUT /3?${digestQuery(LARGE)}`,
    ]);
    expect(server.asked[5]!.headers['content-range']).toBe(`1000000-${LARGE.bytes.length - 1}`);
    expect(body(server, 5).equals(LARGE.bytes.subarray(1_000_000))).toBe(true);
  });

  it('starts anew where the session is gone', async () => {
    const server = (await start()).next(
      absent,
      session('/1'),
      fail(500),
      absent,
      absent,
      session('/2'),
      fail(201),
    );
    await open(server.host).push(SMALL.descriptor, () => contentOf(SMALL.bytes));
    expect(asked(server).slice(4)).toEqual([
      'GET /1',
      'POST /v2/acme/api/blobs/uploads/',
      `PUT /2?${digestQuery(SMALL)}`,
    ]);
  });

  it('whose last answer was lost is done', async () => {
    const server = (await start()).next(absent, session(), hangUp, fail(200));
    await open(server.host).push(SMALL.descriptor, () => contentOf(SMALL.bytes));
    expect(server.asked).toHaveLength(4);
  });

  it('is not tried for ever', async () => {
    const server = await start();
    server.always(({ method }, response) =>
      (method === 'POST' ? session() : method === 'PUT' ? fail(503) : absent)({} as never, response),
    );
    const pushed = open(server.host, { retry: { attempts: 3 } }).push(SMALL.descriptor, () =>
      contentOf(SMALL.bytes),
    );
    await expect(pushed).rejects.toEqual(failure('unavailable', 'answers 503'));
    expect(asked(server).filter((line) => line.startsWith('PUT'))).toHaveLength(3);
  });

  it('at another host goes there without the credentials', async () => {
    const storage = (await start()).always(fail(201));
    const server = (await start()).next(
      fail(401, { 'www-authenticate': 'Basic' }),
      absent,
      session(`http://localhost:${storage.host.split(':')[1]}/put?signed=x`),
    );
    const credentials = { kind: 'password', username: 'me', password: 's3cret' } as const;
    await open(server.host, { credentials }).push(SMALL.descriptor, () => contentOf(SMALL.bytes));
    expect(server.asked[2]!.headers.authorization).toMatch(/^Basic/);
    expect(storage.asked.map(({ headers }) => headers.authorization)).toEqual([undefined]);
    expect(asked(storage)).toEqual([`PUT /put?signed=x&${digestQuery(SMALL)}`]);
  });

  it('that is refused says why', async () => {
    const body = { errors: [{ code: 'DENIED', message: 'quota exceeded' }] };
    const server = (await start()).next(absent, session(), json(body, {}, 413));
    const pushed = open(server.host).push(SMALL.descriptor, () => contentOf(SMALL.bytes));
    await expect(pushed).rejects.toEqual(failure('rejected', /answers 413 to .*\(DENIED: quota exceeded\)/));
  });

  it('sends nothing that is not what it says to be', async () => {
    const server = (await start()).next(absent, session());
    const pushed = open(server.host).push(SMALL.descriptor, () => contentOf('SMALL'));
    await expect(pushed).rejects.toEqual(failure('corrupt', 'what was pushed'));
  });
});

describe('a mount', () => {
  const mount = (from: string) =>
    `mount=${encodeURIComponent(SMALL.descriptor.digest)}&from=${encodeURIComponent(from)}`;
  const push = (server: ScriptedRegistry, location = server.host) =>
    open(location).push(SMALL.descriptor, () => contentOf(SMALL.bytes), { mountFrom: 'acme/base' });

  it('moves no bytes', async () => {
    const server = (await start()).next(absent, fail(201));
    await push(server);
    expect(asked(server)[1]).toBe(`POST /v2/acme/api/blobs/uploads/?${mount('acme/base')}`);
    expect(server.asked).toHaveLength(2);
  });

  it('names the source with the prefix of the store', async () => {
    const server = (await start()).next(absent, fail(201));
    await push(server, `${server.host}/team`);
    expect(asked(server)[1]).toBe(`POST /v2/team/acme/api/blobs/uploads/?${mount('team/acme/base')}`);
  });

  it('that the registry stumbles over becomes an upload', async () => {
    const server = (await start()).next(absent, ...Array(5).fill(fail(500)), session('/1'), fail(201));
    await push(server);
    expect(asked(server).slice(6)).toEqual([
      'POST /v2/acme/api/blobs/uploads/',
      `PUT /1?${digestQuery(SMALL)}`,
    ]);
  });

  it('that becomes an upload goes on as one', async () => {
    const server = (await start()).next(absent, session('/1'), fail(201));
    await push(server);
    expect(asked(server).slice(2)).toEqual([`PUT /1?${digestQuery(SMALL)}`]);
  });

  it.each([400, 401, 403, 404, 405, 413, 422])('that is answered %d becomes an upload', async (status) => {
    const server = (await start()).next(absent, fail(status), session('/1'), fail(201));
    await push(server);
    expect(asked(server).slice(2)).toEqual([
      'POST /v2/acme/api/blobs/uploads/',
      `PUT /1?${digestQuery(SMALL)}`,
    ]);
  });
});

describe('a manifest', () => {
  const { manifest, descriptor } = image(['a']);

  it.each([OCI.manifest, DOCKER.manifest])('is put as %s under its tag', async (mediaType) => {
    const server = (await start()).next(fail(201, { 'docker-content-digest': descriptor.digest }));
    const stored = await open(server.host).putManifest({ ...manifest, mediaType }, '1.0.0');
    expect(stored).toEqual({ ...descriptor, mediaType });
    expect(asked(server)).toEqual(['PUT /v2/acme/api/manifests/1.0.0']);
    expect(server.asked[0]!.headers['content-type']).toBe(mediaType);
    expect(body(server, 0)).toEqual(manifest.bytes);
  });

  it('whose tag may not be overwritten is rejected, with the status', async () => {
    const server = (await start()).always(json({ errors: [{ code: 'TAG_IMMUTABLE' }] }, {}, 409));
    const put = open(server.host).putManifest(manifest, '1.0.0');
    await expect(put).rejects.toEqual(
      failure('rejected', /answers 409 to \S+acme\/api:1\.0\.0 \(TAG_IMMUTABLE\)/),
    );
    await expect(put).rejects.toEqual(expect.objectContaining({ status: 409 }));
    expect(asked(server)).toEqual(['PUT /v2/acme/api/manifests/1.0.0', 'HEAD /v2/acme/api/manifests/1.0.0']);
  });

  it('that was answered and lost, or overwritten, is found out with one request', async () => {
    const other = image(['b']);
    const server = (await start()).hold({ descriptor: other.descriptor, bytes: other.manifest.bytes });
    const repository = open(server.host);
    server.next(fail(201));
    await repository.putManifest(manifest, '1.0.0');
    server.next(fail(404));
    expect(await repository.resolve('1.0.0')).toBeUndefined();
    server.next((_, response) =>
      server.serve({ ...server.asked.at(-1)!, path: `/${other.descriptor.digest}` }, response),
    );
    expect(await repository.resolve('1.0.0')).toEqual(other.descriptor);
    expect(asked(server).slice(1)).toEqual(Array(2).fill('HEAD /v2/acme/api/manifests/1.0.0'));
  });

  it('that the registry changed is not taken for stored', async () => {
    const server = (await start()).always(fail(201, { 'docker-content-digest': SMALL.descriptor.digest }));
    const put = open(server.host).putManifest(manifest, '1.0.0');
    await expect(put).rejects.toEqual(failure('corrupt', 'was stored as'));
  });
});

describe('a deletion', () => {
  const { digest } = SMALL.descriptor;
  const path = `DELETE /v2/acme/api/manifests/${digest}`;

  it('whose answer was lost is one all the same', async () => {
    const server = (await start()).next(hangUp, absent);
    await open(server.host).delete(digest);
    expect(asked(server)).toEqual([path, path]);
  });

  it.each([400, 405])('that the registry refuses with %d says what to do', async (status) => {
    const server = (await start()).next(fail(status), fail(status));
    const repository = open(server.host);
    const refused = failure('rejected', /the deletion of .*@sha256:.*; have deletes allowed there/);
    await expect(repository.delete(digest)).rejects.toEqual(refused);
    // Of a tag that is no failure: the manifest may be deleted all the same.
    expect(await repository.untag('1.0.0')).toBe(false);
  });

  it.each([
    [202, true],
    [204, true],
    [404, true],
  ])('of a tag to which it answers %d has gone: %p', async (status, isGone) => {
    const server = (await start()).next(fail(status));
    expect(await open(server.host).untag('1.0.0')).toBe(isGone);
    expect(asked(server)).toEqual(['DELETE /v2/acme/api/manifests/1.0.0']);
  });

  it('that is denied says so', async () => {
    const server = (await start()).next(fail(403), fail(403));
    const denied = failure('forbidden', 'denies access to the deletion of');
    await expect(open(server.host).delete(digest)).rejects.toEqual(denied);
    await expect(open(server.host).untag('1.0.0')).rejects.toEqual(denied);
  });

  it('lets go of what was read before', async () => {
    const one = image(['one']);
    const server = await start();
    server.hold({ descriptor: one.descriptor, bytes: one.manifest.bytes });
    const repository = open(server.host);
    expect(await repository.resolve(one.descriptor.digest)).toEqual(one.descriptor);
    server.next(fail(202), absent);
    await repository.delete(one.descriptor.digest);
    expect(await repository.resolve(one.descriptor.digest)).toBeUndefined();
  });
});
