import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const PACKAGE = resolve(__dirname, '..');

interface Schema {
  readonly title?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, { readonly description?: string }>>;
  readonly additionalProperties?: unknown;
  readonly examples?: readonly { readonly command?: string; readonly description?: string }[];
}

type Entry = readonly [name: string, kind: string, schema: Schema];

const json = <T>(file: string): T => JSON.parse(readFileSync(join(PACKAGE, file), 'utf8')) as T;

const commands = ['executors', 'generators'].flatMap((kind) => {
  const entries = json<Record<string, Record<string, { schema: string }>>>(`${kind}.json`)[kind]!;
  return Object.entries(entries).map(([name, { schema }]): Entry => [
    name,
    kind,
    json<Schema>(schema.replace('./dist/', 'src/')),
  ]);
});

it('docs/reference says what the schemas say', () => {
  const { stderr, status } = spawnSync(process.execPath, ['tools/docs/main.mjs', '--check'], {
    cwd: resolve(PACKAGE, '../..'),
    encoding: 'utf8',
  });
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
});

describe.each(commands)('%s of the %s', (name, kind, schema) => {
  it('says what it does, and takes no options but its own', () => {
    expect(schema).toMatchObject({
      title: expect.stringMatching(/\S/),
      description: expect.stringMatching(/\.$/),
      additionalProperties: false,
    });
  });

  it('describes each option', () => {
    const options = Object.entries(schema.properties ?? {});
    const silent = options.filter(([, { description }]) => !/\S.*\.$/s.test(description ?? ''));
    expect(silent.map(([option]) => option)).toEqual([]);
  });

  // Nx prints `undefined` in --help for an example that has no command.
  it('has examples as Nx prints them', () => {
    const examples = schema.examples ?? [];
    expect(examples.length).toBeGreaterThan(0);
    const start = kind === 'generators' ? `npx nx (g gitops:${name}|add gitops|sync)\\b` : 'npx nx (?!g )';
    for (const example of examples)
      expect(example).toEqual({
        command: expect.stringMatching(`^${start}`),
        description: expect.stringMatching(/\S/),
      });
  });

  it('shows only options that there are', () => {
    // What Nx itself takes: `npx nx affected -t image-push --base=main`.
    const known = [...Object.keys(schema.properties ?? {}), 'dry-run', 'base', 'projects', 'parallel'];
    const given = (schema.examples ?? []).flatMap(({ command = '' }) =>
      [...command.matchAll(/ --(?:no-)?([\w-]+)/g)].map(([, option]) => option!),
    );
    expect(given.filter((option) => !known.includes(option))).toEqual([]);
  });
});
