import { pushOn, promotionOn } from '../../../test/ledger/histories';
import { RemoteRepository } from '../../../test/ledger/remote-repository';
import type { Entry, StoredEntry } from '../../ledger/entry';
import { EntryStore } from '../../ledger/entry-store';
import { EMPTY_VIEW, type View, merged } from '../../ledger/merge';
import { contentOf } from '../../oci/content';
import { canonicalJson } from '../../oci/json';
import { type MemoryRepository, MemoryStore } from '../../oci/memory';
import { OCI } from '../../oci/media-types';
import { sha256 } from '../../oci/digest';
import { checkChain } from './chain';

const FORGERY = /^the ledger entry .* does not match its parent: the state of web is another one$/;

let repository: MemoryRepository;
let entries: EntryStore;
beforeEach(() => {
  repository = new MemoryStore().repository('shop/ledger');
  entries = new EntryStore(repository);
});

/** Writes entries one after the other, as this makes them. */
async function write(
  count: number,
  make = (view: View) => pushOn(view, 'ann', 'api'),
): Promise<StoredEntry[]> {
  const written: StoredEntry[] = [];
  let view: View = EMPTY_VIEW;
  for (let i = 0; i < count; i++) {
    const stored = await entries.write(make(view).entry);
    written.push(stored);
    view = merged([stored], stored);
  }
  return written;
}

async function check(view: View, forgets: (name: string) => boolean = () => false) {
  const store = new RemoteRepository(repository, { forgets });
  const findings = await checkChain(store, view, await new EntryStore(store).tags(0));
  expect(findings.every(({ check }) => check === 'ledger')).toBe(true);
  return findings.map(({ level, what }) => ({ level, what }));
}

const standing = (stored: StoredEntry): View => merged([stored], stored);

describe('the chain of a ledger', () => {
  it('is followed back to the first entry, over more than one window', async () => {
    const written = await write(120);
    expect(await check(standing(written.at(-1)!))).toEqual([
      {
        level: 'ok',
        what: `120 entries, each follows from those before it, back to ${written[0]!.tag}, the first`,
      },
    ]);
  });

  it('has forks, and what was merged', async () => {
    const [first] = await write(1);
    const view = standing(first!);
    const fork = [
      pushOn(view, 'ann', 'api'),
      pushOn(view, 'bob', 'api'),
      promotionOn(view, 'eve', 'api', 'developers'),
    ];
    for (const { entry } of fork) await entries.write(entry);
    const last = await entries.write(pushOn(merged(fork, undefined), 'ann', 'web').entry);
    expect(last.entry.previous).toHaveLength(3);
    expect(await check(standing(last))).toEqual([
      { level: 'ok', what: expect.stringMatching(/^5 entries, /) },
    ]);
  });

  it('says which entry was not written by the rules, however far back', async () => {
    const [first] = await write(1, (view) => pushOn(view, 'ann', 'web'));
    const { entry } = pushOn(standing(first!), 'eve', 'api');
    const { web: _, ...images } = entry.state.images;
    const forged = await entries.write({ ...entry, state: { images } } as Entry);
    const last = await entries.write(pushOn(standing(forged), 'ann', 'api').entry);
    expect(await check(standing(last))).toEqual([{ level: 'problem', what: expect.stringMatching(FORGERY) }]);
    expect((await check(standing(last)))[0]!.what).toContain(forged.tag);
  });

  it('ends where entries are no longer there, and is no fault', async () => {
    const written = await write(4);
    const gone = written.slice(0, 2).flatMap(({ tag, digest }) => [tag, digest]);
    expect(await check(standing(written[3]!), (name) => gone.includes(name))).toEqual([
      {
        level: 'note',
        what: `2 entries, each follows from those before it, back to ${written[2]!.tag}; some of what came before is no longer there`,
      },
    ]);
  });

  it('goes on behind a gap', async () => {
    const [first] = await write(1, (view) => pushOn(view, 'ann', 'web'));
    const { entry } = pushOn(standing(first!), 'eve', 'api');
    const { web: _, ...images } = entry.state.images;
    const forged = await entries.write({ ...entry, state: { images } } as Entry);
    const gone = await entries.write(pushOn(standing(forged), 'ann', 'api').entry);
    const last = await entries.write(pushOn(standing(gone), 'ann', 'api').entry);
    expect(await check(standing(last), (name) => name === gone.tag || name === gone.digest)).toEqual([
      { level: 'problem', what: expect.stringMatching(FORGERY) },
    ]);
  });

  it('says what came to light too late to be merged', async () => {
    const written = await write(40);
    const late = await entries.write(pushOn(standing(written[1]!), 'bob', 'web').entry);
    expect(await check(standing(written.at(-1)!))).toEqual([
      { level: 'ok', what: expect.stringMatching(/^41 entries/) },
      {
        level: 'warning',
        what: `the entry ${late.tag} by bob came to light too late to be merged: its changes do not hold`,
      },
    ]);
  });

  it('says what is no entry under the tag of one', async () => {
    const written = await write(40);
    const config = Buffer.from('{}');
    const descriptor = { mediaType: OCI.empty, digest: sha256(config), size: config.length };
    await repository.push(descriptor, () => contentOf(config));
    const manifest = { schemaVersion: 2, mediaType: OCI.manifest, config: descriptor, layers: [] };
    await repository.putManifest(
      { mediaType: OCI.manifest, bytes: canonicalJson(manifest) },
      '0000000001-0123456789ab',
    );
    expect(await check(standing(written.at(-1)!))).toEqual([
      { level: 'problem', what: expect.stringMatching(/ is no ledger entry$/) },
    ]);
  });
});
