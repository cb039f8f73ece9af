import { Releases } from '../../../test/publish/releases';
import { said, saidJson, table } from '../../../test/publish/desk';
import { showBoard, showBoardAt, showDifference, showLog } from './show';

let releases: Releases;
beforeEach(async () => {
  releases = new Releases();
  await releases.push('developers', 'base 1.0.0', 'api 2.0.0 base 1.0.0');
  releases.hour = 24;
  await releases.move();
  releases.hour = 48;
  await releases.push('developers', 'base 1.1.0', 'api 2.1.0 base 1.1.0', 'web 3.0.0');
});

describe('the board', () => {
  it('has what each ring holds, what is on hold, and who was at work last', async () => {
    await releases.hold('users', 'they are on holiday');
    const { tag } = await releases.latest();
    expect(table(await said(showBoard, releases))).toEqual([
      'IMAGE developers testers users',
      'api 2.1.0 2.0.0 * -',
      'base 1.1.0 1.0.0 * -',
      'new - - -',
      'web 3.0.0 - -',
      '* another version than in the ring before',
      'on hold: users: they are on holiday',
      `latest: ${tag} at 1970-01-03T00:00:00.000Z by ann`,
    ]);
  });

  it('is a document for programs', async () => {
    await releases.hold('users', 'they are on holiday');
    const { tag } = await releases.latest();
    expect(await saidJson(showBoard, releases)).toMatchObject({
      rings: ['developers', 'testers', 'users'],
      images: { api: { developers: { version: '2.1.0', dependencies: { base: '1.1.0' } } }, new: {} },
      holds: { users: 'they are on holiday' },
      latest: { tag, who: 'ann' },
      void: [],
    });
  });

  it('is empty before the first push', async () => {
    expect(table(await said(showBoard, new Releases()))).toEqual([
      'IMAGE developers testers users',
      'api - - -',
      'new - - -',
    ]);
  });
});

describe('the board of another time', () => {
  const FIRST = ['api 2.0.0 - -', 'base 1.0.0 - -'];
  const SECOND = ['api 2.0.0 2.0.0 -', 'base 1.0.0 1.0.0 -'];
  const THIRD = ['api 2.1.0 2.0.0 * -', 'base 1.1.0 1.0.0 * -', 'web 3.0.0 - -'];

  it.each<[at: string | number, rows: readonly string[], sequence: number]>([
    // As Nx gives it.
    [2, SECOND, 2],
    ['1', FIRST, 1],
    ['2', SECOND, 2],
    ['3', THIRD, 3],
    ['0000000002', SECOND, 2],
    ['99', THIRD, 3],
    ['1970-01-01', FIRST, 1],
    ['1970-01-01T23:59:59Z', FIRST, 1],
    ['1970-01-02', SECOND, 2],
    ['1970-01-02T02:00+02:00', SECOND, 2],
    ['1970-01-02T01:00+02:00', FIRST, 1],
    ['2026-01-31T12:00Z', THIRD, 3],
  ])('%s', async (at, rows, sequence) => {
    const lines = table(await said(showBoardAt, releases, { at }));
    expect(lines.slice(1, 1 + rows.length)).toEqual(rows);
    expect(lines.at(-1)).toMatch(
      new RegExp(`^as of: 000000000${sequence}-\\w{12} at 1970-.* by (pusher|mia)$`),
    );
  });

  it.each(['0', '1969-12-31', '1970-01-01T00:00+01:00'])('is not there before the start: %s', async (at) => {
    await expect(said(showBoardAt, releases, { at })).rejects.toThrow(
      `the ledger does not go back to ${at}; nx rings --log shows how far it does`,
    );
  });

  it.each([
    '',
    'yesterday',
    'developers',
    'ring 1',
    '-1',
    '1.5',
    '12345678901',
    '2026-13-01',
    '2026-01-31 or so',
    '31.1.2026',
    '1/2/2026',
  ])('is not there at what is no time: %j', async (at) => {
    await expect(said(showBoardAt, releases, { at })).rejects.toThrow(
      `--at: ${at} is neither the sequence of an entry nor a time; write a number, or a date such as 2026-01-31 or 2026-01-31T12:00Z`,
    );
  });

  it('is a document for programs', async () => {
    expect(await saidJson(showBoardAt, releases, { at: '2' })).toMatchObject({
      images: { api: { testers: { version: '2.0.0' } } },
      at: { tag: expect.stringMatching(/^0000000002-/), time: '1970-01-02T00:00:00.000Z', who: 'mia' },
    });
  });
});

describe('the log', () => {
  const first = (lines: readonly string[]): string[] =>
    lines.filter((line) => !line.startsWith(' ')).map((line) => line.replace(/^\S+ +\S+ +/, ''));

  it('has all that was done, the latest first', async () => {
    const lines = (await said(showLog, releases)).split('\n');
    expect(first(lines)).toEqual([
      'push to developers  by pusher',
      'promote developers → testers  by mia',
      'push to developers  by pusher',
    ]);
    expect(lines).toContain('  testers api - → 2.0.0');
  });

  it.each<[limit: number, count: number]>([
    [1, 1],
    [2, 2],
    [100, 3],
  ])('has no more than %d', async (limit, count) => {
    expect(await saidJson(showLog, releases, { limit })).toHaveLength(count);
  });

  it('has fifty, where nothing is said', async () => {
    for (let i = 0; i < 50; i++) await releases.hold('users', `${i}`);
    expect(await saidJson(showLog, releases)).toHaveLength(50);
  });

  it('has what concerns a ring, and of that as many as are asked for', async () => {
    await releases.push('users', 'alone 1.0.0');
    await releases.hold('testers', 'it broke');
    const lines = (await said(showLog, releases, { ring: 'testers' })).split('\n');
    expect(first(lines)).toEqual(['hold testers  by ann', 'promote developers → testers  by mia']);
    expect(await saidJson(showLog, releases, { ring: 'developers', limit: 2 })).toMatchObject([
      { operation: { kind: 'push' }, sequence: 3 },
      { operation: { kind: 'promote' }, sequence: 2 },
    ]);
    expect(await said(showLog, releases, { ring: 'post' })).toBe('nothing was done yet');
  });

  it('has nothing before the first push', async () => {
    expect(await said(showLog, new Releases())).toBe('nothing was done yet');
    expect(await saidJson(showLog, new Releases())).toEqual([]);
  });

  it('is not there of a ring that there is not', async () => {
    await expect(said(showLog, releases, { ring: 'nobody' })).rejects.toThrow(
      'there is no ring nobody; use one of ante, developers, testers, users, post',
    );
  });
});

describe('the difference of two rings', () => {
  it('is what the one would bring to the other', async () => {
    expect(table(await said(showDifference, releases, { diff: 'developers..testers' }))).toEqual([
      'IMAGE RING FROM TO WHY',
      'api testers 2.0.0 → 2.1.0 base 1.0.0 → 1.1.0',
      'base testers 1.0.0 → 1.1.0 made from the same',
      'web testers - → 3.0.0 the ring holds none',
    ]);
    expect(table(await said(showDifference, releases, { diff: 'testers..developers' })).slice(1)).toEqual([
      'api developers 2.1.0 → 2.0.0 base 1.1.0 → 1.0.0',
      'base developers 1.1.0 → 1.0.0 made from the same',
    ]);
  });

  it.each(['users..testers', 'testers..testers', 'post..ante'])('is nothing: %s', async (diff) => {
    expect(await said(showDifference, releases, { diff })).toBe(
      `${diff.split('..')[1]} holds all that ${diff.split('..')[0]} does`,
    );
  });

  it('is a document for programs', async () => {
    expect(await saidJson(showDifference, releases, { diff: 'testers..users' })).toEqual({
      from: 'testers',
      to: 'users',
      changes: [
        { image: 'api', ring: 'users', to: '2.0.0', why: 'the ring holds none' },
        { image: 'base', ring: 'users', to: '1.0.0', why: 'the ring holds none' },
      ],
    });
  });

  const ALL = 'use one of ante, developers, testers, users, post';
  const TWO = 'does not name two rings; write --diff=developers..testers';
  it.each<[diff: string, message: string]>([
    ['', `--diff:  ${TWO}`],
    ['developers', `--diff: developers ${TWO}`],
    ['developers..', `--diff: developers.. ${TWO}`],
    ['..testers', `--diff: ..testers ${TWO}`],
    ['developers...testers', `there is no ring .testers; ${ALL}`],
    ['a..b..c', `--diff: a..b..c ${TWO}`],
    ['developers..nobody', `there is no ring nobody; ${ALL}`],
    ['nobody..developers', `there is no ring nobody; ${ALL}`],
  ])('is not there of %j', async (diff, message) => {
    await expect(said(showDifference, releases, { diff })).rejects.toThrow(message);
  });
});

it.each([showBoard, showBoardAt, showLog, showDifference])(
  'nothing is shown of a forged ledger: %p',
  async (show) => {
    const { entries } = releases.ledger;
    const { entry } = await releases.latest();
    await entries.confirm(await entries.write({ ...entry, who: 'somebody', changes: [] }));
    const options = { at: '3', diff: 'developers..testers' };
    await expect(said(show, releases, options)).rejects.toThrow('does not match its parent');
  },
);
