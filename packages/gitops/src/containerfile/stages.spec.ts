import { ContainerfileError } from './errors';
import { parseContainerfile } from './parse';
import { lockImages, planStages, type PlanOptions, type StagePlan } from './stages';

const linux = { os: 'linux', architecture: 'amd64' };

function plan(text: string, options: Partial<PlanOptions> = {}): StagePlan {
  return planStages(parseContainerfile(text, 'Containerfile'), { platform: linux, ...options });
}

/** Indexes, bases and sources, briefly. */
function brief({ stages }: StagePlan): unknown[] {
  return stages.map(({ stage, base, sources }) => [
    stage.index,
    base,
    ...sources.map(({ from, source }) => [from, source]),
  ]);
}

const scratch = { kind: 'scratch' };
const stage = (index: number) => ({ kind: 'stage', stage: index });
const image = (reference: string, platform?: string) => ({
  kind: 'image',
  reference,
  ...(platform && { platform }),
});

describe('planStages', () => {
  it.each<[name: string, text: string, options: Partial<PlanOptions>, stages: unknown[]]>([
    ['scratch', 'FROM scratch', {}, [[0, scratch]]],
    ['an image', 'FROM node:22', {}, [[0, image('node:22')]]],
    [
      'a stage, whatever the case',
      'FROM a AS X\nFROM x',
      {},
      [
        [0, image('a')],
        [1, stage(0)],
      ],
    ],
    ['itself is an image', 'FROM x AS x', {}, [[0, image('x')]]],
    ['a later stage is an image', 'FROM x\nFROM a AS x', { target: '0' }, [[0, image('x')]]],
    ['a number is an image', 'FROM a\nFROM 0', {}, [[1, image('0')]]],
    [
      'the later of a name',
      'FROM a AS x\nFROM x AS x\nFROM x',
      {},
      [
        [0, image('a')],
        [1, stage(0)],
        [2, stage(1)],
      ],
    ],
    ['target by name', 'FROM a AS x\nFROM b', { target: 'X' }, [[0, image('a')]]],
    ['target by number', 'FROM a\nFROM b', { target: '0' }, [[0, image('a')]]],
    ['target by a name given twice', 'FROM a AS x\nFROM b AS x\nFROM c', { target: 'x' }, [[1, image('b')]]],
    [
      'what is not needed is left out',
      'FROM a AS x\nFROM b\nFROM x',
      {},
      [
        [0, image('a')],
        [2, stage(0)],
      ],
    ],
    ['quotes', 'FROM "a"', {}, [[0, image('a')]]],
    [
      'COPY --from',
      'FROM a AS x\nFROM b\nFROM scratch\nCOPY --from=X f .\nCOPY --from=1 f .\nCOPY --from=c:1 f .\nCOPY --from=scratch / .\nCOPY f .\nADD f .',
      {},
      [
        [0, image('a')],
        [1, image('b')],
        [2, scratch, ['X', stage(0)], ['1', stage(1)], ['c:1', image('c:1')], ['scratch', scratch]],
      ],
    ],
    [
      'mounts',
      'FROM a AS x\nFROM scratch\nRUN --mount=from=x,target=/x --mount=type=cache,target=/y --mount=from=c,target=/z a',
      {},
      [
        [0, image('a')],
        [1, scratch, ['x', stage(0)], ['c', image('c')]],
      ],
    ],
    [
      'needs of needs',
      'FROM a AS x\nFROM b AS y\nCOPY --from=x f .\nFROM y',
      {},
      [
        [0, image('a')],
        [1, image('b'), ['x', stage(0)]],
        [2, stage(1)],
      ],
    ],
    ['ARG', 'ARG t=1\nFROM a:${t}', {}, [[0, image('a:1')]]],
    ['ARG from ARG of one instruction', 'ARG t=1 u=$t\nFROM a:$u', {}, [[0, image('a:1')]]],
    ['build argument', 'ARG t=1 u=$t\nFROM a:$u', { buildArgs: { t: '2' } }, [[0, image('a:2')]]],
    ['a build argument not declared', 'FROM a:${t:-1}', { buildArgs: { t: '2' } }, [[0, image('a:1')]]],
    ['an ARG of a stage is not seen', 'FROM a\nARG t=1\nFROM b:${t:-2}', {}, [[1, image('b:2')]]],
    [
      'a variable that is a stage',
      'ARG s=x\nFROM a AS x\nFROM $s',
      {},
      [
        [0, image('a')],
        [1, stage(0)],
      ],
    ],
    [
      'platform',
      'FROM --platform=$BUILDPLATFORM a',
      { buildPlatform: { os: 'linux', architecture: 'arm64', variant: 'v8' } },
      [[0, image('a', 'linux/arm64/v8')]],
    ],
    [
      'platform arguments',
      'FROM a:$TARGETOS-$TARGETARCH-${TARGETVARIANT:-none}',
      {},
      [[0, image('a:linux-amd64-none')]],
    ],
    ['platform arguments in an ARG', 'ARG t=$TARGETARCH\nFROM a:$t', {}, [[0, image('a:amd64')]]],
    ['platform arguments, given', 'FROM a:$TARGETOS', { buildArgs: { TARGETOS: 'x' } }, [[0, image('a:x')]]],
    ['platform arguments, by ARG', 'ARG TARGETOS=x\nFROM a:$TARGETOS', {}, [[0, image('a:x')]]],
  ])('%s', (_name, text, options, stages) => {
    expect(brief(plan(text, options))).toEqual(stages);
  });

  it('says where, and which is the target', () => {
    const { stages, target } = plan('FROM a\nFROM b AS y\nCOPY f . \nCOPY --from=0 f .\nFROM c', {
      target: 'y',
    });
    expect(target).toBe(1);
    expect(stages[1]!.sources).toEqual([{ line: 4, from: '0', source: stage(0) }]);
  });

  it.each<[name: string, text: string, options: Partial<PlanOptions>, message: string]>([
    [
      'target',
      'FROM a AS build',
      { target: 'biuld' },
      'Containerfile: there is no stage "biuld"; did you mean build?',
    ],
    ['target, number', 'FROM a', { target: '1' }, 'Containerfile: there is no stage "1"; name one with AS'],
    [
      'target, others',
      'FROM a AS x',
      { target: 'release' },
      'Containerfile: there is no stage "release"; use one of x',
    ],
    [
      'FROM nothing',
      '\nFROM $t',
      {},
      'Containerfile:2: "$t" in FROM expands to nothing; give t a value: ARG t=... before',
    ],
    ['FROM empty', 'FROM ""', {}, 'Containerfile:1: """" in FROM expands to nothing; write the name'],
    ['FROM, declared only', 'ARG t\nFROM $t', {}, 'Containerfile:2: "$t" in FROM expands to nothing'],
    ['platform nothing', 'FROM --platform=$t a', {}, 'Containerfile:1: "$t" in FROM expands to nothing'],
    ['FROM, mistaken', 'FROM ${t', {}, 'Containerfile:1: "${t" lacks "}"'],
    ['FROM, asked for', 'FROM ${t:?tag}', {}, 'Containerfile:1: "t" is not set or empty: tag'],
    ['ARG, mistaken', 'ARG a="\nFROM a', {}, 'Containerfile:1: """ lacks a closing double quote'],
    [
      '--from a later number',
      'FROM a\nCOPY --from=1 f .\nFROM b',
      {},
      'Containerfile:2: --from=1 is no earlier stage; this is the first',
    ],
    [
      '--from its own number',
      'FROM a\nFROM b\nCOPY --from=1 f .',
      {},
      'Containerfile:3: --from=1 is no earlier stage; use 0 to 0',
    ],
    [
      '--from a negative number',
      'FROM a\nFROM b\nCOPY --from=-1 f .',
      {},
      'Containerfile:3: --from=-1 is no earlier stage',
    ],
    [
      '--from itself',
      'FROM a AS x\nCOPY --from=x f .',
      {},
      'Containerfile:2: unknown stage or later stage "x"; a stage can',
    ],
    [
      '--from a later one',
      'FROM a\nCOPY --from=x f .\nFROM b AS x',
      {},
      'Containerfile:2: unknown stage or later stage "x"',
    ],
    [
      'a mount from a number',
      'FROM a\nFROM b\nRUN --mount=from=0 c',
      {},
      'Containerfile:3: a mount takes no stage number',
    ],
    [
      'a mount from a later one',
      'FROM a\nRUN --mount=from=x c\nFROM b AS x',
      {},
      'Containerfile:2: unknown stage or later',
    ],
  ])('refuses: %s', (_name, text, options, message) => {
    expect(() => plan(text, options)).toThrow(ContainerfileError);
    expect(() => plan(text, options)).toThrow(message);
  });
});

describe('arguments in use', () => {
  const file = [
    'ARG tag=1 base=a:$tag unused=x',
    'FROM $base AS build',
    'ARG level=debug',
    'ARG tag HTTP_PROXY',
    'FROM b AS other',
    'ARG lost',
    'FROM scratch',
    'COPY --from=build f .',
    'ARG mode=$PATH-$level TARGETOS',
    'ARG nothing',
  ].join('\n');

  it('are those of the needed stages, and what their FROMs are made of', () => {
    const { usedArgs, unusedBuildArgs, globals } = plan(file, {
      buildArgs: {
        level: 'info',
        lost: '1',
        wrong: '2',
        https_proxy: 'p',
        BUILDKIT_INLINE_CACHE: '1',
        TARGETARCH: 'z',
      },
    });
    expect(usedArgs).toEqual({
      TARGETOS: 'linux',
      base: 'a:1',
      level: 'info',
      mode: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin-',
      tag: '1',
    });
    expect(unusedBuildArgs).toEqual(['lost', 'wrong']);
    expect([...globals]).toEqual([
      ['tag', '1'],
      ['base', 'a:1'],
      ['unused', 'x'],
    ]);
  });

  it('leave out what only the base image knows', () => {
    expect(plan('FROM a\nARG x=$y z=1').usedArgs).toEqual({ z: '1' });
  });

  it('see the stage that a stage is based on', () => {
    expect(plan('FROM scratch AS a\nARG x=1\nENV e=2\nFROM a\nARG y=$x$e').usedArgs).toEqual({
      x: '1',
      y: '12',
    });
  });

  it('include what the platform says', () => {
    expect(
      plan('FROM a', { platform: { os: 'linux', architecture: 'arm', variant: 'v7' } }).platform,
    ).toEqual({
      TARGETPLATFORM: 'linux/arm/v7',
      TARGETOS: 'linux',
      TARGETARCH: 'arm',
      TARGETVARIANT: 'v7',
      BUILDPLATFORM: 'linux/arm/v7',
      BUILDOS: 'linux',
      BUILDARCH: 'arm',
      BUILDVARIANT: 'v7',
    });
  });
});

describe('lockImages', () => {
  it('puts a digest to images, and remembers what is written', () => {
    const loose = plan('FROM --platform=linux/arm a AS b\nCOPY --from=c / /\nFROM b\nCOPY --from=d / /\n');
    const locked = lockImages(loose, (reference) => (reference === 'd' ? undefined : `${reference}@digest`));
    expect(brief(locked)).toEqual([
      [0, { ...image('a@digest', 'linux/arm'), written: 'a' }, ['c', { ...image('c@digest'), written: 'c' }]],
      [1, stage(0), ['d', image('d')]],
    ]);
    expect(brief(loose)[1]).toEqual(brief(locked)[1]);
  });
});
