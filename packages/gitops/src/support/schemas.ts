import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Options, ValidateFunction } from 'ajv';

/** The schema that others refer to. */
const COMMON = 'gitops';
const DIRECTORY = join(__dirname, '../../schemas');

/** What the schemas say in words, to editors and to us. */
const WORDS = ['errorMessage', 'patternErrorMessage'];

export interface CheckOptions extends Options {
  /** Keywords that are left to others. */
  readonly unchecked?: readonly string[];
}

/**
 * The check that a schema of this package stands for. Making it takes some time: keep it.
 * @param name the file's, without its end: `gitops`
 */
export function schemaCheck<T = unknown>(
  name: string,
  { unchecked = [], ...options }: CheckOptions = {},
): ValidateFunction<T> {
  // It takes long to load, and many workspaces do without.
  const { Ajv } = require('ajv') as typeof import('ajv');
  const ajv = new Ajv({
    strict: true,
    // That the schemas are ones is tested. To check it here takes longer than to compile them.
    meta: false,
    validateSchema: false,
    // To improve the code takes longer than is saved by it, even where an entry has 10,000 images.
    code: { optimize: false },
    ...options,
  });
  for (const keyword of unchecked) ajv.removeKeyword(keyword);
  ajv.addVocabulary([...WORDS, ...unchecked]);
  const schema = readSchema(name);
  if (JSON.stringify(schema).includes(`"${fileOf(COMMON)}#`))
    ajv.addSchema(readSchema(COMMON), fileOf(COMMON));
  return ajv.compile<T>(schema);
}

function readSchema(name: string): object {
  return JSON.parse(readFileSync(join(DIRECTORY, fileOf(name)), 'utf8')) as object;
}

function fileOf(name: string): string {
  return `${name}.schema.json`;
}
