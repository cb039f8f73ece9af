import { stateOf, v } from '../../../test/publish/states';
import { EMPTY_VIEW, type View, merged } from '../../ledger/merge';
import { RINGS, pushOn } from '../../../test/ledger/histories';
import type { State } from '../../ledger/state';
import { ringFindings } from './rings';

const rings = RINGS.named;
const found = (
  state: State,
  view: Partial<View> = {},
  settings: Partial<Parameters<typeof ringFindings>[1]> = {},
) =>
  ringFindings({ ...EMPTY_VIEW, state, ...view }, { rings, ...settings }).map(
    ({ level, what, remedy }) => `${level}: ${what}${remedy ? `; ${remedy}` : ''}`,
  );
const OK = 'ok: whole, and those of gitops.yaml: developers, testers, users';

describe('what is found of rings', () => {
  it('is all well where each is whole, whatever ante, post and those in between hold', () => {
    const base = v('1.0.0');
    const api = v('2.0.0', 'r', { base: '1.0.0' });
    const state = stateOf({
      base: { developers: base, ante: v('1.1.0') },
      api: { developers: api, post: api },
    });
    expect(found(state)).toEqual([OK]);
  });

  it('an image that was made with another version than the ring holds', () => {
    const api = v('2.0.0', 'r', { base: '1.0.0' });
    const state = stateOf({ base: { developers: v('1.1.0') }, api: { developers: api, testers: api } });
    expect(found(state)).toEqual([
      'warning: developers is not whole: api 2.0.0 was made with base 1.0.0, developers holds 1.1.0; push api',
      'warning: testers is not whole: api 2.0.0 was made with base 1.0.0, testers holds none; promote api to testers, which takes base along',
    ]);
  });

  it('rings that gitops.yaml does not have', () => {
    const state = stateOf({ api: { beta: v('1.0.0') }, web: { beta: v('2.0.0'), users: v('2.0.0') } });
    const add = 'add it to `rings` there: nothing can be promoted from it otherwise';
    expect(found({ ...state, holds: { gamma: 'why' } })).toEqual([
      `warning: gamma is not in gitops.yaml, and is on hold; ${add}`,
      `warning: beta is not in gitops.yaml, and holds api 1.0.0, web 2.0.0; ${add}`,
      'note: gamma is on hold: why',
    ]);
  });

  it('rings on hold, in the ledger and in gitops.yaml', () => {
    const state = { ...stateOf({}), holds: { users: 'holidays' } };
    const protections = { testers: { hold: true }, developers: { soakMs: 1 } };
    expect(found(state, {}, { protections })).toEqual([
      OK,
      'note: users is on hold: holidays',
      'note: testers is on hold, as gitops.yaml says',
    ]);
  });

  it('what is not settled yet', () => {
    const [one, two] = [pushOn(EMPTY_VIEW, 'ann', 'api'), pushOn(EMPTY_VIEW, 'bob', 'web')];
    const fork = merged([one, two], undefined);
    const what = `not settled yet: ${fork.heads.map(({ tag }) => tag).join(', ')}; somebody is pushing, or was cut off`;
    expect(found(fork.state, fork)).toEqual([OK, `note: ${what}; the next push settles it`]);
    const unconfirmed = merged([one], undefined);
    expect(found(unconfirmed.state, unconfirmed)).toHaveLength(2);
    const settled = merged([one], one);
    expect(found(settled.state, settled)).toEqual([OK]);
  });
});
