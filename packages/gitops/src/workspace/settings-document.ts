import type { Alias, Document, LineCounter, Node, Pair, Scalar, YAMLMap } from 'yaml';
import { GitopsError, type Place } from '../support/errors';

/** Keys and indices, from the whole to the value. */
export type Path = readonly (string | number)[];

/** By the parser's error codes: what to do, and what is wrong where its message does not say that to a user. */
const PROBLEMS: Readonly<Record<string, { readonly what?: string; readonly remedy: string }>> = {
  BAD_SCALAR_START: { remedy: 'put it in quotes' },
  BLOCK_AS_IMPLICIT_KEY: { remedy: 'put a text with a colon in quotes, or start the mapping on a new line' },
  MULTIPLE_DOCS: { what: 'a second document starts here', remedy: 'keep one, and remove the line ---' },
  NON_STRING_KEY: { what: 'a key has to be a text', remedy: 'write a name before the colon' },
  TAB_AS_INDENT: { remedy: 'indent with blanks' },
  TAG_RESOLVE_FAILED: { what: 'tags mean nothing here', remedy: 'remove it' },
};

/** A YAML file: its value, and where the parts of that stand. */
export class SettingsDocument {
  /** `null` where there is nothing but comments. */
  readonly value: unknown;
  private readonly document: Document.Parsed;
  private readonly lines: LineCounter;
  private readonly yaml: typeof import('yaml');

  /**
   * @param file the file's name, for the errors
   * @throws GitopsError where the text is not YAML, or more than one document
   */
  constructor(
    text: string,
    private readonly file: string,
  ) {
    // Only needed where there is a file; the project graph is made without it otherwise.
    this.yaml = require('yaml') as typeof import('yaml');
    this.lines = new this.yaml.LineCounter();
    this.document = this.yaml.parseDocument(text, {
      lineCounter: this.lines,
      prettyErrors: false,
      resolveKnownTags: false,
      schema: 'core',
      stringKeys: true,
    });
    this.checkSyntax(text);
    this.checkAliases();
    this.value = this.plainValue();
  }

  /**
   * Where the value at the path starts, or its key where that stands alone. Where it is in what an alias stands for:
   * where the last part of the path does that is there.
   */
  offset(path: Path): number {
    return this.node(path)?.range?.[0] ?? 0;
  }

  /** Where a key of the mapping at the path starts. */
  keyOffset(path: Path, key: string): number {
    const mapping = this.node(path);
    return (this.pair(mapping, key)?.key ?? mapping)?.range?.[0] ?? 0;
  }

  place(offset: number): Place {
    const { line, col } = this.lines.linePos(offset);
    return { file: this.file, line, column: col };
  }

  private node(path: Path): Node | null {
    let node: Node | null = this.document.contents;
    for (const step of path) {
      const pair = this.pair(node, step);
      const next: Node | undefined = this.yaml.isSeq<Node>(node)
        ? node.items[Number(step)]
        : (pair?.value ?? pair?.key);
      if (!next) break;
      node = next;
    }
    return node;
  }

  private pair(node: Node | null, key: string | number): Pair<Scalar, Node | null> | undefined {
    if (!this.yaml.isMap(node)) return undefined;
    return (node as YAMLMap<Scalar, Node | null>).items.find((pair) => pair.key.value === key);
  }

  private checkSyntax(text: string): void {
    const { errors, warnings } = this.document;
    const [problem] = [...errors, ...warnings];
    if (!problem) return;
    const { code, message, pos } = problem;
    const { what = `it is not YAML: ${message.trim()}`, remedy = 'correct it' } = PROBLEMS[code] ?? {};
    const place = this.place(pos[0]);
    if (code !== 'DUPLICATE_KEY') throw new GitopsError(what, place, remedy);
    const key = keyAt(text, pos[0]);
    throw new GitopsError(`keys have to be unique, ${key} is there twice`, place, 'remove one of the two');
  }

  private checkAliases(): void {
    this.yaml.visit(this.document, {
      Alias: (_key, alias: Alias) => {
        if (alias.resolve(this.document)) return;
        throw new GitopsError(
          `the alias *${alias.source} is of nothing`,
          this.place(alias.range![0]),
          `put the anchor &${alias.source} before it, or write it out in full`,
        );
      },
    });
  }

  private plainValue(): unknown {
    try {
      return this.document.toJS();
    } catch (error) {
      if (!(error instanceof ReferenceError)) throw error;
      // Aliases of aliases, exponentially many. The parser does not say where.
      throw new GitopsError('its aliases are too many', { file: this.file }, 'write it out in full');
    }
  }
}

/** The key that starts at an offset, as written. */
function keyAt(text: string, offset: number): string {
  return /^(?:"[^"\n]*"|'[^'\n]*'|[^:\s]*)/.exec(text.slice(offset))![0];
}
