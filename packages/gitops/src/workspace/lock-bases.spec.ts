import { imageOf, workspaceOf } from '../../test/publish/workspaces';
import { useDirectory } from '../../test/support/files';
import type { Digest } from '../oci/digest';
import { StoreError } from '../oci/store-error';
import type { BaseLock } from './base-lock';
import {
  type LockScope,
  type UsedBases,
  basesInScope,
  basesInUse,
  describeChange,
  describeDifference,
  lockChanges,
  lockGaps,
  refreshLock,
} from './lock-bases';

const directory = useDirectory();
const A: Digest = `sha256:${'a'.repeat(64)}`;
const B: Digest = `sha256:${'b'.repeat(64)}`;

const lockOf = (entries: Readonly<Record<string, Digest>>): BaseLock => new Map(Object.entries(entries));
const usedOf = (...names: string[]): UsedBases =>
  new Map(names.map((name) => [name, { reference: name, place: { file: 'api/Containerfile', line: 1 } }]));

describe('basesInUse', () => {
  it('finds each once, in the order of the names, with its first place', () => {
    const workspace = workspaceOf(directory(), {
      base: 'FROM scratch\n',
      api: `FROM node:22\nCOPY --from=alpine / /\nCOPY --from=tool:1@${A} / /\n`,
      web: 'FROM acme/shop/base\nCOPY --from=node:22 / /\n',
    });
    expect([...basesInUse(workspace)]).toEqual([
      ['alpine:latest', { reference: 'alpine', place: { file: 'api/Containerfile', line: 2 } }],
      ['node:22', { reference: 'node:22', place: { file: 'api/Containerfile', line: 1 } }],
    ]);
  });

  it('takes the name with a registry before the one without', () => {
    const workspace = workspaceOf(directory(), {
      api: 'FROM node:22\n',
      web: 'FROM docker.io/node:22\n',
      www: 'FROM node:22\nCOPY --from=docker.io/library/node:22 / /\n',
    });
    expect([...basesInUse(workspace).values()].map(({ reference }) => reference)).toEqual([
      'docker.io/node:22',
    ]);
  });

  it('finds what another configuration of a target uses, and what a platform does', () => {
    const workspace = workspaceOf(directory(), {
      api: 'FROM node:22 AS dev\nFROM alpine:$TARGETARCH\n',
    });
    const images = [
      imageOf('api', { platforms: ['linux/amd64', 'linux/arm64'] }),
      imageOf('api', { target: 'dev' }),
    ];
    expect([...basesInUse(workspace, images).keys()]).toEqual(['alpine:amd64', 'alpine:arm64', 'node:22']);
  });
});

describe('lockGaps', () => {
  it('are what is not locked, and what is not used', () => {
    const gaps = lockGaps(usedOf('a:1', 'b:1'), lockOf({ 'd:1': A, 'b:1': A, 'c:1': A }));
    expect(gaps).toEqual({ missing: ['a:1'], unused: ['c:1', 'd:1'] });
  });
});

describe('basesInScope', () => {
  const used = usedOf('alpine:3', 'node:22', 'node:latest');

  it.each<[LockScope, string[]]>([
    [{}, ['alpine:3', 'node:22', 'node:latest']],
    [{ missing: true }, ['alpine:3', 'node:latest']],
    [{ names: ['node'] }, ['node:latest']],
    [{ names: ['docker.io/library/node:22', 'node:22'] }, ['node:22']],
  ])('%j', (scope, expected) => {
    expect([...basesInScope(used, lockOf({ 'node:22': A }), scope).keys()]).toEqual(expected);
  });

  it.each([
    [
      'node:23',
      'no image of this workspace uses node:23 as a base that is to be locked; did you mean node:22?',
    ],
    ['debian', 'uses debian:latest as a base that is to be locked; leave the name out'],
    ['Node', 'image reference "Node"'],
  ])('refuses %s', (name, message) => {
    expect(() => basesInScope(used, lockOf({}), { names: [name] })).toThrow(message);
  });
});

describe('refreshLock', () => {
  const used = usedOf('alpine:3', 'gone:1', 'node:22');
  const before = lockOf({ 'alpine:3': A, 'gone:1': A, 'unused:1': A });
  const lookUp = async (reference: string): Promise<Digest> => {
    if (reference === 'gone:1') throw new StoreError('not-found', 'there is no image gone:1');
    return B;
  };

  it.each<[LockScope, Record<string, Digest>, failures: number]>([
    [{}, { 'alpine:3': B, 'gone:1': A, 'node:22': B }, 1],
    [{ missing: true }, { 'alpine:3': A, 'gone:1': A, 'node:22': B, 'unused:1': A }, 0],
    [{ names: ['alpine:3'] }, { 'alpine:3': B, 'gone:1': A, 'unused:1': A }, 0],
    [{ names: ['alpine:3', 'gone:1'] }, { 'alpine:3': B, 'gone:1': A, 'unused:1': A }, 1],
  ])('%j', async (scope, expected, count) => {
    const { refreshed, failures } = await refreshLock({ lookUp }, used, before, scope);
    expect(Object.fromEntries(refreshed)).toEqual(expected);
    expect(failures).toHaveLength(count);
  });

  it('says of all that cannot be looked up where they are', async () => {
    const unreachable = (): Promise<Digest> =>
      Promise.reject(new StoreError('unreachable', 'the host is unknown'));
    const { failures } = await refreshLock({ lookUp: unreachable }, used, before, {});
    expect(failures.map(({ message }) => message)).toEqual(
      Array(3).fill('api/Containerfile:1: the host is unknown'),
    );
  });
});

describe('lockChanges', () => {
  it('are told in words', () => {
    const changes = lockChanges(
      lockOf({ 'same:1': A, 'moved:1': A, 'unused:1': A }),
      lockOf({ 'new:1': B, 'moved:1': B, 'same:1': A }),
    );
    expect(changes.map(describeChange)).toEqual([
      'moved:1 sha256:aaaaaaaaaaaa… → sha256:bbbbbbbbbbbb…',
      'new:1 sha256:bbbbbbbbbbbb… (new)',
      'unused:1 is no longer used',
    ]);
    expect(changes.map(describeDifference)).toEqual([
      'moved:1 is sha256:bbbbbbbbbbbb… now, locked is sha256:aaaaaaaaaaaa…',
      'new:1 is not locked',
      'unused:1 is locked and no longer used',
    ]);
  });
});
