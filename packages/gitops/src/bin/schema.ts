import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** An option of an executor, as far as the schemas of commands go. */
export interface Property {
  readonly type: 'boolean' | 'integer' | 'string';
  readonly description: string;
  readonly default?: boolean | number | string;
  readonly minimum?: number;
}

/** The schema of an executor: what Nx shows of it, and checks. */
export interface Schema {
  readonly title: string;
  readonly description: string;
  readonly properties: Readonly<Record<string, Property>>;
}

/** @param name the executor's */
export function readSchema(name: string): Schema {
  const text = readFileSync(join(__dirname, '../executors', name, 'schema.json'), 'utf8');
  // Nx makes a number of what looks like one, for which text has to be a number too: here it stays text.
  return JSON.parse(text, (key, value: unknown) =>
    key === 'type' && Array.isArray(value) && value.includes('string') ? 'string' : value,
  ) as Schema;
}
