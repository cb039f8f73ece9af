import { sha256 } from '../../oci/digest';
import { referrersTag } from '../../oci/referrers';
import type { Digest } from '../../oci/types';
import type { StoredEntry } from '../../ledger/entry';
import type { Found, Inventory } from './inventory';
import { planOf } from './plan';
import type { KnownVersion } from './retention';

/** Digests by short names, and back. */
const d = (name: string): Digest => sha256(name);
const LAST = { tag: '0000000007-0123456789ab', entry: { time: '2026-01-02T03:04:05.678Z' } } as StoredEntry;

const version = (name: string, more: Partial<KnownVersion> = {}): [string, KnownVersion] => [
  name,
  { version: name, digests: new Set([d(name)]), rings: [], last: LAST, isRecent: false, ...more },
];
/** 0.1.0 and 0.2.0 are of no use to anybody, 0.3.0 is recent, users hold 0.4.0. */
const KNOWN = new Map([
  version('0.1.0'),
  version('0.2.0'),
  version('0.3.0', { isRecent: true }),
  version('0.4.0', { rings: ['users', 'post'] }),
]);
const found = (more: Partial<Found> = {}): Found => ({ parts: [], attached: [], ...more });

/** What is there: the versions under their tags, and more. */
function inventory(
  tags: Readonly<Record<string, string>> = {},
  manifests: Readonly<Record<string, Partial<Found>>> = {},
): Inventory {
  const versions = Object.fromEntries([...KNOWN.keys()].map((name) => [name, name]));
  const all = Object.entries({ ...versions, users: '0.4.0', ...tags }).filter(([, name]) => name !== '');
  const names = new Set([...all.map(([, name]) => name), ...Object.keys(manifests)]);
  return {
    tags: new Map(all.map(([tag, name]) => [tag, d(name)])),
    manifests: new Map([...names].map((name) => [d(name), found(manifests[name])])),
  };
}

const NAMES = ['0.1.0', '0.2.0', '0.3.0', '0.4.0', 'x', 'part', 'other part', 'list', 'sbom', 'signature'];
const nameOf = (digest: Digest): string => NAMES.find((name) => d(name) === digest)!;
const list = (name: string): string => referrersTag(d(name));

/** `0.1.0: list (sha256-…), sbom, 0.1.0 (0.1.0)` */
function shown(there: Inventory): string[] {
  return planOf('api', KNOWN, there).going.map(
    (going) =>
      `${going.version}: ${going.manifests.map(({ digest, tags }) => [nameOf(digest), ...tags.map((tag) => `:${tag.slice(0, 7)}`)].join('')).join(', ')}`,
  );
}

describe('what goes', () => {
  const ONLY_TWO = ['0.2.0: 0.2.0:0.2.0'];
  const BOTH = ['0.1.0: 0.1.0:0.1.0', ...ONLY_TWO];

  it.each<[name: string, there: Inventory, going: string[]]>([
    ['what the ledger knows, and nobody needs', inventory(), BOTH],
    ['not what another tag names', inventory({ stable: '0.1.0' }), ONLY_TWO],
    ['not what a ring’s tag names', inventory({ testers: '0.1.0' }), ONLY_TWO],
    ['not what the tag of another version names', inventory({ '0.4.1': '0.1.0' }), ONLY_TWO],
    ['not a version’s tag on something else', inventory({ '0.1.0': 'x' }), ONLY_TWO],
    ['nothing that is gone', inventory({ '0.1.0': '' }), ONLY_TWO],
    ['what has lost its tag', inventory({ '0.1.0': '' }, { '0.1.0': {} }), ['0.1.0: 0.1.0', ...ONLY_TWO]],
    [
      'after an index what it names',
      inventory({}, { '0.1.0': { parts: [d('part'), d('other part')] } }),
      ['0.1.0: 0.1.0:0.1.0, part, other part', ...ONLY_TWO],
    ],
    [
      'not what an index names that stays',
      inventory({}, { '0.1.0': { parts: [d('part'), d('other part')] }, '0.4.0': { parts: [d('part')] } }),
      ['0.1.0: 0.1.0:0.1.0, other part', ...ONLY_TWO],
    ],
    [
      'what two name, once',
      inventory({}, { '0.1.0': { parts: [d('part')] }, '0.2.0': { parts: [d('part')] } }),
      ['0.1.0: 0.1.0:0.1.0, part', ...ONLY_TWO],
    ],
    [
      'before it what is attached, as a tag lists it',
      inventory({ [list('0.1.0')]: 'list' }, { list: { parts: [d('sbom')] } }),
      ['0.1.0: list:sha256-, sbom, 0.1.0:0.1.0', ...ONLY_TWO],
    ],
    [
      'and what is attached to that, or to a part',
      inventory(
        { [list('sbom')]: 'x', [list('part')]: 'list' },
        {
          '0.1.0': { parts: [d('part')] },
          list: { parts: [d('sbom')] },
          x: { parts: [d('signature')] },
        },
      ),
      ['0.1.0: 0.1.0:0.1.0, list:sha256-, x:sha256-, signature, sbom, part', ...ONLY_TWO],
    ],
    [
      'what is attached, as the store lists it',
      inventory({}, { '0.1.0': { attached: [d('sbom')] }, sbom: { attached: [d('signature')] } }),
      ['0.1.0: signature, sbom, 0.1.0:0.1.0', ...ONLY_TWO],
    ],
    [
      'what is attached to what is gone',
      inventory({ '0.1.0': '', [list('0.1.0')]: 'list' }, { list: { parts: [d('sbom')] } }),
      ['0.1.0: list:sha256-, sbom, 0.1.0', ...ONLY_TWO],
    ],
    [
      'not what is attached to what stays',
      inventory(
        { [list('0.4.0')]: 'list', stable: '0.1.0', [list('0.1.0')]: 'x' },
        { list: { parts: [d('sbom')] }, x: { parts: [d('signature')] } },
      ),
      ONLY_TWO,
    ],
    ['not what is attached to what nobody here knows', inventory({ [list('x')]: '0.1.0' }), ONLY_TWO],
    [
      'what has no tag, and says to be a version that goes',
      inventory({}, { x: { untagged: { version: '0.1.0' }, parts: [d('part')] } }),
      [...BOTH, '0.1.0: x, part'],
    ],
    [
      'not what has no tag, and says to be another',
      inventory(
        {},
        {
          x: { untagged: { version: '0.5.0' } },
          part: { untagged: {} },
          sbom: { untagged: { version: '0.3.0' } },
        },
      ),
      BOTH,
    ],
    ['not what such a one names', inventory({}, { x: { untagged: {}, parts: [d('0.1.0')] } }), ONLY_TWO],
  ])('%s', (_, there, going) => {
    expect(shown(there)).toEqual(going);
  });

  it('says why', () => {
    expect(planOf('api', KNOWN, inventory()).going[0]).toEqual({
      image: 'api',
      version: '0.1.0',
      digest: d('0.1.0'),
      why: 'no ring holds it since 0000000007-0123456789ab (2026-01-02)',
      manifests: [{ digest: d('0.1.0'), tags: ['0.1.0'] }],
    });
  });
});

describe('what stays', () => {
  it('says why', () => {
    const there = inventory({ stable: '0.1.0' }, { x: { untagged: {}, parts: [d('0.2.0')] } });
    expect(
      planOf('api', KNOWN, there).kept.map(({ version: name, why, isHeld }) => [name, why, isHeld]),
    ).toEqual([
      ['0.1.0', 'tagged stable', false],
      ['0.2.0', 'named by a manifest that is kept', false],
      ['0.3.0', 'named by 0000000007-0123456789ab (2026-01-02)', false],
      ['0.4.0', 'held by users, post', true],
    ]);
  });

  it('is told where it looks like a version, and is not the ledger’s', () => {
    const there = inventory({
      '9.0.0': 'x',
      '0.1.0': 'x',
      '1.0': 'x',
      v1: 'x',
      '1.0.0-rc.1': 'x',
      '01.0.0': 'x',
    });
    expect(planOf('api', KNOWN, there).unknown).toEqual([
      { image: 'api', version: '0.1.0', why: 'it is not what the ledger says' },
      { image: 'api', version: '9.0.0', why: 'the ledger does not know it' },
    ]);
  });
});
