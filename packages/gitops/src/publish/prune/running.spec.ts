import { stateOf, v } from '../../../test/publish/states';
import type { StoredEntry } from '../../ledger/entry';
import type { State } from '../../ledger/state';
import { sha256 } from '../../oci/digest';
import { type KnownVersions, type Retention, isKept, knownVersions } from './retention';
import { type Running, withRunning } from './running';

const NONE: Retention = { days: 0, entries: 0 };
const NOW = Date.UTC(2026, 5, 1);
const ROOT = v('1.0.0', 'root', { api: '1.0.0' });
const API = v('1.0.0', 'api', { base: '1.0.0' });
const THEN = stateOf({
  root: { developers: ROOT },
  api: { developers: API },
  base: { developers: v('1.0.0', 'base') },
  web: { developers: v('1.0.0', 'web') },
});
const SINCE = stateOf({
  root: { developers: v('2.0.0', 'root', { api: '2.0.0' }) },
  api: { developers: v('2.0.0', 'api', { base: '2.0.0' }) },
  base: { developers: v('2.0.0', 'base') },
  web: { developers: v('2.0.0', 'web') },
});

const entryOf = (name: string, state: State): StoredEntry =>
  ({
    tag: name,
    digest: sha256(name),
    entry: { time: new Date(0).toISOString(), changes: [], state },
  }) as unknown as StoredEntry;
const PAST = [entryOf('now', SINCE), entryOf('then', THEN)];

function known(running: readonly Running[]): ReadonlyMap<string, KnownVersions> {
  return withRunning(knownVersions(SINCE, PAST, PAST[0]!.digest, NONE, NOW), PAST, running);
}

/** `api:1.0.0`: what stays of the versions that no ring holds. */
const kept = (...running: Running[]): string[] =>
  [...known(running)].flatMap(([image, versions]) =>
    [...versions.values()]
      .filter((one) => isKept(one) && one.version === '1.0.0')
      .map(({ version }) => `${image}:${version}`),
  );

describe('what a site runs', () => {
  it('stays, with all that it was made with', () => {
    expect(kept()).toEqual([]);
    expect(kept({ site: 'demo', digest: ROOT.digest })).toEqual(['root:1.0.0', 'api:1.0.0', 'base:1.0.0']);
    expect(kept({ site: 'demo', digest: API.digest })).toEqual(['api:1.0.0', 'base:1.0.0']);
  });

  it('is named with the sites', () => {
    const versions = known([
      { site: 'b', digest: ROOT.digest },
      { site: 'a', digest: ROOT.digest },
    ]).get('api')!;
    expect(versions.get('1.0.0')!.rings).toEqual(['the site a', 'the site b']);
    expect(versions.get('2.0.0')!.rings).toEqual(['developers']);
  });

  it('may be what the ledger does not know', () => {
    expect(kept({ site: 'demo', digest: sha256('elsewhere') })).toEqual([]);
  });
});
