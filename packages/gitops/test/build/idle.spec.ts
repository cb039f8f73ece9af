import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join, relative, resolve } from 'node:path';
import { makeDirectory, removeDirectory, writeFiles } from '../support/files';
import type { Observed } from './idle-host';

const SOURCES = resolve(__dirname, '../../src');
const DEPENDENTS = Array.from({ length: 10 }, (_, i) => `image${i}`);

let root: string;
beforeAll(() => {
  const images = DEPENDENTS.map((image) => [
    [`${image}/Containerfile`, 'FROM shop/base\nCOPY file /\n'],
    [`${image}/file`, `of ${image}\n`],
  ]);
  root = writeFiles(makeDirectory(), {
    'gitops.yaml': 'project: shop\n',
    'base/Containerfile': 'FROM scratch\nCOPY file /base\n',
    'base/file': 'of the base\n',
    ...(Object.fromEntries(images.flat()) as Record<string, string>),
  });
});
afterAll(() => removeDirectory(root));

describe('a run in which all is new', () => {
  it('reads manifest, configuration and files of a base once, however many images are made from it', async () => {
    const { log, read } = await run();
    expect(log.filter((line) => !/built from 1 file,/.test(line))).toEqual([]);
    expect(blobsOfBase(read)).toHaveLength(3);
    expect(read.filter((path) => path.includes('/trees/'))).toHaveLength(1);
  });
});

describe('a run in which there is nothing to do', () => {
  let observed: Observed;
  beforeAll(async () => {
    observed = await run();
  });

  it('says so of each image', () => {
    expect(observed.log).toHaveLength(1 + DEPENDENTS.length);
    expect(observed.log.filter((line) => !line.includes(': up to date, '))).toEqual([]);
  });

  it('reads no file of the sources, and manifest and configuration of a base once', () => {
    expect(observed.read.filter((path) => /^\w+\/file$/.test(path))).toEqual([]);
    expect(blobsOfBase(observed.read)).toHaveLength(2);
    const files = observed.read.filter((path) => path.startsWith('image0/'));
    expect(files).toEqual(['image0/Containerfile']);
  });

  it('writes nothing, and keeps nobody out', () => {
    expect(observed.written).toEqual([]);
  });

  it('loads nothing that speaks to engines or registries, writes archives, or parses settings', () => {
    const own = observed.loaded.map((file) => relative(SOURCES, file));
    const folders = (folder: string): string[] => own.filter((file) => file.startsWith(`${folder}/`));
    for (const folder of ['publish', 'sites']) expect(folders(folder)).toEqual([]);
    expect(own).not.toContain('oci/registry/client.ts');
    const packages = observed.loaded.flatMap((file) => {
      const [, name] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file) ?? [];
      return name ?? [];
    });
    expect(packages).toEqual([]);
  });
});

function blobsOfBase(paths: readonly string[]): string[] {
  return paths.filter((path) => path.startsWith('dist/base/image/blobs/') && !path.includes('.tmp'));
}

async function run(): Promise<Observed> {
  const host = fork(join(__dirname, 'idle-host.ts'), [root, 'base', ...DEPENDENTS], {
    execArgv: ['-r', require.resolve('@swc-node/register')],
    env: { ...process.env, NX_WORKSPACE_DATA_DIRECTORY: join(root, '.nx'), NX_DAEMON: 'false' },
  });
  const [observed] = (await once(host, 'message')) as [Observed];
  return observed;
}
