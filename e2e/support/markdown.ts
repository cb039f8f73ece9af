import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from './template';

/** Commands of a page that are to be run one after the other. */
export interface Block {
  readonly line: number;
  readonly commands: readonly string[];
}

/**
 * The blocks of a page that are marked as `sh`, which work as they are written. What needs something of the reader's own
 * is marked as `bash`.
 * @param heading of the section that they are in; by default of all
 */
export function blocksOf(page: string, heading?: string): Block[] {
  const text = readFileSync(join(REPOSITORY, page), 'utf8');
  const start = heading === undefined ? 0 : text.indexOf(`\n${heading}\n`);
  const end = heading === undefined ? -1 : text.indexOf('\n## ', start + 1);
  const section = text.slice(start, end === -1 ? undefined : end);
  return [...section.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map((match) => ({
    line: text.slice(0, start + match.index).split('\n').length + 1,
    commands: match[1]!.trim().split('\n'),
  }));
}
