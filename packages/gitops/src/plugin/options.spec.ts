import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { resolveOptions } from './options';

interface Property {
  readonly type: string;
  readonly enum?: readonly string[];
  readonly items?: { readonly type: string };
  readonly default?: unknown;
}

interface Schema {
  readonly properties: Readonly<Record<string, Property>>;
}

const schema = JSON.parse(
  readFileSync(join(__dirname, '../../schemas/plugin.schema.json'), 'utf8'),
) as Schema;

/** The options that the code knows of, with their types as they are written. */
function declared(): Map<string, string> {
  const file = join(__dirname, 'options.ts');
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  const options = source.statements.find(
    (node) => ts.isInterfaceDeclaration(node) && node.name.text === 'PluginOptions',
  ) as ts.InterfaceDeclaration;
  return new Map(
    options.members.map((member) => [
      member.name!.getText(source),
      (member as ts.PropertySignature).type!.getText(source),
    ]),
  );
}

/** The type that a part of the schema stands for. */
function typeOf(property: Property): string {
  if (property.enum) return property.enum.map((choice) => `'${choice}'`).join(' | ');
  return property.type === 'array' ? `${property.items!.type}[]` : property.type;
}

it('the schema lists the options that there are, with their types', () => {
  const listed = Object.entries(schema.properties).map(([name, property]) => [name, typeOf(property)]);
  expect(Object.fromEntries(listed)).toEqual(Object.fromEntries(declared()));
});

it('the schema says what holds by default', () => {
  for (const [name, value] of Object.entries(resolveOptions()))
    expect([name, schema.properties[name]?.default]).toEqual([name, value]);
});
