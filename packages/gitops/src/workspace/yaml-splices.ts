import type { Document, Node, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import type { Path } from './settings-document';
import type { Edit } from './yaml-edits';

/** A part of the text that becomes another one. */
interface Splice {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

type Entry = Pair<Scalar, Node | null>;
type Collection = YAMLMap<Scalar, Node | null> | YAMLSeq<Node>;

/** Where things stand in a text, and how it is edited there. Undefined stands for: not as it is written. */
export class YamlText {
  private readonly document: Document.Parsed;
  private readonly yaml = require('yaml') as typeof import('yaml');

  constructor(private readonly text: string) {
    this.document = this.yaml.parseDocument(text, { schema: 'core', stringKeys: true });
  }

  edited({ op, path, value }: Edit): string | undefined {
    const splices =
      op === 'set'
        ? this.set(path, flow(value))
        : op === 'insert'
          ? this.insert(path, value)
          : op === 'remove'
            ? this.remove(path)
            : this.replace(this.entry(path)?.key, flow(value));
    const newline = this.text.includes('\r\n') ? '\r\n' : '\n';
    return splices
      ?.sort((a, b) => b.from - a.from)
      .reduce(
        (all, { from, to, text }) => all.slice(0, from) + text.replaceAll('\n', newline) + all.slice(to),
        this.text,
      );
  }

  private set(path: Path, text: string): Splice[] | undefined {
    const node = this.node(path);
    if (node) return this.yaml.isScalar(node) ? this.replace(node, text) : undefined;
    return this.add(path, `${flow(path.at(-1))}: ${text}`);
  }

  private insert(path: Path, value: unknown): Splice[] | undefined {
    const above = path.slice(0, -1);
    const list = this.node(above);
    if (list) return this.yaml.isSeq<Node>(list) ? this.into(list, above, path.at(-1)!, value) : undefined;
    if (this.isFlow(above.slice(0, -1))) return this.add(above, `${flow(above.at(-1))}: [${flow(value)}]`);
    return this.add(above, `${flow(above.at(-1))}:\n  - ${lines(value, '    ')}`);
  }

  /** @param text a key and its value, that go to the end of a mapping */
  private add(path: Path, text: string): Splice[] | undefined {
    const above = path.slice(0, -1);
    const map = this.node(above);
    if (map)
      return this.yaml.isMap(map) ? this.into(map as Collection, above, map.items.length, text) : undefined;
    if (above.length === 0) return [this.appended(text)];
    const key = flow(above.at(-1));
    return this.add(
      above,
      this.isFlow(above.slice(0, -1)) ? `${key}: { ${text} }` : `${key}:\n  ${text.replaceAll('\n', '\n  ')}`,
    );
  }

  /** @param added a key and its value as a text, or an item as a value */
  private into(all: Collection, path: Path, index: number | string, added: unknown): Splice[] | undefined {
    const spans = spansOf(all);
    const at = Math.min(Number(index), spans.length);
    const isMap = this.yaml.isMap(all);
    const plain = isMap ? String(added) : flow(added);
    if (all.flow) return [this.intoFlow(all, spans, at, plain)];
    if (spans.length === 0) return undefined;
    const prefix = this.text.slice(this.lineStart(spans[0]!.from), spans[0]!.from);
    const indent = prefix.replace(/[^ ]/g, ' ');
    // The first key of an item of a list comes after its dash.
    const text = isMap ? indent + plain.replaceAll('\n', `\n${indent}`) : prefix + lines(added, indent);
    if (path.length === 0) return [this.appended(text)];
    const from = this.lineEnd(at > 0 ? spans[at - 1]!.to : this.entry(path)!.key.range![1]);
    return [{ from, to: from, text: `\n${text}` }];
  }

  private intoFlow(all: Collection, spans: readonly Span[], at: number, text: string): Splice {
    const next = spans[at]?.from;
    if (next !== undefined) return { from: next, to: next, text: `${text}, ` };
    const last = spans.at(-1)?.to;
    if (last !== undefined) return { from: last, to: last, text: `, ${text}` };
    const from = all.range![0] + 1;
    const blanks = /^[ \t]*(?=[\]}])/.exec(this.text.slice(from))?.[0].length ?? 0;
    return { from, to: from + blanks, text: this.yaml.isMap(all) ? ` ${text} ` : text };
  }

  private remove(path: Path): Splice[] | undefined {
    const above = path.slice(0, -1);
    const all = this.node(above);
    if (!this.yaml.isCollection(all)) return undefined;
    const collection = all as Collection;
    const spans = spansOf(collection);
    const at = this.yaml.isMap(all)
      ? (all.items as Entry[]).findIndex(({ key }) => key.value === path.at(-1))
      : Number(path.at(-1));
    const { from, to } = spans[at]!;
    if (collection.flow) return [this.outOfFlow(spans, at)];
    const own = { from: this.lineStart(from), to: this.nextLine(to), text: '' };
    if (spans.length > 1) return [own];
    const key = this.entry(above)?.key.range![1];
    if (key === undefined) return undefined;
    const colon = this.text.indexOf(':', key) + 1;
    return [{ from: colon, to: colon, text: this.yaml.isMap(all) ? ' {}' : ' []' }, own];
  }

  /** An item with the comma that parts it from its neighbour; with its line, where it has one of its own. */
  private outOfFlow(spans: readonly Span[], at: number): Splice {
    const { from, to } = spans[at]!;
    const comma = /^\s*,[ \t]*/.exec(this.text.slice(to))?.[0].length;
    const end = to + (comma ?? 0);
    const start = this.lineStart(from);
    const isLine = /^[ \t]*$/.test(this.text.slice(start, from));
    if (isLine && /^[ \t]*(?:#.*)?\r?\n/.test(this.text.slice(end)))
      return { from: start, to: this.nextLine(end), text: '' };
    const rest = /^[ \t]*(?=[\]}])/.exec(this.text.slice(end))?.[0].length;
    if (spans.length === 1 && rest !== undefined)
      return { from: from - /[ \t]*$/.exec(this.text.slice(0, from))![0].length, to: end + rest, text: '' };
    const before = spans[at - 1]?.to;
    if (before !== undefined && /^\s*,\s*$/.test(this.text.slice(before, from)))
      return { from: before, to, text: '' };
    return { from, to: end, text: '' };
  }

  private replace(node: Node | undefined, text: string): Splice[] | undefined {
    return node && [{ from: node.range![0], to: node.range![1], text }];
  }

  private appended(text: string): Splice {
    const { length } = this.text;
    const isLine = this.text === '' || this.text.endsWith('\n');
    return { from: length, to: length, text: `${isLine ? '' : '\n'}${text}\n` };
  }

  private node(path: Path): Node | undefined {
    if (path.length === 0) return this.document.contents ?? undefined;
    const above = this.node(path.slice(0, -1));
    if (this.yaml.isSeq<Node>(above)) return above.items[Number(path.at(-1))];
    return this.entry(path)?.value ?? undefined;
  }

  private entry(path: Path): Entry | undefined {
    const map = this.node(path.slice(0, -1));
    if (path.length === 0 || !this.yaml.isMap(map)) return undefined;
    return (map.items as Entry[]).find(({ key }) => key.value === path.at(-1));
  }

  /** Whether what is added to the mapping there is in braces; one that is missing is where its own mapping is. */
  private isFlow(path: Path): boolean {
    const node = this.node(path);
    if (!node) return path.length > 0 && this.isFlow(path.slice(0, -1));
    return this.yaml.isCollection(node) && node.flow === true;
  }

  private lineStart(offset: number): number {
    return this.text.lastIndexOf('\n', offset - 1) + 1;
  }

  /** The end of the line where what ends at the offset ends, with the comment there. */
  private lineEnd(offset: number): number {
    const rest = this.text.slice(this.text.slice(0, offset).trimEnd().length);
    return this.text.length - rest.length + /^[^\r\n]*/.exec(rest)![0].length;
  }

  private nextLine(offset: number): number {
    const end = this.lineEnd(offset);
    return end + /^\r?\n?/.exec(this.text.slice(end))![0].length;
  }
}

interface Span {
  readonly from: number;
  readonly to: number;
}

function spansOf({ items }: Collection): Span[] {
  return items.map((item) => {
    const [first, last] = 'key' in item ? [item.key, item.value ?? item.key] : [item, item];
    return { from: first.range![0], to: last.range![1] };
  });
}

/** A value on one line. */
function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return scalar(value);
  const entries = Object.entries(value).map(([key, part]) => `${scalar(key)}: ${flow(part)}`);
  return entries.length > 0 ? `{ ${entries.join(', ')} }` : '{}';
}

/** A scalar that can stand in brackets and braces too. */
function scalar(value: unknown): string {
  if (typeof value === 'string' && /[\r\n]/.test(value)) return JSON.stringify(value);
  const yaml = require('yaml') as typeof import('yaml');
  return yaml
    .stringify([value], {
      collectionStyle: 'flow',
      flowCollectionPadding: false,
      lineWidth: 0,
    })
    .trimEnd()
    .slice(1, -1);
}

/** A value with each key on a line of its own. */
function lines(value: unknown, indent: string): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return flow(value);
  return Object.entries(value)
    .map(([key, part]) => `${scalar(key)}: ${flow(part)}`)
    .join(`\n${indent}`);
}
