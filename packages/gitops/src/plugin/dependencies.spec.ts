import { mergeDependencies } from './dependencies';

it.each([
  ['nothing', [], []],
  [
    'the projects of one target, each once, in their order',
    [
      { projects: ['b'], target: 'image-push', params: 'forward' as const },
      { projects: ['a', 'b'], target: 'image-push', params: 'forward' as const },
    ],
    [{ projects: ['b', 'a'], target: 'image-push', params: 'forward' }],
  ],
  [
    'not those of another target, or with other parameters',
    [
      { projects: ['a'], target: 'image-push', params: 'forward' as const },
      { projects: ['b'], target: 'image-label', params: 'forward' as const },
      { projects: ['c'], target: 'image-push' },
    ],
    [
      { projects: ['a'], target: 'image-push', params: 'forward' },
      { projects: ['b'], target: 'image-label', params: 'forward' },
      { projects: ['c'], target: 'image-push' },
    ],
  ],
  [
    'not a target of the project itself with that of others',
    [{ target: 'build' }, { projects: ['a'], target: 'build' }, { target: 'build' }],
    [{ target: 'build' }, { projects: ['a'], target: 'build' }],
  ],
])('merges %s', (_what, given, merged) => {
  expect(mergeDependencies(given)).toEqual(merged);
});
