// The page of the files that people write: each file's keys, and the keys of what is in them.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { described, table, text, typeOf, valueOf } from './markdown.mjs';

const FILES = [
  ['gitops.yaml', 'gitops'],
  ['gitops.local.yaml', 'gitops.local'],
  ['gitops.lock.json', 'gitops.lock'],
  ['Options of the plugin', 'plugin'],
];

/** @param source the package's directory */
export function settingsPage(source) {
  const schemas = new Schemas(join(source, 'schemas'));
  const sections = FILES.filter(([, name]) => schemas.has(name)).flatMap(([title, name]) => {
    const schema = schemas.read(`${name}.schema.json`);
    return [
      `## ${title}`,
      described(`${name}.schema.json`, schema),
      ...mappings(schema, '').flatMap(([path, mapping]) => [
        ...(path === ''
          ? []
          : [`### \`${path}\``, ...(mapping.description ? [text(mapping.description)] : [])]),
        keys(mapping, path),
      ]),
    ];
  });
  return ['# Settings', ...sections].join('\n\n');
}

/** A schema, and those of the mappings inside, by the path to each: `rings[]`, `sites.<name>`. */
function mappings(schema, path) {
  const inside = (key) => (path === '' ? key : `${path}.${key}`);
  const { properties = {}, items, additionalProperties: others } = schema;
  return [
    ...(Object.keys(properties).length > 0 ? [[path, schema]] : []),
    ...Object.entries(properties).flatMap(([key, property]) => mappings(property, inside(key))),
    ...(items ? mappings(items, `${path}[]`) : []),
    ...(typeof others === 'object' ? mappings(others, inside('<name>')) : []),
  ];
}

function keys({ properties, required = [] }, path) {
  // The comment that an editor reads is no setting.
  const rows = Object.entries(properties).filter(([key]) => key !== '$schema');
  return table(
    ['key', 'type', 'default', 'description', 'for example'],
    rows.map(([key, property]) => [
      `\`${key}\``,
      typeOf(property),
      required.includes(key) ? 'required' : valueOf(property.default),
      described(path === '' ? key : `${path}.${key}`, property),
      (property.examples ?? []).map(valueOf).join(', '),
    ]),
  );
}

/** The schemas of a directory, with what they refer to in its place. */
class Schemas {
  constructor(directory) {
    this.directory = directory;
  }

  has(name) {
    return existsSync(join(this.directory, `${name}.schema.json`));
  }

  read(file) {
    return this.resolve(this.raw(file), file);
  }

  raw(file) {
    return JSON.parse(readFileSync(join(this.directory, file), 'utf8'));
  }

  resolve(value, file) {
    if (Array.isArray(value)) return value.map((item) => this.resolve(item, file));
    if (typeof value !== 'object' || value === null) return value;
    const { $ref, definitions: _definitions, ...rest } = value;
    const own = Object.fromEntries(
      Object.entries(rest).map(([key, item]) => [key, this.resolve(item, file)]),
    );
    return typeof $ref === 'string' ? { ...this.target($ref, file), ...own } : own;
  }

  target(reference, file) {
    const [name, path = ''] = reference.split('#');
    const inFile = name === '' ? file : name;
    const keys = path.split('/').filter(Boolean);
    return this.resolve(
      keys.reduce((at, key) => at[key], this.raw(inFile)),
      inFile,
    );
  }
}
