import { EngineBuilder } from '../../src/builders/engine/engine-builder';
import { EngineConnection } from '../../src/builders/engine/engine-connection';
import { withEngine } from '../engine/fixture';
import { buildCase } from './build';
import { cases, type ParityCase } from './cases';
import { compareAny, type ParityResult } from './compare';
import { expectations, recordedTruth } from './truth';

const AT_ONCE = 4;

/** All of them take minutes; otherwise some of each kind. */
const EVERY = process.env['GITOPS_PARITY'] === 'engine' ? 1 : 16;

// An engine that is too old for a case has nothing to say of it.
const asked = cases.filter(({ needs }) => needs === undefined).filter((_, i) => i % EVERY === 0);

withEngine('docker', 'an engine, through our own builder, gives what the assembler gives', (engine) => {
  const results = new Map<ParityCase, ParityResult>();

  beforeAll(async () => {
    Object.assign(process.env, engine().env);
    const connection = new EngineConnection(() => undefined);
    const builderFor = ({ name }: ParityCase) =>
      new EngineBuilder(connection, { options: {}, key: name, directory: '/', onOutput: () => undefined });
    const queue = [...asked];
    const worker = async (): Promise<void> => {
      for (let c = queue.shift(); c; c = queue.shift()) results.set(c, await buildCase(c, builderFor(c)));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  }, 600_000);

  it.each(asked.map((c) => [c.name, c] as const))('%s', (_name, c) => {
    expect(compareAny(expected(c), results.get(c)!)).toEqual([]);
  });

  it('leaves nothing behind', async () => {
    expect(await engine().leftovers()).toEqual([]);
  });
});

/** Where the assembler goes a way of its own, or none, an engine may go that of engines. */
function expected(c: ParityCase): ParityResult[] {
  return c.differs ? [recordedTruth(c), ...expectations(c)] : expectations(c);
}
