import { type Tree, logger } from '@nx/devkit';
import { createTree } from '@nx/devkit/testing';
import { useDirectory, writeFiles } from '../../../test/support/files';
import { image, store as put } from '../../../test/oci/fixtures';
import type { Digest } from '../../oci/digest';
import { formatBaseLock, parseBaseLock } from '../../workspace/base-lock';
import { Stores } from '../../workspace/stores';
import lockGenerator, { type LockOptions } from './generator';

jest.mock('@nx/devkit', () => ({
  ...jest.requireActual<object>('@nx/devkit'),
  createProjectGraphAsync: () => Promise.resolve({ nodes: mockNodes }),
}));

const mockNodes: Record<string, unknown> = {};
const directory = useDirectory();
let tree: Tree;
let said: string[];
let stores: Stores;

beforeEach(() => {
  tree = createTree();
  tree.root = directory();
  said = [];
  for (const level of ['info', 'error'] as const)
    jest.spyOn(logger, level).mockImplementation((line) => void said.push(line as string));
  stores = new Stores(directory());
  for (const name of Object.keys(mockNodes)) delete mockNodes[name];
});
afterEach(async () => {
  jest.restoreAllMocks();
  await stores.close();
});

/** An image with a container file, and a configuration of its target. */
function give(name: string, containerfile: string, configurations = {}): void {
  const file = `${name}/Containerfile`;
  writeFiles(directory(), { [file]: containerfile });
  const target = { executor: 'gitops:build', options: { containerfile: file }, configurations };
  mockNodes[name] = { data: { root: name, targets: { 'image-build': target } } };
}

/** Makes a tag mean an image of this text. */
async function move(repository: string, tag: string, text: string): Promise<Digest> {
  return (await put(stores.open('oci:.gitops/store').repository(repository), image([text]), tag)).digest;
}

async function generate(options: LockOptions = {}): Promise<string[]> {
  said = [];
  await lockGenerator(tree, options);
  return said;
}

const file = (): string | null => tree.read('gitops.lock.json', 'utf8');
const locked = (): Record<string, Digest> => Object.fromEntries(parseBaseLock(file()!));
const short = (digest: Digest): string => `${digest.slice(0, 19)}…`;

describe('the generator lock', () => {
  let one: Digest;
  let tool: Digest;
  beforeEach(async () => {
    give('api', 'FROM tools/base:1\nCOPY --from=tools/tool / /\n');
    give('web', 'FROM tools/base:1 AS dev\nFROM scratch\n', { dev: { target: 'dev' } });
    one = await move('tools/base', '1', 'one');
    tool = await move('tools/tool', 'latest', 'tool');
  });

  it('locks what is in use, and does so once', async () => {
    expect(await generate()).toEqual([
      `tools/base:1 ${short(one)} (new)`,
      `tools/tool:latest ${short(tool)} (new)`,
    ]);
    expect(locked()).toEqual({ 'tools/base:1': one, 'tools/tool:latest': tool });
    const write = jest.spyOn(tree, 'write');
    expect(await generate()).toEqual(['nothing has changed: 2 bases locked']);
    expect(write).not.toHaveBeenCalled();
  });

  it('locks what has moved anew, and lets go of what is no longer used', async () => {
    await generate();
    const two = await move('tools/base', '1', 'two');
    give('api', 'FROM tools/base:1\n');
    expect(await generate()).toEqual([
      `tools/base:1 ${short(one)} → ${short(two)}`,
      'tools/tool:latest is no longer used',
    ]);
    expect(locked()).toEqual({ 'tools/base:1': two });
    give('api', 'FROM scratch\n');
    expect(await generate()).toEqual(['nothing has changed: 1 base locked']);
  });

  it('locks just what is named, or missing', async () => {
    await generate();
    await move('tools/base', '1', 'two');
    const moved = await move('tools/tool', 'latest', 'better tool');
    await generate({ names: ['docker.io/tools/tool'] });
    expect(locked()).toEqual({ 'tools/base:1': one, 'tools/tool:latest': moved });
    give('www', 'FROM tools/base:2\n');
    const other = await move('tools/base', '2', 'other');
    expect(await generate({ missing: true })).toEqual([`tools/base:2 ${short(other)} (new)`]);
    expect(locked()).toEqual({ 'tools/base:1': one, 'tools/base:2': other, 'tools/tool:latest': moved });
  });

  it('checks, and writes nothing', async () => {
    await generate();
    expect(await generate({ check: true })).toEqual(['gitops.lock.json is up to date']);
    const before = file();
    const two = await move('tools/base', '1', 'two');
    await move('tools/base', '2', 'other');
    give('api', 'FROM tools/base:1\nCOPY --from=tools/base:2 / /\n');
    await expect(generate({ check: true })).rejects.toThrow(
      'gitops.lock.json is not up to date; run nx g gitops:lock',
    );
    expect(said).toEqual([
      `tools/base:1 is ${short(two)} now, locked is ${short(one)}`,
      'tools/base:2 is not locked',
      'tools/tool:latest is locked and no longer used',
    ]);
    expect(file()).toBe(before);
  });

  it('checks without a registry whether all is locked', async () => {
    await generate();
    await move('tools/base', '1', 'two');
    expect(await generate({ check: true, missing: true })).toEqual(['gitops.lock.json is up to date']);
    give('www', 'FROM 127.0.0.1:1/nowhere:1\n');
    await expect(generate({ check: true, missing: true })).rejects.toThrow(
      'gitops.lock.json is not up to date; run nx g gitops:lock --missing',
    );
    expect(said).toEqual(['127.0.0.1:1/nowhere:1 is not locked']);
  });

  it('tells all that cannot be looked up, and writes nothing', async () => {
    give('www', 'FROM 127.0.0.1:1/nowhere:1\nCOPY --from=oci.invalid/none / /\n');
    await expect(generate()).rejects.toThrow('2 bases could not be looked up; see above');
    const lines = [
      expect.stringMatching(
        /^www\/Containerfile:1: the image 127\.0\.0\.1:1\/nowhere:1 cannot be looked up: /,
      ),
      expect.stringMatching(/^www\/Containerfile:2: the image oci\.invalid\/none cannot be looked up: /),
    ] as string[];
    expect(said).toEqual(lines);
    expect(file()).toBeNull();
    await expect(generate({ check: true })).rejects.toThrow('is not up to date');
    expect(said).toEqual([...lines, 'tools/base:1 is not locked', 'tools/tool:latest is not locked']);
    await generate({ names: ['tools/base:1', 'tools/tool'] });
    tree.write(
      'gitops.lock.json',
      formatBaseLock(
        new Map([
          ...parseBaseLock(file()!),
          ['127.0.0.1:1/nowhere:1', one],
          ['oci.invalid/none:latest', one],
        ]),
      ),
    );
    await expect(generate({ check: true })).rejects.toThrow('2 bases could not be looked up; see above');
    expect(said).toEqual(lines);
  });

  it.each<[name: string, options: LockOptions, message: string]>([
    ['what no image uses', { names: ['tools/base'] }, 'no image of this workspace uses tools/base:latest'],
    [
      'names and --missing',
      { names: ['tools/base:1'], missing: true },
      '--missing and names do not go together',
    ],
  ])('refuses %s', async (_name, options, message) => {
    await expect(generate(options)).rejects.toThrow(message);
    expect(file()).toBeNull();
  });

  it('refuses a lock that is not as it should be', async () => {
    tree.write('gitops.lock.json', '{"images"}');
    await expect(generate()).rejects.toThrow('gitops.lock.json:1:10: it is not JSON');
    expect(file()).toBe('{"images"}');
  });

  it('has nothing to do where there are no bases', async () => {
    for (const name of Object.keys(mockNodes)) give(name, 'FROM scratch\n');
    expect(await generate()).toEqual(['nothing has changed: 0 bases locked']);
    expect(file()).toBeNull();
  });
});
