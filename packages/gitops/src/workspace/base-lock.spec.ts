import { useDirectory, writeFiles } from '../../test/support/files';
import type { Digest } from '../oci/digest';
import { formatBaseLock, lockName, lockReference, parseBaseLock, readBaseLock } from './base-lock';

const A: Digest = `sha256:${'a'.repeat(64)}`;
const B: Digest = `sha256:${'b'.repeat(64)}`;
const directory = useDirectory();

describe('lockName', () => {
  it.each([
    ['node:22-alpine', 'node:22-alpine'],
    ['docker.io/library/node:22-alpine', 'node:22-alpine'],
    ['index.docker.io/node:22-alpine', 'node:22-alpine'],
    ['node', 'node:latest'],
    ['docker.io/acme/tool', 'acme/tool:latest'],
    ['ghcr.io/acme/tool:1', 'ghcr.io/acme/tool:1'],
    ['localhost:5000/tool', 'localhost:5000/tool:latest'],
  ])('%s is %s', (reference, name) => {
    expect(lockName(reference)).toBe(name);
    expect(lockName(name)).toBe(name);
  });
});

describe('lockReference', () => {
  const lock = new Map([
    ['node:22', A],
    ['node:latest', B],
    ['localhost:5000/tool:1', A],
  ]);

  it.each([
    ['node:22', `node:22@${A}`],
    ['docker.io/library/node:22', `docker.io/library/node:22@${A}`],
    ['node', `node:latest@${B}`],
    ['localhost:5000/tool:1', `localhost:5000/tool:1@${A}`],
    ['node:20', undefined],
    [`node:22@${B}`, undefined],
    ['localhost:5001/tool:1', undefined],
    ['constructor', undefined],
  ])('%s', (reference, locked) => {
    expect(lockReference(reference, lock)).toBe(locked);
  });
});

describe('the file', () => {
  const TEXT = `{
  "$schema": "./node_modules/gitops/schemas/gitops.lock.schema.json",
  "lockfileVersion": 1,
  "images": {
    "alpine:3": {
      "digest": "${B}"
    },
    "node:22": {
      "digest": "${A}"
    }
  }
}
`;

  it('is sorted, and ends with a line', () => {
    expect(
      formatBaseLock(
        new Map([
          ['node:22', A],
          ['alpine:3', B],
        ]),
      ),
    ).toBe(TEXT);
  });

  it('is read as it was written', () => {
    writeFiles(directory(), { 'gitops.lock.json': TEXT });
    const lock = readBaseLock(directory());
    expect([...lock]).toEqual([
      ['alpine:3', B],
      ['node:22', A],
    ]);
    expect(formatBaseLock(lock)).toBe(TEXT);
  });

  it('locks nothing where it is not there', () => {
    expect(readBaseLock(directory()).size).toBe(0);
  });

  it.each<[name: string, text: string, message: string]>([
    ['a merge', TEXT.replace('    "node:22"', '<<<<<<< HEAD\n    "node:22"'), '8:1: it is not JSON; settle'],
    ['a comma too many', TEXT.replace(/\}\n {2}\}/, '},\n  }'), '11:3: it is not JSON;'],
    ['nothing', '', '1:1: it is not JSON;'],
    ['another kind of value', '[]', '1:1: it has to be an object with lockfileVersion and images;'],
    ['no version', '{"images": {}}', '1:1: it lacks lockfileVersion;'],
    ['another version', TEXT.replace('1,', '2,'), '3:3: lockfileVersion has to be 1;'],
    ['no images', '{"lockfileVersion": 1}', '1:1: it lacks images;'],
    [
      'an unknown key',
      TEXT.replace('"images"', '"bases": {},\n "images"'),
      '4:3: unknown key "bases"; remove it',
    ],
    ['no digest', TEXT.replace(`"digest": "${B}"`, ''), '5:5: alpine:3 lacks digest;'],
    [
      'a short digest',
      TEXT.replace(B, 'sha256:bb'),
      '6:7: digest has to be sha256: and 64 hexadecimal digits',
    ],
    [
      'a longer name',
      TEXT.replace('alpine', 'docker.io/alpine'),
      '5:5: docker.io/alpine:3 goes by another name; call it alpine:3',
    ],
    [
      'a name without a tag',
      TEXT.replace('alpine:3', 'alpine'),
      '5:5: alpine goes by another name; call it alpine:latest',
    ],
    [
      'a name with a digest',
      TEXT.replace('alpine:3', `alpine:3@${A}`),
      `5:5: alpine:3@${A} has a digest in it;`,
    ],
    ['no reference', TEXT.replace('alpine:3', 'Alpine:3'), '5:5: image reference "Alpine:3": '],
  ])('says in one line where there is %s', (_name, text, message) => {
    expect(() => parseBaseLock(text)).toThrow(`gitops.lock.json:${message}`);
  });
});
