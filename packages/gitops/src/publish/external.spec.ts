import { named, workspaceOf } from '../../test/publish/workspaces';
import { useDirectory, writeFiles } from '../../test/support/files';
import type { BaseImage } from '../builders/assemble/base-image';
import { StoreError } from '../oci/store-error';
import { formatBaseLock } from '../workspace/base-lock';
import type { Bases } from '../workspace/bases';
import type { Settings } from '../workspace/settings';
import { externalDependencies } from './external';

const directory = useDirectory();
const DIGEST = `sha256:${'a'.repeat(64)}` as const;

/** Images elsewhere, by their references, each with its version label; or what goes wrong with one. */
type Elsewhere = Readonly<Record<string, string | undefined | StoreError>>;

function basesOf(elsewhere: Elsewhere): { bases: Bases; asked: string[] } {
  const asked: string[] = [];
  const find = async (reference: string): Promise<BaseImage> => {
    asked.push(reference);
    if (!(reference in elsewhere)) throw new StoreError('not-found', `there is no image ${reference}`);
    const version = elsewhere[reference];
    if (version instanceof StoreError) throw version;
    const Labels = version === undefined ? {} : { 'org.opencontainers.image.version': version };
    return { image: { config: async () => ({ config: { Labels } }) } } as unknown as BaseImage;
  };
  return { bases: { find } as unknown as Bases, asked };
}

function found(
  containerfile: string,
  elsewhere: Elsewhere = {},
  settings: Partial<Settings> = {},
): Promise<Record<string, string>> {
  const workspace = workspaceOf(directory(), { base: 'FROM scratch\n', api: containerfile }, settings);
  return externalDependencies(workspace, basesOf(elsewhere).bases, named(workspace, 'api'));
}

describe('what an image is made from elsewhere', () => {
  it.each<[name: string, containerfile: string, elsewhere: Elsewhere, expected: Record<string, string>]>([
    ['nothing', 'FROM scratch\n', {}, {}],
    ['has the version of its label', 'FROM node:22\n', { 'node:22': '22.11.0' }, { node: '22.11.0' }],
    ['has its tag without one', 'FROM node:22\n', { 'node:22': undefined }, { node: '22' }],
    ['has its tag where the label is empty', 'FROM node:22\n', { 'node:22': '' }, { node: '22' }],
    [
      'has its digest without a tag',
      `FROM node@${DIGEST}\n`,
      { [`node@${DIGEST}`]: undefined },
      { node: DIGEST },
    ],
    ['has its tag, with a digest too', `FROM node:22@${DIGEST}\n`, {}, { node: '22' }],
    ['is the latest, without either', 'FROM node\n', { node: undefined }, { node: 'latest' }],
    ['goes by its tag where only an engine may have it', 'FROM node:22\n', {}, { node: '22' }],
    [
      'goes by its short name, where it is of Docker Hub',
      'FROM docker.io/library/node:22\nCOPY --from=index.docker.io/acme/tool:1 / /\n',
      {},
      { node: '22', 'acme/tool': '1' },
    ],
    [
      'goes by its host elsewhere, with the port',
      'FROM registry.example.com/team/node:22\nCOPY --from=localhost:5000/tool:1 / /\n',
      {},
      { 'registry.example.com/team/node': '22', 'localhost:5000/tool': '1' },
    ],
    [
      'is told once, as it is named first',
      'FROM node:22\nCOPY --from=docker.io/node:20 / /\n',
      {},
      { node: '22' },
    ],
    [
      'is an image of the workspace that is pinned, under the name that it has here',
      'FROM acme/shop/base:1.4.0\n',
      { 'acme/shop/base:1.4.0': '1.4.0' },
      { base: '1.4.0' },
    ],
    [
      'is an image of the workspace pinned by its digest, in the version that this has',
      `FROM acme/shop/base@${DIGEST}\n`,
      { [`acme/shop/base@${DIGEST}`]: '1.4.0' },
      { base: '1.4.0' },
    ],
    ['is no image of the workspace that it follows', 'FROM acme/shop/base\n', {}, {}],
    ['is no stage', 'FROM scratch AS node\nFROM node\nCOPY --from=node / /\n', {}, {}],
    [
      'is what the target needs, and no other stage',
      'FROM node:22 AS unused\nFROM alpine:3\n',
      {},
      { alpine: '3' },
    ],
    ['may be called as what every object has', 'FROM constructor:1\n', {}, { constructor: '1' }],
  ])('%s', async (_name, containerfile, elsewhere, expected) => {
    expect(await found(containerfile, elsewhere)).toEqual(expected);
  });

  it('is a pinned image of the workspace, with the host of the store too', async () => {
    const reference = 'registry.acme.dev:5000/acme/shop/base:1.4.0';
    const store = { store: 'registry.acme.dev:5000' };
    expect(await found(`FROM ${reference}\n`, { [reference]: '1.4.0' }, store)).toEqual({ base: '1.4.0' });
  });

  it('has its tag where it is locked, and not the digest of the lock', async () => {
    writeFiles(directory(), {
      'gitops.lock.json': formatBaseLock(
        new Map([
          ['node:latest', DIGEST],
          ['tool:1', DIGEST],
        ]),
      ),
    });
    const elsewhere = { [`node:latest@${DIGEST}`]: undefined, [`tool:1@${DIGEST}`]: '1.4.0' };
    expect(await found('FROM node\nCOPY --from=tool:1 / /\n', elsewhere)).toEqual({
      node: 'latest',
      tool: '1.4.0',
    });
  });

  it('is looked up once each, and not where it is not needed', async () => {
    const workspace = workspaceOf(directory(), {
      base: 'FROM scratch\n',
      api: 'FROM acme/shop/base\nCOPY --from=node:22 /a /\nCOPY --from=node:22 /b /\n',
    });
    const { bases, asked } = basesOf({ 'node:22': '22.11.0' });
    expect(await externalDependencies(workspace, bases, named(workspace, 'api'))).toEqual({
      node: '22.11.0',
    });
    expect(asked).toEqual(['node:22']);
  });

  it('fails where it cannot be looked up: the version would be another one each time', async () => {
    const unreachable = new StoreError('unreachable', 'the host docker.io is unknown');
    await expect(found('FROM node:22\n', { 'node:22': unreachable })).rejects.toBe(unreachable);
  });

  it('goes by its tag where it cannot be looked up, and an engine builds on it', async () => {
    const forbidden = new StoreError('forbidden', 'docker.io denies access');
    expect(await found('FROM mine:dev\nRUN true\n', { 'mine:dev': forbidden })).toEqual({ mine: 'dev' });
  });
});
