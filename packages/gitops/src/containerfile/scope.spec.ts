import { ContainerfileError } from './errors';
import { parseContainerfile } from './parse';
import { SCRATCH_ENVIRONMENT, Scope, type ScopeOptions } from './scope';

const PATH = SCRATCH_ENVIRONMENT[0]![1];

/** The scope after the ARG and ENV instructions of `text`. */
function scopeAfter(text: string, options: Partial<ScopeOptions> = {}): Scope {
  const scope = new Scope({
    file: 'Containerfile',
    escape: '\\',
    globals: new Map(),
    buildArgs: {},
    platform: {},
    env: [],
    ...options,
  });
  for (const instruction of parseContainerfile(`FROM x\n${text}`, 'Containerfile').stages[0]!.instructions) {
    if (instruction.keyword === 'ARG' || instruction.keyword === 'ENV') scope.apply(instruction);
  }
  return scope;
}

const globals = new Map([['x', 'global']]);
const platform = { TARGETOS: 'linux' };

describe('Scope', () => {
  // What BuildKit (20.10) is seen to do.
  it.each<[name: string, text: string, options: Partial<ScopeOptions>, word: string, expanded: string]>([
    ['ENV', 'ENV x=1', {}, '$x', '1'],
    ['ENV sees what was before it', 'ENV a=1\nENV a=2 b=$a c=${b:-no}', {}, '$a$b$c', '21no'],
    ['ARG sees what was before it', 'ARG a=1 b=$a', {}, '$a$b', '1'],
    ['ENV after ARG wins', 'ARG x=1\nENV x=2', {}, '$x', '2'],
    ['ARG after ENV wins', 'ENV x=1\nARG x=2', {}, '$x', '2'],
    ['the later ARG wins', 'ARG x=1\nARG x=2', {}, '$x', '2'],
    ['ARG without value keeps what was', 'ARG x=1\nARG x', {}, '$x', '1'],
    ['ARG without value takes the global', 'ARG x', { globals }, '$x', 'global'],
    ['... even after ENV', 'ENV x=1\nARG x', { globals }, '$x', 'global'],
    ['a default comes before the global', 'ARG x=1', { globals }, '$x', '1'],
    ['a build argument comes first', 'ARG x=1', { globals, buildArgs: { x: '2' } }, '$x', '2'],
    ['an empty build argument is one', 'ARG x=1', { buildArgs: { x: '' } }, '${x-no}', ''],
    ['a default is not looked at then', 'ARG x=${y:?no}', { buildArgs: { x: '2' } }, '$x', '2'],
    ['not declared, not seen', 'ARG y', { globals, platform, buildArgs: { z: '1' } }, '$x$TARGETOS$z', ''],
    ['platform', 'ARG TARGETOS', { platform }, '$TARGETOS', 'linux'],
    ['platform, by default of one’s own', 'ARG TARGETOS=a', { platform }, '$TARGETOS', 'a'],
    [
      'platform, by the global',
      'ARG TARGETOS',
      { platform, globals: new Map([['TARGETOS', 'b']]) },
      '$TARGETOS',
      'b',
    ],
    ['the base’s environment', '', { env: [['x', 'base']] }, '$x', 'base'],
    ['ARG wins over the base’s environment', 'ARG x=1', { env: [['x', 'base']] }, '$x', '1'],
    ['proxies need an ARG in words', '', { buildArgs: { HTTP_PROXY: 'p' } }, '${HTTP_PROXY:-no}', 'no'],
    ['names expand', 'ENV a=b\nENV $a=1', {}, '$b', '1'],
    [
      'an inherited stage, ARGs included',
      'LABEL a=1',
      { env: scopeAfter('ARG x=7\nENV y=$x') },
      '$x$y',
      '77',
    ],
    ['names as in Object', 'ARG constructor\nARG toString=1', {}, '$constructor$toString', '1'],
  ])('%s', (_name, text, options, word, expanded) => {
    expect(scopeAfter(text, options).expand(word, 1)).toBe(expanded);
  });

  it('keeps the order of the environment, and ARGs out of it', () => {
    const scope = scopeAfter('ENV b=1 a=2\nARG b=9 c=3\nENV PATH=/x:$PATH b=$b', {
      env: SCRATCH_ENVIRONMENT,
    });
    expect(scope.env()).toEqual([
      ['PATH', `/x:${PATH}`],
      ['b', '9'],
      ['a', '2'],
    ]);
  });

  it('hands a RUN the ARGs that no ENV hides, and the proxies', () => {
    const buildArgs = { HTTP_PROXY: 'p', no_proxy: 'n', other: 'o' };
    const scope = scopeAfter('ARG a=1 b=2 c\nENV b=3\nENV d=4\nARG d=5', { buildArgs });
    expect(scope.runArgs()).toEqual({ HTTP_PROXY: 'p', no_proxy: 'n', a: '1', d: '5' });
    expect(scope.args()).toEqual({ a: '1', b: '2', d: '5' });
  });

  it('does not change the stage that it is based on', () => {
    const base = scopeAfter('ENV a=1');
    scopeAfter('ENV a=2\nARG b=3', { env: base });
    expect(base.env()).toEqual([['a', '1']]);
    expect(base.expand('$a$b', 1)).toBe('1');
  });

  it('splits and expands as EXPOSE and heredocs need it', () => {
    const scope = scopeAfter('ENV p="80 81"');
    expect(scope.expandWords('$p', 1)).toEqual(['80', '81']);
    expect(scope.expandHeredoc('"$p"\n', 1)).toBe('"80 81"\n');
  });

  it('refuses a name that expands to nothing', () => {
    expect(() => scopeAfter('ENV $x=1')).toThrow('Containerfile:2: the name $x expands to nothing; write');
  });
});

describe('Scope on an unknown base', () => {
  it.each<[name: string, text: string, word: string, expansion: object]>([
    ['what nobody sets', '', 'a/$x', { text: 'a/', unknown: 'x' }],
    ['ARG', 'ARG x=1', '$x', { text: '1' }],
    ['ARG without a value', 'ARG x', '$x', { text: '', unknown: 'x' }],
    ['ENV', 'ENV x=1', '$x', { text: '1' }],
    ['ENV that depends on it', 'ENV x=a$y', '$x', { text: '', unknown: 'x' }],
    ['ARG that depends on it', 'ARG x=a$y\nENV z=$x', '$z', { text: '', unknown: 'z' }],
    ['set anew', 'ENV x=a$y\nENV x=1', '$x', { text: '1' }],
    ['a name that depends on it', 'ENV x=1\nENV $y=2', '$x', { text: '', unknown: 'x' }],
    ['single quotes', '', "'$x'", { text: '$x' }],
  ])('%s', (_name, text, word, expansion) => {
    expect(scopeAfter(text, { env: undefined }).expandPartially(word, 1)).toEqual(expansion);
  });

  it('is handed down', () => {
    const base = scopeAfter('ENV a=1', { env: undefined });
    const scope = scopeAfter('', { env: base });
    expect(scope.expandPartially('$a$b', 1)).toEqual({ text: '1', unknown: 'b' });
  });

  it('gives no unknown values', () => {
    const scope = scopeAfter('ENV a=$x b=1\nARG c=$x d=2', { env: undefined });
    expect([scope.env(), scope.args(), scope.runArgs()]).toEqual([[['b', '1']], { d: '2' }, { d: '2' }]);
  });

  it.each<[string, (scope: Scope) => unknown]>([
    ['expand', (scope) => scope.expand('$x', 3)],
    ['expandWords', (scope) => scope.expandWords('$x', 3)],
    ['expandHeredoc', (scope) => scope.expandHeredoc('$x', 3)],
  ])('%s refuses', (_name, use) => {
    const scope = scopeAfter('', { env: undefined });
    expect(() => use(scope)).toThrow(ContainerfileError);
    expect(() => use(scope)).toThrow(
      'Containerfile:3: the variable "x" is not known before the base image is; ',
    );
  });
});
