// The pages of what Nx runs: executors, and generators.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { described, table, text, typeOf, valueOf } from './markdown.mjs';

/** @param source the package's directory */
export function executorsPage(source) {
  const { properties: plugin } = json(join(source, 'schemas/plugin.schema.json'));
  const sections = entries(source, 'executors').map(([name, , schema]) => {
    const target = plugin[`${name}TargetName`]?.default;
    const intro = target
      ? `Executor \`gitops:${name}\`, target \`${target}\`, which the plugin's option \`${name}TargetName\` renames.`
      : `Executor \`gitops:${name}\`.`;
    return section(schema, intro, `npx nx run <project>:${target ?? '<target>'} [options]`);
  });
  return page(
    'Executors',
    'The plugin infers the targets that run these: nothing has to be configured.',
    sections,
  );
}

/** @param source the package's directory */
export function generatorsPage(source) {
  const all = entries(source, 'generators');
  // Nx runs hidden ones by itself.
  const ordered = [...all.filter(([, { hidden }]) => !hidden), ...all.filter(([, { hidden }]) => hidden)];
  const sections = ordered.map(([name, { aliases = [], hidden }, schema]) => {
    const also =
      aliases.length > 0 ? `, also called ${aliases.map((alias) => `\`${alias}\``).join(', ')}` : '';
    const intro = `Generator \`gitops:${name}\`${also}.${hidden ? ' Nx does not list it.' : ''}`;
    return section(
      schema,
      intro,
      ['npx nx g', `gitops:${name}`, ...positional(schema), '[options]'].join(' '),
    );
  });
  const intro = 'With `--dry-run` a generator shows what it would change, and changes nothing.';
  return page('Generators', intro, sections);
}

function page(title, intro, sections) {
  return [`# ${title}`, intro, ...sections.flat()].join('\n\n');
}

function section(schema, intro, usage) {
  const examples = (schema.examples ?? []).flatMap(({ command, description }) => {
    if (command && description) return [`# ${description}`, command];
    throw new Error(
      `${usage}: an example is not { "command": "npx nx …", "description": "…" }, as Nx prints it`,
    );
  });
  return [
    `## ${text(schema.title)}`,
    described(usage, schema),
    intro,
    block([usage]),
    ...(examples.length > 0 ? [block(examples)] : []),
    options(schema),
  ];
}

function options({ properties = {}, required = [] }) {
  const rows = Object.entries(properties).map(([name, property]) => [
    `\`${name}\`${property.alias ? `, \`${property.alias}\`` : ''}`,
    typeOf(property),
    required.includes(name) ? 'required' : valueOf(property.default),
    described(name, property),
  ]);
  return rows.length > 0 ? table(['option', 'type', 'default', 'description'], rows) : 'It has no options.';
}

/** The options that need no name on the command line, in their order. */
function positional({ properties = {}, required = [] }) {
  return Object.entries(properties)
    .filter(([, property]) => property.$default?.$source === 'argv')
    .sort(([, a], [, b]) => (a.$default.index ?? 0) - (b.$default.index ?? 0))
    .map(([name, { type }]) => [required.includes(name), type === 'array' ? `${name},...` : name])
    .map(([isRequired, shown]) => (isRequired ? `<${shown}>` : `[${shown}]`));
}

/** @returns the name, the entry and the schema of each */
function entries(source, kind) {
  return Object.entries(json(join(source, `${kind}.json`))[kind]).map(([name, entry]) => [
    name,
    entry,
    // As in the sources: what is built may be older.
    json(join(source, entry.schema.replace('./dist/', 'src/'))),
  ]);
}

function block(lines) {
  return ['```bash', ...lines, '```'].join('\n');
}

function json(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}
