import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { useDirectory, writeFiles } from '../../test/support/files';
import { type Settings, readSettings } from './settings';
import { HEADERS } from './settings-files';

const directory = useDirectory();
const SHARED =
  'rings: [testers]\nenvironments: { prod: a }\nsites: { demo: { environment: prod, ring: testers } }\n';

function read(personal: string | Buffer, shared = SHARED): Settings {
  return readSettings(writeFiles(directory(), { 'gitops.yaml': shared, 'gitops.local.yaml': personal }));
}

it('adds environments and sites', () => {
  const mine = { environment: 'own', ring: 'testers' };
  const other = { environment: 'prod', ring: 'ante', context: 'kind' };
  expect(read(stringify({ environments: { own: 'b' }, sites: { mine, other } }))).toMatchObject({
    rings: ['testers'],
    environments: { prod: 'a', own: 'b' },
    sites: { demo: { environment: 'prod', ring: 'testers' }, mine, other },
  });
});

it('has a store of its own in place of the shared one', () => {
  const shared = 'store: registry.acme.dev\n';
  expect(read('store: oci:mine', shared)).toMatchObject({
    store: 'oci:mine',
    sharedStore: 'registry.acme.dev',
  });
  expect(read('store: oci:mine', 'project: a\n').store).toBe('oci:mine');
  expect(read('sites: {}', shared)).toMatchObject({ store: 'registry.acme.dev' });
});

it('adds them to the defaults', () => {
  const sites = { mine: { environment: 'own', ring: 'developers' } };
  writeFiles(directory(), { 'gitops.local.yaml': stringify({ environments: { own: 'b' }, sites }) });
  expect(readSettings(directory())).toMatchObject({
    rings: ['developers'],
    environments: { own: 'b' },
    sites,
  });
});

it.each<[what: string, personal: string | Buffer, message: string]>([
  [
    'other keys',
    'project: a',
    'gitops.local.yaml:1:1: unknown key project; use one of store, environments, sites',
  ],
  [
    'a store that is none',
    'store: 1',
    'gitops.local.yaml:1:8: store has to be a text, such as registry.acme.dev or oci:.gitops/store',
  ],
  ['what is not YAML', 'sites: [', 'gitops.local.yaml:1:9: it is not YAML'],
  ['what is not UTF-8', Buffer.from([0xff]), 'gitops.local.yaml: it is not UTF-8'],
  ['a list', '- a', 'gitops.local.yaml:1:1: it has to be a mapping'],
  [
    'an environment that is in both',
    'environments:\n  prod: b',
    'gitops.local.yaml:2:3: the environment prod is in gitops.yaml too; give it another name here',
  ],
  [
    'a site that is in both',
    'sites:\n  demo: { environment: prod, ring: testers }',
    'gitops.local.yaml:2:3: the site demo is in gitops.yaml too; give it another name here',
  ],
  [
    'an environment outside',
    'environments: { own: ../x }',
    'gitops.local.yaml:1:22: the environment own: ../x is not inside the workspace',
  ],
  [
    'a ring that there is not',
    'sites: { mine: { environment: prod, ring: tester } }',
    'gitops.local.yaml:1:43: ring of the site mine: there is no ring tester; use one of ante, testers, or add it to rings; did you mean testers?',
  ],
])('refuses %s', (_, personal, message) => {
  expect(() => read(personal)).toThrow(message);
});

it('is not there for the sites of gitops.yaml', () => {
  const shared = 'sites: { demo: { environment: own, ring: developers } }';
  expect(() => read('environments: { own: b }', shared)).toThrow(
    'gitops.yaml:1:31: environment of the site demo: there is no environment own',
  );
});

it('has a schema in the package, and a header that names it', () => {
  const file = /\$schema=\.\/node_modules\/gitops\/(\S+)/.exec(HEADERS.personal)![1]!;
  const text = readFileSync(join(__dirname, '../..', file), 'utf8');
  const { properties } = JSON.parse(text) as {
    properties: Record<string, { description: string; examples: object[] }>;
  };
  const examples = Object.entries(properties).map(([key, { examples }]) => [key, examples[0]]);
  expect(read(stringify(Object.fromEntries(examples)), 'rings: [developers]')).toMatchObject(
    Object.fromEntries(examples),
  );
});
