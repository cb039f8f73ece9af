import { SettingsEditor } from './settings-editor';
import {
  addEnvironment,
  removeEnvironment,
  removeSite,
  renameEnvironment,
  renameSite,
  setSite,
} from './site-edits';

const open = (shared: string | undefined, personal?: string): SettingsEditor =>
  new SettingsEditor({ shared, personal }, ['developers']);
type Edit = (settings: SettingsEditor) => SettingsEditor;

const FLOW = `# ours
project: shop
environments: { prod: deploy/prod } # where
sites: { demo: { environment: prod, ring: developers } }
`;
const BLOCK = `environments:
  # the real one
  prod: deploy/prod # ours
  # to try things

  dev: deploy/dev
# where it runs
sites:
  demo:
    # of everybody
    environment: prod
    ring: developers # first

    namespace: shop
  # the last
  show: { environment: dev, ring: developers }
store: registry.acme.dev
`;
const PERSONAL = `sites:
  mine: { environment: prod, ring: developers }
`;

const addTest: Edit = (settings) => addEnvironment(settings, 'test', 'deploy/test', 'shared');
const site = { environment: 'prod', ring: 'developers' };
const setBeta: Edit = (settings) => setSite(settings, 'beta', site, 'shared');
const BETA = 'beta: { environment: prod, ring: developers }';

describe('gitops.yaml is edited', () => {
  it.each<[what: string, text: string | undefined, edit: Edit, result: string]>([
    [
      'where there is none',
      undefined,
      addTest,
      '# yaml-language-server: $schema=./node_modules/gitops/schemas/gitops.schema.json\nenvironments:\n  test: deploy/test\n',
    ],
    ['where the key is missing', 'project: a', addTest, 'project: a\nenvironments:\n  test: deploy/test\n'],
    ['where there are only comments', '# a\n', addTest, '# a\nenvironments:\n  test: deploy/test\n'],
    [
      'where all is in braces',
      '{ project: a }\n',
      addTest,
      '{ project: a, environments: { test: deploy/test } }\n',
    ],
    ['where the mapping is empty', 'environments: {}\n', addTest, 'environments: { test: deploy/test }\n'],
    ['an environment in braces', FLOW, addTest, FLOW.replace('prod }', 'prod, test: deploy/test }')],
    [
      'an environment on lines',
      BLOCK,
      addTest,
      BLOCK.replace('dev: deploy/dev\n', 'dev: deploy/dev\n  test: deploy/test\n'),
    ],
    [
      'with the line ends of Windows',
      BLOCK.replaceAll('\n', '\r\n'),
      addTest,
      BLOCK.replace('dev: deploy/dev\n', 'dev: deploy/dev\n  test: deploy/test\n').replaceAll('\n', '\r\n'),
    ],
    [
      'in braces on many lines',
      'environments: {\n  a: b, # one\n  # two\n  c: d # three\n}\n',
      addTest,
      'environments: {\n  a: b, # one\n  # two\n  c: d, test: deploy/test # three\n}\n',
    ],
    [
      'a directory that needs quotes',
      FLOW,
      (settings) => addEnvironment(settings, 'test', 'deploy/{a, b}', 'shared'),
      FLOW.replace('prod }', 'prod, test: "deploy/{a, b}" }'),
    ],
    ['a site in braces', FLOW, setBeta, FLOW.replace('developers } }', `developers }, ${BETA} }`)],
    ['a site on lines', BLOCK, setBeta, BLOCK.replace('store:', `  ${BETA}\nstore:`)],
    ['nothing that is there', BLOCK, (settings) => setSite(settings, 'demo', site, 'shared'), BLOCK],
    [
      'keys of a site, on lines',
      BLOCK,
      (settings) => setSite(settings, 'demo', { environment: 'dev', context: 'kind' }, 'shared'),
      BLOCK.replace('environment: prod', 'environment: dev').replace(
        'namespace: shop\n',
        'namespace: shop\n    context: kind\n',
      ),
    ],
    [
      'keys of a site, in braces',
      BLOCK,
      (settings) => setSite(settings, 'show', { namespace: '7' }, 'shared'),
      BLOCK.replace('dev, ring: developers', 'dev, ring: developers, namespace: "7"'),
    ],
    [
      'an environment less',
      BLOCK.replace('environment: dev', 'environment: prod'),
      (settings) => removeEnvironment(settings, 'dev'),
      BLOCK.replace('environment: dev', 'environment: prod').replace('  dev: deploy/dev\n', ''),
    ],
    [
      'a site less, with its keys; comments above it stay',
      BLOCK,
      (settings) => removeSite(settings, 'demo'),
      BLOCK.replace(/ {2}demo:[^]*?namespace: shop\n/, ''),
    ],
    [
      'the last site less, in braces',
      FLOW,
      (settings) => removeSite(settings, 'demo'),
      FLOW.replace(/sites: .*/, 'sites: {}'),
    ],
    [
      'the last site less, on lines',
      BLOCK.replace(/ {2}show: .*\n/, ''),
      (settings) => removeSite(settings, 'demo'),
      BLOCK.replace(/ {2}show: .*\n/, '').replace(/sites:\n {2}demo:[^]*?namespace: shop\n/, 'sites: {}\n'),
    ],
    [
      'another name for an environment',
      BLOCK,
      (settings) => renameEnvironment(settings, 'prod', 'live'),
      BLOCK.replace('  prod:', '  live:').replace('environment: prod', 'environment: live'),
    ],
    [
      'another name for a site',
      BLOCK,
      (settings) => renameSite(settings, 'show', 'fair'),
      BLOCK.replace('show:', 'fair:'),
    ],
    [
      'a name that looks like a number',
      BLOCK,
      (settings) => renameSite(settings, 'show', '7'),
      BLOCK.replace('show:', '"7":'),
    ],
    [
      'a name that every object has',
      FLOW,
      (settings) => addEnvironment(settings, 'constructor', 'x', 'shared'),
      FLOW.replace('prod }', 'prod, constructor: x }'),
    ],
  ])('%s', (_, text, edit, result) => {
    const before = open(text);
    expect(edit(before).texts).toEqual({ shared: result });
    expect(before.texts.shared).toBe(text);
  });
});

describe('gitops.local.yaml is edited', () => {
  it('where there is none', () => {
    expect(setSite(open(FLOW), 'mine', site, 'personal').texts).toEqual({
      shared: FLOW,
      personal: `# yaml-language-server: $schema=./node_modules/gitops/schemas/gitops.local.schema.json\n${PERSONAL}`,
    });
  });

  it('where an environment of gitops.yaml gets another name', () => {
    expect(renameEnvironment(open(FLOW, PERSONAL), 'prod', 'live').texts).toEqual({
      shared: FLOW.replaceAll('prod: ', 'live: ').replace('environment: prod', 'environment: live'),
      personal: PERSONAL.replace('prod', 'live'),
    });
  });

  it('for what it has', () => {
    const added = addEnvironment(open(FLOW, PERSONAL), 'own', 'deploy/own', 'personal');
    const moved = setSite(added, 'mine', { environment: 'own' }, 'personal');
    expect(moved.texts.personal).toBe(
      'sites:\n  mine: { environment: own, ring: developers }\nenvironments:\n  own: deploy/own\n',
    );
    expect(removeEnvironment(removeSite(moved, 'mine'), 'own').texts).toEqual({
      shared: FLOW,
      personal: 'sites: {}\nenvironments: {}\n',
    });
  });
});

it.each<[what: string, edit: () => unknown, message: string]>([
  [
    'an environment elsewhere',
    () => addEnvironment(open(FLOW), 'prod', 'x', 'shared'),
    'there is an environment prod already, in deploy/prod; name',
  ],
  [
    'an environment of the other file',
    () => addEnvironment(open(FLOW), 'prod', 'x', 'personal'),
    'there is an environment prod already, in gitops.yaml; name',
  ],
  [
    'a site of the other file',
    () => setSite(open(FLOW), 'demo', site, 'personal'),
    'there is a site demo already, in gitops.yaml',
  ],
  [
    'a directory outside',
    () => addEnvironment(open(FLOW), 'a', '../x', 'shared'),
    'is not inside the workspace',
  ],
  [
    'a name that is none',
    () => addEnvironment(open(FLOW), 'A b', 'x', 'shared'),
    'an environment cannot be called "A b"; use',
  ],
  [
    'the removal of an environment with sites',
    () => removeEnvironment(open(FLOW, PERSONAL), 'prod'),
    'the environment prod is that of demo, mine; give',
  ],
  [
    'the removal of what is not there',
    () => removeSite(open(FLOW), 'a'),
    'there is no site a; use one of demo',
  ],
  [
    'another name for what is not there',
    () => renameEnvironment(open(''), 'a', 'b'),
    'there is no environment a; add it first',
  ],
  [
    'a name that is taken',
    () => renameSite(open(FLOW, PERSONAL), 'demo', 'mine'),
    'gitops.local.yaml has a site mine already',
  ],
  [
    'a site of all with a personal environment',
    () => setSite(open(FLOW, 'environments: { own: x }'), 'demo', { environment: 'own' }, 'shared'),
    'gitops.yaml:4:31: environment of the site demo: there is no environment own',
  ],
  [
    'a ring that there is not',
    () => setSite(open(FLOW), 'demo', { ring: 'post' }, 'shared'),
    'there is no ring post; use one of ante, developers',
  ],
  [
    'an alias',
    () => addEnvironment(open('project: &a x\nenvironments: { b: *a }\n'), 'b', 'y', 'shared'),
    'there is an environment b already',
  ],
  [
    'an anchor that others take',
    () =>
      setSite(
        open(
          'environments: { a: x }\nrings: [&r one, two]\nsites: { b: &s { environment: a, ring: *r }, c: *s }\n',
        ),
        'b',
        { ring: 'two' },
        'shared',
      ),
    'gitops.yaml: sites cannot be edited as it is written; edit it by hand',
  ],
])('%s is refused', (_, edit, message) => {
  expect(edit).toThrow(message);
});
