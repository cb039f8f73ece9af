import { type ContextSource, contextSources, isRemote } from './context-sources';
import { ContainerfileError } from './errors';
import { parseContainerfile } from './parse';
import { planStages } from './stages';

interface Options {
  readonly buildArgs?: Record<string, string>;
  readonly target?: string;
}

function sources(lines: string[], { buildArgs = {}, target }: Options = {}): ContextSource[] {
  const file = parseContainerfile(lines.join('\n'), 'Containerfile');
  const platform = { os: 'linux', architecture: 'arm64' };
  return contextSources(
    file,
    planStages(file, { buildArgs, platform, ...(target && { target }) }),
    buildArgs,
  );
}

/** The patterns; `~` before one that is not exact. */
const patterns = (lines: string[], options?: Options): string[] =>
  sources(lines, options).map(({ pattern, exact }) => (exact ? pattern : `~${pattern}`));

describe('contextSources', () => {
  it.each<[name: string, lines: string[], patterns: string[]]>([
    ['COPY and ADD', ['FROM scratch', 'COPY a b /x/', 'ADD c.tar /'], ['a', 'b', 'c.tar']],
    ['patterns as they are', ['FROM scratch', 'COPY src/*.ts [ab]?/ /'], ['src/*.ts', '[ab]?/']],
    ['JSON form', ['FROM scratch', 'COPY ["a b", "/x"]'], ['a b']],
    ['quotes are taken away', ['FROM scratch', 'COPY "a" \'b\' /x'], ['a', 'b']],
    [
      'nothing of COPY --from',
      ['FROM scratch AS a', 'FROM scratch', 'COPY --from=a x /', 'COPY --from=img y /'],
      [],
    ],
    ['nothing of an address', ['FROM scratch', 'ADD https://x.test/a git@x.test:a.git b /'], ['b']],
    ['an address is a path for COPY', ['FROM scratch', 'COPY https://x.test/a /'], ['https://x.test/a']],
    ['an address in a variable', ['FROM scratch', 'ARG URL=http://x.test/a', 'ADD $URL b /'], ['b']],
    ['nothing of heredocs', ['FROM scratch', 'COPY <<ONE a <<TWO /', '1', 'ONE', '2', 'TWO'], ['a']],
    [
      'bind mounts',
      ['FROM scratch', 'RUN --mount=source=src,target=/src --mount=target=/all x'],
      ['src', '.'],
    ],
    [
      'bind mounts of the context only',
      [
        'FROM scratch AS a',
        'FROM scratch',
        'RUN --mount=from=a,target=/a --mount=type=cache,target=/c --mount=type=secret,id=s x',
      ],
      [],
    ],
    ['ARG', ['FROM scratch', 'ARG d=src', 'COPY $d/a ${d}/b /'], ['src/a', 'src/b']],
    ['ARG before FROM, taken by the stage', ['ARG d=src', 'FROM scratch', 'ARG d', 'COPY $d /'], ['src']],
    ['ARG before FROM, not taken', ['ARG d=src', 'FROM scratch', 'COPY a$d /'], ['a']],
    ['ENV', ['FROM scratch', 'ENV d=src', 'COPY $d /'], ['src']],
    ['only what is set before', ['FROM scratch', 'COPY a$d /', 'ENV d=src'], ['a']],
    [
      'ENV of the stage that it is based on',
      ['FROM scratch AS a', 'ENV d=src', 'FROM a', 'COPY $d /'],
      ['src'],
    ],
    ['PATH of scratch is known', ['FROM scratch', 'COPY x${PATH:+y} /'], ['xy']],
    ['defaults', ['FROM scratch', 'COPY ${d:-src} /'], ['src']],
    ['the platform', ['FROM scratch', 'ARG TARGETARCH', 'COPY bin/$TARGETARCH /'], ['bin/arm64']],
    ['a variable that only the base may know', ['FROM img', 'COPY src/$d/x /'], ['~src/']],
    ['the same at the start', ['FROM img', 'COPY $d/x /'], ['~']],
    ['the same within a name', ['FROM img', 'COPY src/a$d /'], ['~src/']],
    ['the same with a default', ['FROM img', 'COPY src/${d:-x} /'], ['~src/']],
    ['an ARG makes it known', ['FROM img', 'ARG d=x', 'COPY src/$d /'], ['src/x']],
    ['what depends on the base stays unknown', ['FROM img', 'ENV e=$d/x', 'COPY a/$e /'], ['~a/']],
    ['a stage based on one with an unknown base', ['FROM img AS a', 'FROM a', 'COPY a/$d /'], ['~a/']],
    [
      'without the stages that are not needed',
      ['FROM scratch AS a', 'COPY a /', 'FROM scratch', 'COPY b /'],
      ['b'],
    ],
    [
      'with the stages that are',
      ['FROM scratch AS a', 'COPY a /', 'FROM scratch', 'COPY --from=a x /', 'COPY b /'],
      ['a', 'b'],
    ],
    ['ONBUILD takes nothing now', ['FROM scratch', 'ONBUILD COPY a /'], []],
  ])('%s', (_name, lines, expected) => {
    expect(patterns(lines)).toEqual(expected);
  });

  it('takes the values of build arguments', () => {
    const lines = ['FROM scratch', 'ARG d=src', 'COPY $d /'];
    expect(patterns(lines, { buildArgs: { d: 'lib' } })).toEqual(['lib']);
  });

  it('takes the target', () => {
    const lines = ['FROM scratch AS a', 'COPY a /', 'FROM scratch', 'COPY b /'];
    expect(patterns(lines, { target: 'a' })).toEqual(['a']);
  });

  it.each<[name: string, lines: string[], expected: Partial<ContextSource>]>([
    ['the line', ['FROM scratch', '', 'COPY a \\', '  /'], { line: 3 }],
    [
      '--exclude',
      ['FROM scratch', 'ARG x=dist', 'COPY --exclude=*.md --exclude=$x a /'],
      { exclude: ['*.md', 'dist'] },
    ],
    [
      'an exclude that only the base may know leaves nothing out',
      ['FROM img', 'COPY --exclude=*.md --exclude=$x a /'],
      { exclude: [] },
    ],
    ['--parents', ['FROM scratch', 'COPY --parents a/**/b /'], { parents: true, pattern: 'a/**/b' }],
    ['no --parents', ['FROM scratch', 'COPY a /'], { parents: false }],
  ])('says %s', (_name, lines, expected) => {
    expect(sources(lines)).toEqual([expect.objectContaining(expected)]);
  });

  it('says where a variable cannot be expanded', () => {
    const lines = ['FROM scratch', 'COPY ${x:?needed} /'];
    expect(() => sources(lines)).toThrow(ContainerfileError);
    expect(() => sources(lines)).toThrow(/^Containerfile:2: .*needed/);
  });
});

describe('isRemote', () => {
  it.each([
    ['http://x.test/a', true],
    ['HTTPS://x.test/a', true],
    ['ftp://x.test/a', true],
    ['git://x.test/a', true],
    ['ssh://git@x.test/a', true],
    ['git@x.test:a/b.git', true],
    ['a.tar', false],
    ['./http://x', false],
    ['git@x.test/a', false],
  ])('%s: %s', (source, expected) => {
    expect(isRemote(source)).toBe(expected);
  });
});
