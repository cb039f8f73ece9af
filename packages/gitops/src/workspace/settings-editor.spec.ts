import { SettingsEditor } from './settings-editor';

const edit = (text: string | undefined): SettingsEditor => new SettingsEditor(text, ['developers']);

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
  it.each<[what: string, text: string | undefined, place: object, result: string]>([
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
    expect(edit(text).addRing('testers', place)).toBe(result);
  });

  it('with a description', () => {
    expect(edit('rings: [a]\n').addRing('b', {}, 'who: "them"')).toBe(
      'rings: [a, { name: b, description: "who: \\"them\\"" }]\n',
    );
    expect(edit('rings:\n  - a\n').addRing('b', {}, 'who: them')).toBe(
      'rings:\n  - a\n  - name: b\n    description: "who: them"\n',
    );
  });
});

describe('a ring is removed', () => {
  it.each([
    ['from a list, the last', 'rings: [a, b, c]\n', 'c', 'rings: [a, b]\n'],
    ['from a list, the first', 'rings: [a, b, c]\n', 'a', 'rings: [b, c]\n'],
    ['from a list of many lines', 'rings: [\n  a, # one\n  b,\n]\n', 'b', 'rings: [\n  a,\n]\n'],
    [
      'from lines, with its comments',
      BLOCK.replace('    from: developers\n', ''),
      'developers',
      BLOCK.replace('    from: developers\n', '').replace('  # who writes it\n  - developers # us\n', ''),
    ],
    [
      'from lines, with its keys',
      BLOCK,
      'users',
      'rings:\n  # who writes it\n  - developers # us\n# the end\nstore: registry.acme.dev\n',
    ],
  ])('%s', (_, text, name, result) => {
    expect(edit(text).removeRing(name)).toBe(result);
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
    expect(edit(text).renameRing(name, to)).toBe(result);
  });
});

it.each<[what: string, work: () => unknown, message: string]>([
  [
    'a ring that is there',
    () => edit(FLOW).addRing('users'),
    'there is a ring users already; name another one',
  ],
  ['a reserved name', () => edit(FLOW).addRing('ante'), 'is always there'],
  ['a name that is no tag', () => edit(FLOW).addRing('a b'), 'cannot be called so'],
  ['a version', () => edit(FLOW).addRing('1.0'), 'looks like a version'],
  [
    'a place that is not there',
    () => edit(FLOW).addRing('a', { after: 'b' }),
    'there is no ring b; use one of developers, users',
  ],
  ['two places', () => edit(FLOW).addRing('a', { after: 'users', before: 'users' }), 'do not go together'],
  ['the removal of the only one', () => edit('rings: [a]\n').removeRing('a'), 'a is the only ring'],
  ['the removal of one with a site', () => edit(FLOW).removeRing('users'), 'the ring users is that of demo'],
  [
    'the removal of one that others take from',
    () => edit(BLOCK).removeRing('developers'),
    'another ring takes its versions from developers',
  ],
  ['the removal of one that is not there', () => edit(FLOW).removeRing('a'), 'there is no ring a'],
  [
    'a name that is taken',
    () => edit(FLOW).renameRing('users', 'developers'),
    'there is a ring developers already',
  ],
  ['a file that is not YAML', () => edit('rings: [a'), 'gitops.yaml:1:'],
  ['a file with a mistake', () => edit('rings: []'), 'gitops.yaml:1:8'],
  ['what is written in a way of its own', () => edit('rings: &r [a]\nx: *r\n'), 'unknown key x'],
])('%s is refused', (_, work, message) => {
  expect(work).toThrow(message);
});
