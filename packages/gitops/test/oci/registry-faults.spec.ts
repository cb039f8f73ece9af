import { contentOf, readAll } from '../../src/oci/content';
import type { Fault, Pattern } from './fault-proxy';
import {
  answers,
  corrupts,
  cutsAnswer,
  cutsRequest,
  hangsUp,
  keepsTags,
  lateTags,
  losesAnswer,
  losesTag,
  staleList,
  tellsNothing,
  throttles,
} from './faults';
import { blob, image, noise, store } from './fixtures';
import { withProxiedRegistry } from './proxied-registry';
import { RegistryFixture, failure } from './registry-fixture';

const fixture = new RegistryFixture();
afterEach(() => fixture.clear());

type Repository = ReturnType<RegistryFixture['open']>;

const IMAGE = image(['one']);
const OTHER = image(['one', 'two']);
const LAYER = IMAGE.blobs[1]!;
const LARGE = noise(5 * 1024 * 1024);

/** What passes by itself, of requests of any kind. */
const PASSING: [string, Fault][] = [
  ...[500, 502, 503, 504].map((status): [string, Fault] => [`answers ${status}`, answers(status)]),
  ['gets too many requests', throttles(7)],
  ['hangs up', hangsUp()],
  ['loses its answer', losesAnswer()],
];
const CUT: [string, Fault][] = [
  ['breaks off', cutsAnswer()],
  ['breaks off without having said how long it is', cutsAnswer({ after: 20, chunked: true })],
];

withProxiedRegistry('a registry behind a poor line', (at) => {
  let repository: Repository;
  /** Each test writes what is its own. */
  let count = 1;
  const tag = () => `${count}.0.0`;
  const small = () => blob(`small ${count}`);
  const large = () => blob(Buffer.concat([Buffer.from(`large ${count}`), LARGE]));

  beforeAll(async () => {
    await store(fixture.open(at.registry.host), IMAGE, '1.0.0');
  });
  beforeEach(() => {
    count++;
    repository = fixture.open(at.proxy.host);
  });

  const read = async ({ descriptor }: typeof LAYER) => readAll(repository.open(descriptor));
  const push = async ({ descriptor, bytes }: typeof LAYER) => {
    await repository.push(descriptor, () => contentOf(...slices(bytes)));
    expect((await read({ descriptor, bytes })).equals(bytes)).toBe(true);
  };
  const put = async () => {
    expect(await repository.putManifest(IMAGE.manifest, tag())).toEqual(IMAGE.descriptor);
    expect(await repository.resolve(tag())).toEqual(IMAGE.descriptor);
  };
  const tags = async () => {
    const all: string[] = [];
    for await (const tag of repository.tags()) all.push(tag);
    return all;
  };

  const writes: [string, Pattern, () => Promise<unknown>][] = [
    ['a small blob is pushed', 'PUT upload', () => push(small())],
    ['a large blob is pushed', 'PATCH upload', () => push(large())],
    ['a manifest is put', 'PUT tag', put],
  ];
  const others: [string, Pattern, () => Promise<unknown>][] = [
    ['it is asked for a blob to push', 'HEAD blob', () => push(small())],
    ['an upload begins', 'POST upload', () => push(small())],
    ['a large upload ends', 'PUT upload', () => push(large())],
    [
      'a tag is resolved',
      'HEAD tag',
      async () => expect(await repository.resolve('1.0.0')).toEqual(IMAGE.descriptor),
    ],
  ];
  const reads: [string, Pattern, () => Promise<unknown>][] = [
    ['a blob is read', 'GET blob', async () => expect(await read(LAYER)).toEqual(LAYER.bytes)],
    [
      'a manifest is read',
      'GET manifest',
      async () => expect(await readAll(repository.open(IMAGE.descriptor))).toEqual(IMAGE.manifest.bytes),
    ],
    ['tags are listed', 'GET tags', async () => expect(await tags()).toContain('1.0.0')],
    [
      'a tag is resolved by its manifest',
      'GET tag',
      async () => {
        at.proxy.on('HEAD tag', tellsNothing());
        expect(await repository.resolve('1.0.0')).toEqual(IMAGE.descriptor);
      },
    ],
  ];

  describe.each([
    ...[...writes, ...others].map((one) => [...one, PASSING] as const),
    ...reads.map((one) => [...one, [...PASSING, ...CUT]] as const),
  ])('when %s', (_, pattern, work, faults) => {
    it.each(faults)('%s, twice, and does it in the end', async (_, fault) => {
      const rule = at.proxy.on(pattern, fault, 2);
      await work();
      expect(rule.hits).toBeGreaterThan(0);
      if (fault.name !== losesAnswer().name) expect(rule.hits).toBe(2);
      if (fault.name === throttles(0).name) expect(fixture.pauses).toEqual([7000, 7000]);
    });
  });

  it.each(writes)('is cut while %s, and does it in the end', async (_, pattern, work) => {
    const rules = [5, 40].map((after) => at.proxy.on(pattern, cutsRequest(after)));
    await work();
    expect(rules.map(({ hits }) => hits)).toEqual([1, 1]);
  });

  it('has a large blob in the end that is cut again and again', async () => {
    for (const after of [1_000_000, 3_000_000, 4_999_999]) at.proxy.on('PATCH upload', cutsRequest(after));
    await push(large());
    expect(at.proxy.traffic).toMatchObject({ blobUploads: 1, faults: 3 });
  });

  it('does not send again what has come already', async () => {
    await push(large());
    at.proxy.heal();
    at.proxy.on('GET blob', cutsAnswer({ after: 4_000_000 }));
    await push(large());
    expect(at.proxy.traffic).toMatchObject({ sent: 0, blobUploads: 0, faults: 1 });
    expect(at.proxy.traffic.received).toBeLessThan(6_000_000);
    expect(at.proxy.traffic.requests()).toBe(3);
  });

  it('gets of an image only what it lacks, with few requests', async () => {
    const name = 'acme/other';
    await store(fixture.store(at.registry.host).repository(name), IMAGE);
    await store(fixture.store(at.proxy.host).repository(name), OTHER, '1.1.0');
    const isNew = OTHER.blobs.filter(({ descriptor }) => descriptor.digest !== LAYER.descriptor.digest);
    const size = [...isNew, OTHER.manifest].reduce((sum, { bytes }) => sum + bytes.length, 0);
    expect(at.proxy.traffic).toMatchObject({ blobUploads: isNew.length, manifestPuts: 1, sent: size });
    expect(at.proxy.traffic.requests()).toBe(OTHER.blobs.length + 2 * isNew.length + 1);
  });

  it.each<[string, Pattern, () => Promise<unknown>]>([
    ['blob', 'GET blob', () => read(LAYER)],
    ['manifest', 'GET manifest', () => readAll(repository.open(IMAGE.descriptor))],
  ])('is not believed when a %s is corrupt', async (_, pattern, work) => {
    at.proxy.on(pattern, corrupts());
    await expect(work()).rejects.toEqual(failure('corrupt', `${repository.where} is corrupt: its digest is`));
    expect(at.proxy.traffic.requests()).toBe(1);
  });

  it.each<[string, Fault, Parameters<typeof failure>]>([
    ['answers 503', answers(503), ['unavailable', / answers 503 to .*; try again later$/]],
    ['gets too many requests', throttles(1), ['throttled', / too many requests.*; try again later/]],
    ['hangs up', hangsUp(), ['unreachable', /^the connection to HOST broke off \(\w+\); try again$/]],
    [
      'loses its answer',
      losesAnswer(),
      ['unreachable', /^the connection to HOST broke off \(\w+\); try again$/],
    ],
    ['breaks off', cutsAnswer(), ['cut', /^HOST\S+ broke off after \d+ of \d+ bytes; try again$/]],
  ])('is given up when it always %s', async (_, fault, [kind, text]) => {
    at.proxy.on('GET blob', fault, Infinity);
    const error = (await read(LAYER).catch((caught: unknown) => caught)) as Error;
    expect(error).toEqual(failure(kind, ''));
    expect(error.message.replaceAll(at.proxy.host, 'HOST')).toMatch(text);
    expect(at.proxy.traffic.requests()).toBe(5);
  });

  it('is given up when the list of tags always breaks off', async () => {
    at.proxy.on('GET tags', cutsAnswer(), Infinity);
    await expect(tags()).rejects.toEqual(failure('unreachable', `${at.proxy.host} broke off .*; try again$`));
    expect(at.proxy.traffic.requests()).toBe(5);
  });

  it.each(['PUT manifest', 'PUT upload'] as const)(
    'takes what it first calls of another digest, where others write the same: %s',
    async (kind) => {
      const refused = at.proxy.on(kind, answers(400, 'DIGEST_INVALID'), 2);
      const one = image([`written at once: ${kind}`]);
      await store(repository, one);
      expect(refused.hits).toBe(2);
      expect(await repository.has(one.descriptor)).toBe(true);
    },
  );

  describe('and tags that may not be overwritten', () => {
    it.each([
      [409, 'DENIED'],
      [400, 'TAG_INVALID'],
    ])('refuses with %d %s', async (status, code) => {
      at.proxy.on('PUT tag', keepsTags(status, code), Infinity);
      const putting = repository.putManifest(OTHER.manifest, '1.0.0');
      await expect(putting).rejects.toEqual(
        failure('rejected', `answers ${status} to .*:1.0.0 \\(${code}: `),
      );
      expect(await repository.resolve('1.0.0')).toEqual(IMAGE.descriptor);
      expect(at.proxy.traffic.manifestPuts).toBe(1);
    });

    it('has the tag, though the answer was lost and the same is refused when it is sent again', async () => {
      at.proxy.on('PUT tag', losesAnswer());
      at.proxy.on('PUT tag', keepsTags(), Infinity);
      await put();
    });
  });

  it.each([true, false])('may lose a tag that it has confirmed, its manifest stored: %s', async (stored) => {
    at.proxy.on('PUT tag', losesTag({ stored }));
    const lost = image([`lost ${count}`]);
    await store(repository, lost, tag());
    expect(await repository.resolve(tag())).toBeUndefined();
    expect((await repository.resolve(lost.descriptor.digest)) !== undefined).toBe(stored);
  });

  it('may list a new tag late, or have it listed and not found', async () => {
    let time = 0;
    const now = () => time;
    at.proxy.on('*', staleList(1000, now), Infinity);
    await put();
    expect(await tags()).not.toContain(tag());
    at.proxy.heal();
    expect(await tags()).toContain(tag());

    count++;
    at.proxy.on('*', lateTags(1000, now), Infinity);
    await repository.putManifest(IMAGE.manifest, tag());
    expect(await tags()).toContain(tag());
    expect(await repository.resolve(tag())).toBeUndefined();
    time = 1000;
    expect(await repository.resolve(tag())).toEqual(IMAGE.descriptor);
  });
});

function slices(bytes: Buffer): Buffer[] {
  const count = Math.ceil(bytes.length / 65536);
  return Array.from({ length: count }, (_, i) => bytes.subarray(i * 65536, (i + 1) * 65536));
}
