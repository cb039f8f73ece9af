import { GitopsError } from './errors';

describe('GitopsError', () => {
  it.each([
    [new GitopsError('it broke'), 'it broke'],
    [new GitopsError('it broke', { file: 'a/Containerfile' }), 'a/Containerfile: it broke'],
    [
      new GitopsError('it broke', { file: 'a/Containerfile', line: 3 }, 'mend it'),
      'a/Containerfile:3: it broke; mend it',
    ],
    [new GitopsError('two\n  lines'), 'two lines'],
  ])('reads as one line: %s', (error, message) => {
    expect(error.message).toBe(message);
  });
});
