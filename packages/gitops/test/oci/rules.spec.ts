import fc from 'fast-check';
import { Hasher, isDigest, parseDigest, sha256 } from '../../src/oci/digest';
import { canonicalJson } from '../../src/oci/json';
import { isIndex, mediaTypeOf, parseImageConfig, parseManifest } from '../../src/oci/manifest';
import { DOCKER, OCI, compressionOf } from '../../src/oci/media-types';
import { isTag, repositoryName } from '../../src/oci/names';
import { formatPlatform, parsePlatform, pickPlatform, samePlatform } from '../../src/oci/platform';
import { parseChallenges } from '../../src/oci/registry/challenge';
import { isLoopback, parseEndpoint } from '../../src/oci/registry/endpoint';
import { RETRY_POLICY, pauseAfter, retryAfter } from '../../src/oci/registry/retry';
import { image } from './fixtures';

describe('a digest', () => {
  it('is sha256 in lower-case hexadecimal', () => {
    expect(sha256('')).toBe('sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(isDigest(sha256('x'))).toBe(true);
    for (const text of [
      '',
      'sha256:',
      sha256('x').toUpperCase(),
      `${sha256('x')}0`,
      `${sha256('x')}\n`,
      null,
    ]) {
      expect(isDigest(text)).toBe(false);
      expect(() => parseDigest(text, 'layer 1')).toThrow('is not a sha256 digest (layer 1)');
    }
  });

  it('is the same in pieces', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), (pieces) => {
        const hasher = new Hasher();
        for (const piece of pieces) hasher.update(piece);
        const all = Buffer.concat(pieces);
        expect(hasher.size).toBe(all.length);
        expect(hasher.digest()).toBe(sha256(all));
      }),
    );
  });
});

describe('canonical JSON', () => {
  it.each([
    [{ b: 1, a: { d: [], c: null } }, '{"a":{"c":null,"d":[]},"b":1}'],
    [{ '10': 1, '9': 2, '\u20ac': 3, '\ud83d\ude00': 4 }, '{"10":1,"9":2,"€":3,"😀":4}'],
    [{ a: undefined, b: [undefined] }, '{"b":[null]}'],
    [[1e21, 0.1, -0, '\u0001"<'], '[1e+21,0.1,0,"\\u0001\\"<"]'],
    [new Date(0), '"1970-01-01T00:00:00.000Z"'],
  ])('of %j', (value, text) => {
    expect(canonicalJson(value).toString()).toBe(text);
  });

  it('does not depend on the order of members, and loses nothing', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const parsed: unknown = JSON.parse(JSON.stringify(value));
        expect(JSON.parse(canonicalJson(parsed).toString())).toEqual(parsed);
        expect(canonicalJson(reversed(parsed)).equals(canonicalJson(parsed))).toBe(true);
      }),
    );
  });

  it('has no number that JSON has not', () => {
    expect(() => canonicalJson([NaN])).toThrow();
  });
});

describe('a platform', () => {
  it.each([
    ['linux/amd64', 'linux/amd64'],
    ['linux/x86_64', 'linux/amd64'],
    ['Linux/arm64/v8', 'linux/arm64'],
    ['linux/aarch64', 'linux/arm64'],
    ['linux/arm', 'linux/arm/v7'],
    ['linux/arm/6', 'linux/arm/v6'],
    ['linux/amd64/v1', 'linux/amd64'],
    ['linux/amd64/v3', 'linux/amd64/v3'],
  ])('%s is %s', (text, normal) => {
    expect(formatPlatform(parsePlatform(text))).toBe(normal);
    expect(samePlatform(parsePlatform(text), parsePlatform(normal))).toBe(true);
  });

  it.each(['', 'linux', 'linux/', 'linux/amd64/v1/x', 'linux/am d64', '/amd64'])('is not %j', (text) => {
    expect(() => parsePlatform(text)).toThrow('write os/architecture[/variant]');
  });

  it('is the same with its os.version only where one is wanted', () => {
    const windows = { os: 'windows', architecture: 'amd64', 'os.version': '10.0.20348' };
    expect(samePlatform(parsePlatform('windows/amd64'), windows)).toBe(true);
    expect(samePlatform({ ...windows, 'os.version': '10.0.1' }, windows)).toBe(false);
  });

  it.each([
    ['linux/arm/v7', ['linux/arm/v5', 'linux/arm/v6'], 'linux/arm/v6'],
    ['linux/arm/v6', ['linux/arm/v7', 'linux/arm/v5'], 'linux/arm/v5'],
    ['linux/arm/v5', ['linux/arm/v7'], undefined],
    ['linux/amd64/v3', ['linux/amd64', 'linux/amd64/v2'], 'linux/amd64/v2'],
    ['linux/amd64', ['linux/amd64/v2'], undefined],
    ['linux/arm64', ['linux/arm/v7', 'windows/arm64'], undefined],
  ])('%s is served by the best of %j', (wanted, offers, best) => {
    expect(pickPlatform(parsePlatform(wanted), offers, parsePlatform)).toBe(best);
  });
});

describe('a manifest', () => {
  const { manifest } = image(['a']);
  const document = JSON.parse(manifest.bytes.toString());
  const parse = (value: unknown) => parseManifest(Buffer.from(JSON.stringify(value)), 'here');

  it('is read, with what is not known', () => {
    expect(parse({ ...document, 'com.example': 1 })).toHaveProperty(['com.example'], 1);
    expect(isIndex(parse(document))).toBe(false);
    expect(isIndex(parse({ schemaVersion: 2, manifests: [] }))).toBe(true);
  });

  it.each([
    [{ schemaVersion: 1 }, 'here is a manifest of Docker schema 1'],
    [{}, 'has no schemaVersion 2'],
    [[], 'is not a JSON object'],
    [{ schemaVersion: 2 }, 'is neither a manifest nor an index'],
    [{ schemaVersion: 2, layers: [], manifests: [] }, 'has both'],
    [{ schemaVersion: 2, layers: [] }, 'the config in here has no sha256 digest'],
    [
      { ...document, layers: [{ ...document.config, digest: 'sha256:../x' }] },
      'layer 1 in here has no sha256 digest',
    ],
    [{ ...document, layers: [{ ...document.config, size: -1 }] }, 'layer 1 in here has no valid size'],
    [{ ...document, layers: [null] }, 'layer 1 in here'],
    [
      { schemaVersion: 2, manifests: [{ ...document.config, mediaType: 1 }] },
      'manifest 1 in here has no mediaType',
    ],
  ])('is not %j', (value, message) => {
    expect(() => parse(value)).toThrow(message);
  });

  it.each([
    [document, OCI.manifest],
    [{ ...document, mediaType: undefined }, OCI.manifest],
    [
      { ...document, mediaType: undefined, config: { ...document.config, mediaType: DOCKER.config } },
      DOCKER.manifest,
    ],
    [{ schemaVersion: 2, manifests: [] }, OCI.index],
    [{ schemaVersion: 2, mediaType: DOCKER.index, manifests: [] }, DOCKER.index],
  ])('has the media type that follows from it', (value, mediaType) => {
    expect(mediaTypeOf(parse(value))).toBe(mediaType);
  });

  it('has a config with the platform and the diffIDs', () => {
    const config = (value: unknown) => parseImageConfig(Buffer.from(JSON.stringify(value)), 'here');
    const linux = { os: 'linux', architecture: 'amd64' };
    expect(config({ ...linux, rootfs: { type: 'layers', diff_ids: null } }).rootfs.diff_ids).toEqual([]);
    expect(config({ ...linux, more: 1, rootfs: { type: 'layers', diff_ids: [] } })).toHaveProperty('more', 1);
    expect(() => config({})).toThrow('os or architecture is missing');
    expect(() => config({ ...linux, rootfs: { diff_ids: ['x'] } })).toThrow(
      'diff_id 1 in here has no sha256',
    );
  });

  it('has layers, whose media types tell how they are compressed', () => {
    expect(
      [OCI.layer, OCI.layerGzip, OCI.layerZstd, DOCKER.layer, DOCKER.layerGzip].map(compressionOf),
    ).toEqual(['none', 'gzip', 'zstd', 'none', 'gzip']);
    expect(compressionOf(OCI.config)).toBeUndefined();
  });
});

describe('a name', () => {
  it.each(['a', 'acme/shop/api', 'a.b-c__d/e--f', '0/1'])('of a repository can be %s', (name) => {
    expect(repositoryName(name)).toBe(name);
  });

  it.each(['a.', 'a..b', 'a___b', '-a', 'a/-b', 'a\n', `${'a/'.repeat(127)}ab`])(
    'of a repository is not %j',
    (name) => {
      expect(() => repositoryName(name)).toThrow('is not a repository name');
    },
  );

  it('of a tag has no way to another directory', () => {
    expect(['1.0.0', 'a_b-c', '_'].every(isTag)).toBe(true);
    expect(['', '.', '-a', 'a/b', 'a\n', 'a:b'].some(isTag)).toBe(false);
  });
});

describe('an endpoint', () => {
  it.each([
    ['registry.example.com', {}, 'https://registry.example.com', ''],
    ['Registry.Example.com:5000/Team'.toLowerCase(), {}, 'https://registry.example.com:5000', 'team/'],
    ['localhost:5000', {}, 'http://localhost:5000', ''],
    ['127.0.0.1', {}, 'http://127.0.0.1', ''],
    ['[::1]:5000', {}, 'http://[::1]:5000', ''],
    ['localhost:5000', { hasOwnCa: true }, 'https://localhost:5000', ''],
    ['localhost', { insecure: false }, 'https://localhost', ''],
    ['https://localhost', {}, 'https://localhost', ''],
    ['registry.local', { insecure: true }, 'http://registry.local', ''],
    ['http://registry.local/a/b/', {}, 'http://registry.local', 'a/b/'],
    ['docker.io/acme', {}, 'https://registry-1.docker.io', 'acme/'],
    ['index.docker.io', {}, 'https://registry-1.docker.io', ''],
  ])('of %s with %j is %s', (location, options, origin, prefix) => {
    expect(parseEndpoint(location, options)).toMatchObject({ origin, prefix });
  });

  it('of Docker Hub has the credentials under the name that docker gives it', () => {
    expect(parseEndpoint('docker.io').credentialKeys[0]).toBe('https://index.docker.io/v1/');
  });

  it.each(['', 'a b', 'user:secret@host', 'host:port', 'ftp://host', 'host/Upper'])(
    'is not %j',
    (location) => {
      expect(() => parseEndpoint(location)).toThrow(/is not a (registry|repository name)/);
    },
  );

  it('is on this machine only by the names that say so', () => {
    expect(['localhost', 'a.localhost:1', '127.9.9.9:80', '[::1]'].every(isLoopback)).toBe(true);
    expect(['localhost.example.com', '127.0.0.1.example.com', '128.0.0.1', '10.0.0.1'].some(isLoopback)).toBe(
      false,
    );
  });
});

describe('a challenge', () => {
  it.each([
    ['Basic realm="x"', [['basic', { realm: 'x' }]]],
    ['Basic', [['basic', {}]]],
    [
      'Bearer realm="https://a/b?c=d",service=e, scope="f:g:h,i j"',
      [['bearer', { realm: 'https://a/b?c=d', service: 'e', scope: 'f:g:h,i j' }]],
    ],
    ['Bearer realm="a\\"b"', [['bearer', { realm: 'a"b' }]]],
    [
      'Basic realm="x", Bearer realm="y" , service="z"',
      [
        ['basic', { realm: 'x' }],
        ['bearer', { realm: 'y', service: 'z' }],
      ],
    ],
    [
      'Negotiate, Basic realm="x"',
      [
        ['negotiate', {}],
        ['basic', { realm: 'x' }],
      ],
    ],
    ['', []],
  ])('%s', (header, expected) => {
    expect(parseChallenges(header).map(({ scheme, parameters }) => [scheme, parameters])).toEqual(expected);
  });

  it('of any text comes to an end', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseChallenges(text)));
  });
});

describe('a pause', () => {
  it('doubles, within bounds, and ends', () => {
    const at = (random: number) =>
      [1, 2, 3, 4, 5].map((n) => pauseAfter(n, RETRY_POLICY, undefined, () => random));
    expect(at(1)).toEqual([200, 400, 800, 1600, undefined]);
    expect(at(0)).toEqual([100, 200, 400, 800, undefined]);
    expect(pauseAfter(20, { attempts: 99, baseMs: 200, maxMs: 1000 }, undefined, () => 1)).toBe(1000);
  });

  it.each([
    ['7', 7000],
    ['Thu, 01 Jan 1970 00:00:10 GMT', 9000],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['soon', undefined],
    [undefined, undefined],
  ])('is what Retry-After says: %s', (header, ms) => {
    expect(retryAfter(header, 1000)).toBe(ms);
  });
});

function reversed(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(reversed);
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reversed(member)]),
  );
}
