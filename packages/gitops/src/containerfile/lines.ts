import { trimStart } from './text';

/** The text of one instruction: its physical lines joined, without comments and blank lines in between. */
export interface LogicalLine {
  readonly text: string;
  /** Its first line, counted from 1. */
  readonly line: number;
}

/** Splits a file into lines; a byte order mark goes, carriage returns stay. */
export function splitLines(text: string): string[] {
  const lines = (text.charCodeAt(0) === 0xfeff ? text.slice(1) : text).split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** Hands out one logical line after the other, and the bodies of the heredocs that it announces. */
export class LineReader {
  private index = 0;

  constructor(
    private readonly lines: readonly string[],
    private readonly escape: string,
  ) {}

  /** How many lines have been read: the number of the latest one. */
  get line(): number {
    return this.index;
  }

  /** The next logical line; `undefined` at the end of the file. */
  next(): LogicalLine | undefined {
    while (this.index < this.lines.length) {
      const first = trimStart(withoutReturn(this.lines[this.index++]!));
      if (first === '' || first[0] === '#') continue;
      const line = this.index;
      const text = this.join(first);
      if (text !== '') return { text, line };
    }
    return undefined;
  }

  /**
   * The lines up to `terminator`, line ends as they are; `undefined` if it never comes.
   *
   * @param indented whether tabs may precede the terminator (`<<-`)
   */
  body(terminator: string, indented: boolean): string | undefined {
    for (let end = this.index; end < this.lines.length; end++) {
      const line = withoutReturn(this.lines[end]!);
      if ((indented ? line.replace(/^\t+/, '') : line) !== terminator) continue;
      const content = this.lines.slice(this.index, end);
      this.index = end + 1;
      return content.map((text) => `${text}\n`).join('');
    }
    return undefined;
  }

  private join(first: string): string {
    const parts: string[] = [];
    let part = first;
    let continued = this.isContinued(part);
    while (continued) {
      parts.push(part.slice(0, part.lastIndexOf(this.escape)));
      continued = false;
      while (this.index < this.lines.length) {
        part = withoutReturn(this.lines[this.index++]!);
        const start = trimStart(part);
        if (start === '' || start[0] === '#') continue;
        continued = this.isContinued(part);
        if (!continued) parts.push(part);
        break;
      }
    }
    return parts.length === 0 ? part : parts.join('');
  }

  /** Whether the line ends in the escape character, blanks may follow; doubled, it stands for itself. */
  private isContinued(text: string): boolean {
    let end = text.length - 1;
    while (end >= 0 && (text[end] === ' ' || text[end] === '\t')) end--;
    return text[end] === this.escape && text[end - 1] !== this.escape;
  }
}

function withoutReturn(line: string): string {
  let end = line.length;
  while (end > 0 && line[end - 1] === '\r') end--;
  return line.slice(0, end);
}
