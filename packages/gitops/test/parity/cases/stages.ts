import { type ParityCase, baseMembers, tree, whole, needsEngine } from './case';

const context = { ...tree, 'base.tar': { tar: baseMembers } };
const base = ['FROM scratch AS base', 'ADD base.tar /'];

/** A target stage that copies from the base. */
const fromBase = (name: string, lines: string | string[], rest: Partial<ParityCase> = {}): ParityCase =>
  whole(name, [...base, 'FROM scratch', ...[lines].flat()], { context, ...rest });

/** FROM, COPY --from, targets. */
export const stageCases: ParityCase[] = [
  fromBase('--from: a file keeps mode and owner', [
    'COPY --from=base /srv/index.html /x',
    'COPY --from=base /usr/bin/su /su',
  ]),
  fromBase('--from: a directory keeps what is in it', 'COPY --from=base /srv /x'),
  fromBase('--from: a directory with a mode and an owner', 'COPY --from=base /tmp /tmp'),
  fromBase('--from: a directory below new ones', 'COPY --from=base /home/app /deep/home/app'),
  fromBase('--from: everything', 'COPY --from=base / /'),
  fromBase('--from: everything, below', 'COPY --from=base . /x'),
  fromBase('--from: by number', 'COPY --from=0 /etc/passwd /x'),
  fromBase('--from: by name in another case', 'COPY --from=BASE /etc/passwd /x'),
  fromBase('--from: a relative path is one from the root', 'COPY --from=base etc/passwd /x'),
  fromBase('--from: ../ stops at the root', 'COPY --from=base ../../etc/passwd /x'),
  fromBase('--from: a wildcard', 'COPY --from=base /etc/* /x/'),
  fromBase('--from: a file behind a relative link', 'COPY --from=base /bin/tool /x'),
  fromBase('--from: a file behind an absolute link', 'COPY --from=base /sbin /x'),
  fromBase('--from: a link to a directory is followed', 'COPY --from=base /bin /x'),
  fromBase('--from: a link to a file is followed', 'COPY --from=base /opt/file-link /x'),
  fromBase('--from: a chain of links', 'COPY --from=base /opt/chain /x'),
  fromBase('--from: a link out of the stage', 'COPY --from=base /opt/outside /x'),
  fromBase('--from: nested links', 'COPY --from=base /opt /x'),
  fromBase('--from: a broken link', 'COPY --from=base /opt/dangling /x', { expectError: true }),
  fromBase('--from: a missing file', 'COPY --from=base /none /x', { expectError: true }),
  fromBase('--from: --chown', 'COPY --from=base --chown=5:6 /srv /x'),
  fromBase('--from: --chown by a name of the source', 'COPY --from=base --chown=app /srv /x', {
    expectError: true,
  }),
  fromBase('--from: --chmod', 'COPY --from=base --chmod=700 /srv /x'),
  fromBase('--from: the flags in another order', 'COPY --chown=5:6 --from=base /srv/index.html /x'),
  fromBase('--from: several sources', 'COPY --from=base /etc/passwd /usr/bin/tool /srv /x/'),
  whole(
    '--from: --chown by a name of the target',
    [...base, 'FROM base', 'COPY --from=base --chown=app:staff /srv/sub /x'],
    {
      context,
    },
  ),
  whole(
    '--from: hard links',
    [
      'FROM scratch AS one',
      'ADD a.tar /',
      'FROM scratch',
      'COPY --from=one /d /x',
      'COPY --from=one /d/f /d/hard /y/',
    ],
    {
      context: {
        'a.tar': {
          tar: [
            { name: 'd', directory: true },
            { name: 'd/f', content: 'f\n', mode: 0o711, uid: 2, gid: 3 },
            { name: 'd/hard', hardlink: 'd/f', mode: 0o711, uid: 2, gid: 3 },
          ],
        },
      },
    },
  ),
  whole('--from: a fifo', ['FROM scratch AS one', 'ADD a.tar /', 'FROM scratch', 'COPY --from=one / /x'], {
    context: { 'a.tar': { tar: [{ name: 'pipe', fifo: true, mode: 0o620, uid: 4 }] } },
  }),
  whole(
    '--from: links in a stage are resolved in the stage',
    ['FROM scratch AS one', 'COPY d /d', 'COPY d/f /f', 'FROM scratch', 'COPY --from=one /d/link /x'],
    { context: { f: 'of the context\n', 'd/f': 'of the stage\n', 'd/link': { link: '/f' } } },
  ),
  whole(
    '--from: a stage with WORKDIR',
    ['FROM scratch AS one', 'WORKDIR /w', 'COPY a.txt .', 'FROM scratch', 'COPY --from=one w/a.txt /x'],
    { context },
  ),
  whole(
    '--from: a path relative to WORKDIR of the stage is not found',
    ['FROM scratch AS one', 'WORKDIR /w', 'COPY a.txt .', 'FROM scratch', 'COPY --from=one a.txt /x'],
    { context, expectError: true },
  ),
  whole('--from: the stage itself', ['FROM scratch AS one', 'COPY a.txt /x', 'COPY --from=one /x /y'], {
    context,
    expectError: true,
  }),
  whole(
    '--from: a number out of range',
    ['FROM scratch AS one', 'COPY a.txt /x', 'FROM scratch', 'COPY --from=3 /x /y'],
    { context, expectError: true },
  ),
  whole(
    '--from: a variable is not expanded',
    ['FROM scratch AS one', 'COPY a.txt /x', 'FROM scratch', 'ARG S=one', 'COPY --from=$S /x /y'],
    { context, expectError: true },
  ),
  whole(
    '--from: a name given twice is the last before',
    [
      'FROM scratch AS one',
      'COPY a.txt /x',
      'FROM scratch AS one',
      'COPY b.txt /x',
      'FROM scratch',
      'COPY --from=one /x /y',
    ],
    { context },
  ),
  whole(
    '--from: through three stages',
    [
      'FROM scratch AS one',
      'COPY --chown=5:6 dir /d',
      'FROM scratch AS two',
      'COPY --from=one /d /e',
      'FROM scratch',
      'COPY --from=two /e /f',
    ],
    { context },
  ),
  whole(
    '--from: an image',
    [
      'FROM scratch',
      'COPY --from=parity.test/files:1 /srv /x',
      'COPY --from=parity.test/files:1 /opt/v2/file /y',
    ],
    { images: { 'parity.test/files:1': { containerfile: 'FROM scratch\nADD base.tar /\n', context } } },
  ),
  whole(
    'FROM: an image',
    ['FROM parity.test/app:2', 'COPY a.txt .', 'COPY run.sh /bin/ours', 'ENV B=2 NEW=1'],
    {
      context: tree,
      images: {
        'parity.test/app:2': {
          containerfile: [
            ...base,
            'ENV A=1 B=1',
            'LABEL org.example.a=1',
            'WORKDIR /srv',
            'USER app',
            'EXPOSE 80',
            'VOLUME /data',
            'ENTRYPOINT ["/bin/tool"]',
            'CMD ["serve"]',
            'STOPSIGNAL SIGINT',
            'HEALTHCHECK CMD /bin/tool check',
            'SHELL ["/bin/sh", "-ec"]',
            '',
          ].join('\n'),
          context: { 'base.tar': { tar: baseMembers } },
        },
      },
    },
  ),
  whole('FROM: an image with ONBUILD', ['FROM parity.test/onbuild:1', 'COPY b.txt /y'], {
    context: tree,
    images: {
      'parity.test/onbuild:1': {
        containerfile: 'FROM scratch\nONBUILD COPY a.txt /from-onbuild\nONBUILD ENV ON=build\nLABEL a=b\n',
      },
    },
    differs: needsEngine,
  }),

  // --- FROM
  whole('FROM: scratch and nothing else', 'FROM scratch'),
  whole(
    'FROM: a stage hands down files and config',
    [...base, 'ENV A=1', 'WORKDIR /w', 'CMD ["a"]', 'FROM base', 'COPY a.txt .'],
    {
      context,
    },
  ),
  whole(
    'FROM: a chain',
    ['FROM scratch AS a', 'COPY a.txt /', 'FROM a AS b', 'COPY b.txt /', 'FROM b', 'COPY run.sh /'],
    {
      context,
    },
  ),
  whole(
    'FROM: a stage by another case',
    ['FROM scratch AS Base', 'COPY a.txt /', 'FROM BASE', 'COPY b.txt /'],
    { context, expectError: true },
  ),
  whole(
    'FROM: a stage whose name has capitals',
    ['FROM scratch AS Base', 'COPY a.txt /', 'FROM base', 'COPY b.txt /'],
    { context },
  ),
  whole(
    'FROM: lower-case instructions',
    ['from scratch as one', 'copy a.txt /x', 'from one', 'env a=b', 'cmd ["x"]'],
    { context },
  ),
  whole(
    'FROM: a variable',
    ['ARG BASE=one', 'FROM scratch AS one', 'COPY a.txt /x', 'FROM ${BASE}', 'COPY b.txt /y'],
    {
      context,
    },
  ),
  whole(
    'FROM: a variable with a default',
    ['FROM scratch AS one', 'COPY a.txt /x', 'ARG X', 'FROM one', 'COPY b.txt /y'],
    {
      context,
    },
  ),
  whole(
    'FROM: ${x:-y}',
    ['ARG WHICH', 'FROM scratch AS one', 'COPY a.txt /x', 'FROM ${WHICH:-one}', 'COPY b.txt /y'],
    {
      context,
    },
  ),
  whole(
    'FROM: chosen by a build argument',
    [
      'ARG WHICH=one',
      'FROM scratch AS one',
      'COPY a.txt /x',
      'FROM scratch AS two',
      'COPY b.txt /x',
      'FROM $WHICH',
    ],
    { context, buildArgs: { WHICH: 'two' } },
  ),
  whole('FROM: an empty variable', ['ARG NONE', 'FROM $NONE', 'COPY a.txt /x'], {
    context,
    expectError: true,
  }),
  whole('FROM: two words', ['FROM scratch one'], { expectError: true }),
  whole('FROM: a bad stage name', ['FROM scratch AS 1one'], { expectError: true }),
  whole('FROM: none', ['COPY a.txt /x'], { context, expectError: true }),
  whole('an empty container file', '', { expectError: true }),
  whole('an unknown instruction', ['FROM scratch', 'COPPY a.txt /x'], { context, expectError: true }),
  whole('target: by name', ['FROM scratch AS a', 'COPY a.txt /x', 'FROM scratch AS b', 'COPY b.txt /x'], {
    context,
    target: 'a',
  }),
  whole(
    'target: by name in another case',
    ['FROM scratch AS a', 'COPY a.txt /x', 'FROM scratch AS b', 'COPY b.txt /x'],
    {
      context,
      target: 'A',
    },
  ),
  whole('target: by number', ['FROM scratch AS a', 'COPY a.txt /x', 'FROM scratch AS b', 'COPY b.txt /x'], {
    context,
    target: '0',
    expectError: true,
    differs: {
      because: 'a number is taken, as COPY --from takes it',
      files: { x: { type: 'file', mode: 0o644, uid: 0, gid: 0, content: 'a\n' } },
    },
  }),
  whole('target: unknown', ['FROM scratch AS a', 'COPY a.txt /x'], {
    context,
    target: 'c',
    expectError: true,
  }),
  whole(
    'a stage that nothing needs is not built',
    ['FROM scratch AS a', 'COPY missing /x', 'FROM scratch', 'COPY b.txt /x'],
    {
      context,
    },
  ),
  whole(
    'a stage after the target is not built',
    ['FROM scratch AS a', 'COPY a.txt /x', 'FROM a', 'COPY missing /x'],
    {
      context,
      target: 'a',
    },
  ),
  whole(
    'comments, blank lines and continuations',
    [
      '# syntax is not a directive here',
      '',
      'FROM scratch',
      'COPY a.txt \\',
      '  # a comment inside',
      '',
      '  b.txt \\',
      '    /x/',
      '   # indented',
      'ENV A=1 \\',
      '    B="2 \\',
      '3"',
      '',
    ],
    { context },
  ),
  whole('escape directive', ['# escape=`', 'FROM scratch', 'COPY a.txt `', '  /x/', 'ENV A=a\\b C=`$A'], {
    context,
  }),
  whole('Windows line ends', ['FROM scratch\r', 'COPY a.txt \\\r', '  /x/\r', 'ENV A=1\r', 'CMD ["a"]\r'], {
    context,
  }),
];
