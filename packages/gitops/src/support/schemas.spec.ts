import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv';
import { schemaCheck } from './schemas';

const DIRECTORY = join(__dirname, '../../schemas');

describe('the schemas of the package', () => {
  it.each(readdirSync(DIRECTORY))('%s is one of draft-07', (file) => {
    const schema = JSON.parse(readFileSync(join(DIRECTORY, file), 'utf8')) as { $schema: string };
    expect(schema.$schema).toBe('http://json-schema.org/draft-07/schema#');
    const ajv = new Ajv();
    ajv.validateSchema(schema);
    expect(ajv.errors).toBeNull();
  });
});

describe('schemaCheck', () => {
  it('finds the first mistake, or all', () => {
    const first = schemaCheck('ledger-entry');
    expect(first({ sequence: 0 })).toBe(false);
    expect(first.errors).toHaveLength(1);
    const all = schemaCheck('ledger-entry', { allErrors: true });
    expect(all({ sequence: 0 })).toBe(false);
    expect(all.errors!.length).toBeGreaterThan(1);
  });

  it('leaves keywords to others', () => {
    const entry = { previous: [1, 1] };
    const keywords = (unchecked: string[]): string[] => {
      const check = schemaCheck('ledger-entry', { allErrors: true, unchecked });
      check(entry);
      return check.errors!.map(({ keyword }) => keyword);
    };
    expect(keywords([])).toContain('uniqueItems');
    expect(keywords(['uniqueItems'])).not.toContain('uniqueItems');
    expect(keywords(['uniqueItems'])).toContain('required');
  });
});
