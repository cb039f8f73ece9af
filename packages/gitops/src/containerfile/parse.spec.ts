import { ContainerfileError } from './errors';
import type { Instruction } from './instructions';
import { parseContainerfile } from './parse';

/** What stands in a file below `FROM scratch`, without places and texts. */
function read(text: string): object[] {
  return parseContainerfile(`FROM scratch\n${text}`, 'Containerfile').stages[0]!.instructions.map(bare);
}

function bare(instruction: Instruction): object {
  const { line: _line, endLine: _endLine, text: _text, ...rest } = instruction;
  return JSON.parse(JSON.stringify(rest));
}

/** The message of the mistake in a file. */
function mistake(text: string): string {
  try {
    parseContainerfile(text, 'Containerfile');
  } catch (error) {
    if (error instanceof ContainerfileError) return error.message;
    throw error;
  }
  return 'no mistake';
}

const transfer = {
  heredocs: [],
  json: false,
  link: false,
  parents: false,
  exclude: [],
};
const copy = { keyword: 'COPY', ...transfer };
const add = { keyword: 'ADD', ...transfer, keepGitDir: false };
const run = { keyword: 'RUN', heredocs: [], mounts: [] };
const shell = (text: string) => ({ form: 'shell', text });
const exec = (...args: string[]) => ({ form: 'exec', args });
const label = (...pairs: [string, string][]) => ({
  keyword: 'LABEL',
  pairs: pairs.map(([name, value]) => ({ name, value })),
});
const mount = (type: string, options: Record<string, string>, rest: object = {}) => ({
  ...run,
  command: shell('x'),
  mounts: [{ type, ...rest, options }],
});

describe('instructions', () => {
  it.each<[string, string, object]>([
    ['ARG, one', 'ARG a', { keyword: 'ARG', args: [{ name: 'a' }] }],
    [
      'ARG, several',
      'ARG a b=1 c="2 3" d=',
      {
        keyword: 'ARG',
        args: [
          { name: 'a' },
          { name: 'b', value: '1' },
          { name: 'c', value: '"2 3"' },
          { name: 'd', value: '' },
        ],
      },
    ],
    ['ENV', 'ENV a=1', { keyword: 'ENV', pairs: [{ name: 'a', value: '1' }] }],
    ['ENV, old form', 'ENV a  b=c  "d" ', { keyword: 'ENV', pairs: [{ name: 'a', value: 'b=c  "d"' }] }],
    ['LABEL, several', 'LABEL a=1 b="2 3" c=4\\ 5', label(['a', '1'], ['b', '"2 3"'], ['c', '4\\ 5'])],
    ['LABEL, quoted name', 'LABEL "a b"=1', label(['"a b"', '1'])],
    ['LABEL, quotes amid a word', `LABEL a='b'c"d e" f=g`, label(['a', `'b'c"d e"`], ['f', 'g'])],
    ['LABEL, escaped quote', 'LABEL a="\\" b" c=1', label(['a', '"\\" b"'], ['c', '1'])],
    ['LABEL, a backslash in single quotes is one', "LABEL a='\\' b=1", label(['a', "'\\'"], ['b', '1'])],
    ['LABEL, "=" in a value', 'LABEL a=b=c', label(['a', 'b=c'])],
    ['LABEL, no-break space splits', 'LABEL a=b\u00a0c=d', label(['a', 'b'], ['c', 'd'])],
    ['COPY', 'COPY a b', { ...copy, sources: ['a'], destination: 'b' }],
    ['COPY, several', 'COPY a b\tc/  d/', { ...copy, sources: ['a', 'b', 'c/'], destination: 'd/' }],
    ['COPY, quotes do not hold words', 'COPY "a b" c', { ...copy, sources: ['"a', 'b"'], destination: 'c' }],
    ['COPY, JSON', 'COPY ["a b", " c"]', { ...copy, json: true, sources: ['a b'], destination: ' c' }],
    ['COPY, bad JSON', 'COPY ["a", b]', { ...copy, sources: ['["a",'], destination: 'b]' }],
    [
      'COPY, all flags',
      'COPY --from=x --chown=1:2 --chmod=755 --link --parents --exclude=*.md --exclude=b a b',
      {
        ...copy,
        from: 'x',
        chown: '1:2',
        chmod: '755',
        link: true,
        parents: true,
        exclude: ['*.md', 'b'],
        sources: ['a'],
        destination: 'b',
      },
    ],
    ['COPY, --link=false', 'COPY --link=False a b', { ...copy, sources: ['a'], destination: 'b' }],
    ['COPY, --from of nothing', 'COPY --from= a b', { ...copy, sources: ['a'], destination: 'b' }],
    [
      'COPY, quotes in a flag',
      'COPY --chown="1:"\\ 2 a b',
      { ...copy, chown: '1: 2', sources: ['a'], destination: 'b' },
    ],
    ['COPY, -- ends the flags', 'COPY -- --x b', { ...copy, sources: ['--x'], destination: 'b' }],
    [
      'COPY, a flag later is a path',
      'COPY a --link b',
      { ...copy, sources: ['a', '--link'], destination: 'b' },
    ],
    [
      'ADD, all flags',
      'ADD --checksum=sha256:a --keep-git-dir --unpack=true https://x/a b',
      {
        ...add,
        checksum: 'sha256:a',
        keepGitDir: true,
        unpack: true,
        sources: ['https://x/a'],
        destination: 'b',
      },
    ],
    ['RUN', 'RUN  a   b && c ', { ...run, command: shell('a   b && c') }],
    ['RUN, nothing', 'RUN', { ...run, command: shell('') }],
    ['RUN, JSON', 'RUN ["a", " b"]', { ...run, command: exec('a', ' b') }],
    ['RUN, a test is no JSON', 'RUN [ -f a ]', { ...run, command: shell('[ -f a ]') }],
    ['RUN, escapes stay', 'RUN a\\b \\$c', { ...run, command: shell('a\\b \\$c') }],
    [
      'RUN, flags',
      'RUN --network=none --security=insecure x',
      { ...run, network: 'none', security: 'insecure', command: shell('x') },
    ],
    [
      'RUN, mount',
      'RUN --mount=from=a,source=b,target=/c x',
      mount('bind', { from: 'a', source: 'b', target: '/c' }, { from: 'a', source: 'b', target: '/c' }),
    ],
    [
      'RUN, mount, other names and lone words',
      'RUN --mount=type=cache,src=b,dst=/c,ro,required=false x',
      mount(
        'cache',
        { type: 'cache', src: 'b', dst: '/c', ro: '', required: 'false' },
        { source: 'b', target: '/c' },
      ),
    ],
    [
      'RUN, mount, CSV in quotes',
      `RUN --mount='type=secret,"id=a,""b"""' x`,
      mount('secret', { type: 'secret', id: 'a,"b"' }),
    ],
    ['CMD', 'CMD ["a\\u0041\\n", "b  c"]', { keyword: 'CMD', command: exec('aA\n', 'b  c') }],
    ['CMD, shell', "cmd [ 'a' ]", { keyword: 'CMD', command: shell("[ 'a' ]") }],
    ['CMD, what follows JSON is ignored', 'CMD ["x"] y', { keyword: 'CMD', command: exec('x') }],
    ['CMD, trailing comma', 'CMD ["x",]', { keyword: 'CMD', command: shell('["x",]') }],
    ['CMD, bad escape in JSON', 'CMD ["a\\qb"]', { keyword: 'CMD', command: shell('["a\\qb"]') }],
    ['CMD, empty', 'CMD []', { keyword: 'CMD', command: exec() }],
    ['ENTRYPOINT', 'ENTRYPOINT ["a"]', { keyword: 'ENTRYPOINT', command: exec('a') }],
    ['SHELL', 'SHELL ["a", "-c"]', { keyword: 'SHELL', args: ['a', '-c'] }],
    ['WORKDIR', 'WORKDIR a b', { keyword: 'WORKDIR', path: 'a b' }],
    ['WORKDIR, no JSON', 'WORKDIR ["/a"]', { keyword: 'WORKDIR', path: '["/a"]' }],
    ['USER', 'USER a:b', { keyword: 'USER', user: 'a:b' }],
    ['EXPOSE', 'EXPOSE 80  90/udp $a', { keyword: 'EXPOSE', ports: ['80', '90/udp', '$a'] }],
    ['VOLUME', 'VOLUME /a /b', { keyword: 'VOLUME', paths: ['/a', '/b'] }],
    ['VOLUME, JSON', 'VOLUME ["/a b"]', { keyword: 'VOLUME', paths: ['/a b'] }],
    ['STOPSIGNAL', 'STOPSIGNAL 9', { keyword: 'STOPSIGNAL', signal: '9' }],
    ['MAINTAINER', 'MAINTAINER A B', { keyword: 'MAINTAINER', name: 'A B' }],
    ['HEALTHCHECK NONE', 'HEALTHCHECK none', { keyword: 'HEALTHCHECK', check: 'none' }],
    [
      'HEALTHCHECK CMD',
      'HEALTHCHECK --interval=1h1.5m.5s --timeout=+1m --start-period=0s --start-interval=250ms --retries=3 CMD a  b',
      {
        keyword: 'HEALTHCHECK',
        check: {
          command: shell('a  b'),
          interval: 3690500000000,
          timeout: 60e9,
          startPeriod: 0,
          startInterval: 250e6,
          retries: 3,
        },
      },
    ],
    ['HEALTHCHECK, JSON', 'HEALTHCHECK CMD ["a"]', { keyword: 'HEALTHCHECK', check: { command: exec('a') } }],
    ['ONBUILD', 'ONBUILD   copy   a    b   # c', { keyword: 'ONBUILD', trigger: 'copy   a    b   # c' }],
    ['an instruction in lower case', 'workdir /a', { keyword: 'WORKDIR', path: '/a' }],
    ['a no-break space before an instruction', '\u00a0WORKDIR /a', { keyword: 'WORKDIR', path: '/a' }],
  ])('%s', (_name, text, expected) => {
    expect(read(text)).toEqual([expected]);
  });
});

describe('heredocs', () => {
  const body = (name: string, content: string, expand = true) => ({ name, content, expand });

  it.each<[string, string, object]>([
    [
      'RUN',
      'RUN <<EOF\na\n# b\n\nEOF',
      { ...run, command: shell('<<EOF'), heredocs: [body('EOF', 'a\n# b\n\n')] },
    ],
    [
      'COPY',
      'COPY <<a.txt <<"b" c /d/\nA $x\na.txt\nB\nb',
      {
        ...copy,
        sources: ['<<a.txt', '<<b', 'c'],
        destination: '/d/',
        heredocs: [body('a.txt', 'A $x\n'), body('b', 'B\n', false)],
      },
    ],
    [
      'tabs removed',
      'RUN <<-E x\n\t\ta\n\tb\n  c\n\tE',
      { ...run, command: shell('<<-E x'), heredocs: [body('E', 'a\nb\n  c\n')] },
    ],
    ['a file descriptor', 'RUN 3<<E x\nE', { ...run, command: shell('3<<E x'), heredocs: [body('E', '')] }],
    ['escaped name', 'RUN <<\\E\nE', { ...run, command: shell('<<\\E'), heredocs: [body('E', '', false)] }],
    ['quoted, so none', 'RUN echo "a <<E"', { ...run, command: shell('echo "a <<E"') }],
    ['arithmetic is none', 'RUN echo $((1<<2)) 1 << 2', { ...run, command: shell('echo $((1<<2)) 1 << 2') }],
    ['a here-string is none', 'RUN a <<<b', { ...run, command: shell('a <<<b') }],
    ['in braces, so none', 'RUN ${x:-a <<E}', { ...run, command: shell('${x:-a <<E}') }],
    ['JSON has none', 'COPY ["<<E", "b"]', { ...copy, json: true, sources: ['<<E'], destination: 'b' }],
    ['ONBUILD', 'ONBUILD COPY <<-E b\n\ta\nE', { keyword: 'ONBUILD', trigger: 'COPY <<-E b\n\ta\nE' }],
  ])('%s', (_name, text, expected) => {
    expect(read(text)).toEqual([expected]);
  });

  it('only RUN, COPY and ADD have them', () => {
    expect(read('WORKDIR <<E\nLABEL a=<<E')).toHaveLength(2);
  });

  it('are not taken for instructions, and their lines count', () => {
    const { instructions } = parseContainerfile(
      'FROM scratch\nRUN <<A && \\\n <<B\nFROM x\nA\nb \\\nB\nUSER a',
      'f',
    ).stages[0]!;
    expect(instructions.map(({ line, endLine, text }) => [line, endLine, text])).toEqual([
      [2, 7, 'RUN <<A &&  <<B'],
      [8, 8, 'USER a'],
    ]);
  });

  it('keep their carriage returns', () => {
    expect(read('RUN <<E\r\na\r\nE\r\n')).toMatchObject([{ heredocs: [body('E', 'a\r\n')] }]);
  });
});

describe('lines', () => {
  it.each<[string, string, string[]]>([
    ['continued', 'LABEL x=a\\\n y=b', ['LABEL x=a y=b']],
    ['blanks after the escape', 'LABEL x=a\\ \t\n y=b', ['LABEL x=a y=b']],
    ['comments and blank lines within', 'LABEL x=a \\\n  # c\n\n \t\n y=b', ['LABEL x=a  y=b']],
    ['comments do not continue', '# a \\\nLABEL x=a', ['LABEL x=a']],
    ['escape doubled', 'RUN a\\\\\nRUN b', ['RUN a\\\\', 'RUN b']],
    ['escape tripled', 'RUN a\\\\\\\nRUN b', ['RUN a\\\\\\', 'RUN b']],
    ['continued at the end', 'RUN a\\', ['RUN a']],
    ['a line of the escape only', 'RUN a \\\n\\\nb', ['RUN a b']],
    ['escape first', '\\\nRUN a', ['RUN a']],
    ['"#" within a line', 'RUN a # b', ['RUN a # b']],
    ['indented', '  \tRUN a  ', ['RUN a']],
    ['leading blanks of a continuation stay', 'RUN "a\\\n   b"', ['RUN "a   b"']],
    ['CRLF', 'RUN a \\\r\n  b\r\n\r\nRUN c\r\n', ['RUN a   b', 'RUN c']],
  ])('%s', (_name, text, expected) => {
    const { instructions } = parseContainerfile(`FROM scratch\n${text}`, 'f').stages[0]!;
    expect(instructions.map((instruction) => instruction.text)).toEqual(expected);
  });

  it('are counted from 1, whatever is left out', () => {
    const file = '\ufeff# a\n\nARG x\nFROM scratch\n\nRUN a \\\n# b\n\n c\nUSER d';
    const { globals, stages } = parseContainerfile(file, 'f');
    const all = [...globals, stages[0]!.from, ...stages[0]!.instructions];
    expect(all.map(({ line, endLine }) => [line, endLine])).toEqual([
      [3, 3],
      [4, 4],
      [6, 9],
      [10, 10],
    ]);
  });
});

describe('directives', () => {
  const none = { escape: '\\' };
  it.each<[string, string, object]>([
    ['syntax', '# syntax=docker/dockerfile:1', { ...none, syntax: 'docker/dockerfile:1' }],
    ['blanks', ' #\tsyntax =  x y ', { ...none, syntax: 'x y' }],
    ['no blanks', '#syntax=x', { ...none, syntax: 'x' }],
    ['upper case', '# ESCAPE=`', { escape: '`' }],
    ['several', '# syntax=x\n# escape=`\n# check=skip=all', { syntax: 'x', escape: '`', check: 'skip=all' }],
    ['the default, written out', '# escape=\\', none],
    ['after a byte order mark, CRLF', '\ufeff# escape=`\r', { escape: '`' }],
    ['after a comment', '# a\n# escape=`', none],
    ['after a blank line', '\n# escape=`', none],
    ['after an unknown one', '# a=b\n# escape=`', none],
    ['after an instruction', 'ARG a\n# escape=`', none],
    ['without a value', '# escape=\n# syntax=x', none],
  ])('%s', (_name, text, expected) => {
    const { directives } = parseContainerfile(`${text}\nFROM scratch`, 'f');
    expect(JSON.parse(JSON.stringify(directives))).toEqual(expected);
  });

  it('escape changes what continues a line and what holds words together', () => {
    const text = '#escape=`\nFROM x\nLABEL a=b` c d=e\\ f=g`\n h=i';
    const { instructions } = parseContainerfile(text, 'f').stages[0]!;
    expect(instructions.map(bare)).toEqual([label(['a', 'b` c'], ['d', 'e\\'], ['f', 'g'], ['h', 'i'])]);
  });
});

describe('stages', () => {
  it('begin with FROM', () => {
    const file = parseContainerfile(
      'ARG v=1\nFROM --platform=$BUILDPLATFORM a:$v As Build.x-1_\nRUN a\nFROM scratch\nFROM build.x-1_ AS c',
      'f',
    );
    expect(file.globals.map(bare)).toEqual([{ keyword: 'ARG', args: [{ name: 'v', value: '1' }] }]);
    expect(
      file.stages.map(({ index, name, from, instructions }) => [
        index,
        name,
        bare(from),
        instructions.length,
      ]),
    ).toEqual([
      [
        0,
        'build.x-1_',
        { keyword: 'FROM', image: 'a:$v', stage: 'build.x-1_', platform: '$BUILDPLATFORM' },
        1,
      ],
      [1, undefined, { keyword: 'FROM', image: 'scratch' }, 0],
      [2, 'c', { keyword: 'FROM', image: 'build.x-1_', stage: 'c' }, 0],
    ]);
  });

  it('may share a name', () => {
    expect(parseContainerfile('FROM a AS x\nFROM x AS X', 'f').stages.map(({ name }) => name)).toEqual([
      'x',
      'x',
    ]);
  });
});

describe('mistakes', () => {
  const below = (text: string) => `FROM scratch\n${text}`;
  it.each<[string, string, string]>([
    ['nothing', '', 'Containerfile: there is no FROM; begin with FROM image or FROM scratch'],
    ['comments only', '# a\n\n', 'Containerfile: there is no FROM; '],
    ['ARG only', 'ARG a', 'Containerfile: there is no FROM; '],
    ['before FROM', 'ARG a\n\nRUN b\nFROM c', 'Containerfile:3: RUN comes before the first FROM; move it'],
    ['unknown', below('RUNN a'), 'Containerfile:2: "RUNN" is no instruction; did you mean RUN?'],
    ['unknown, nothing near', below('&& a'), 'Containerfile:2: "&&" is no instruction; end the line before'],
    [
      'directive twice',
      '# escape=`\n# Escape=`\nFROM a',
      'Containerfile:2: the directive "escape" is given twice',
    ],
    ['escape', '# escape=x\nFROM a', 'Containerfile:1: "x" is not an escape character; use "\\" or "`"'],
    ['FROM, nothing', 'FROM', 'Containerfile:1: FROM takes an image, and perhaps AS and a name; write FROM'],
    ['FROM, two words', 'FROM a b', 'Containerfile:1: FROM takes an image'],
    ['FROM, no AS', 'FROM a IS b', 'Containerfile:1: FROM takes an image'],
    ['FROM, AS nothing', 'FROM a AS', 'Containerfile:1: FROM takes an image'],
    ['FROM, four words', 'FROM a AS b c', 'Containerfile:1: FROM takes an image'],
    ['stage name', 'FROM a AS 1a', 'Containerfile:1: "1a" is no name for a stage; use letters'],
    ['stage name, quotes', 'FROM a AS "x"', 'Containerfile:1: ""x"" is no name for a stage'],
    ['stage scratch', 'FROM a AS Scratch', 'Containerfile:1: a stage may not be called scratch'],
    [
      'flag, unknown',
      below('COPY --frm=a b c'),
      'Containerfile:2: COPY has no flag "--frm"; did you mean --from?',
    ],
    [
      'flag, one of ADD',
      below('COPY --checksum=a b c'),
      'Containerfile:2: COPY has no flag "--checksum"; it knows',
    ],
    ['flag, none known', below('USER --x a'), 'Containerfile:2: USER has no flag "--x"; remove it'],
    [
      'flag named as in Object',
      below('USER --constructor a'),
      'Containerfile:2: USER has no flag "--constructor"',
    ],
    [
      'flag, no value',
      below('COPY --from a b'),
      'Containerfile:2: COPY --from has no value; write --from=...',
    ],
    [
      'flag, twice',
      below('COPY --from=a --from=b c d'),
      'Containerfile:2: COPY --from is given twice; remove',
    ],
    [
      'flag, no boolean',
      below('COPY --link=x a b'),
      'Containerfile:2: COPY --link=x is neither true nor false',
    ],
    [
      'COPY, one path',
      below('COPY a'),
      'Containerfile:2: COPY takes a source and a destination at least; write',
    ],
    ['COPY, JSON, one path', below('COPY ["a"]'), 'Containerfile:2: COPY takes a source and a destination'],
    ['COPY, quote open in a flag', below('COPY --from="a b c'), 'Containerfile:2: COPY takes a source and'],
    [
      'COPY, variable in --from',
      below('COPY --from=$x a b'),
      'Containerfile:2: COPY takes no variables in from="$x"; write FROM $x AS name',
    ],
    ['COPY, heredoc last', below('COPY a <<E\nE'), 'Containerfile:2: a heredoc is not a destination of COPY'],
    ['heredoc open', below('RUN <<E\na'), 'Containerfile:2: the heredoc "E" does not end; put "E" on a line'],
    [
      'JSON, not strings',
      below('CMD ["a", 1]'),
      'Containerfile:2: the JSON form of CMD holds more than strings',
    ],
    ['JSON, nested', below('CMD [["a"]]'), 'Containerfile:2: the JSON form of CMD holds more than strings'],
    ['ARG, nothing', below('ARG'), 'Containerfile:2: ARG has no arguments; write ARG name=value'],
    ['ARG, blank', below('ARG =a'), 'Containerfile:2: a name in ARG is blank'],
    ['ENV, nothing', below('ENV \\'), 'Containerfile:2: ENV has no arguments; write ENV name=value'],
    ['ENV, no value', below('ENV a'), 'Containerfile:2: ENV "a" has no value; write ENV name=value'],
    ['ENV, blank', below('ENV a=1 =2'), 'Containerfile:2: a name in ENV is blank'],
    ['LABEL, no "="', below('LABEL a=1 b'), 'Containerfile:2: "b" in LABEL has no "="; write name=value'],
    ['EXPOSE, nothing', below('EXPOSE'), 'Containerfile:2: EXPOSE has no arguments'],
    ['VOLUME, empty', below('VOLUME [""]'), 'Containerfile:2: a path in VOLUME is empty'],
    ['VOLUME, none', below('VOLUME []'), 'Containerfile:2: a path in VOLUME is empty'],
    ['SHELL', below('SHELL a b'), 'Containerfile:2: SHELL takes its arguments in JSON form; write SHELL ["'],
    ['SHELL, empty', below('SHELL []'), 'Containerfile:2: SHELL takes its arguments in JSON form'],
    ['MAINTAINER', below('MAINTAINER'), 'Containerfile:2: MAINTAINER has no arguments'],
    [
      'RUN, network',
      below('RUN --network=x a'),
      'Containerfile:2: RUN --network cannot be "x"; use one of default',
    ],
    ['RUN, security', below('RUN --security=x a'), 'Containerfile:2: RUN --security cannot be "x"'],
    [
      'mount type',
      below('RUN --mount=type=bnd a'),
      'Containerfile:2: RUN --mount has no type "bnd"; did you mean bind?',
    ],
    [
      'mount option',
      below('RUN --mount=tagret=/x a'),
      'Containerfile:2: RUN --mount has no option "tagret"; did you mean target?',
    ],
    [
      'mount option in Object',
      below('RUN --mount=constructor=1 a'),
      'Containerfile:2: RUN --mount has no option',
    ],
    [
      'mount, no value',
      below('RUN --mount=target a'),
      'Containerfile:2: RUN --mount option "target" has no value',
    ],
    [
      'mount, no boolean',
      below('RUN --mount=ro=maybe a'),
      'Containerfile:2: RUN --mount option "ro=maybe" is neither',
    ],
    ['mount, quotes', below(`RUN --mount='"type=bind' a`), 'Containerfile:2: the quotes in RUN --mount="'],
    [
      'mount, variable',
      below('RUN --mount=from=$x a'),
      'Containerfile:2: RUN takes no variables in from="$x"',
    ],
    ['HEALTHCHECK, nothing', below('HEALTHCHECK'), 'Containerfile:2: HEALTHCHECK has no arguments; write'],
    [
      'HEALTHCHECK, type',
      below('HEALTHCHECK curl x'),
      'Containerfile:2: HEALTHCHECK takes CMD or NONE, not "curl"',
    ],
    [
      'HEALTHCHECK NONE x',
      below('HEALTHCHECK NONE x'),
      'Containerfile:2: HEALTHCHECK NONE takes no arguments',
    ],
    ['HEALTHCHECK CMD', below('HEALTHCHECK CMD'), 'Containerfile:2: HEALTHCHECK CMD has no command'],
    ['HEALTHCHECK CMD []', below('HEALTHCHECK CMD []'), 'Containerfile:2: HEALTHCHECK CMD has no command'],
    [
      'HEALTHCHECK, no unit',
      below('HEALTHCHECK --timeout=1 CMD a'),
      'Containerfile:2: HEALTHCHECK --timeout="1" is no duration',
    ],
    [
      'HEALTHCHECK, short',
      below('HEALTHCHECK --timeout=1us CMD a'),
      'Containerfile:2: HEALTHCHECK --timeout is less than 1ms',
    ],
    [
      'HEALTHCHECK, negative',
      below('HEALTHCHECK --timeout=-1s CMD a'),
      'Containerfile:2: HEALTHCHECK --timeout is less',
    ],
    [
      'HEALTHCHECK, retries',
      below('HEALTHCHECK --retries=-1 CMD a'),
      'Containerfile:2: HEALTHCHECK --retries="-1" is no count',
    ],
    ['ONBUILD, nothing', below('ONBUILD'), 'Containerfile:2: ONBUILD has no arguments'],
    ['ONBUILD ONBUILD', below('ONBUILD onbuild RUN a'), 'Containerfile:2: ONBUILD may not follow ONBUILD'],
    ['ONBUILD FROM', below('ONBUILD FROM a'), 'Containerfile:2: FROM may not follow ONBUILD'],
    [
      'ONBUILD MAINTAINER',
      below('ONBUILD MAINTAINER a'),
      'Containerfile:2: MAINTAINER may not follow ONBUILD',
    ],
    ['ONBUILD, unknown', below('ONBUILD frob a'), 'Containerfile:2: "FROB" is no instruction'],
    ['ONBUILD, mistaken', below('ONBUILD COPY a'), 'Containerfile:2: COPY takes a source and a destination'],
    [
      'long words are cut',
      below(`${'x'.repeat(5000)} a`),
      `Containerfile:2: "${'X'.repeat(57)}..." is no instruction`,
    ],
  ])('%s', (_name, text, message) => {
    expect(mistake(text).slice(0, message.length)).toBe(message);
    expect(mistake(text)).toMatch(/^[^\n]*; [^\n]*$/);
  });
});
