import { constants } from 'node:os';
import { GitopsError } from '../../support/errors';
import { stopSignal } from './signals';

describe('stopSignal', () => {
  it.each(['SIGTERM', 'TERM', 'sigterm', 'Term', '9', '64', 'SIGRTMIN', 'RTMIN+3', 'SIGRTMAX-14', 'SIGUSR1'])(
    '%s is kept as written',
    (text) => {
      expect(stopSignal(text)).toBe(text);
    },
  );

  it.each(Object.keys(constants.signals))('%s, which this machine knows', (name) => {
    expect(stopSignal(name)).toBe(name);
  });

  it.each(['', '0', '65', '-9', 'SIGFOO', 'SIG', 'KILL 9', '9.0', 'RTMIN-1', 'SIGSIGTERM', 'constructor'])(
    '"%s" is an error',
    (text) => {
      expect(() => stopSignal(text)).toThrow(GitopsError);
    },
  );
});
