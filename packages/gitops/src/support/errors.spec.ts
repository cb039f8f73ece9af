import { GitopsError, at } from './errors';

describe('GitopsError', () => {
  it.each<[name: string, error: GitopsError, message: string]>([
    ['what is wrong', new GitopsError('it broke'), 'it broke'],
    ['a file', new GitopsError('it broke', { file: 'a/Containerfile' }), 'a/Containerfile: it broke'],
    [
      'a line and a remedy',
      new GitopsError('it broke', { file: 'a/Containerfile', line: 3 }, 'mend it'),
      'a/Containerfile:3: it broke; mend it',
    ],
    [
      'a column',
      new GitopsError('it broke', { file: 'gitops.yaml', line: 3, column: 7 }),
      'gitops.yaml:3:7: it broke',
    ],
    ['several lines become one', new GitopsError('two\n  lines\r\nthree'), 'two lines three'],
  ])('reads as one line: %s', (_name, error, message) => {
    expect(error.message).toBe(message);
  });

  it('has a name for logs', () => {
    class Special extends GitopsError {}
    expect([new GitopsError('x').name, new Special('x').name]).toEqual(['GitopsError', 'Special']);
  });
});

describe('at', () => {
  const place = { file: 'Containerfile', line: 7 };
  const elsewhere = new GitopsError('it broke', { file: 'other', line: 1 }, 'mend it');
  const fault = new TypeError('a fault of ours');

  it('hands on what the work gives', async () => {
    expect(at(place, () => 1)).toBe(1);
    await expect(at(place, async () => 2)).resolves.toBe(2);
  });

  it.each<[name: string, thrown: Error, message: string]>([
    [
      'an error without a place gets it',
      new GitopsError('it broke', undefined, 'mend it'),
      'Containerfile:7: it broke; mend it',
    ],
    ['an error with a place keeps its own', elsewhere, elsewhere.message],
    ['a fault stays as it is', fault, fault.message],
  ])('%s, thrown or rejected', async (_name, thrown, message) => {
    const fail = (): never => {
      throw thrown;
    };
    expect(() => at(place, fail)).toThrow(message);
    await expect(at(place, async () => fail())).rejects.toThrow(message);
    await expect(at(place, async () => fail())).rejects.toBeInstanceOf(thrown.constructor);
  });
});
