import type { ErrorObject, ValidateFunction } from 'ajv';
import { GitopsError } from '../support/errors';
import { schemaCheck } from '../support/schemas';
import type { Site } from './settings';
import type { SettingsDocument } from './settings-document';
import { type Violation, describe, nearestKey, noSuch } from './settings-messages';

/** The file as the schema allows it. */
export interface SettingsFile {
  readonly project?: string;
  readonly vendor?: string;
  readonly store?: string;
  readonly root?: string;
  readonly rings?: readonly (string | Ring)[];
  readonly environments?: Readonly<Record<string, string>>;
  readonly sites?: Readonly<Record<string, Site>>;
  readonly initialVersion?: string;
}

/** What of it one may have for oneself, in gitops.local.yaml. */
export type PersonalFile = Pick<SettingsFile, 'environments' | 'sites' | 'store'>;

export interface Ring {
  readonly name: string;
  readonly description?: string;
  /** `24h` */
  readonly soak?: string;
  readonly from?: string;
  readonly hold?: boolean;
}

const checks = new Map<string, ValidateFunction>();

/**
 * The value of gitops.yaml, as the schema that the package ships has it.
 * @throws GitopsError for the first mistake in the document
 */
export function checkSchema(document: SettingsDocument): SettingsFile {
  return checked('gitops', document) as SettingsFile;
}

/**
 * The value of gitops.local.yaml, as the schema that the package ships has it.
 * @throws GitopsError for the first mistake in the document
 */
export function checkPersonalSchema(document: SettingsDocument): PersonalFile {
  return checked('gitops.local', document) as PersonalFile;
}

function checked(schema: string, document: SettingsDocument): unknown {
  const value = document.value ?? {};
  const check = checks.get(schema) ?? checkFor(schema);
  if (check(value)) return value;
  // That a key is wrong follows what is wrong with it.
  const found = check.errors!.filter(({ keyword }) => keyword !== 'propertyNames').map(violationOf);
  const [first] = found
    .filter((violation) => !isMisspelt(violation, found))
    .map((violation) => ({ violation, offset: offsetOf(violation, document) }))
    .sort((a, b) => a.offset - b.offset || rank(a.violation) - rank(b.violation));
  const { what, remedy } = describe(first!.violation);
  throw new GitopsError(what, document.place(first!.offset), remedy);
}

function checkFor(schema: string): ValidateFunction {
  const check = schemaCheck(schema, {
    allErrors: true,
    verbose: true,
    // What a ring is called is checked where it is a text.
    strictTypes: false,
    // Which ring is there twice is found by its name, below.
    unchecked: ['uniqueItems'],
  });
  checks.set(schema, check);
  return check;
}

function violationOf({ instancePath, keyword, params, propertyName, ...error }: ErrorObject): Violation {
  const { additionalProperty, missingProperty } = params as Record<string, string | undefined>;
  return {
    path: instancePath.split('/').slice(1).map(unescapePointer),
    value: error.data,
    schema: error.parentSchema as Violation['schema'],
    keyword,
    key: propertyName ?? additionalProperty ?? missingProperty,
  };
}

/** A part of a JSON pointer (RFC 6901). */
function unescapePointer(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** What a value is instead says more than that it does not match. */
function rank({ keyword }: Violation): number {
  return keyword === 'pattern' ? 1 : 0;
}

/** Whether a key is missing because it is there in another spelling: then that one is to be reported. */
function isMisspelt(missing: Violation, found: readonly Violation[]): boolean {
  return (
    missing.keyword === 'required' &&
    found.some(
      (other) =>
        other.keyword === 'additionalProperties' &&
        other.value === missing.value &&
        nearestKey(other) === missing.key,
    )
  );
}

function offsetOf({ path, key, keyword }: Violation, document: SettingsDocument): number {
  const isAtKey = key !== undefined && keyword !== 'required';
  return isAtKey ? document.keyOffset(path, key) : document.offset(path);
}

/**
 * What a schema cannot say: a ring is in the list once, versions come to it from one before it, and a site has an
 * environment and a ring that there are.
 * @param rings those that hold: of the file, or by default
 * @throws GitopsError for the first mistake of a kind
 */
export function checkReferences(
  { rings: listed = [], environments = {}, sites = {} }: SettingsFile,
  rings: readonly string[],
  document: SettingsDocument,
): void {
  const names = listed.map(ringName);
  const twice = names.findIndex((name, i) => names.indexOf(name) < i);
  if (twice !== -1)
    throw new GitopsError(
      `the ring ${names[twice]} is in the list twice`,
      document.place(document.offset(['rings', twice])),
      'remove one of the two',
    );
  listed.forEach((ring, i) => {
    const from = typeof ring === 'object' ? ring.from : undefined;
    const before = ['ante', ...names.slice(0, i)];
    if (from === undefined || before.includes(from)) return;
    throw new GitopsError(
      `from of the ring ${names[i]}: ${from} is no ring that comes before it`,
      document.place(document.offset(['rings', i, 'from'])),
      `use one of ${before.join(', ')}`,
    );
  });
  checkSites(sites, Object.keys(environments), rings, document);
}

/**
 * What a schema cannot say of gitops.local.yaml: it has no name that gitops.yaml has, and its sites have environments
 * and rings of either.
 * @param shared what gitops.yaml says
 * @param rings those that hold: of gitops.yaml, or by default
 * @throws GitopsError for the first mistake of a kind
 */
export function checkPersonal(
  personal: PersonalFile,
  shared: SettingsFile,
  rings: readonly string[],
  document: SettingsDocument,
): void {
  for (const key of ['environments', 'sites'] as const)
    for (const name of Object.keys(personal[key] ?? {})) {
      if (!Object.hasOwn(shared[key] ?? {}, name)) continue;
      throw new GitopsError(
        `the ${key.slice(0, -1)} ${name} is in gitops.yaml too`,
        document.place(document.keyOffset([key], name)),
        'give it another name here',
      );
    }
  const environments = Object.keys({ ...shared.environments, ...personal.environments });
  checkSites(personal.sites ?? {}, environments, rings, document);
}

function checkSites(
  sites: Readonly<Record<string, Site>>,
  environments: readonly string[],
  rings: readonly string[],
  document: SettingsDocument,
): void {
  const known = { environment: environments, ring: ['ante', ...rings] };
  for (const [site, settings] of Object.entries(sites))
    for (const key of ['environment', 'ring'] as const) {
      if (known[key].includes(settings[key])) continue;
      const { what, remedy } = noSuch(key, settings[key], site, known[key]);
      throw new GitopsError(what, document.place(document.offset(['sites', site, key])), remedy);
    }
}

export function ringName(ring: string | Ring): string {
  return typeof ring === 'string' ? ring : ring.name;
}
