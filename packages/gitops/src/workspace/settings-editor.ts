import type { Document, Node, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import { GitopsError } from '../support/errors';
import { SETTINGS_FILE } from './settings';
import { SettingsDocument } from './settings-document';
import { checkReferences, checkSchema, ringName } from './settings-schema';

/** Where a ring comes; after all others where neither is given. */
export interface RingPlace {
  readonly before?: string;
  readonly after?: string;
}

/** A part of the text that becomes another one. */
interface Splice {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

const HEADER = '# yaml-language-server: $schema=./node_modules/gitops/schemas/gitops.schema.json\n';

/**
 * Edits the text of gitops.yaml, and touches nothing but what is edited: comments, order and blanks stay.
 *
 * @throws GitopsError with line and column, where the text is not as it should be, before or after
 */
export class SettingsEditor {
  /** The rings that hold: of the file, or by default. */
  readonly rings: readonly string[];
  private readonly text: string;
  private readonly document: Document.Parsed;
  private readonly yaml = require('yaml') as typeof import('yaml');

  /** @param text undefined where there is no file */
  constructor(
    text: string | undefined,
    private readonly defaults: readonly string[],
  ) {
    this.text = text ?? HEADER;
    this.rings = check(this.text, defaults);
    this.document = this.yaml.parseDocument(this.text);
  }

  /** @returns the text with one more ring */
  addRing(name: string, place: RingPlace = {}, description?: string): string {
    if (this.rings.includes(name)) throw mistake(`there is a ring ${name} already`, `name another one`);
    const at = this.indexFor(place);
    const list = this.list();
    const wanted = [...this.rings.slice(0, at), name, ...this.rings.slice(at)];
    if (!list)
      return this.edited([this.appended(`rings: ${this.flow(wanted, name, description)}\n`)], wanted);
    const splice = list.flow
      ? this.intoFlow(list, at, name, description)
      : this.intoBlock(list, at, name, description);
    return this.edited([splice], wanted);
  }

  /** @returns the text without a ring */
  removeRing(name: string): string {
    const at = this.indexOf(name);
    const list = this.list();
    const wanted = this.rings.filter((ring) => ring !== name);
    if (wanted.length === 0) throw mistake(`${name} is the only ring`, 'add another one first');
    const sites = this.sitesOf(name).map(({ site }) => site);
    if (sites.length > 0)
      throw mistake(`the ring ${name} is that of ${sites.join(', ')}`, 'give these sites another ring first');
    if (this.fromsOf(name).length > 0)
      throw mistake(`another ring takes its versions from ${name}`, 'change its key from first');
    const items = list!.items as Node[];
    const item = items[at]!;
    if (!list!.flow)
      return this.edited([{ from: this.lineEndBefore(list!, at), to: this.lineEnd(item), text: '' }], wanted);
    const [from, to] =
      at > 0 ? [items[at - 1]!.range![1], item.range![1]] : [item.range![0], items[at + 1]!.range![0]];
    return this.edited([{ from, to, text: '' }], wanted);
  }

  /** @returns the text with another name for a ring, wherever it is named */
  renameRing(name: string, to: string): string {
    const at = this.indexOf(name);
    if (this.rings.includes(to)) throw mistake(`there is a ring ${to} already`, `name another one`);
    const wanted = this.rings.map((ring) => (ring === name ? to : ring));
    const list = this.list();
    if (!list) return this.edited([this.appended(`rings: ${this.flow(wanted)}\n`)], wanted);
    const item = (list.items as Node[])[at]!;
    const named = this.yaml.isMap(item) ? this.valueOf(item, 'name')! : item;
    const places = [named, ...this.sitesOf(name).map(({ ring }) => ring), ...this.fromsOf(name)];
    return this.edited(
      places.map(({ range }) => ({ from: range![0], to: range![1], text: this.scalar(to) })),
      wanted,
    );
  }

  private indexOf(name: string): number {
    const at = this.rings.indexOf(name);
    if (at < 0) throw mistake(`there is no ring ${name}`, `use one of ${this.rings.join(', ')}`);
    return at;
  }

  private indexFor({ before, after }: RingPlace): number {
    if (before !== undefined && after !== undefined)
      throw mistake('--before and --after do not go together', 'use one of them');
    if (before !== undefined) return this.indexOf(before);
    return after === undefined ? this.rings.length : this.indexOf(after) + 1;
  }

  /** The list of rings, where the file has one. */
  private list(): YAMLSeq | undefined {
    const list = this.yaml.isMap(this.document.contents)
      ? this.valueOf(this.document.contents, 'rings')
      : undefined;
    return this.yaml.isSeq(list) ? list : undefined;
  }

  private valueOf(map: YAMLMap, key: string): Node | undefined {
    const pairs = map.items as Pair<Scalar, Node | null>[];
    return pairs.find((pair) => pair.key.value === key)?.value ?? undefined;
  }

  private sitesOf(name: string): { site: string; ring: Node }[] {
    const sites = this.yaml.isMap(this.document.contents)
      ? this.valueOf(this.document.contents, 'sites')
      : undefined;
    if (!this.yaml.isMap(sites)) return [];
    return (sites.items as Pair<Scalar<string>, Node>[]).flatMap(({ key, value }) => {
      const ring = this.yaml.isMap(value) ? this.valueOf(value, 'ring') : undefined;
      return this.yaml.isScalar(ring) && ring.value === name ? [{ site: key.value, ring }] : [];
    });
  }

  /** Where other rings say that they take their versions from this one. */
  private fromsOf(name: string): Node[] {
    const items = (this.list()?.items ?? []) as Node[];
    return items.flatMap((item) => {
      const from = this.yaml.isMap(item) ? this.valueOf(item, 'from') : undefined;
      return this.yaml.isScalar(from) && from.value === name ? [from] : [];
    });
  }

  private intoFlow(list: YAMLSeq, at: number, name: string, description?: string): Splice {
    const items = list.items as Node[];
    const text = this.flowItem(name, description);
    const next = items[at]?.range![0];
    if (next !== undefined) return { from: next, to: next, text: `${text}, ` };
    const last = items[at - 1]!.range![1];
    return { from: last, to: last, text: `, ${text}` };
  }

  private intoBlock(list: YAMLSeq, at: number, name: string, description?: string): Splice {
    const first = (list.items as Node[])[0]!.range![0];
    const prefix = this.text.slice(this.text.lastIndexOf('\n', first - 1) + 1, first);
    const indent = ' '.repeat(prefix.length);
    const described = description === undefined ? '' : `\n${indent}description: ${this.scalar(description)}`;
    const from = this.lineEndBefore(list, at);
    return {
      from,
      to: from,
      text: `\n${prefix}${description === undefined ? '' : 'name: '}${this.scalar(name)}${described}`,
    };
  }

  /** The end of the line before an item of a block list, and before the comments above it. */
  private lineEndBefore(list: YAMLSeq, at: number): number {
    const items = list.items as Node[];
    if (at > 0) return this.lineEnd(items[at - 1]!);
    const key = (this.document.contents as YAMLMap<Scalar, Node>).items.find(
      ({ value }) => value === list,
    )!.key;
    return this.endOfLine(key.range![1]);
  }

  /** The end of the last line of a node, with the comment there. */
  private lineEnd({ range }: Node): number {
    return this.endOfLine(this.text.slice(0, range![1]).trimEnd().length);
  }

  private endOfLine(offset: number): number {
    const end = this.text.indexOf('\n', offset);
    return end < 0 ? this.text.length : end;
  }

  private appended(line: string): Splice {
    const { length } = this.text;
    return {
      from: length,
      to: length,
      text: this.text === '' || this.text.endsWith('\n') ? line : `\n${line}`,
    };
  }

  private flow(rings: readonly string[], described?: string, description?: string): string {
    return `[${rings.map((ring) => this.flowItem(ring, ring === described ? description : undefined)).join(', ')}]`;
  }

  private flowItem(name: string, description?: string): string {
    const text = this.scalar(name);
    return description === undefined
      ? text
      : `{ name: ${text}, description: ${JSON.stringify(description)} }`;
  }

  private scalar(text: string): string {
    return this.yaml.stringify(text, { lineWidth: 0, blockQuote: false }).trimEnd();
  }

  /** @param rings what it has to say afterwards */
  private edited(splices: readonly Splice[], rings: readonly string[]): string {
    const sorted = [...splices].sort((a, b) => b.from - a.from);
    const text = sorted.reduce(
      (all, { from, to, text: part }) => all.slice(0, from) + part + all.slice(to),
      this.text,
    );
    const found = check(text, this.defaults);
    if (found.join() === rings.join()) return text;
    throw mistake('the list of rings cannot be edited as it is written', 'edit it by hand');
  }
}

/** @returns the rings that the text says */
function check(text: string, defaults: readonly string[]): readonly string[] {
  const document = new SettingsDocument(text, SETTINGS_FILE);
  const file = checkSchema(document);
  const rings = file.rings?.map(ringName) ?? defaults;
  checkReferences(file, rings, document);
  return rings;
}

function mistake(what: string, remedy: string): GitopsError {
  return new GitopsError(what, undefined, remedy);
}
