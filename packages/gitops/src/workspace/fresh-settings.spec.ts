import { checkSettings, freshSettings } from './fresh-settings';
import { DEFAULT_STORE, type Settings } from './settings';
import { HEADER } from './settings-header';

const DEFAULTS: Settings = {
  project: 'shop',
  store: DEFAULT_STORE,
  rings: ['developers'],
  environments: {},
  sites: {},
  initialVersion: '0.1.0',
};

it.each([
  [{ project: 'shop', rings: ['developers'] }, 'project: shop\nrings: [developers]\n'],
  [
    { rings: ['a', 'b'], store: 'localhost:5000', vendor: 'Acme: the shop', project: 'acme/shop' },
    'project: acme/shop\nvendor: "Acme: the shop"\nstore: localhost:5000\nrings: [a, b]\n',
  ],
])('writes %j', (settings, text) => {
  expect(freshSettings(settings)).toBe(HEADER + text);
});

it.each([
  [{ project: 'Acme' }, /^project: Acme is not a repository name; use lower-case letters/],
  [
    { store: 'oci://registry.acme.dev' },
    /^store: oci:\/\/registry.acme.dev is no directory; leave oci:\/\/ out/,
  ],
  [{ store: 'me:secret@registry.acme.dev' }, /has a user, a password or a digest in it/],
  [{ vendor: ' ' }, /vendor/],
  [{ rings: ['a', 'a'] }, /^the ring a is in the list twice; remove one of the two$/],
  [{ rings: ['post'] }, /is always there/],
  [{ rings: [] }, /has to be a list of at least one ring/],
])('refuses %j', (settings, message) => {
  expect(() => freshSettings(settings)).toThrow(message);
});

it.each([
  ['', {}],
  ['', { project: 'shop', rings: ['developers'], store: DEFAULT_STORE }],
  ['sites: { dev: { environment: e, ring: developers } }\nenvironments: { e: deploy }\n', {}],
  ['project: acme/shop\nrings: [a, { name: b }]\n', { project: 'acme/shop', rings: ['a', 'b'] }],
])('finds that %j says %j', (text, wanted) => {
  expect(() => checkSettings(text, wanted, DEFAULTS)).not.toThrow();
});

it.each([
  [
    'store: a.dev\n',
    { store: 'b.dev' },
    'gitops.yaml: it has store: a.dev already; edit the file, or leave --store out',
  ],
  ['', { vendor: 'Acme' }, 'gitops.yaml: it has no vendor; edit the file, or leave --vendor out'],
  [
    'rings: [a, b]\n',
    { rings: ['b', 'a'] },
    'gitops.yaml: it has rings: a, b already; edit the file, or leave --rings out',
  ],
  ['rings: [a\n', {}, /^gitops\.yaml:2:1: it is not YAML/],
])('finds that %j does not say %j', (text, wanted, message) => {
  expect(() => checkSettings(text, wanted, DEFAULTS)).toThrow(message);
});
