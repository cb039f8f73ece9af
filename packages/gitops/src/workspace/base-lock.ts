import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ErrorObject, ValidateFunction } from 'ajv';
import type { Digest } from '../oci/digest';
import { formatFamiliar, formatReference, normalizeReference, parseReference } from '../oci/reference';
import { GitopsError, type Place, at } from '../support/errors';
import { jsonPlaces, placeIn, pointerPart } from '../support/json-places';
import { schemaCheck } from '../support/schemas';
import { type Parse, parseAnew } from './parsed';

export const LOCK_FILE = 'gitops.lock.json';
const SCHEMA = './node_modules/gitops/schemas/gitops.lock.schema.json';
const VERSION = 1;

/** What external base images stand for: digests by references, in the form that `lockName` gives them. */
export type BaseLock = ReadonlyMap<string, Digest>;

/** The file as the schema allows it. */
interface LockDocument {
  readonly images: Readonly<Record<string, { readonly digest: Digest }>>;
}

/**
 * What a reference is called in the lock: `docker.io/library/node` → `node:latest`.
 * @throws GitopsError for what is no reference
 */
export function lockName(reference: string): string {
  return formatFamiliar(normalizeReference(parseReference(reference)));
}

/**
 * The reference with the digest that the lock has for it: `node:22` → `node:22@sha256:…`.
 * @returns undefined for what is not in the lock, and for what has a digest
 * @throws GitopsError for what is no reference
 */
export function lockReference(text: string, lock: BaseLock): string | undefined {
  const reference = parseReference(text);
  const digest = reference.digest === undefined ? lock.get(lockName(text)) : undefined;
  return digest && formatReference({ tag: 'latest', ...reference, digest });
}

/**
 * Reads gitops.lock.json at the workspace's root. Without the file, nothing is locked.
 * @param parsed knows what was parsed before
 * @throws GitopsError with line and column, where the file is not as it should be
 */
export function readBaseLock(workspaceRoot: string, parsed: Parse = parseAnew): BaseLock {
  let text: string;
  try {
    text = readFileSync(join(workspaceRoot, LOCK_FILE), 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return new Map();
    throw new GitopsError(`it cannot be read (${code})`, { file: LOCK_FILE });
  }
  return new Map(parsed('lock', text, () => [...parseBaseLock(text)]));
}

/** @throws GitopsError with line and column, for a text that is not as it should be */
export function parseBaseLock(text: string): BaseLock {
  const images = Object.entries(checkedDocument(text).images);
  for (const [name] of images) {
    const place = placeOf(`/images/${pointerPart(name)}`, text);
    const called = at(place, () => lockName(name));
    if (name.includes('@'))
      throw new GitopsError(`${name} has a digest in it`, place, 'leave it to the key digest');
    if (called !== name) throw new GitopsError(`${name} goes by another name`, place, `call it ${called}`);
  }
  return new Map(images.map(([name, { digest }]) => [name, digest]));
}

/** The file's text: the same lock always gives the same. */
export function formatBaseLock(lock: BaseLock): string {
  const images = [...lock].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, digest]) => [name, { digest }]);
  const file = { $schema: SCHEMA, lockfileVersion: VERSION, images: Object.fromEntries(images) as unknown };
  return `${JSON.stringify(file, null, 2)}\n`;
}

let check: ValidateFunction<LockDocument> | undefined;

function checkedDocument(text: string): LockDocument {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const place = { file: LOCK_FILE, ...placeIn(text, jsonPlaces(text).problem ?? 0) };
    throw new GitopsError(
      'it is not JSON',
      place,
      'settle what a merge left, or remove the file and run nx g gitops:lock',
    );
  }
  check ??= schemaCheck<LockDocument>('gitops.lock', { verbose: true });
  if (check(value)) return value;
  throw violation(check.errors![0]!, text);
}

function violation({ instancePath, keyword, params, parentSchema }: ErrorObject, text: string): GitopsError {
  const { additionalProperty, missingProperty } = params as Record<string, string | undefined>;
  if (additionalProperty !== undefined)
    return new GitopsError(
      `unknown key ${JSON.stringify(additionalProperty)}`,
      placeOf(`${instancePath}/${pointerPart(additionalProperty)}`, text),
      'remove it',
    );
  const name = instancePath.split('/').at(-1)!.replaceAll('~1', '/').replaceAll('~0', '~') || 'it';
  const what =
    keyword === 'required'
      ? `${name} lacks ${missingProperty}`
      : `${name} ${(parentSchema as { errorMessage: string }).errorMessage}`;
  return new GitopsError(what, placeOf(instancePath, text), 'run nx g gitops:lock on the file as it was');
}

function placeOf(pointer: string, text: string): Place {
  return { file: LOCK_FILE, ...placeIn(text, jsonPlaces(text).offsets.get(pointer) ?? 0) };
}
