import type { Reason } from './decide';
import { type Sources, changedSources, explain } from './explain';

const FIRST: Reason = { kind: 'first' };
const REVISION: Reason = { kind: 'revision' };
const dependency = (image: string, from?: string, to?: string): Reason => ({
  kind: 'dependency',
  image,
  from,
  to,
});

describe('explain', () => {
  it.each<[reasons: Reason[], changed: string[] | undefined, text: string]>([
    [[], undefined, 'up to date'],
    [[FIRST], undefined, 'first version'],
    [[REVISION], undefined, 'revision changed'],
    [[REVISION], [], 'revision changed'],
    [[REVISION], ['api/main.js'], 'revision changed: api/main.js'],
    [[REVISION], ['api/main.js', 'api/b', 'api/c (new)'], 'revision changed: api/main.js, +2 more'],
    [[dependency('base', '1.2.0', '1.3.0')], undefined, 'base 1.2.0 → 1.3.0'],
    [[dependency('base', undefined, '1.3.0')], undefined, 'needs base 1.3.0 now'],
    [[dependency('base', '1.2.0')], undefined, 'no longer needs base'],
    [
      [REVISION, dependency('base', '1.2.0', '1.3.0'), dependency('cache', '2.0.0')],
      ['api/main.js', 'api/b'],
      'revision changed: api/main.js, +1 more; base 1.2.0 → 1.3.0; no longer needs cache',
    ],
  ])('%j and %j', (reasons, changed, text) => {
    expect(explain(reasons, changed)).toBe(text);
  });
});

describe('the sources that changed', () => {
  const FILE = 'api/Containerfile';
  const sources = (instructions: string, files: Record<string, string>): Sources => ({ instructions, files });

  it.each<[name: string, before: Sources, now: Sources, changed: string[]]>([
    ['nothing', sources('i', { a: '1' }), sources('i', { a: '1' }), []],
    ['the Containerfile', sources('i', { a: '1' }), sources('j', { a: '1' }), [FILE]],
    ['a file', sources('i', { a: '1', b: '1' }), sources('i', { a: '2', b: '1' }), ['a']],
    [
      'the Containerfile first, then changed, new and removed files, each by name',
      sources('i', { z: '1', gone: '1', a: '1', b: '1', lost: '1' }),
      sources('j', { z: '2', young: '1', a: '2', b: '1', fresh: '1' }),
      [FILE, 'a', 'z', 'fresh (new)', 'young (new)', 'gone (removed)', 'lost (removed)'],
    ],
    [
      'a file that is called as what every object has',
      sources('i', {}),
      sources('i', { constructor: '1' }),
      ['constructor (new)'],
    ],
  ])('%s', (_name, before, now, changed) => {
    expect(changedSources(before, now, FILE)).toEqual(changed);
  });
});
