import type { Place } from '../support/errors';
import { ContainerfileError, quoted } from './errors';
import type { Mount } from './instructions';
import { closest } from './text';

const TYPES = ['bind', 'cache', 'tmpfs', 'secret', 'ssh'];

/** The options there are, with their other names. */
const OPTIONS: Readonly<Record<string, string>> = {
  type: 'type',
  from: 'from',
  source: 'source',
  src: 'source',
  target: 'target',
  dst: 'target',
  destination: 'target',
  readonly: 'readonly',
  ro: 'readonly',
  readwrite: 'readwrite',
  rw: 'readwrite',
  required: 'required',
  id: 'id',
  sharing: 'sharing',
  size: 'size',
  mode: 'mode',
  uid: 'uid',
  gid: 'gid',
  env: 'env',
};

const SWITCHES = ['readonly', 'readwrite', 'required'];

/**
 * Reads the value of `RUN --mount=`: comma-separated options, quoted as in a CSV file.
 *
 * @throws ContainerfileError for what BuildKit refuses while it parses
 */
export function parseMount(text: string, place: Place): Mount {
  const options: Record<string, string> = {};
  const named: Record<string, string> = {};
  for (const field of splitCsv(text, place)) {
    const equals = field.indexOf('=');
    const written = (equals === -1 ? field : field.slice(0, equals)).toLowerCase();
    const value = equals === -1 ? '' : field.slice(equals + 1);
    const name = Object.hasOwn(OPTIONS, written) ? OPTIONS[written]! : undefined;
    if (name === undefined) throw unknownOption(written, place);
    if (equals === -1 && !SWITCHES.includes(name)) {
      throw new ContainerfileError(
        `RUN --mount option "${written}" has no value`,
        place,
        `write ${written}=...`,
      );
    }
    if (SWITCHES.includes(name) && equals !== -1 && !isBoolean(value)) {
      throw new ContainerfileError(
        `RUN --mount option ${quoted(field)} is neither true nor false`,
        place,
        `write ${written} or ${written}=false`,
      );
    }
    options[written] = value;
    named[name] = value;
  }
  const type = named.type?.toLowerCase() ?? 'bind';
  if (!TYPES.includes(type) && !type.includes('$')) {
    const near = closest(type, TYPES);
    throw new ContainerfileError(
      `RUN --mount has no type ${quoted(type)}`,
      place,
      near ? `did you mean ${near}?` : `use one of ${TYPES.join(', ')}`,
    );
  }
  return { type, from: named.from || undefined, source: named.source, target: named.target, options };
}

/** Go's strconv.ParseBool. */
function isBoolean(value: string): boolean {
  return ['1', 't', 'true', '0', 'f', 'false'].includes(value.toLowerCase());
}

/** One record of a CSV file (RFC 4180). */
function splitCsv(text: string, place: Place): string[] {
  const fields: string[] = [];
  let rest = 0;
  while (rest <= text.length) {
    const end = text[rest] === '"' ? closingQuote(text, rest) : endOfField(text, rest);
    const field = text.slice(rest, end);
    const quotedField = field[0] === '"';
    if (end === -1 || (quotedField ? end < text.length && text[end] !== ',' : field.includes('"'))) {
      throw new ContainerfileError(
        `the quotes in RUN --mount=${quoted(text)} do not match`,
        place,
        'put the whole option in double quotes, and double those within',
      );
    }
    fields.push(quotedField ? field.slice(1, -1).replaceAll('""', '"') : field);
    rest = end + 1;
  }
  return fields;
}

function endOfField(text: string, start: number): number {
  const comma = text.indexOf(',', start);
  return comma === -1 ? text.length : comma;
}

/** The position behind the quote that closes the one at `start`. */
function closingQuote(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] !== '"') continue;
    if (text[i + 1] !== '"') return i + 1;
    i++;
  }
  return -1;
}

function unknownOption(name: string, place: Place): ContainerfileError {
  const near = closest(name, Object.keys(OPTIONS));
  return new ContainerfileError(
    `RUN --mount has no option ${quoted(name)}`,
    place,
    near ? `did you mean ${near}?` : `use ${[...new Set(Object.values(OPTIONS))].join(', ')}`,
  );
}
