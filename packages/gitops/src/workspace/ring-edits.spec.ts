import { type RingPlace, addRing, removeRing, renameRing } from './ring-edits';
import { SettingsEditor } from './settings-editor';

const open = (shared: string | undefined, personal?: string): SettingsEditor =>
  new SettingsEditor({ shared, personal }, ['developers']);
const add = (text: string | undefined, name: string, place: RingPlace = {}, description?: string) =>
  addRing(open(text), name, place, description).texts.shared;
const remove = (text: string, name: string) => removeRing(open(text), name).texts.shared;
const rename = (text: string, name: string, to: string) => renameRing(open(text), name, to).texts.shared;

const FLOW = `# ours
project: acme/shop   # the shop
rings: [developers, users] # in their order
sites: { demo: { environment: prod, ring: users } }
environments: { prod: deploy }
`;
const BLOCK = `rings:
  # who writes it
  - developers # us
  # who buys it
  - name: users
    from: developers

    soak: 24h # a day
# the end
store: registry.acme.dev
`;

describe('a ring is added', () => {
  it.each<[what: string, text: string | undefined, place: RingPlace, result: string]>([
    [
      'to no file',
      undefined,
      {},
      `# yaml-language-server: $schema=./node_modules/gitops/schemas/gitops.schema.json
rings: [developers, testers]
`,
    ],
    ['to a file without rings', 'project: shop', {}, 'project: shop\nrings: [developers, testers]\n'],
    ['to an empty file, before another', '', { before: 'developers' }, 'rings: [testers, developers]\n'],
    ['at the end of a list', FLOW, {}, FLOW.replace('users]', 'users, testers]')],
    ['before one in a list', FLOW, { before: 'users' }, FLOW.replace('users]', 'testers, users]')],
    ['at the start of a list', FLOW, { before: 'developers' }, FLOW.replace('[dev', '[testers, dev')],
    ['after one in a list', FLOW, { after: 'developers' }, FLOW.replace('users]', 'testers, users]')],
    ['to lines, after one', BLOCK, { after: 'developers' }, BLOCK.replace('# us\n', '# us\n  - testers\n')],
    ['to lines, first', BLOCK, { before: 'developers' }, BLOCK.replace('rings:\n', 'rings:\n  - testers\n')],
    ['to lines, last', BLOCK, {}, BLOCK.replace('# a day\n', '# a day\n  - testers\n')],
    ['to lines that are not indented', 'rings:\n- a\n- b\n', { after: 'a' }, 'rings:\n- a\n- testers\n- b\n'],
    ['to lines without an end', 'rings:\n  - a', {}, 'rings:\n  - a\n  - testers'],
  ])('%s', (_, text, place, result) => {
    expect(add(text, 'testers', place)).toBe(result);
  });

  it('with a description', () => {
    expect(add('rings: [a]\n', 'b', {}, 'who: "them"')).toBe(
      'rings: [a, { name: b, description: \'who: "them"\' }]\n',
    );
    expect(add('rings:\n  - a\n', 'b', {}, 'who: them')).toBe(
      'rings:\n  - a\n  - name: b\n    description: "who: them"\n',
    );
  });
});

describe('a ring is removed', () => {
  it.each([
    ['from a list, the last', 'rings: [a, b, c]\n', 'c', 'rings: [a, b]\n'],
    ['from a list, the first', 'rings: [a, b, c]\n', 'a', 'rings: [b, c]\n'],
    ['from a list of many lines', 'rings: [\n  a, # one\n  b,\n]\n', 'b', 'rings: [\n  a, # one\n]\n'],
    [
      'from lines; comments above it stay',
      BLOCK.replace('    from: developers\n', ''),
      'developers',
      BLOCK.replace('    from: developers\n', '').replace('  - developers # us\n', ''),
    ],
    [
      'from lines, with its keys',
      BLOCK,
      'users',
      'rings:\n  # who writes it\n  - developers # us\n  # who buys it\n# the end\nstore: registry.acme.dev\n',
    ],
  ])('%s', (_, text, name, result) => {
    expect(remove(text, name)).toBe(result);
  });
});

describe('a ring is renamed', () => {
  it.each([
    ['in a list, and for sites', FLOW, 'users', 'buyers', FLOW.replaceAll('users', 'buyers')],
    [
      'in lines, and where others take from it',
      BLOCK,
      'developers',
      'us',
      BLOCK.replaceAll('developers', 'us'),
    ],
    ['that has keys', BLOCK, 'users', 'buyers', BLOCK.replace('name: users', 'name: buyers')],
    ['that is there by default', 'project: shop\n', 'developers', 'us', 'project: shop\nrings: [us]\n'],
  ])('%s', (_, text, name, to, result) => {
    expect(rename(text, name, to)).toBe(result);
  });

  it('for personal sites', () => {
    const personal = 'sites: { mine: { environment: prod, ring: users } } # mine\n';
    expect(renameRing(open(FLOW, personal), 'users', 'buyers').texts).toEqual({
      shared: FLOW.replaceAll('users', 'buyers'),
      personal: personal.replace('users', 'buyers'),
    });
  });
});

it.each([{}, { after: 'developers' }])('a ring that is there is not added again: %j', (place) => {
  expect(add(FLOW, 'users', place)).toBe(FLOW);
});

it.each<[what: string, work: () => unknown, message: string]>([
  [
    'a ring that is elsewhere',
    () => add(FLOW, 'users', { before: 'developers' }),
    'there is a ring users already: the rings are developers, users; name another one, or edit gitops.yaml',
  ],
  [
    'a ring that is another one’s',
    () => addRing(open(FLOW), 'users', {}, 'Others'),
    'there is a ring users already: its description is another one',
  ],
  ['a reserved name', () => add(FLOW, 'ante'), 'is always there'],
  ['a name that is no tag', () => add(FLOW, 'a b'), 'cannot be called so'],
  ['a version', () => add(FLOW, '1.0'), 'looks like a version'],
  [
    'a place that is not there',
    () => add(FLOW, 'a', { after: 'b' }),
    'there is no ring b; use one of developers, users',
  ],
  ['two places', () => add(FLOW, 'a', { after: 'users', before: 'users' }), 'do not go together'],
  ['the removal of the only one', () => remove('rings: [a]\n', 'a'), 'a is the only ring'],
  ['the removal of one with a site', () => remove(FLOW, 'users'), 'the ring users is that of demo'],
  [
    'the removal of one with a personal site',
    () =>
      removeRing(
        open('rings: [a, b]\nenvironments: { e: x }', 'sites: { mine: { environment: e, ring: b } }'),
        'b',
      ),
    'the ring b is that of mine',
  ],
  [
    'the removal of one that others take from',
    () => remove(BLOCK, 'developers'),
    'another ring takes its versions from developers',
  ],
  ['the removal of one that is not there', () => remove(FLOW, 'a'), 'there is no ring a'],
  ['a name that is taken', () => rename(FLOW, 'users', 'developers'), 'there is a ring developers already'],
  ['a file that is not YAML', () => open('rings: [a'), 'gitops.yaml:1:'],
  ['a file with a mistake', () => open('rings: []'), 'gitops.yaml:1:8'],
  ['what is written in a way of its own', () => open('rings: &r [a]\nx: *r\n'), 'unknown key x'],
])('%s is refused', (_, work, message) => {
  expect(work).toThrow(message);
});
