import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { useDirectory, writeFiles } from '../../test/support/files';
import { GitopsError } from '../support/errors';
import { type Settings, readSettings } from './settings';
import { thrownBy } from '../../test/support/thrown';

const PACKAGE = join(__dirname, '../..');
const SCHEMA_FILE = 'schemas/gitops.schema.json';
const text = readFileSync(join(PACKAGE, SCHEMA_FILE), 'utf8');
const schema = JSON.parse(text) as { properties: Record<string, Described> };

interface Described {
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly default?: unknown;
  readonly pattern?: string;
  readonly not?: object;
  readonly errorMessage?: string;
}

const directory = useDirectory();
const read = (yaml: string): Settings => readSettings(writeFiles(directory(), { 'gitops.yaml': yaml }));

describe('the schema of gitops.yaml', () => {
  it('is in the package', () => {
    const { files, exports } = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')) as {
      files: string[];
      exports: Record<string, unknown>;
    };
    expect(files).toContain('schemas');
    expect(exports['./schemas/*']).toBe('./schemas/*');
  });

  it('has all keys that are read, and each is read', () => {
    const examples = Object.entries(schema.properties).map(([key, { examples }]) => [key, examples?.[0]]);
    const file = Object.fromEntries(examples) as Record<string, unknown>;
    expect(read(stringify(file))).toEqual(file);
  });

  it.each(Object.entries(schema.properties))('describes %s', (key, { description, examples, ...others }) => {
    expect(description).toMatch(/\.$/);
    const environments = { environments: schema.properties['environments']!.examples![0] };
    const rings = { rings: schema.properties['rings']!.examples![0] };
    for (const example of examples!)
      expect(read(stringify({ ...environments, ...rings, [key]: example }))).toHaveProperty(key, example);
    if (others.default !== undefined) expect(read('')).toHaveProperty(key, others.default);
  });

  it('says in its own words whatever is wrong', () => {
    const nodes = (node: unknown): Described[] =>
      typeof node === 'object' && node !== null ? [node, ...Object.values(node).flatMap(nodes)] : [];
    for (const node of nodes({ ...schema, examples: undefined })) {
      if (typeof node.pattern === 'string' && !('type' in node && node.errorMessage === undefined))
        expect(node).toHaveProperty('patternErrorMessage');
      if (typeof node.not === 'object') expect(node).toHaveProperty('errorMessage');
    }
  });
});

describe('the example in the README', () => {
  const readme = readFileSync(join(PACKAGE, '../../README.md'), 'utf8');
  const section = readme.slice(readme.indexOf('\n### gitops.yaml\n'));
  const [, example, message] = /```yaml\n([^]*?)```[^]*?```\n(.*)\n```/.exec(section)!;

  it('has every key, and is valid', () => {
    expect(/\$schema=\.\/node_modules\/gitops\/(\S+)/.exec(example!)![1]).toBe(SCHEMA_FILE);
    expect(Object.keys(read(example!))).toEqual(expect.arrayContaining(Object.keys(schema.properties)));
  });

  it('gives the error that is shown', () => {
    expect(() => read(example!.replace('ring: testers', 'ring: tester'))).toThrow(message);
  });
});

const word = fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/);
const name = fc.stringMatching(/^[a-z]([a-z0-9._-]{0,6}[a-z0-9])?$/);
const ringName = name.filter((ring) => !['ante', 'post', 'latest'].includes(ring) && !/^v\d/.test(ring));
const line = fc
  .oneof(fc.string(), fc.string({ unit: 'grapheme' }), fc.constantFrom('no', '~', '1.0', '# a', 'a: b', '*a'))
  .filter((value) => /^.*\S.*$/u.test(value));
const path = fc.array(word, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
const version = fc.tuple(fc.nat(), fc.nat(), fc.nat()).map((numbers) => numbers.join('.'));
const store = fc.oneof(
  path.map((directory) => `oci:${directory}`),
  fc
    .tuple(fc.constantFrom('', 'http://', 'https://'), word, word, fc.constantFrom('', ':5000'), path)
    .map(([scheme, host, domain, port, rest]) => `${scheme}${host}.${domain}${port}/${rest}`),
);

const settings: fc.Arbitrary<Settings> = fc
  .record({
    rings: fc.uniqueArray(ringName, { minLength: 1, maxLength: 4 }),
    environments: fc.dictionary(name, path, { minKeys: 1, maxKeys: 3 }),
  })
  .chain(({ rings, environments }) =>
    fc.record(
      {
        project: path,
        vendor: line,
        store,
        root: path,
        rings: fc.constant(rings),
        environments: fc.constant({ ...environments }),
        sites: fc.dictionary(
          name,
          fc.record(
            {
              environment: fc.constantFrom(...Object.keys(environments)),
              ring: fc.constantFrom('ante', ...rings),
              context: line,
              namespace: word,
            },
            { requiredKeys: ['environment', 'ring'], noNullPrototype: true },
          ),
          { maxKeys: 3, noNullPrototype: true },
        ),
        initialVersion: version,
      },
      {
        requiredKeys: ['project', 'store', 'rings', 'environments', 'sites', 'initialVersion'],
        noNullPrototype: true,
      },
    ),
  );

describe('settings', () => {
  it('are read as they were printed', () => {
    fc.assert(
      fc.property(settings, fc.boolean(), (written, crlf) => {
        const yaml = stringify(written, { lineWidth: 0 });
        const hasBreaks = /[\r\n]/.test(JSON.stringify(written));
        expect(read(crlf && !hasBreaks ? yaml.replace(/\n/g, '\r\n') : yaml)).toEqual(written);
      }),
    );
  });

  it('are refused in one line, at a place in the file', () => {
    fc.assert(
      fc.property(spoilt, (value) => {
        const yaml = stringify(value, { aliasDuplicateObjects: false });
        const error = thrownBy(() => read(yaml));
        if (error === undefined) return;
        expect(error).toBeInstanceOf(GitopsError);
        const { place, message } = error as GitopsError;
        expect(message).not.toMatch(/[\r\n]|undefined|\[object|must /);
        expect(yaml.split('\n')[place!.line! - 1]!.length).toBeGreaterThanOrEqual(place!.column! - 1);
      }),
      { numRuns: 200 },
    );
  });

  it('are refused, whatever the text', () => {
    const piece = fc.constantFrom(
      ...[
        'project',
        'rings',
        'sites',
        ': ',
        ':',
        '- ',
        '\n',
        '  ',
        '[',
        ']',
        '{',
        '}',
        ', ',
        '&a ',
        '*a',
        '? ',
      ],
      ...['"', "'", '|', '---\n', '...\n', '!t ', '%YAML 1.1\n', '#', '\t', '\r\n', 'x', '7', 'null', '<<'],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const error = thrownBy(() => read(pieces.join('')));
        if (error !== undefined) expect(error).toBeInstanceOf(GitopsError);
      }),
      { numRuns: 500 },
    );
  });
});

/** Settings with a few of their parts replaced, removed or added. */
const spoilt = fc
  .tuple(settings, fc.array(fc.tuple(fc.nat(), fc.nat(), anyPart()), { maxLength: 2 }))
  .map(([value, changes]) => {
    const copy = copyOf(value);
    for (const change of changes) spoil(copy, ...change);
    return copy;
  });

function anyPart(): fc.Arbitrary<unknown> {
  return fc.oneof(
    fc.constantFrom<unknown>(
      undefined,
      null,
      7,
      true,
      '',
      ' ',
      [],
      {},
      ['a', 'a'],
      { name: 'a' },
      { a: 'b' },
    ),
    fc.constantFrom('ante', 'latest', '1.2.3', 'v1', 'Upper', '../x', 'oci://x', 'me@x.y', 'x.y', 'local/x'),
    fc.constantFrom({ name: 'x', description: 'y' }, { environment: 'a', ring: 'b' }, { name: 'post' }),
    fc.string(),
  );
}

function spoil(root: unknown, where: number, which: number, part: unknown): void {
  const inner = (node: unknown): object[] =>
    typeof node === 'object' && node !== null ? [node, ...Object.values(node).flatMap(inner)] : [];
  const nodes = inner(root);
  const node = nodes[where % nodes.length]! as Record<string, unknown>;
  const keys = [...Object.keys(node), ...(Array.isArray(node) ? ['0'] : ['name', 'ring', 'zzz', 'A b'])];
  const key = keys[which % keys.length]!;
  if (part !== undefined) node[key] = copyOf(part);
  else if (Array.isArray(node)) node.splice(Number(key), 1);
  else delete node[key];
}

function copyOf(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
