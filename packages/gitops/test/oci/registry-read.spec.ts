import { readAll } from '../../src/oci/content';
import { describe as describeManifest } from '../../src/oci/manifest';
import type { RegistryOptions } from '../../src/oci/registry';
import { freePort } from './docker-registry';
import { blob, image, noise } from './fixtures';
import { RegistryFixture, failure } from './registry-fixture';
import { dropAfter, fail, json, redirect, whole } from './scripted-registry';

const fixture = new RegistryFixture();
const start = () => fixture.start();
const open = (location: string, options?: RegistryOptions) => fixture.open(location, options);

afterEach(() => fixture.clear());

const CONTENT = blob(noise(300_000));

describe('a registry that stumbles', () => {
  it.each([500, 502, 503, 504, 429])('is asked again after %d', async (status) => {
    const server = (await start()).hold(CONTENT).next(fail(status), fail(status));
    const bytes = await readAll(open(server.host).open(CONTENT.descriptor));
    expect(bytes.equals(CONTENT.bytes)).toBe(true);
    expect(fixture.pauses).toHaveLength(2);
    expect(fixture.pauses[0]).toBeGreaterThanOrEqual(100);
    expect(fixture.pauses[1]).toBeLessThanOrEqual(400);
  });

  it('is not asked for ever', async () => {
    const server = (await start()).always(fail(500));
    const reading = readAll(open(server.host, { retry: { attempts: 3 } }).open(CONTENT.descriptor));
    await expect(reading).rejects.toEqual(failure('unavailable', /answers 500 .*; try again later$/));
    expect(server.asked).toHaveLength(3);
  });

  it('gets the time that it asks for', async () => {
    const server = (await start()).hold(CONTENT).next(fail(429, { 'retry-after': '7' }));
    await readAll(open(server.host).open(CONTENT.descriptor));
    expect(fixture.pauses).toEqual([7000]);
  });

  it('does not get more time than there is', async () => {
    const server = (await start()).always(fail(429, { 'retry-after': '3600' }));
    const reading = readAll(open(server.host).open(CONTENT.descriptor));
    await expect(reading).rejects.toEqual(failure('throttled', 'too many requests'));
    expect(server.asked).toHaveLength(1);
  });

  it('that hangs up before an answer is asked again', async () => {
    const server = (await start()).hold(CONTENT).next((_, response) => response.destroy());
    expect(await open(server.host).has(CONTENT.descriptor)).toBe(true);
  });

  it('that says nothing is given up', async () => {
    const server = (await start()).always(() => undefined);
    const options = { timeouts: { headersMs: 50 }, retry: { attempts: 2 } };
    const asking = open(server.host, options).has(CONTENT.descriptor);
    await expect(asking).rejects.toEqual(failure('unreachable', 'does not answer in time'));
  });
});

describe('a blob that is cut', () => {
  it('is resumed by Range', async () => {
    const server = (await start()).hold(CONTENT).next(dropAfter(CONTENT.bytes, 100_000));
    const bytes = await readAll(open(server.host).open(CONTENT.descriptor));
    expect(bytes.equals(CONTENT.bytes)).toBe(true);
    const range = /^bytes=(\d+)-$/.exec(server.asked[1]!.headers.range ?? '');
    expect(Number(range?.[1])).toBeGreaterThan(0);
  });

  it('is read from its start where there is no Range', async () => {
    const server = (await start())
      .next(dropAfter(CONTENT.bytes, 100_000), dropAfter(CONTENT.bytes, 200_000))
      .always(whole(CONTENT.bytes));
    const bytes = await readAll(open(server.host).open(CONTENT.descriptor));
    expect(bytes.equals(CONTENT.bytes)).toBe(true);
  });

  it('is given up after some attempts without progress', async () => {
    const server = (await start()).always(dropAfter(CONTENT.bytes, 1000));
    const reading = readAll(open(server.host).open(CONTENT.descriptor));
    await expect(reading).rejects.toEqual(failure('cut', /broke off after 1000 of 300000 bytes; try again$/));
    expect(server.asked).toHaveLength(5);
  });

  it('is found too short when there is no more of it', async () => {
    const short = { descriptor: CONTENT.descriptor, bytes: CONTENT.bytes.subarray(0, 1000) };
    const server = (await start()).hold(short);
    const reading = readAll(open(server.host).open(CONTENT.descriptor));
    await expect(reading).rejects.toEqual(failure('cut', 'ends after 1000 of 300000 bytes'));
  });
});

describe('content that is wrong', () => {
  it.each([
    ['other bytes', Buffer.from(CONTENT.bytes).fill(0, 5, 6), 'its digest is'],
    ['more bytes', Buffer.concat([CONTENT.bytes, Buffer.from('x')]), 'is larger than'],
  ])('is refused: %s', async (_, bytes, text) => {
    const server = (await start()).always(whole(bytes));
    const reading = readAll(open(server.host).open(CONTENT.descriptor));
    await expect(reading).rejects.toEqual(failure('corrupt', text));
    await expect(reading).rejects.toThrow(`${server.host}/acme/api`);
  });

  it('is refused: a manifest with another digest than asked for', async () => {
    const { manifest } = image(['a']);
    const server = (await start()).always(whole(manifest.bytes));
    const asking = open(server.host).resolve(CONTENT.descriptor.digest);
    await expect(asking).rejects.toEqual(failure('corrupt', 'its digest is'));
  });
});

describe('a redirect', () => {
  it('is followed, without the credentials where the host changes', async () => {
    const storage = (await start()).hold(CONTENT);
    const location = `http://localhost:${storage.host.split(':')[1]}/blob/${CONTENT.descriptor.digest}`;
    const server = (await start()).always((asked, response) =>
      asked.headers.authorization
        ? redirect(location)(asked, response)
        : fail(401, { 'www-authenticate': 'Basic realm="x"' })(asked, response),
    );
    const credentials = { kind: 'password', username: 'me', password: 's3cret' } as const;
    const bytes = await readAll(open(server.host, { credentials }).open(CONTENT.descriptor));
    expect(bytes.equals(CONTENT.bytes)).toBe(true);
    expect(server.asked[1]!.headers.authorization).toMatch(/^Basic /);
    expect(storage.asked.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });

  it.each(['Basic realm="x"', 'Bearer realm="http://HOST/token"'])(
    'to a host that asks for credentials by %s gives it none',
    async (how) => {
      const storage = await start();
      storage.always(fail(401, { 'www-authenticate': how.replace('HOST', storage.host) }));
      const server = (await start()).always(redirect(`http://localhost:${storage.host.split(':')[1]}/blob`));
      const credentials = { kind: 'password', username: 'me', password: 's3cret' } as const;
      const reading = readAll(open(server.host, { credentials }).open(CONTENT.descriptor));
      await expect(reading).rejects.toEqual(failure('forbidden', /localhost:\d+ denies access/));
      expect(storage.asked.map(({ path, headers }) => [path, headers.authorization])).toEqual([
        ['/blob', undefined],
      ]);
    },
  );

  it('that goes round is left', async () => {
    const server = await start();
    server.always(redirect('/v2/again'));
    await expect(open(server.host).has(CONTENT.descriptor)).rejects.toThrow('redirects more than 5 times');
  });

  it('to something that is not http is refused', async () => {
    const server = (await start()).always(redirect('file:///etc/passwd'));
    await expect(open(server.host).has(CONTENT.descriptor)).rejects.toEqual(failure('untrusted', 'not safe'));
  });
});

describe('tags', () => {
  it('are read page by page, whatever name the registry gives itself', async () => {
    const server = (await start()).next(
      json({ tags: ['1', '2'] }, { link: '</v2/acme/api/tags/list?last=2&n=2>; rel="next"' }),
      json({ tags: ['3'] }, { link: '<http://internal:1234/v2/acme/api/tags/list?last=3&n=2>; rel=next' }),
      json({ tags: null }),
    );
    const tags: string[] = [];
    for await (const tag of open(server.host).tags()) tags.push(tag);
    expect(tags).toEqual(['1', '2', '3']);
    expect(server.asked.map(({ path }) => path)).toEqual([
      '/v2/acme/api/tags/list',
      '/v2/acme/api/tags/list?last=2&n=2',
      '/v2/acme/api/tags/list?last=3&n=2',
    ]);
  });

  it('come to an end where a page leads to itself', async () => {
    const link = { link: '</v2/acme/api/tags/list?n=1>; rel="next"' };
    const server = (await start()).always(json({ tags: ['1'] }, link));
    const tags: string[] = [];
    for await (const tag of open(server.host).tags()) tags.push(tag);
    expect(server.asked).toHaveLength(2);
  });
});

describe('resolving', () => {
  it('reads the manifest where the headers do not tell', async () => {
    const { manifest } = image(['a']);
    const server = (await start()).next(fail(200), whole(manifest.bytes));
    expect(await open(server.host).resolve('1.0')).toEqual(describeManifest(manifest));
  });

  it('of a manifest that is too old says so', async () => {
    const server = (await start()).always(json({ schemaVersion: 1, fsLayers: [] }));
    await expect(open(server.host).resolve('1.0')).rejects.toThrow(
      /1\.0 is a manifest of Docker schema 1; push/,
    );
  });
});

describe('errors', () => {
  it('name a host that is unknown', async () => {
    const asking = open('registry.invalid').has(CONTENT.descriptor);
    await expect(asking).rejects.toThrow(/^the host registry\.invalid is unknown; check its name/);
  });

  it('name a host that refuses', async () => {
    const host = `127.0.0.1:${await freePort()}`;
    await expect(open(host).has(CONTENT.descriptor)).rejects.toThrow(`${host} refuses the connection; check`);
    expect(fixture.pauses).toEqual([]);
  });

  it('say that there is no TLS', async () => {
    const server = await start();
    const asking = open(`https://${server.host}`).has(CONTENT.descriptor);
    await expect(asking).rejects.toEqual(failure('untrusted', 'does not speak TLS'));
  });

  it.each([
    [403, 'forbidden', /denies access to .*acme\/api@sha256:\S+ \(DENIED: not yours\); ask its owner/],
    [404, 'not-found', /acme\/api@sha256:\S+ is not there \(DENIED: not yours\)$/],
    [418, 'rejected', /answers 418/],
  ] as const)('of status %d are %s', async (status, kind, text) => {
    const body = { errors: [{ code: 'DENIED', message: 'not\nyours\u001b' }] };
    const server = (await start()).always(json(body, {}, status));
    const reading = readAll(open(server.host).open(CONTENT.descriptor));
    await expect(reading).rejects.toEqual(failure(kind, text));
  });
});
