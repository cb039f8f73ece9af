import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { useDirectory, writeFiles } from '../../test/support/files';
import { GitopsError } from '../support/errors';
import { type Settings, readSettings } from './settings';

const directory = useDirectory();
const read = (text: string): Settings => readSettings(writeFiles(directory(), { 'gitops.yaml': text }));

describe('readSettings', () => {
  it.each<[name: string, packageJson: string | undefined, project: string]>([
    ['no package.json', undefined, 'workspace'],
    ['its name', '{"name":"shop"}', 'shop'],
    ['its name with a scope', '{"name":"@acme/shop"}', 'acme/shop'],
    ['a name that no registry takes', '{"name":"Acme Shop!"}', 'acme-shop'],
    ['no name', '{}', 'workspace'],
    ['an empty name', '{"name":""}', 'workspace'],
    ['a name that is none', '{"name":7}', 'workspace'],
    ['not JSON', '{', 'workspace'],
  ])('without gitops.yaml there are defaults: %s', (_name, packageJson, project) => {
    if (packageJson !== undefined) writeFileSync(join(directory(), 'package.json'), packageJson);
    expect(readSettings(directory())).toEqual({ project, store: 'oci:.gitops/store', rings: ['developers'] });
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
      'rings:\n  - name: testers\n    who: us\n  - users',
      { rings: ['testers', 'users'] },
    ],
    ['what others read', 'root: root\nenvironments: { dev: x }\nsites: {}\ninitialVersion: 1.0.0', {}],
    [
      'a byte order mark and the line ends of Windows',
      '\uFEFFproject: a\r\nvendor: b\r\n',
      { project: 'a', vendor: 'b' },
    ],
    ['an anchor', 'project: &a shop\nvendor: *a', { project: 'shop', vendor: 'shop' }],
  ])('takes %s', (_name, text, expected) => {
    expect(read(text)).toEqual({
      project: 'workspace',
      store: 'oci:.gitops/store',
      rings: ['developers'],
      ...expected,
    });
  });

  it.each<[name: string, text: string, line: number, what: RegExp]>([
    ['a list', '- project', 1, /it has to be a mapping/],
    ['a text', 'shop', 1, /it has to be a mapping/],
    ['an unknown key', 'project: a\n\nprojekt: b', 3, /unknown key projekt; use one of project, vendor/],
    ['a key twice', 'project: a\nproject: b', 2, /unique/],
    ['a project that is none', 'vendor: x\nproject: Acme Shop', 2, /"Acme Shop" is not a repository name/],
    ['a project without a value', 'vendor: x\nproject:', 2, /project has to be a text/],
    ['a vendor that is a number', '\nvendor: 7', 2, /vendor has to be a text/],
    ['an empty store', 'store: " "', 1, /store has to be a text/],
    ['rings that are no list', 'project: a\nrings: developers', 2, /rings has to be a list/],
    ['no rings', 'rings: []', 1, /rings has to be a list of at least one ring/],
    ['a ring that is none', 'rings:\n  - a\n  - 7', 3, /a ring has to be a name/],
    ['a ring without a name', 'rings:\n  - who: us', 2, /a ring has to be a name/],
    ['ante', 'rings:\n  - a\n  - ante', 3, /the ring ante is always there; leave it out of the list/],
    ['post', 'rings: [post]', 1, /the ring post is always there/],
    ['a bracket that is not closed', 'project: a\nrings: [a', 2, /./],
    ['a tab', 'rings:\n\t- a', 2, /./],
    ['two documents', 'project: a\n---\nproject: b', 2, /./],
    ['an alias of nothing', 'project: *b', 1, /alias/],
  ])('says where it is wrong: %s', (_name, text, line, what) => {
    const error = thrownBy(() => read(text));
    expect(error).toBeInstanceOf(GitopsError);
    expect((error as GitopsError).place).toEqual({ file: 'gitops.yaml', line });
    expect((error as GitopsError).message).toMatch(what);
    expect((error as GitopsError).message).not.toMatch(/\n|undefined/);
  });

  it('says so where aliases blow it up', () => {
    const lines = Array.from(
      { length: 9 },
      (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join()}]`,
    );
    expect(() => read(['a0: &a0 [x]', ...lines].join('\n'))).toThrow(GitopsError);
  });

  it('says so where it cannot be read', () => {
    mkdirSync(join(directory(), 'gitops.yaml'));
    expect(() => readSettings(directory())).toThrow(
      new GitopsError('it cannot be read (EISDIR)', { file: 'gitops.yaml' }),
    );
  });
});

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}
