import fc from 'fast-check';
import {
  formatFamiliar,
  formatReference,
  normalizeReference,
  parseReference,
  type Reference,
} from './reference';

const hex = '0123456789abcdef'.repeat(8);
const sha256 = `sha256:${hex.slice(0, 64)}`;
const sha512 = `sha512:${hex}`;

describe('parseReference', () => {
  it.each<[text: string, expected: Reference]>([
    ['alpine', { repository: 'alpine' }],
    ['alpine:3.20', { repository: 'alpine', tag: '3.20' }],
    ['library/alpine', { repository: 'library/alpine' }],
    ['a/b/c', { repository: 'a/b/c' }],
    ['host.dev/a', { host: 'host.dev', repository: 'a' }],
    ['host:5000/a', { host: 'host:5000', repository: 'a' }],
    ['host:5000/a/b/c:tag', { host: 'host:5000', repository: 'a/b/c', tag: 'tag' }],
    ['host:5000', { repository: 'host', tag: '5000' }],
    ['localhost', { repository: 'localhost' }],
    ['localhost/a', { host: 'localhost', repository: 'a' }],
    ['localhost:5000/a', { host: 'localhost:5000', repository: 'a' }],
    ['Host/a', { host: 'Host', repository: 'a' }],
    ['127.0.0.1/a', { host: '127.0.0.1', repository: 'a' }],
    ['[::1]:5000/a', { host: '[::1]:5000', repository: 'a' }],
    ['my-host.dev/a', { host: 'my-host.dev', repository: 'a' }],
    ['docker.io/library/alpine', { host: 'docker.io', repository: 'library/alpine' }],
    ['a/host.dev/b', { repository: 'a/host.dev/b' }],
    ['a__b/c--d/e.f/g_h', { repository: 'a__b/c--d/e.f/g_h' }],
    [`a@${sha256}`, { repository: 'a', digest: sha256 }],
    [`a@${sha512}`, { repository: 'a', digest: sha512 }],
    [
      `a@tarsum.v1+sha256:${hex.slice(0, 32)}`,
      { repository: 'a', digest: `tarsum.v1+sha256:${hex.slice(0, 32)}` },
    ],
    [`host:5000/a/b:tag@${sha256}`, { host: 'host:5000', repository: 'a/b', tag: 'tag', digest: sha256 }],
    [`a:${'t'.repeat(128)}`, { repository: 'a', tag: 't'.repeat(128) }],
    [`host.dev/${'a'.repeat(255)}`, { host: 'host.dev', repository: 'a'.repeat(255) }],
    [`host.dev/${hex.slice(0, 64)}`, { host: 'host.dev', repository: hex.slice(0, 64) }],
  ])('%s', (text, expected) => {
    expect(parseReference(text)).toEqual(expected);
  });

  it.each([
    ['', 'it is empty'],
    ['a b', 'it has white space in it'],
    ['a\n', 'it has white space in it'],
    ['Alpine', 'the repository Alpine has upper case in it'],
    ['a/B', 'the repository a/B has upper case in it'],
    ['host.dev/', 'it names no repository'],
    [':tag', 'it names no repository'],
    [`@${sha256}`, 'it names no repository'],
    ['/a', '/a is not a repository'],
    ['a//b', 'a//b is not a repository'],
    ['a/', 'a/ is not a repository'],
    ['a..b', 'a..b is not a repository'],
    ['a___b', 'a___b is not a repository'],
    ['-a', '-a is not a repository'],
    ['a-', 'a- is not a repository'],
    ['é', 'é is not a repository'],
    ['https://host.dev/a', 'https: is not a host'],
    ['-host.dev/a', '-host.dev is not a host'],
    ['host..dev/a', 'host..dev is not a host'],
    ['host:port/a', 'host:port is not a host'],
    ['${registry}/a', '${registry}/a is not a repository'],
    ['a:', 'the empty text is not a tag'],
    ['a:-x', '-x is not a tag'],
    ['a:b:c', 'b:c is not a tag'],
    [`a:${'t'.repeat(129)}`, `${'t'.repeat(129)} is not a tag`],
    ['a@', 'the empty text is not a digest'],
    ['a@sha256', 'sha256 is not a digest'],
    ['a@sha256:0123', 'sha256:0123 is not a digest'],
    [`a@${sha256}@${sha256}`, `${sha256}@${sha256} is not a digest`],
    [`a@${sha256}0`, 'a sha256 digest has 64 hexadecimal digits in lower case'],
    [
      `a@${sha256.toUpperCase().replace('SHA', 'sha')}`,
      'a sha256 digest has 64 hexadecimal digits in lower case',
    ],
    [`a@sha512:${hex.slice(0, 64)}`, 'a sha512 digest has 128 hexadecimal digits in lower case'],
    ['a'.repeat(256), 'the repository is longer than 255 characters'],
    [hex.slice(0, 64), 'it is an image ID, not a reference'],
  ])('says what is wrong with %j', (text, problem) => {
    const start = `Containerfile:3: image reference ${JSON.stringify(text)}: ${problem}`;
    expect(() => parseReference(text, { file: 'Containerfile', line: 3 })).toThrow(
      expect.objectContaining({
        name: 'GitopsError',
        message: expect.stringMatching(new RegExp(`^${escape(start)}(;|$)`)),
      }),
    );
  });

  const escape = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
});

describe('normalizeReference and formatFamiliar', () => {
  it.each([
    ['alpine', 'docker.io/library/alpine:latest', 'alpine'],
    ['alpine:3', 'docker.io/library/alpine:3', 'alpine:3'],
    ['docker.io/alpine', 'docker.io/library/alpine:latest', 'alpine'],
    ['index.docker.io/library/alpine', 'docker.io/library/alpine:latest', 'alpine'],
    ['library/alpine', 'docker.io/library/alpine:latest', 'alpine'],
    ['docker.io/library/a/b', 'docker.io/library/a/b:latest', 'library/a/b'],
    ['acme/api', 'docker.io/acme/api:latest', 'acme/api'],
    ['localhost', 'docker.io/library/localhost:latest', 'localhost'],
    ['localhost/api', 'localhost/api:latest', 'localhost/api'],
    ['host:5000/api:1.2.3', 'host:5000/api:1.2.3', 'host:5000/api:1.2.3'],
    ['Host/api', 'Host/api:latest', 'Host/api'],
    [`alpine@${sha256}`, `docker.io/library/alpine@${sha256}`, `alpine@${sha256}`],
    [`alpine:3@${sha256}`, `docker.io/library/alpine:3@${sha256}`, `alpine:3@${sha256}`],
    // Without the host these would be read as something else.
    ['docker.io/host.dev/api', 'docker.io/host.dev/api:latest', 'docker.io/host.dev/api'],
    [
      `docker.io/${hex.slice(0, 64)}`,
      `docker.io/library/${hex.slice(0, 64)}:latest`,
      `library/${hex.slice(0, 64)}`,
    ],
  ])('%s', (text, normal, familiar) => {
    const reference = parseReference(text);
    expect(formatReference(normalizeReference(reference))).toBe(normal);
    expect(formatFamiliar(reference)).toBe(familiar);
  });
});

describe('references, laws', () => {
  const alphanumeric = fc.stringMatching(/^[a-z0-9]{1,6}$/);
  const component = fc
    .tuple(
      alphanumeric,
      fc.array(fc.tuple(fc.constantFrom('.', '_', '__', '-', '---'), alphanumeric), { maxLength: 2 }),
    )
    .map(([first, rest]) => first + rest.flat().join(''));
  const repository = fc
    .array(fc.oneof(component, fc.constantFrom('library', 'localhost', 'host.dev', hex.slice(0, 64))), {
      minLength: 1,
      maxLength: 4,
    })
    .map((components) => components.join('/'))
    // Normalising may put library/ before it.
    .filter((name) => name.length <= 255 - 'library/'.length);
  const host = fc.constantFrom(
    '',
    'docker.io/',
    'index.docker.io/',
    'localhost/',
    'localhost:5000/',
    'host.dev/',
    'Host/',
    '[::1]:80/',
  );
  const tag = fc.oneof(
    fc.constant(''),
    fc.stringMatching(/^\w[\w.-]{0,127}$/).map((tag) => `:${tag}`),
  );
  const digest = fc.constantFrom('', `@${sha256}`, `@${sha512}`);
  const text = fc
    .tuple(host, repository, tag, digest)
    .map((parts) => parts.join(''))
    .filter((text) => !text.startsWith(hex.slice(0, 64)) || text.includes('/'))
    // A dot makes the first component a host, in which there is no underscore.
    .filter((text) => !/^(?=[^/]*\.)[^/]*_[^/]*\//.test(text));

  it('formatting what was parsed gives the text, and parsing that gives the same', () => {
    fc.assert(
      fc.property(text, (text) => {
        const reference = parseReference(text);
        expect(formatReference(reference)).toBe(text);
        expect(parseReference(formatReference(reference))).toEqual(reference);
      }),
    );
  });

  it('normalising twice is normalising once, and is itself a reference', () => {
    fc.assert(
      fc.property(text, (text) => {
        const once = normalizeReference(parseReference(text));
        expect(normalizeReference(once)).toEqual(once);
        expect(parseReference(formatReference(once))).toEqual(once);
      }),
    );
  });

  it('the familiar form means the same', () => {
    fc.assert(
      fc.property(text, (text) => {
        const reference = parseReference(text);
        expect(normalizeReference(parseReference(formatFamiliar(reference)))).toEqual(
          normalizeReference(reference),
        );
      }),
    );
  });

  it('any text is a reference or a GitopsError', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[aA.:/@_-]{0,12}$/)), (text) => {
        try {
          expect(formatReference(parseReference(text))).toBe(text);
        } catch (error) {
          expect(error).toHaveProperty('name', 'GitopsError');
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
