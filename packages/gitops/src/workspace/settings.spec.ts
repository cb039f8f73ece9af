import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { useDirectory, writeFiles } from '../../test/support/files';
import { GitopsError } from '../support/errors';
import { type Settings, readSettings } from './settings';
import { thrownBy } from '../../test/support/thrown';

const directory = useDirectory();
const read = (text: string): Settings => readSettings(writeFiles(directory(), { 'gitops.yaml': text }));
const DEFAULTS = {
  store: 'oci:.gitops/store',
  rings: ['developers'],
  environments: {},
  sites: {},
  initialVersion: '0.1.0',
};

describe('readSettings', () => {
  it.each<[name: string, packageJson: string | undefined, project: string]>([
    ['no package.json', undefined, 'workspace'],
    ['its name', '{"name":"shop"}', 'shop'],
    ['its name with a scope', '{"name":"@acme/shop"}', 'acme/shop'],
    ['the name that Nx gives a new workspace', '{"name":"@shop/source"}', 'shop'],
    ['a name that no registry takes', '{"name":"Acme Shop!"}', 'acme-shop'],
    ['no name', '{}', 'workspace'],
    ['an empty name', '{"name":""}', 'workspace'],
    ['a name that is none', '{"name":7}', 'workspace'],
    ['not JSON', '{', 'workspace'],
  ])('without gitops.yaml there are defaults: %s', (_name, packageJson, project) => {
    if (packageJson !== undefined) writeFileSync(join(directory(), 'package.json'), packageJson);
    expect(readSettings(directory())).toEqual({ ...DEFAULTS, project });
  });

  it.each<[name: string, text: string, expected: Partial<Settings>]>([
    ['nothing in it', '', {}],
    ['a comment', '# later\n', {}],
    ['an empty document', '---\n', {}],
    ['project', 'project: acme/shop', { project: 'acme/shop' }],
    ['vendor', 'vendor: Acme & Sons', { vendor: 'Acme & Sons' }],
    ['store', 'store: registry.acme.dev:5000/x', { store: 'registry.acme.dev:5000/x' }],
    ['rings', 'rings: [testers, users]', { rings: ['testers', 'users'] }],
    [
      'rings with more to say',
      'rings:\n  - name: testers\n    description: us\n  - users',
      { rings: ['testers', 'users'], ringDescriptions: { testers: 'us' } },
    ],
    [
      'what others read',
      'root: root\nenvironments: { dev: x }\nsites: {}\ninitialVersion: 1.0.0',
      { root: 'root', environments: { dev: 'x' }, initialVersion: '1.0.0' },
    ],
    [
      'sites',
      'environments: { dev: x }\nsites:\n  a: { environment: dev, ring: developers, context: me@k, namespace: n }\n  b: { environment: dev, ring: ante }',
      {
        environments: { dev: 'x' },
        sites: {
          a: { environment: 'dev', ring: 'developers', context: 'me@k', namespace: 'n' },
          b: { environment: 'dev', ring: 'ante' },
        },
      },
    ],
    ['plain http, where it says so', 'store: http://registry:80/a', { store: 'http://registry:80/a' }],
    ['an IPv6 address', 'store: "[::1]:5000"', { store: '[::1]:5000' }],
    ['localhost', 'store: localhost', { store: 'localhost' }],
    ['an absolute directory', 'store: oci:/srv/my images@home', { store: 'oci:/srv/my images@home' }],
    ['a version that needs no quotes', 'initialVersion: 0.0.1', { initialVersion: '0.0.1' }],
    ['what a tag makes a text', 'project: !!str 7', { project: '7' }],
    ['another version of YAML', '%YAML 1.1\n---\nproject: yes', { project: 'yes' }],
    [
      'names that every object has',
      'rings: [constructor]\nenvironments: { constructor: x }\nsites: { constructor: { environment: constructor, ring: constructor } }',
      {
        rings: ['constructor'],
        environments: { constructor: 'x' },
        sites: { constructor: { environment: 'constructor', ring: 'constructor' } },
      } as unknown as Partial<Settings>,
    ],
    [
      'a byte order mark and the line ends of Windows',
      '\uFEFFproject: a\r\nvendor: b\r\n',
      { project: 'a', vendor: 'b' },
    ],
    ['an anchor', 'project: &a shop\nvendor: *a', { project: 'shop', vendor: 'shop' }],
  ])('takes %s', (_name, text, expected) => {
    expect(read(text)).toEqual({ project: 'workspace', ...DEFAULTS, ...expected });
  });

  it.each<[name: string, text: string, place: [line: number, column: number], what: RegExp]>([
    ['a list', '- project', [1, 1], /it has to be a mapping/],
    ['a text', 'shop', [1, 1], /it has to be a mapping/],
    ['an unknown key', 'project: a\n\nprojekt: b', [3, 1], /unknown key projekt; use one of project, vendor/],
    ['a key that is nearly one', 'storee: x', [1, 1], /unknown key storee; .*; did you mean store\?$/],
    ['a key that is nothing like one', 'zzz: 1', [1, 1], /unknown key zzz; use one of .* initialVersion$/],
    ['a key that every object has', 'toString: 1', [1, 1], /unknown key toString; use one of/],
    ['the key that no object may have', '__proto__: {}', [1, 1], /unknown key __proto__; use one of/],
    ['a number for a key', '1: x', [1, 1], /unknown key 1;/],
    ['no key', ': x', [1, 1], /unknown key "";/],
    ['a list for a key', '? [a]\n: b', [1, 3], /a key has to be a text; write a name before the colon/],
    ['a key for merging', '<<: { project: a }', [1, 1], /unknown key "<<";/],
    ['a key with a password in it', 'me:pass@host: x', [1, 1], /unknown key \*\*\*;/],
    [
      'a key twice',
      'project: a\nproject: b',
      [2, 1],
      /keys have to be unique, project is there twice; remove/,
    ],
    ['a site twice', 'sites:\n  a: {}\n  "a": {}', [3, 3], /keys have to be unique, "a" is there twice/],
    [
      'a project that is none',
      'vendor: x\nproject: Acme Shop',
      [2, 10],
      /: project: "Acme Shop" is not a repository name; use lower-case/,
    ],
    [
      'a project that is too long',
      `project: ${'a'.repeat(256)}`,
      [1, 10],
      /aaa\.\.\. is not a repository name/,
    ],
    [
      'a project without a value',
      'vendor: x\nproject:',
      [2, 9],
      /project has to be a text.*; write it, or leave/,
    ],
    [
      'a vendor that is a number',
      '\nvendor: 7',
      [2, 9],
      /vendor has to be a text, such as Acme; put it in quot/,
    ],
    ['a vendor of two lines', 'vendor: |\n  a\n  b\n', [1, 9], /vendor: "a\\nb\\n" is not one line/],
    ['an empty store', 'store: " "', [1, 8], /store has to be a text/],
    [
      'a root with its scope',
      'root: "@acme/root"',
      [1, 7],
      /root: "@acme\/root" is not an image's name;.* scope$/,
    ],
    [
      'a store with a password',
      'store: https://me:pass@host',
      [1, 8],
      /: store: \*\*\* has a user, a password/,
    ],
    [
      'a store with a digest',
      'store: a.b/c@sha256:0',
      [1, 8],
      /: store: \*\*\* has a user, .* or a digest in it;/,
    ],
    [
      "helm's way to name a registry",
      'store: oci://a.b',
      [1, 8],
      /oci:\/\/a\.b is no directory; leave oci:\/\/ out/,
    ],
    ['a password in that', 'store: oci://me:pass@a.b', [1, 8], /: store: \*\*\* has a user/],
    [
      'a directory for a store',
      'store: gitops/store',
      [1, 8],
      /is no registry, .*; write oci:<directory> for a/,
    ],
    ['a hidden one', 'store: .gitops/store', [1, 8], /store: \.gitops\/store is no state store; write host/],
    ['a store with a tag', 'store: a.b:latest', [1, 8], /is no state store; write host/],
    ['a store in upper case', 'store: Registry.dev', [1, 8], /is no state store; write .* in lower case/],
    ['a store without its directory', 'store: "oci:"', [1, 8], /"?oci:"? is no state store/],
    ['rings that are no list', 'project: a\nrings: developers', [2, 8], /rings has to be a list/],
    ['no rings', 'rings: []', [1, 8], /rings has to be a list of at least one ring/],
    ['a ring that is none', 'rings:\n  - a\n  - 7', [3, 5], /a ring has to be a name/],
    [
      'a ring that is nothing',
      'rings:\n  - a\n  -',
      [3, 4],
      /a ring has to be a name.*; write it, or leave it out/,
    ],
    ['a ring without letters', 'rings: [""]', [1, 9], /the ring "" cannot be called so/],
    ['a ring without a name', 'rings:\n  - who: us', [2, 5], /a ring has to be a name.*; add name/],
    [
      'a ring with more to say',
      'rings:\n  - name: a\n    who: us',
      [3, 5],
      /key who in a ring; use one of name, des/,
    ],
    [
      "a ring's misspelt name",
      'rings:\n  - nmae: a',
      [2, 5],
      /unknown key nmae in a ring; .* did you mean name\?/,
    ],
    [
      "a ring's description",
      'rings:\n  - name: a\n    description: [b]',
      [3, 18],
      /description of a ring has to be/,
    ],
    ['ante', 'rings:\n  - a\n  - ante', [3, 5], /the ring ante is always there; leave it out of the list/],
    ['post', 'rings: [post]', [1, 9], /the ring post is always there/],
    ['post in a mapping', 'rings: [{ name: post }]', [1, 17], /the ring post is always there/],
    ['latest', 'rings: [latest]', [1, 9], /the ring latest cannot be called as the tag latest; give/],
    [
      'a ring like a version',
      'rings: [a, 1.2.3]',
      [1, 12],
      /the ring 1\.2\.3 looks like a version; give it a/,
    ],
    [
      'a ring like a prerelease',
      'rings: [v1.2.3-rc.1]',
      [1, 9],
      /the ring v1\.2\.3-rc\.1 looks like a version/,
    ],
    ['a ring like a major version', 'rings: [v1]', [1, 9], /the ring v1 looks like a version/],
    [
      'a ring in upper case',
      'rings: [Testers]',
      [1, 9],
      /the ring Testers cannot be called so; use lower-case/,
    ],
    ['a ring that is no tag', `rings: [${'a'.repeat(129)}]`, [1, 9], /cannot be called so; .* at most 128/],
    ['a ring twice', 'rings: [a, b, a]', [1, 15], /the ring a is in the list twice; remove one of the two/],
    ['a ring in either way', 'rings: [a, { name: a }]', [1, 12], /the ring a is in the list twice/],
    [
      'environments of nothing',
      'environments:',
      [1, 14],
      /environments has to be a mapping of .*; write it, or/,
    ],
    [
      'an environment that is none',
      'environments: { Dev: x }',
      [1, 17],
      /the environment Dev cannot be called so/,
    ],
    [
      'an environment of a number',
      'environments: { dev: 7 }',
      [1, 22],
      /the environment dev has to be a directory/,
    ],
    ...['/a', '..', '../a', 'a/../../b', 'C:/a', '~/a'].map(
      (path): [string, string, [number, number], RegExp] => [
        `an environment at ${path}`,
        `environments: { dev: ${path} }`,
        [1, 22],
        /the environment dev: \S+ is not inside the workspace; write it relative to the workspace/,
      ],
    ),
    [
      'a site that is none',
      'sites: { a: b }',
      [1, 13],
      /the site a has to be a mapping with an environment and a/,
    ],
    [
      'a site without a ring',
      'sites:\n  a:\n    environment: x',
      [3, 5],
      /the site a has to be .*; add ring/,
    ],
    [
      'a misspelt ring',
      'sites: { a: { environment: x, rnig: y } }',
      [1, 31],
      /unknown key rnig in the site a; use one of environment, ring, context, namespace, pullSecret; did you mean ring\?/,
    ],
    [
      'a namespace that is none',
      'sites:\n  a:\n    environment: x\n    ring: ante\n    namespace: Shop',
      [5, 16],
      /namespace of the site a: Shop is not a DNS label; use lower-case/,
    ],
    [
      'an empty context',
      'sites: { a: { environment: x, ring: y, context: "" } }',
      [1, 49],
      /context of the site a has/,
    ],
    [
      'a site in no environment',
      'environments: { prod: p }\nsites:\n  a:\n    environment: prdo\n    ring: ante',
      [4, 18],
      /environment of the site a: there is no environment prdo; use one of prod.*; did you mean prod\?/,
    ],
    [
      'no environment at all',
      'sites: { a: { environment: x, ring: ante } }',
      [1, 28],
      /; add it to environments$/,
    ],
    [
      'a site of no ring',
      'environments: { p: p }\nsites: { a: { environment: p, ring: post } }',
      [2, 37],
      /ring of the site a: there is no ring post; use one of ante, developers, or add it to rings/,
    ],
    [
      'a version that is a number',
      'initialVersion: 1.0',
      [1, 17],
      /initialVersion has to be a text, such as 0\.1\.0$/,
    ],
    [
      'a prerelease',
      'initialVersion: 1.0.0-rc',
      [1, 17],
      /1\.0\.0-rc is not a semantic version without prerel/,
    ],
    ['what comes first of several', 'vendor: 7\nzzz: 1\nproject: A', [1, 9], /vendor/],
    ['the first key of several that stand alone', '{ vendor, project }', [1, 3], /vendor has to be a text/],
    [
      'a name with what separates others',
      'sites: { a/~b: 7 }',
      [1, 10],
      /the site "a\/~b" cannot be called so/,
    ],
    [
      'rings that are in themselves',
      'rings: [&a { name: *a }, &b { name: *b }]',
      [1, 20],
      /name of a ring has to/,
    ],
    ['a bracket that is not closed', 'project: a\nrings: [a', [2, 10], /it is not YAML: .*; correct it/],
    [
      'a quote that is not closed',
      'project: "a',
      [1, 12],
      /it is not YAML: Missing closing "quote; correct it/,
    ],
    ['a text with a colon', 'vendor: a: b', [1, 9], /it is not YAML: .*; put a text with a colon in quotes/],
    ['a tab', 'rings:\n\t- a', [2, 1], /it is not YAML: .*; indent with blanks/],
    ['a tag', 'project: !env PROJECT', [1, 10], /tags mean nothing here; remove it/],
    ['bytes', 'project: !!binary YQ==', [1, 10], /tags mean nothing here/],
    ['two documents', 'project: a\n---\nproject: b', [2, 1], /a second document starts here; keep one/],
    ['an alias of nothing', 'project: *b', [1, 10], /the alias \*b is of nothing; put the anchor &b before/],
    ['an alias of itself', 'project: &a [*a]', [1, 13], /project has to be a text/],
    ['an alias of what belongs elsewhere', 'rings: &r [a]\nproject: *r', [2, 10], /project has to be a text/],
    [
      'what an alias stands for',
      'environments: &e { p: p }\nsites: *e',
      [2, 8],
      /the site p has to be a mapping/,
    ],
    ['after a byte order mark', '\uFEFFprojekt: b', [1, 1], /unknown key projekt/],
    ['with the line ends of Windows', 'project: a\r\n\r\nvendor: 7\r\n', [3, 9], /vendor has to be a text/],
  ])('says where it is wrong: %s', (_name, text, [line, column], what) => {
    const error = thrownBy(() => read(text));
    expect(error).toBeInstanceOf(GitopsError);
    expect((error as GitopsError).place).toEqual({ file: 'gitops.yaml', line, column });
    expect((error as GitopsError).message).toMatch(what);
    expect((error as GitopsError).message).not.toMatch(/\n|undefined|pass@|; *$/);
  });

  it('says so where it is not UTF-8', () => {
    writeFileSync(join(directory(), 'gitops.yaml'), Buffer.from('\uFEFFproject: a\n', 'utf16le'));
    expect(() => readSettings(directory())).toThrow('gitops.yaml: it is not UTF-8; save it as UTF-8');
  });

  it('says so where aliases blow it up', () => {
    const lines = Array.from(
      { length: 9 },
      (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join()}]`,
    );
    expect(() => read(['a0: &a0 [x]', ...lines].join('\n'))).toThrow(
      'gitops.yaml: its aliases are too many; write it out in full',
    );
  });

  it('says so where it cannot be read', () => {
    mkdirSync(join(directory(), 'gitops.yaml'));
    expect(() => readSettings(directory())).toThrow(
      new GitopsError('it cannot be read (EISDIR)', { file: 'gitops.yaml' }),
    );
  });
});
