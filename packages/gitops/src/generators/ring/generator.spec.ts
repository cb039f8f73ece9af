import { type Tree, logger } from '@nx/devkit';
import { createTree } from '@nx/devkit/testing';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { change, details } from '../../../test/ledger/changes';
import { useDirectory } from '../../../test/support/files';
import { openRegistry } from '../../oci/registry';
import { openLedger } from '../../publish/open';
import { readSettings } from '../../workspace/settings';
import { Stores } from '../../workspace/stores';
import ringGenerator, { type RingOptions } from './generator';

const directory = useDirectory();
const TEXT = 'project: shop # ours\nrings: [developers, testers, users]\n';

let tree: Tree;
beforeEach(() => {
  tree = createTree();
  tree.root = directory();
  give(TEXT);
  jest.spyOn(logger, 'info').mockImplementation();
});
afterEach(() => jest.restoreAllMocks());

/** The file, in the tree and on the disk below it. */
function give(text: string): void {
  tree.write('gitops.yaml', text);
  writeFileSync(join(directory(), 'gitops.yaml'), text);
}

const file = (): string | null => tree.read('gitops.yaml', 'utf8');

/** A version of an image in the ring, as a push leaves it. */
async function hold(ring: string): Promise<void> {
  const settings = readSettings(directory());
  const stores = new Stores(directory(), openRegistry);
  await openLedger(stores.open(settings.store), settings).commit({ who: 'mia' }, async () => ({
    operation: { kind: 'push', ring },
    changes: [change('api', ring, '', '1.0.0', true)],
    details: details({ api: { '1.0.0': 'content' } }),
  }));
  await stores.close();
}

it('adds a ring', async () => {
  await ringGenerator(tree, { name: 'pilots', after: 'testers', description: 'The brave' });
  expect(file()).toBe(
    'project: shop # ours\nrings: [developers, testers, { name: pilots, description: The brave }, users]\n',
  );
});

it('makes the file where there is none', async () => {
  tree.delete('gitops.yaml');
  await ringGenerator(tree, { name: 'testers' });
  expect(file()).toMatch(/^# yaml-language-server: .*\nrings: \[developers, testers\]\n$/);
});

it('removes and renames one that holds nothing', async () => {
  await hold('users');
  await ringGenerator(tree, { name: 'testers', rename: 'pilots' });
  expect(file()).toBe(TEXT.replace('testers', 'pilots'));
  await ringGenerator(tree, { name: 'pilots', remove: true });
  expect(file()).toBe(TEXT.replace('testers, ', ''));
});

it.each([{ remove: true }, { rename: 'buyers' }])(
  'refuses %j while it holds versions, unless forced',
  async (what) => {
    await hold('users');
    await expect(ringGenerator(tree, { name: 'users', ...what })).rejects.toThrow(
      'the ring users holds api 1.0.0; promote what is needed to another ring, then use --force',
    );
    expect(file()).toBe(TEXT);
    await ringGenerator(tree, { name: 'users', ...what, force: true });
    expect(file()).not.toContain('users');
  },
);

it.each([
  [{ name: 'users', before: 'developers' }, 'there is a ring users already'],
  [{ name: 'post' }, 'is always there'],
  [{ name: 'Users' }, 'cannot be called so'],
  [{ name: 'users', remove: true, rename: 'buyers' }, '--remove and --rename do not go together'],
  [{ name: 'users', remove: true, after: 'testers' }, '--remove and --after do not go together'],
])('refuses %j, and touches nothing', async (options, message) => {
  await expect(ringGenerator(tree, options)).rejects.toThrow(message);
  expect(file()).toBe(TEXT);
});

it.each<RingOptions>([
  { name: 'users', after: 'testers' },
  { name: 'pilots', remove: true },
  { name: 'pilots', rename: 'users' },
])('has nothing to do a second time: %j', async (options) => {
  await ringGenerator(tree, options);
  expect(file()).toBe(TEXT);
});

it('refuses a file that is not as it should be', async () => {
  give('rings: [a\n');
  await expect(ringGenerator(tree, { name: 'b' })).rejects.toThrow(/^gitops\.yaml:2:1: it is not YAML/);
});
