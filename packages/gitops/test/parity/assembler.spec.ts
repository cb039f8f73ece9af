import { assembler } from '../../src/builders/assemble/assembler';
import { buildCase } from './build';
import { cases } from './cases';
import { compareAny } from './compare';
import { expectations } from './truth';

describe('the assembler gives what BuildKit gives', () => {
  it.each(cases.map((c) => [c.name, c] as const))('%s', async (_name, c) => {
    expect(compareAny(expectations(c), await buildCase(c, assembler))).toEqual([]);
  });
});
