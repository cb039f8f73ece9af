import { RemoteRepository } from '../../../test/ledger/remote-repository';
import { SETTINGS } from '../../../test/publish/workspaces';
import { type MemoryRepository, MemoryStore } from '../../oci/memory';
import type { Store } from '../../oci/store';
import { StoreError } from '../../oci/store-error';
import { tryOut } from './examine';
import { openScratch } from './scratch';

/** A store in memory of which the test sees and changes the repositories. */
class Watched extends MemoryStore {
  readonly opened = new Map<string, MemoryRepository>();

  override repository(name: string): MemoryRepository {
    const repository = super.repository(name);
    this.opened.set(name, repository);
    return repository;
  }
}

async function left(store: Watched): Promise<number> {
  const manifests = await Promise.all([...store.opened.values()].map((one) => one.manifests()));
  return manifests.flat().length;
}

describe('where a store is tried out', () => {
  it('is another place each time, in the project', () => {
    const store = new Watched();
    openScratch(store, SETTINGS);
    openScratch(store, SETTINGS);
    const names = [...store.opened.keys()];
    expect(new Set(names).size).toBe(4);
    for (const name of names) expect(name).toMatch(/^acme\/shop\/doctor-\w{10}(-mount)?$/);
  });

  it('is empty again afterwards', async () => {
    const store = new Watched();
    const { findings, facts } = await tryOut(openScratch(store, SETTINGS), SETTINGS, 100);
    expect(facts).toBeDefined();
    expect(findings).toContainEqual(expect.objectContaining({ check: 'deletes', level: 'ok' }));
    expect(await left(store)).toBe(0);
  });

  it('is empty again where it went wrong in the middle', async () => {
    const store = new Watched();
    const scratch = openScratch(store, SETTINGS);
    scratch.repository.tags = () => {
      throw new StoreError('unavailable', 'no list today');
    };
    const { findings, facts } = await tryOut(scratch, SETTINGS, 100);
    expect(facts).toBeUndefined();
    expect(findings.map(({ check, level }) => `${level} ${check}`)).toEqual(['problem store', 'ok deletes']);
    expect(await left(store)).toBe(0);
  });

  it.each(['rejected', 'forbidden', 'unauthenticated'] as const)(
    'is left where a delete is %s',
    async (kind) => {
      const store = new Watched();
      const scratch = openScratch(store, SETTINGS);
      scratch.repository.delete = async () => {
        throw new StoreError(kind, 'no');
      };
      const { findings } = await tryOut(scratch, SETTINGS, 100);
      expect(findings).toContainEqual(
        expect.objectContaining({
          check: 'deletes',
          level: 'note',
          what: expect.stringContaining(`is left with ${await left(store)} of them`),
        }),
      );
      expect(await left(store)).toBeGreaterThan(0);
    },
  );

  it('is left where a store has no way to delete', async () => {
    const memory = new MemoryStore();
    const store = {
      ...memory,
      repository: (name: string) => new RemoteRepository(memory.repository(name)),
    } as unknown as Store;
    const { findings } = await tryOut(openScratch(store, SETTINGS), SETTINGS, 100);
    expect(findings).toContainEqual(expect.objectContaining({ check: 'deletes', level: 'note' }));
  });
});
