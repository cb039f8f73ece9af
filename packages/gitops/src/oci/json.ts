/**
 * JSON of which the same value always gives the same bytes: RFC 8785 (JSON Canonicalization Scheme), that is, no
 * white space, members sorted by the UTF-16 units of their names, numbers and strings as ECMAScript writes them.
 * Members that are undefined are left out, as in JSON.stringify.
 *
 * Digests are taken over these bytes: nothing here may change.
 */
export function canonicalJson(value: unknown): Buffer {
  return Buffer.from(write(value) ?? 'null');
}

function write(value: unknown): string | undefined {
  if (value === null || typeof value !== 'object') {
    if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError('JSON has no such number');
    return JSON.stringify(value);
  }
  if ('toJSON' in value && typeof value.toJSON === 'function') return write(value.toJSON());
  if (Array.isArray(value)) return `[${value.map((item) => write(item) ?? 'null').join(',')}]`;
  let members = '';
  for (const key of Object.keys(value).sort()) {
    const text = write((value as Record<string, unknown>)[key]);
    if (text !== undefined) members += `${members && ','}${JSON.stringify(key)}:${text}`;
  }
  return `{${members}}`;
}
