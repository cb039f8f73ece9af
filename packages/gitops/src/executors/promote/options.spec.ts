import { thrownBy } from '../../../test/support/thrown';
import { GitopsError } from '../../support/errors';
import { type PromoteOptions, checkOptions, ringOf } from './options';

type Given = Omit<PromoteOptions, 'buildTarget'>;
const FORCE = '--force has to be accounted for; add --reason=…, which the ledger keeps';

const before = process.env['GITOPS_RING'];
beforeEach(() => delete process.env['GITOPS_RING']);
afterAll(() => {
  if (before !== undefined) process.env['GITOPS_RING'] = before;
});

describe('options of a promotion', () => {
  it.each<[given: Given]>([
    [{}],
    [{ shift: false, unshift: false, force: false }],
    [{ to: 'users' }],
    [{ shift: true }],
    [{ unshift: true, ring: 'users' }],
    [{ toStore: 'oci:copy', ring: 'users' }],
    [{ force: true, reason: 'why' }],
  ])('go together: %j', (given) => {
    expect(thrownBy(() => checkOptions({ buildTarget: 'image-build', ...given }))).toBeUndefined();
  });

  it.each<[given: Given, message: string]>([
    [{ to: 'users', shift: true }, '--to and --shift do not go together; use one of them'],
    [{ shift: true, unshift: true }, '--shift and --unshift do not go together; use one of them'],
    [
      { to: 'a', unshift: true, toStore: 'oci:copy' },
      '--to and --unshift and --toStore do not go together; use one of them',
    ],
    [{ unshift: true }, '--unshift needs a ring; say with --ring which one to take versions from'],
    [{ force: true }, FORCE],
    [{ force: true, reason: '' }, FORCE],
    [{ force: true, toStore: 'oci:copy' }, FORCE],
  ])('do not: %j', (given, message) => {
    const error = thrownBy(() => checkOptions({ buildTarget: 'image-build', ...given }));
    expect(error).toBeInstanceOf(GitopsError);
    expect((error as GitopsError).message).toBe(message);
  });

  it.each<[ring: string | undefined, variable: string | undefined, meant: string | undefined]>([
    [undefined, undefined, undefined],
    [undefined, '', undefined],
    [undefined, 'testers', 'testers'],
    ['users', 'testers', 'users'],
  ])('the ring %j, and GITOPS_RING %j', (ring, variable, meant) => {
    if (variable !== undefined) process.env['GITOPS_RING'] = variable;
    expect(ringOf({ buildTarget: 'image-build', ring })).toBe(meant);
  });

  it('an unshift may get its ring from GITOPS_RING', () => {
    process.env['GITOPS_RING'] = 'users';
    expect(thrownBy(() => checkOptions({ buildTarget: 'image-build', unshift: true }))).toBeUndefined();
  });
});
