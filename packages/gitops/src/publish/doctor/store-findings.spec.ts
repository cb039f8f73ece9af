import { StoreError } from '../../oci/store-error';
import type { StoreFacts } from './probe';
import { guarantee, refusalFinding, removalFinding, storeFindings } from './store-findings';

const GOOD: StoreFacts = {
  movingTag: 'replaces',
  versionTag: 'refused',
  conditions: 'honoured',
  listedAfterMs: 0,
  writeMs: 10,
  mounts: true,
  referrers: 'api',
};

const found = (facts: Partial<StoreFacts>, locks = false): string[] =>
  storeFindings({ ...GOOD, ...facts }, locks)
    .filter(({ level }) => level !== 'ok')
    .map(({ level, check, what, remedy }) => `${level}, ${check}: ${what}${remedy ? `; ${remedy}` : ''}`);

describe('what is found of a store', () => {
  it('is all well where it does all it can', () => {
    expect(found({})).toEqual([]);
    expect(storeFindings(GOOD, false).map(({ check }) => check)).toEqual([
      'moving tags',
      'version tags',
      'list of tags',
      'conditions',
      'mounts',
      'referrers',
    ]);
  });

  it.each<[name: string, facts: Partial<StoreFacts>, what: RegExp]>([
    ['immutable tags', { movingTag: 'refused' }, /^problem, moving tags: .* refused: .*; let the store/],
    [
      'lost writes',
      { movingTag: 'lost' },
      /^problem, moving tags: .* confirmed, and lost: .*; let the store/,
    ],
    ['lost tags', { movingTag: 'never there' }, /^problem, moving tags: .*not there afterwards/],
    ['lost version tags', { versionTag: 'never there' }, /^problem, version tags: .*not there afterwards/],
    [
      'version tags that move',
      { versionTag: 'replaces' },
      /^note, version tags: whoever may push can move them/,
    ],
    [
      'version tags that silently do not',
      { versionTag: 'lost' },
      /^note, version tags: .*confirmed, and lost/,
    ],
    ['a list that shows nothing', { listedAfterMs: undefined }, /^problem, list of tags: .*does not show/],
    [
      'a slow list',
      { listedAfterMs: 201 },
      /^warning, list of tags: .*after 201 ms; a push waits only 200 ms for others; push from one job at a time$/,
    ],
    ['ignored conditions', { conditions: 'ignored' }, /^note, conditions: .*are ignored/],
    ['no mounts', { mounts: false }, /^note, mounts: .*sent again for each image/],
    ['no referrers API', { referrers: 'tag' }, /^note, referrers: .*under a tag.*no referrers API/],
    ['lost referrers', { referrers: undefined }, /^warning, referrers: .*is not found again/],
  ])('%s', (_name, facts, what) => {
    expect(found(facts)).toEqual([expect.stringMatching(what)]);
  });

  it('a list may be slow where writes are, for then others are waited for longer', () => {
    expect(found({ listedAfterMs: 300, writeMs: 100 })).toEqual([]);
    expect(found({ listedAfterMs: 301, writeMs: 100 })).toHaveLength(1);
  });

  it('a store that locks needs neither a quick list, nor one of referrers, nor immutable tags', () => {
    expect(found({ listedAfterMs: 5000, referrers: 'tag', versionTag: 'replaces' }, true)).toEqual([]);
  });
});

describe('what two pushes at once come to', () => {
  it.each<[name: string, facts: Partial<StoreFacts> | undefined, locks: boolean, what: RegExp]>([
    ['a directory', GOOD, true, /: both land, one after the other; the store is locked/],
    ['a directory that was not tried', undefined, true, /: both land, one after the other/],
    ['a registry', GOOD, false, /: both land, and no version is given twice; .*200 ms .*listed at once$/],
    [
      'a slow registry',
      { listedAfterMs: 900 },
      false,
      /: neither can overwrite .*may fail late and has to be run again; .*after 900 ms/,
    ],
    [
      'a registry that was not tried',
      undefined,
      false,
      /: each writes an entry of its own, .*not tried out$/,
    ],
    ['lost writes', { movingTag: 'lost' }, false, /: no promise/],
    ['immutable tags', { movingTag: 'refused' }, false, /: no promise/],
    ['lost version tags', { versionTag: 'never there' }, false, /: no promise/],
    ['a list that shows nothing', { listedAfterMs: undefined }, false, /: no promise/],
    ['a directory that loses tags', { movingTag: 'never there' }, true, /: no promise/],
  ])('%s', (_name, facts, locks, what) => {
    const said = guarantee(facts && { ...GOOD, ...facts }, locks);
    expect(said).toMatch(new RegExp(`^two pushes at once${what.source}`));
    expect(said).not.toMatch(/\n|\.$/);
  });
});

describe('what is left of trying out', () => {
  it.each<[left: number, isRemote: boolean, level: string, what: RegExp]>([
    [0, false, 'ok', /^what was written .* is removed$/],
    [0, true, 'ok', /^manifests can be deleted; of here at most the empty name is left$/],
    [3, true, 'note', /^manifests are not deleted .*; here is left with 3 of them$/],
  ])('%s manifests', (left, isRemote, level, what) => {
    const { what: said, ...found } = removalFinding(left, 'here', isRemote);
    expect(found).toMatchObject({ check: 'deletes', level });
    expect(said).toMatch(what);
  });
});

describe('a store that cannot be tried out', () => {
  it.each([
    ['forbidden', 'warning'],
    ['unauthenticated', 'warning'],
    ['not-found', 'warning'],
    ['rejected', 'problem'],
    ['unavailable', 'problem'],
  ] as const)('%s is a %s', (kind, level) => {
    const found = refusalFinding(new StoreError(kind, 'why not', 'what to do'), 'here');
    expect(found).toMatchObject({ check: 'store', level, what: expect.stringContaining('why not') });
    expect(found.remedy).toBeTruthy();
  });
});
