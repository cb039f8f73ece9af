import { buildArguments, environmentArguments } from './build-options';

const environment = { FROM_HERE: 'here', EMPTY: '', HOME: '/root' };

describe('buildArguments', () => {
  it.each<[name: string, given: string[] | undefined, expected: Record<string, string>]>([
    ['none', undefined, {}],
    ['a value', ['A=1'], { A: '1' }],
    ['a value with equals signs', ['A=b=c='], { A: 'b=c=' }],
    ['an empty value', ['A='], { A: '' }],
    ['from the environment', ['FROM_HERE'], { FROM_HERE: 'here' }],
    ['empty in the environment', ['EMPTY'], { EMPTY: '' }],
    ['not in the environment', ['NOT_HERE'], {}],
    ['a value goes before the environment', ['HOME=/x'], { HOME: '/x' }],
    ['the last one counts', ['A=1', 'A=2'], { A: '2' }],
    ['nothing that was not asked for', ['A=1'], { A: '1' }],
  ])('%s', (_name, given, expected) => {
    expect(buildArguments(given, environment)).toEqual(expected);
  });
});

it('environmentArguments: those whose value is not given', () => {
  expect(environmentArguments(['A=1', 'HOME', 'B=', 'FROM_HERE'])).toEqual(['HOME', 'FROM_HERE']);
  expect(environmentArguments()).toEqual([]);
});
