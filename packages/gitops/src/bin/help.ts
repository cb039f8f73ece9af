import type { Property, Schema } from './schema';

const WIDTH = 100;

/** What commands there are. */
export function overview(commands: ReadonlyMap<string, Schema>): string {
  return [
    'Looks after the images of this workspace in its state store.',
    '',
    ...columns([...commands].map(([name, { title }]) => [`gitops ${name}`, title])),
    '',
    'gitops <command> --help shows the options of a command.',
  ].join('\n');
}

/** What a command does, and its options. */
export function commandHelp(name: string, { description, properties }: Schema): string {
  return [
    `gitops ${name} [options]`,
    '',
    ...wrapped(description, WIDTH),
    '',
    ...columns(
      Object.entries(properties).map(([option, property]) => [written(option, property), said(property)]),
    ),
  ].join('\n');
}

/** An option as it is written; one that is on by default is there to be switched off. */
function written(name: string, { type, default: value }: Property): string {
  if (type !== 'boolean') return `--${name}=<${type}>`;
  return value === true ? `--[no-]${name}` : `--${name}`;
}

function said({ description, default: value }: Property): string {
  if (value === undefined || value === false) return description;
  return `${description} By default ${value === true ? 'on' : value}.`;
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length)) + 4;
  return rows.flatMap(([left, right]) =>
    wrapped(right, WIDTH - width).map((line, i) => `  ${(i === 0 ? left : '').padEnd(width - 2)}${line}`),
  );
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines.push(`${lines.pop()} ${word}`);
    else lines.push(word);
  }
  return lines;
}
