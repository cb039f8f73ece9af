import { closest } from '../containerfile/text';
import type { Path } from './settings-document';

/** Something that is not as the schema has it. */
export interface Violation {
  readonly path: Path;
  readonly value: unknown;
  /** What of the schema it violates, and the keyword in it. */
  readonly schema: SchemaPart;
  readonly keyword: string;
  /** The key that is missing, unknown, or wrong as such; then the path is its mapping's. */
  readonly key?: string;
}

/** What the messages need of a schema. */
interface SchemaPart {
  readonly type?: string | readonly string[];
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, unknown>>;
  /** What the value has to be, or what it is instead. Editors that know these two keywords show them too. */
  readonly errorMessage?: string;
  readonly patternErrorMessage?: string;
}

/** What is wrong and what to do about it, as GitopsError takes them. */
export interface Problem {
  readonly what: string;
  readonly remedy?: string;
}

/** What one in a list or mapping is called. */
const SINGULAR: Readonly<Record<string, string>> = {
  rings: 'ring',
  environments: 'environment',
  sites: 'site',
};
const MAX_SHOWN = 60;

/** A violation in the words of the schema, which are those that an editor shows. */
export function describe(violation: Violation): Problem {
  const { path, value, schema, keyword, key } = violation;
  switch (keyword) {
    case 'additionalProperties':
      return {
        what: `unknown key ${shown(key)}${path.length > 0 ? ` in ${label(path)}` : ''}`,
        remedy: `use one of ${Object.keys(schema.properties!).join(', ')}${didYouMean(nearestKey(violation))}`,
      };
    case 'required':
      return { what: `${label(path)} ${schema.errorMessage}`, remedy: `add ${key}` };
    case 'not':
      return problem(`${subject(path, value)} ${schema.errorMessage}`);
    case 'pattern':
      if (key !== undefined) return problem(`${label([...path, key])} ${schema.patternErrorMessage}`);
      if (!isBlank(value) || !schema.errorMessage)
        return problem(`${subject(path, value)} ${schema.patternErrorMessage}`);
  }
  return { what: `${label(path)} ${schema.errorMessage}`, remedy: remedyFor(value, schema) };
}

/** A site names an environment or a ring that there is not. */
export function noSuch(kind: string, name: string, site: string, known: readonly string[]): Problem {
  const choice =
    known.length > 0 ? `use one of ${known.join(', ')}, or add it to ${kind}s` : `add it to ${kind}s`;
  return {
    what: `${label(['sites', site, kind])}: there is no ${kind} ${shown(name)}`,
    remedy: `${choice}${didYouMean(closest(name, known))}`,
  };
}

/** The key that an unknown one was probably meant to be. */
export function nearestKey({ key, schema }: Violation): string | undefined {
  return closest(key!, Object.keys(schema.properties!));
}

function didYouMean(name: string | undefined): string {
  return name === undefined ? '' : `; did you mean ${name}?`;
}

/** `store`, `a ring`, `the environment prod`, `ring of the site demo`. */
function label([key, item, member]: Path): string {
  if (key === undefined) return 'it';
  if (item === undefined) return String(key);
  const singular = SINGULAR[key];
  const named = key === 'rings' ? `a ${singular}` : `the ${singular} ${shown(item)}`;
  return member === undefined ? named : `${member} of ${named}`;
}

/** The label, with the value that is wrong: `store: acme/shop`, `the ring ante`, `soak of a ring: 1w`. */
function subject(path: Path, value: unknown): string {
  const [key, , member = 'name'] = path;
  return key === 'rings' && member === 'name'
    ? `the ring ${shown(value)}`
    : `${label(path)}: ${shown(value)}`;
}

/** What has an @ inside may have a password before it. */
function shown(value: unknown): string {
  const text = String(value);
  if (text.indexOf('@') > 0) return '***';
  const short = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text;
  return /^[\w./:+-]+$/.test(short) ? short : JSON.stringify(short);
}

function problem(sentence: string): Problem {
  const [what, ...remedy] = sentence.split('; ');
  return { what: what!, remedy: remedy.join('; ') };
}

function remedyFor(value: unknown, { type, pattern = '' }: SchemaPart): string | undefined {
  if (value === null) return 'write it, or leave it out';
  const isPlain = typeof value === 'number' || typeof value === 'boolean';
  const isMeant = isPlain && type === 'string' && new RegExp(pattern, 'u').test(String(value));
  return isMeant ? 'put it in quotes' : undefined;
}

function isBlank(value: unknown): boolean {
  return typeof value === 'string' && value.trim() === '';
}
