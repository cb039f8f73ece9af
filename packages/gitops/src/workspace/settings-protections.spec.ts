import { useDirectory, writeFiles } from '../../test/support/files';
import { thrownBy } from '../../test/support/thrown';
import type { Protections } from '../ledger/protection';
import { GitopsError } from '../support/errors';
import { type Settings, readSettings } from './settings';

const directory = useDirectory();
const read = (text: string): Settings => readSettings(writeFiles(directory(), { 'gitops.yaml': text }));
const HOUR_MS = 3_600_000;

describe('what protects a ring', () => {
  it.each<[yaml: string, protections: Protections | undefined]>([
    ['[a, b]', undefined],
    ['[{ name: a, description: us }]', undefined],
    ['[a, { name: b, soak: 24h }]', { b: { soakMs: 24 * HOUR_MS } }],
    ['[a, { name: b, soak: 1d12h30m1s }]', { b: { soakMs: 36.5 * HOUR_MS + 1000 } }],
    ['[a, { name: b, soak: 0s }]', { b: { soakMs: 0 } }],
    ['[a, { name: b, from: a }]', { b: { from: 'a' } }],
    ['[a, b, { name: c, from: a }]', { c: { from: 'a' } }],
    ['[{ name: a, from: ante }]', { a: { from: 'ante' } }],
    ['[{ name: a, hold: true }]', { a: { hold: true } }],
    ['[{ name: a, hold: false }]', undefined],
    [
      '[a, { name: b, soak: 1h, from: a, hold: true }, { name: c, soak: 2h, hold: false }]',
      { b: { soakMs: HOUR_MS, from: 'a', hold: true }, c: { soakMs: 2 * HOUR_MS } },
    ],
    ['[{ name: constructor, hold: true }]', { constructor: { hold: true } } as unknown as Protections],
  ])('%s', (yaml, protections) => {
    const settings = read(`rings: ${yaml}`);
    expect(settings.protections).toEqual(protections);
    expect('protections' in settings).toBe(protections !== undefined);
  });

  it('does not change what rings there are', () => {
    const { rings, ringDescriptions } = read('rings: [a, { name: b, soak: 1h, description: us }]');
    expect({ rings, ringDescriptions }).toEqual({ rings: ['a', 'b'], ringDescriptions: { b: 'us' } });
  });

  const NO_TIME = 'is not a time; write days, hours, minutes and seconds, such as 24h or 1d12h';

  it.each<[what: string, ring: string, column: number, message: string]>([
    ['a time of no unit', 'soak: "24"', 7, `soak of a ring: 24 ${NO_TIME}`],
    ['a time that is a number', 'soak: 24', 7, 'soak of a ring has to be a time, such as 24h'],
    ['weeks', 'soak: 1w', 7, `soak of a ring: 1w ${NO_TIME}`],
    ['units in another order', 'soak: 1h1d', 7, `soak of a ring: 1h1d ${NO_TIME}`],
    ['a time with a blank', 'soak: 1d 2h', 7, `soak of a ring: "1d 2h" ${NO_TIME}`],
    ['a time before', 'soak: -1h', 7, `soak of a ring: -1h ${NO_TIME}`],
    ['a time with a fraction', 'soak: 1.5h', 7, `soak of a ring: 1.5h ${NO_TIME}`],
    ['a time in upper case', 'soak: 1H', 7, `soak of a ring: 1H ${NO_TIME}`],
    ['a time that nobody lives to see', 'soak: 1000000d', 7, `soak of a ring: 1000000d ${NO_TIME}`],
    ['an empty time', 'soak: ""', 7, 'soak of a ring has to be a time, such as 24h'],
    ['no time', 'soak:', 6, 'soak of a ring has to be a time, such as 24h; write it, or leave it out'],
    ['a ring that is none', 'from: [a]', 7, 'from of a ring has to be the name of a ring'],
    ['no ring', 'from:', 6, 'from of a ring has to be the name of a ring; write it, or leave it out'],
    [
      'a ring that there is not',
      'from: nobody',
      7,
      'from of the ring b: nobody is no ring that comes before it; use one of ante, a',
    ],
    [
      'the ring itself',
      'from: b',
      7,
      'from of the ring b: b is no ring that comes before it; use one of ante, a',
    ],
    [
      'a ring that comes later',
      'from: c',
      7,
      'from of the ring b: c is no ring that comes before it; use one of ante, a',
    ],
    ['post', 'from: post', 7, 'from of the ring b: post is no ring that comes before it; use one of ante, a'],
    ['what is neither true nor false', 'hold: yes', 7, 'hold of a ring has to be true or false'],
    ['true as a text', 'hold: "true"', 7, 'hold of a ring has to be true or false'],
    ['a number', 'hold: 1', 7, 'hold of a ring has to be true or false'],
    [
      'a misspelt key',
      'soaks: 1h',
      1,
      'unknown key soaks in a ring; use one of name, description, soak, from, hold; did you mean soak?',
    ],
  ])('says where it is wrong: %s', (_, ring, column, message) => {
    const error = thrownBy(() => read(`rings:\n  - a\n  - name: b\n    ${ring}\n  - c\n`));
    expect(error).toBeInstanceOf(GitopsError);
    expect((error as GitopsError).message).toBe(`gitops.yaml:4:${4 + column}: ${message}`);
  });
});
