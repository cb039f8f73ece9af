import { SETTINGS, imageOf, named, workspaceOf } from '../../test/publish/workspaces';
import { useDirectory, writeFiles } from '../../test/support/files';
import type { Digest } from '../oci/digest';
import { formatBaseLock } from './base-lock';
import { Workspace } from './workspace';

const directory = useDirectory();
const A: Digest = `sha256:${'a'.repeat(64)}`;
const B: Digest = `sha256:${'b'.repeat(64)}`;

/** The workspace of an image `api` beside a base of ours, with a lock. */
function locked(containerfile: string, lock: Readonly<Record<string, Digest>>, settings = {}): Workspace {
  writeFiles(directory(), { 'gitops.lock.json': formatBaseLock(new Map(Object.entries(lock))) });
  return workspaceOf(directory(), { base: 'FROM scratch\n', api: containerfile }, settings);
}

const references = (workspace: Workspace): string[] =>
  workspace.analysis(named(workspace, 'api')).uses.map(({ reference }) => reference);

describe('a locked base', () => {
  const LOCK = { 'node:22': A, 'node:latest': B, 'localhost:5000/tool:1': B };

  it.each<[name: string, containerfile: string, expected: string[]]>([
    ['of FROM', 'FROM node:22\n', [`node:22@${A}`]],
    ['without a tag', 'FROM node\n', [`node:latest@${B}`]],
    ['by its long name', 'FROM docker.io/library/node:22\n', [`docker.io/library/node:22@${A}`]],
    ['of a registry with a port', 'FROM localhost:5000/tool:1\n', [`localhost:5000/tool:1@${B}`]],
    ['of an argument', 'ARG V=22\nFROM node:$V\n', [`node:22@${A}`]],
    ['of COPY', 'FROM scratch\nCOPY --from=node:22 /a /\n', [`node:22@${A}`]],
    [
      'of a mount',
      'FROM node AS n\nRUN --mount=from=node:22,target=/m true\n',
      [`node:latest@${B}`, `node:22@${A}`],
    ],
    [
      'by two names',
      'FROM node:22\nCOPY --from=docker.io/node:22 / /\n',
      [`node:22@${A}`, `docker.io/node:22@${A}`],
    ],
    ['of a stage that is not needed', 'FROM node AS dev\nFROM node:22\n', [`node:22@${A}`]],
  ])('%s stands for its digest', (_name, containerfile, expected) => {
    expect(references(locked(containerfile, LOCK))).toEqual(expected);
  });

  it.each<[name: string, containerfile: string, lock: Readonly<Record<string, Digest>>, expected: string[]]>([
    ['is not in the lock', 'FROM node:20\n', LOCK, ['node:20']],
    ['has a digest', `FROM node:22@${B}\n`, LOCK, [`node:22@${B}`]],
    ['is an image of ours', 'FROM acme/shop/base\n', { 'acme/shop/base:latest': A }, ['acme/shop/base']],
    [
      'is a pinned image of ours',
      'FROM acme/shop/base:1.0.0\n',
      { 'acme/shop/base:1.0.0': A },
      ['acme/shop/base:1.0.0'],
    ],
    ['is a stage', 'FROM scratch AS node\nFROM node\n', LOCK, []],
  ])('does not, where it %s', (_name, containerfile, lock, expected) => {
    expect(references(locked(containerfile, lock))).toEqual(expected);
  });

  it('does, where it is called as one of ours in another registry', () => {
    const workspace = locked('FROM docker.io/acme/shop/base\n', { 'acme/shop/base:latest': A });
    expect(references(workspace)).toEqual([`docker.io/acme/shop/base:latest@${A}`]);
  });

  it('follows the lock, whatever was known of the file before', () => {
    expect(references(locked('FROM node:22\n', LOCK))).toEqual([`node:22@${A}`]);
    expect(references(locked('FROM node:22\n', { 'node:22': B }))).toEqual([`node:22@${B}`]);
    expect(references(locked('FROM node:22\n', {}))).toEqual(['node:22']);
  });

  it('is known by what the lock calls it', () => {
    const workspace = locked(`FROM docker.io/node\nCOPY --from=node:22@${B} / /\n`, LOCK);
    const [from, copy] = references(workspace);
    expect(workspace.lockedName(from!)).toBe('node:latest');
    expect(workspace.lockedName(copy!)).toBeUndefined();
    expect(workspace.lockedName('node:22')).toBeUndefined();
  });

  it('may not be known for a broken lock: only who has such a base hears of it', () => {
    writeFiles(directory(), { 'gitops.lock.json': '{' });
    const workspace = workspaceOf(directory(), { base: 'FROM scratch\n', api: 'FROM node:22\n' });
    expect(() => workspace.analysis(named(workspace, 'api'))).toThrow(
      /^gitops\.lock\.json:1:2: it is not JSON/,
    );
    expect(() => workspace.analysis(named(workspace, 'base'))).not.toThrow();
  });
});

describe('externalBases', () => {
  it('are those that a lock is for, locked or not', () => {
    const workspace = locked(
      `FROM node:22\nCOPY --from=node:20 / /\nCOPY --from=acme/shop/base / /\nCOPY --from=tool@${A} / /\n`,
      { 'node:22': A },
    );
    expect(workspace.externalBases(named(workspace, 'api'))).toEqual([
      { via: 'FROM', reference: `node:22@${A}`, written: 'node:22', line: 1 },
      { via: '--from', reference: 'node:20', line: 2 },
    ]);
  });

  it('says where there is no reference', () => {
    const workspace = locked('FROM Node:22\n', { 'node:22': A });
    expect(() => workspace.externalBases(named(workspace, 'api'))).toThrow(/^api\/Containerfile:1: /);
  });

  it('are asked of images with other options too', () => {
    const workspace = locked('FROM node:22 AS dev\nFROM node:20\n', {});
    const dev = imageOf('api', { target: 'dev' });
    expect(workspace.externalBases(dev).map(({ reference }) => reference)).toEqual(['node:22']);
  });
});

it('a lock that is given is not read', () => {
  const images = [imageOf('api')];
  writeFiles(directory(), { 'api/Containerfile': 'FROM node:22\n', 'gitops.lock.json': '{' });
  const workspace = new Workspace(directory(), SETTINGS, images, () => new Map());
  expect(references(workspace)).toEqual(['node:22']);
});
