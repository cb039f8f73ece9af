import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chaos } from './chaos';
import { FaultProxy } from './fault-proxy';
import type { Fault } from './fault-proxy';
import {
  Gate,
  answers,
  corrupts,
  cutsAnswer,
  cutsRequest,
  delays,
  hangsUp,
  keepsTags,
  lateTags,
  losesAnswer,
  losesTag,
  staleList,
  throttles,
} from './faults';
import { blob, image, noise } from './fixtures';
import type { Blob } from './fixtures';
import { withProxiedRegistry } from './proxied-registry';

const { manifest, descriptor, blobs } = image(['one']);
const other = image(['two']);

withProxiedRegistry('a proxy', (at) => {
  let count = 0;
  /** A repository of its own for each test, with an image and no tag. */
  let repository: string;

  beforeEach(async () => {
    repository = `test-${++count}`;
    for (const one of [...blobs, ...other.blobs]) await upload(one, at.registry.host);
  });

  const ask = (path: string, init?: RequestInit, host = at.proxy.host) =>
    fetch(`http://${host}/v2/${repository}/${path}`, init);
  const status = async (path: string, init?: RequestInit, host?: string) => {
    const response = await ask(path, init, host);
    await response.arrayBuffer();
    return response.status;
  };
  const accept = { accept: manifest.mediaType };
  const put = (reference: string, { bytes, mediaType } = manifest) =>
    ask(`manifests/${reference}`, { method: 'PUT', headers: { 'content-type': mediaType }, body: bytes });
  const tags = async (host?: string) =>
    ((await (await ask('tags/list', {}, host)).json()) as { tags: string[] | null }).tags?.sort() ?? [];
  const session = async (host?: string) =>
    (await ask('blobs/uploads/', { method: 'POST' }, host)).headers.get('location')!;
  const upload = async ({ bytes, descriptor: { digest } }: Blob, host?: string) =>
    fetch(`${await session(host)}&digest=${digest}`, { method: 'PUT', body: bytes });
  const SMALL = blobs[0]!;
  const SMALL_PATH = `blobs/${SMALL.descriptor.digest}`;

  it('passes all on, and sends uploads its own way', async () => {
    expect(new URL(await session()).host).toBe(at.proxy.host);
    expect((await put('1.0')).status).toBe(201);
    const response = await ask('manifests/1.0', { headers: accept });
    expect(response.headers.get('docker-content-digest')).toBe(descriptor.digest);
    expect(Buffer.from(await response.arrayBuffer())).toEqual(manifest.bytes);
  });

  it('rewrites the address by which a registry calls itself', async () => {
    const location = `http://${at.registry.host}/v2/x?y`;
    at.proxy.on('*', answers(202, 'X', { location }));
    expect(await session()).toBe(location); // a fault's own answer is left alone
    const behind = await FaultProxy.start(at.proxy.host);
    at.proxy.on('*', answers(202, 'X', { location: `http://${at.proxy.host}/v2/x?y` }));
    const response = await ask('blobs/uploads/', { method: 'POST' }, behind.host);
    expect(response.headers.get('location')).toBe(`http://${behind.host}/v2/x?y`);
    await behind.stop();
  });

  it('counts', async () => {
    const large = blob(noise(100_000, count));
    await upload(large);
    await put('1.0');
    await put(descriptor.digest);
    await status(SMALL_PATH);
    await status(SMALL_PATH, { method: 'HEAD' });
    const { traffic } = at.proxy;
    expect(traffic).toMatchObject({ blobUploads: 1, manifestPuts: 2, faults: 0 });
    expect(traffic.sent).toBe(large.bytes.length + 2 * manifest.bytes.length);
    expect(traffic.received).toBe(SMALL.bytes.length);
    expect([traffic.requests(), traffic.requests('blob'), traffic.requests('HEAD', 'blob')]).toEqual([
      6, 2, 1,
    ]);
    expect(String(traffic)).toMatch(/^6 requests \(1 GET blob, 1 HEAD blob, 1 POST upload, .*\), 0 faults, /);
  });

  it('strikes what a rule matches, so many times', async () => {
    const rule = at.proxy.on('GET blob', answers(503), 2);
    expect(await status('tags/list')).not.toBe(503);
    expect(await status(SMALL_PATH, { method: 'HEAD' })).toBe(200);
    expect([await status(SMALL_PATH), await status(SMALL_PATH), await status(SMALL_PATH)]).toEqual([
      503, 503, 200,
    ]);
    expect(rule).toMatchObject({ times: 0, hits: 2 });
    at.proxy.on(({ reference }) => reference === '2.0', answers(500));
    expect([(await put('1.0')).status, (await put('2.0')).status]).toEqual([201, 500]);
    expect(at.proxy.traffic.faults).toBe(3);
  });

  it('answers instead of the registry, as registries do', async () => {
    at.proxy.on('PUT tag', answers(400, 'TAG_INVALID'));
    const response = await put('1.0');
    expect(await response.json()).toEqual({ errors: [{ code: 'TAG_INVALID', message: 'tag invalid' }] });
    at.proxy.on('tags', throttles(7));
    expect((await ask('tags/list')).headers.get('retry-after')).toBe('7');
    expect(await tags(at.registry.host)).toEqual([]);
  });

  it.each<[string, Fault, string[]]>([
    ['before the registry hears', hangsUp(), []],
    ['before the client hears', losesAnswer(), ['1.0']],
    ['in the middle of the request', cutsRequest(10), []],
  ])('ends the connection %s', async (_, fault, there) => {
    at.proxy.on('PUT tag', fault);
    await expect(put('1.0')).rejects.toThrow('fetch failed');
    expect(await tags()).toEqual(there);
  });

  it('leaves of a cut upload what came before', async () => {
    const address = await session();
    const bytes = noise(100_000);
    at.proxy.on('PATCH upload', cutsRequest(50_000));
    await expect(fetch(address, { method: 'PATCH', body: bytes })).rejects.toThrow('fetch failed');
    const id = /uploads\/([^?]+)/.exec(address)![1]!;
    const uploads = join(at.registry.dir, 'data/docker/registry/v2/repositories', repository, '_uploads');
    expect(readFileSync(join(uploads, id, 'data'))).toEqual(bytes.subarray(0, 50_000));
  });

  it.each([
    [false, String(SMALL.bytes.length)],
    [true, null],
  ])('ends the connection in the middle of the answer, chunked: %s', async (chunked, length) => {
    at.proxy.on('GET blob', cutsAnswer({ after: 10, chunked }));
    const response = await ask(SMALL_PATH);
    expect(response.headers.get('content-length')).toBe(length);
    const got: Uint8Array[] = [];
    await expect(
      (async () => {
        for await (const piece of response.body!) got.push(piece as Uint8Array);
      })(),
    ).rejects.toThrow('terminated');
    expect(Buffer.concat(got)).toEqual(SMALL.bytes.subarray(0, 10));
  });

  it('corrupts a byte', async () => {
    at.proxy.on('GET blob', corrupts());
    const got = Buffer.from(await (await ask(SMALL_PATH)).arrayBuffer());
    expect(got.length).toBe(SMALL.bytes.length);
    expect(got.filter((byte, i) => byte !== SMALL.bytes[i])).toHaveLength(1);
  });

  it.each([false, true])('loses a tag that it confirms, its manifest stored: %s', async (stored) => {
    at.proxy.on('PUT tag', losesTag({ stored }));
    const response = await put('1.0');
    expect([response.status, response.headers.get('docker-content-digest')]).toEqual([
      201,
      descriptor.digest,
    ]);
    expect(await tags()).toEqual([]);
    expect(await status(`manifests/${descriptor.digest}`, { headers: accept })).toBe(stored ? 200 : 404);
  });

  it('delays', async () => {
    at.proxy.on('PUT tag', delays(30));
    const started = performance.now();
    await put('1.0');
    // A timer may come a little early.
    expect(performance.now() - started).toBeGreaterThan(28);
    expect(await tags()).toEqual(['1.0']);
  });

  it('holds back until it is told', async () => {
    const gate = new Gate();
    at.proxy.on('PUT tag', gate.fault);
    const slow = put('1.0');
    await gate.arrived;
    await put('1.0', other.manifest);
    const digest = async () =>
      (await ask('manifests/1.0', { method: 'HEAD', headers: accept })).headers.get('docker-content-digest');
    expect(await digest()).toBe(other.descriptor.digest);
    gate.open();
    await slow;
    expect(await digest()).toBe(descriptor.digest);
  });

  it('keeps tags, whoever comes first', async () => {
    const rule = at.proxy.on('PUT tag', keepsTags(409, 'DENIED'), Infinity);
    const answered = await Promise.all([put('1.0'), put('1.0', other.manifest), put('1.0'), put('2.0')]);
    const statuses = answered.map((response) => response.status);
    expect(statuses.slice(0, 3).sort()).toEqual([201, 409, 409]);
    expect(statuses[3]).toBe(201);
    expect(rule.hits).toBe(2);
    const refused = answered.find((response) => response.status === 409)!;
    expect(await refused.json()).toEqual({ errors: [{ code: 'DENIED', message: 'denied' }] });
  });

  it('lists the tags of old, for a while', async () => {
    let time = 0;
    const now = () => time;
    await put('1');
    const rule = at.proxy.on('*', staleList(1000, now), Infinity);
    await put('1');
    await put('2');
    expect([await tags(), await tags(at.registry.host)]).toEqual([['1'], ['1', '2']]);
    expect(await status('manifests/2', { method: 'HEAD', headers: accept })).toBe(200);
    time = 999;
    expect(await tags()).toEqual(['1']);
    time = 1000;
    expect(await tags()).toEqual(['1', '2']);
    expect(rule.hits).toBe(2);
  });

  it('lists a tag that is not found, for a while', async () => {
    let time = 0;
    const now = () => time;
    await put('1');
    at.proxy.on('*', lateTags(1000, now), Infinity);
    await put('1');
    await put('2');
    const read = (tag: string, method = 'GET') => status(`manifests/${tag}`, { method, headers: accept });
    expect(await tags()).toEqual(['1', '2']);
    expect([await read('1'), await read('2'), await read('2', 'HEAD')]).toEqual([200, 404, 404]);
    time = 1000;
    expect(await read('2')).toBe(200);
  });

  it('wraps one fault in another', async () => {
    at.proxy.on('PUT tag', losesAnswer());
    at.proxy.on('PUT tag', keepsTags(), Infinity);
    await expect(put('1.0')).rejects.toThrow('fetch failed');
    expect((await put('1.0')).status).toBe(409);
  });

  it('tells of a mistake of its own', async () => {
    const broken = await FaultProxy.start(at.registry.host);
    broken.on('*', { name: 'mistaken', apply: () => Promise.reject(new TypeError('a mistake')) });
    await expect(ask('tags/list', {}, broken.host)).rejects.toThrow('fetch failed');
    await expect(broken.stop()).rejects.toThrow('a mistake');
  });

  describe('in chaos', () => {
    /** What happens to the same requests, in this order. */
    const outcomes = async (seed: number, paths: string[]): Promise<Record<string, string>> => {
      at.proxy.heal();
      at.proxy.on('*', chaos(seed), Infinity);
      const outcomes: Record<string, string[]> = {};
      for (const path of paths)
        (outcomes[path] ??= []).push(
          await status(path).then(
            (code) => String(code),
            () => 'broken',
          ),
        );
      return Object.fromEntries(Object.entries(outcomes).map(([path, list]) => [path, list.join(' ')]));
    };
    const paths = Array.from({ length: 100 }, (_, i) => (i % 3 ? SMALL_PATH : `manifests/${i}`));

    it('does the same harm for the same seed, in any order', async () => {
      repository = 'test-1'; // names are part of what chance depends on
      const once = await outcomes(1, paths);
      expect(at.proxy.traffic.faults).toBeGreaterThan(10);
      expect(at.proxy.traffic.faults).toBeLessThan(30);
      expect(await outcomes(1, [...paths].reverse())).toEqual(once);
      expect(await outcomes(2, paths)).not.toEqual(once);
    });

    it('lets through what has failed so many times', async () => {
      at.proxy.on('*', chaos(1, { answers503: 1 }, 2), Infinity);
      const seen = [];
      for (let i = 0; i < 6; i++) seen.push(await status(SMALL_PATH));
      expect(seen).toEqual([503, 503, 200, 503, 503, 200]);
    });
  });
});
