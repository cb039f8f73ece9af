import { thrownBy } from '../../../test/support/thrown';
import { GitopsError } from '../../support/errors';
import { type Action, type RingsOptions, actionOf } from './options';

describe('what is to be done', () => {
  it.each<[options: RingsOptions, action: Action]>([
    [{}, 'board'],
    [{ json: true }, 'board'],
    // As Nx gives them by default.
    [{ json: false, log: false, repair: false }, 'board'],
    [{ log: true }, 'log'],
    [{ log: true, ring: 'users', limit: 3, json: true }, 'log'],
    [{ diff: 'developers..users', log: false }, 'diff'],
    [{ at: '3', repair: false }, 'at'],
    [{ repair: true }, 'repair'],
    [{ hold: 'users', reason: 'it broke' }, 'hold'],
    [{ release: 'users' }, 'release'],
    [{ release: 'users', reason: 'it is mended' }, 'release'],
  ])('%j', (options, action) => {
    expect(actionOf(options)).toBe(action);
  });

  it.each<[options: RingsOptions, message: string]>([
    [{ log: true, repair: true }, '--log and --repair do not go together; use one of them'],
    [{ diff: 'a..b', at: '3' }, '--diff and --at do not go together; use one of them'],
    [
      { hold: 'users', release: 'users', log: true, reason: 'why' },
      '--log and --hold and --release do not go together; use one of them',
    ],
    [{ ring: 'users' }, '--ring goes with --log only; leave it out'],
    [{ at: '3', ring: 'users' }, '--ring goes with --log only; leave it out'],
    [{ limit: 3 }, '--limit goes with --log only; leave it out'],
    [{ repair: true, limit: 3 }, '--limit goes with --log only; leave it out'],
    [{ reason: 'why' }, '--reason goes with --hold or --release only; leave it out'],
    [{ log: true, reason: 'why' }, '--reason goes with --hold or --release only; leave it out'],
    [{ hold: 'users' }, 'a hold needs a reason; add --reason=…, which all see who are held up'],
    [{ hold: 'users', reason: '' }, 'a hold needs a reason; add --reason=…, which all see who are held up'],
  ])('not %j', (options, message) => {
    const error = thrownBy(() => actionOf(options));
    expect(error).toBeInstanceOf(GitopsError);
    expect((error as GitopsError).message).toBe(message);
  });
});
