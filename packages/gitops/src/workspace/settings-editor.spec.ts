import fc from 'fast-check';
import { parse } from 'yaml';
import { addRing, removeRing, renameRing } from './ring-edits';
import { SettingsEditor } from './settings-editor';
import { GitopsError } from '../support/errors';
import {
  addEnvironment,
  removeEnvironment,
  removeSite,
  renameEnvironment,
  renameSite,
  setSite,
} from './site-edits';

const NAMES = ['a', 'b', 'c', 'd', '7', 'constructor', 'a-b'];
const name = fc.constantFrom(...NAMES);
const ring = name.filter((name) => name !== '7').map((name) => `r${name}`);
const directory = fc.constantFrom('deploy/x', 'y', 'a, b', 'z{1}', 'true', "it's", 'x # y', 'ü: ö');

type Site = { environment: string; ring: string; namespace?: string };
interface Model {
  rings: string[];
  environments: Record<string, string>;
  sites: Record<string, Site>;
}

/** Entries of a mapping in one of the ways in which they are written; comments stand between them. */
function written(key: string, entries: readonly string[], style: number, comment: string): string {
  const [one, two] = [`# ${comment} one\n`, `# ${comment} two\n`];
  if (entries.length === 0) return `${key}: {} # none\n${one}`;
  switch (style % 4) {
    case 0:
      return `${one}${key}: { ${entries.join(', ')} } # ${comment}\n`;
    case 1:
      return `${key}: { # ${comment}\n  ${one}  ${entries.join(`, # of it, and more\n  ${two}  `)} # last\n}\n`;
    case 2:
      return `${key}: {\n  ${entries.join(`,\n\n  ${two}  `)},\n  ${one}}\n`;
    default:
      return `${key}: # ${comment}\n  ${one}${entries.map((entry) => `  ${entry} # of it\n`).join(`\n  ${two}`)}    # deep\n`;
  }
}

function print({ rings, environments, sites }: Model, styles: readonly number[], crlf: boolean): string {
  const one = (value: unknown): string => JSON.stringify(value);
  const text = [
    '# first\n',
    styles[0]! % 2
      ? `rings: ${one(rings)} # rings\n`
      : `rings:\n  # they\n${rings.map((ring) => `  - ${ring} # r\n`).join('  # and\n')}`,
    written(
      'environments',
      Object.entries(environments).map(([key, value]) => `${one(key)}: ${one(value)}`),
      styles[1]!,
      'where',
    ),
    written(
      'sites',
      Object.entries(sites).map(([key, value]) => `${one(key)}: ${one(value)}`),
      styles[2]!,
      'what',
    ),
    'project: shop\n# last\n',
  ].join('');
  return crlf ? text.replaceAll('\n', '\r\n') : text;
}

const model: fc.Arbitrary<Model> = fc
  .record({
    rings: fc.uniqueArray(ring, { minLength: 1, maxLength: 3 }),
    environments: fc.dictionary(name, directory, { maxKeys: 3, noNullPrototype: true }),
  })
  .chain(({ rings, environments }) =>
    fc.record({
      rings: fc.constant(rings),
      environments: fc.constant(environments),
      sites:
        Object.keys(environments).length === 0
          ? fc.constant({})
          : fc.dictionary(
              name,
              fc.record(
                {
                  environment: fc.constantFrom(...Object.keys(environments)),
                  ring: fc.constantFrom(...rings),
                  namespace: name,
                },
                { requiredKeys: ['environment', 'ring'], noNullPrototype: true },
              ),
              { maxKeys: 3, noNullPrototype: true },
            ),
    }),
  );

/** An edit, of the settings and of what they are to say. */
interface Step {
  readonly edit: (settings: SettingsEditor) => SettingsEditor;
  readonly change: (model: Model) => void;
}

const renamed = <T>(record: Record<string, T>, from: string, to: string): void => {
  record[to] = record[from]!;
  delete record[from];
};
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(name, directory).map(([name, directory]): Step => ({
    edit: (settings) => addEnvironment(settings, name, directory, 'shared'),
    change: ({ environments }) => (environments[name] = directory),
  })),
  name.map((name): Step => ({
    edit: (settings) => removeEnvironment(settings, name),
    change: ({ environments }) => delete environments[name],
  })),
  fc.tuple(name, name).map(([from, to]): Step => ({
    edit: (settings) => renameEnvironment(settings, from, to),
    change: ({ environments, sites }) => {
      renamed(environments, from, to);
      for (const site of Object.values(sites)) if (site.environment === from) site.environment = to;
    },
  })),
  fc.tuple(name, name, ring, fc.option(name)).map(([name, environment, ring, namespace]): Step => {
    const site = { environment, ring, ...(namespace === null ? {} : { namespace }) };
    return {
      edit: (settings) => setSite(settings, name, site, 'shared'),
      change: ({ sites }) => {
        sites[name] = { ...(Object.hasOwn(sites, name) ? sites[name] : {}), ...site };
      },
    };
  }),
  name.map((name): Step => ({
    edit: (settings) => removeSite(settings, name),
    change: ({ sites }) => delete sites[name],
  })),
  fc.tuple(name, name).map(([from, to]): Step => ({
    edit: (settings) => renameSite(settings, from, to),
    change: ({ sites }) => renamed(sites, from, to),
  })),
  ring.map((ring): Step => ({
    edit: (settings) => addRing(settings, ring),
    change: ({ rings }) => (rings.includes(ring) ? undefined : rings.push(ring)),
  })),
  ring.map((ring): Step => ({
    edit: (settings) => removeRing(settings, ring),
    change: ({ rings }) => rings.splice(rings.indexOf(ring), 1),
  })),
  fc.tuple(ring, ring).map(([from, to]): Step => ({
    edit: (settings) => renameRing(settings, from, to),
    change: ({ rings, sites }) => {
      rings[rings.indexOf(from)] = to;
      for (const site of Object.values(sites)) if (site.ring === from) site.ring = to;
    },
  })),
);

const commentLines = (text: string): string[] =>
  text
    .split(/\r?\n/)
    .filter((line) => /^\s*#/.test(line))
    .map((line) => line.trim())
    .sort();

it('whatever the edits, the text says what they say, and every comment line is there', () => {
  let done = 0;
  fc.assert(
    fc.property(
      model,
      fc.tuple(fc.nat(), fc.nat(), fc.nat()),
      fc.boolean(),
      fc.array(step, { minLength: 1, maxLength: 8 }),
      (start, styles, crlf, steps) => {
        const text = print(start, styles, crlf);
        const wanted = copyOf(start);
        let settings = new SettingsEditor({ shared: text }, []);
        for (const { edit, change } of steps) {
          try {
            settings = edit(settings);
          } catch (error) {
            // What is contradictory changes nothing; all that is not can be edited.
            if (!(error instanceof GitopsError) || error.message.includes('cannot be edited')) throw error;
            continue;
          }
          change(wanted);
          done += 1;
        }
        const result = settings.texts.shared!;
        expect(parse(result, { stringKeys: true })).toEqual({ project: 'shop', ...wanted });
        expect(commentLines(result)).toEqual(commentLines(text));
        if (crlf) expect(result.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
      },
    ),
    { numRuns: 500 },
  );
  expect(done).toBeGreaterThan(500);
});

function copyOf<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
