import { isDeepStrictEqual } from 'node:util';
import { GitopsError } from '../support/errors';
import { type Path, SettingsDocument } from './settings-document';
import { YamlText } from './yaml-splices';

/** As an index: after all items of a list. */
export const END = Infinity;

/** One edit of a YAML text. */
export interface Edit {
  /** `set` and `insert` make what is missing on the way. */
  readonly op: 'set' | 'insert' | 'remove' | 'rename';
  /** To what is set, removed or renamed; to the item of a list that the new one comes before, `END` for the last. */
  readonly path: Path;
  /** The value that is set or inserted, or the key's new name. */
  readonly value?: unknown;
}

/**
 * Edits a YAML text, and touches nothing but what is edited: comments, order and blanks stay. What is added to a
 * mapping is written on one line, an item of a list on one line for each of its keys.
 *
 * @param file the file's name, for the errors
 * @throws GitopsError where the text is not YAML, or is written in a way that the edits cannot deal with
 */
export function editYaml(text: string, file: string, edits: readonly Edit[]): string {
  return edits.reduce((before, edit) => {
    const value = new SettingsDocument(before, file).value ?? {};
    const wanted = editValue(value, edit);
    if (isDeepStrictEqual(value, wanted)) return before;
    const after = wanted === undefined ? undefined : new YamlText(before).edited(edit);
    if (after !== undefined && isDeepStrictEqual(valueOf(after, file), wanted)) return after;
    throw new GitopsError(`${edit.path[0]} cannot be edited as it is written`, { file }, 'edit it by hand');
  }, text);
}

function valueOf(text: string, file: string): unknown {
  try {
    return new SettingsDocument(text, file).value;
  } catch (error) {
    if (error instanceof GitopsError) return undefined;
    throw error;
  }
}

/** What an edit makes of the value that the text stands for; undefined where it leads through other things. */
function editValue(value: unknown, { op, path, value: part }: Edit): unknown {
  const copy = JSON.parse(JSON.stringify(value)) as unknown;
  let parent = copy as Record<string | number, unknown>;
  for (const [i, step] of path.slice(0, -1).entries()) {
    if (!Object.hasOwn(parent, step)) parent[step] = op === 'insert' && i === path.length - 2 ? [] : {};
    parent = parent[step] as typeof parent;
    if (typeof parent !== 'object' || parent === null) return undefined;
  }
  const last = path.at(-1)!;
  if (op === 'set') parent[last] = part;
  else if (Array.isArray(parent)) {
    if (op === 'insert') parent.splice(Number(last), 0, part);
    else parent.splice(Number(last), 1);
  } else if (op === 'insert') return undefined;
  else {
    if (op === 'rename') parent[part as string] = parent[last];
    delete parent[last];
  }
  return copy;
}
