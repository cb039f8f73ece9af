import { type Difference, onBase, onScratch, type ParityCase, tree, whole } from './case';

const context = tree;

const unknownName: Difference = {
  because:
    'the engine silently takes root: a mistake in a name must not give root what was meant for another',
  error: true,
};

/** --chown, --chmod, USER and WORKDIR: who owns what is made. */
export const ownerCases: ParityCase[] = [
  onScratch('--chown: uid:gid', 'COPY --chown=5:6 a.txt /x', { context }),
  onScratch('--chown: uid alone', 'COPY --chown=5 a.txt /x', { context }),
  onScratch('--chown: a directory, its contents and new parents', 'COPY --chown=5:6 dir /x/y', { context }),
  onScratch('--chown: 0:0', 'COPY --chown=0:0 a.txt /x', { context }),
  onScratch('--chown: large ids', 'COPY --chown=262144:2000000000 a.txt /x', { context }),
  onScratch('--chown: a name on scratch', 'COPY --chown=app a.txt /x', { context, expectError: true }),
  onScratch('--chown: root on scratch', 'COPY --chown=root:root a.txt /x', { context }),
  onScratch('--chown: variables', ['ARG U=7', 'ENV G=8', 'COPY --chown=$U:${G} a.txt /x'], { context }),
  onScratch('--chown: empty', 'COPY --chown= a.txt /x', { context }),
  onScratch('--chown: three parts', 'COPY --chown=1:2:3 a.txt /x', { context, expectError: true }),
  onScratch('--chown: negative', 'COPY --chown=-1:-1 a.txt /x', { context, differs: unknownName }),
  onScratch('--chown: given twice', 'COPY --chown=1:1 --chown=2:2 a.txt /x', { context, expectError: true }),
  onScratch('COPY: an unknown flag', 'COPY --wrong=1 a.txt /x', { context, expectError: true }),
  onBase('--chown: names', 'COPY --chown=app:staff a.txt /x', { context }),
  onBase('--chown: a name alone has its primary group', 'COPY --chown=app a.txt /x', { context }),
  onBase('--chown: an id that passwd knows', 'COPY --chown=1000 a.txt /x', { context }),
  onBase('--chown: an id that passwd does not know', 'COPY --chown=1234 a.txt /x', { context }),
  onBase('--chown: id and group name', 'COPY --chown=1234:staff a.txt /x', { context }),
  onBase('--chown: name and group id', 'COPY --chown=app:77 a.txt /x', { context }),
  onBase('--chown: a group alone', 'COPY --chown=:staff a.txt /x', { context }),
  onBase('--chown: a user and an empty group', 'COPY --chown=app: a.txt /x', { context }),
  onBase('--chown: an unknown user', 'COPY --chown=stranger a.txt /x', { context, differs: unknownName }),
  onBase('--chown: an unknown group', 'COPY --chown=app:strangers a.txt /x', {
    context,
    differs: unknownName,
  }),
  onBase('--chown: parents of the base stay', 'COPY --chown=app:app a.txt /srv/n/a.txt', { context }),
  onBase('--chown: a destination directory of the base', 'COPY --chown=app:app dir /srv', { context }),
  onBase('--chown: directories of the base below the destination', 'COPY --chown=app:app root /', {
    context: { 'root/srv/sub/x': 'x\n', 'root/new/y': 'y\n' },
  }),
  onBase('--chown: nested links', 'COPY --chown=app:app d /x', {
    context: { 'd/link': { link: 'target' }, 'd/target': 't\n' },
  }),
  onBase('--chown: over a file with setuid', 'COPY --chown=app su /x', {
    contextModes: true,
    context: { su: { content: 's\n', mode: 0o6755 } },
    differs: { because: 'the context is seen as git has it', files: { x: { mode: 0o755 } } },
  }),
  onBase(
    '--chown: passwd as it is at that line',
    ['COPY passwd /etc/passwd', 'COPY --chown=late a.txt /x', 'COPY --chown=app b.txt /y'],
    { context: { ...context, passwd: 'late:x:70:71::/:\napp:x:80:81::/:\n' } },
  ),
  onBase(
    '--chown: passwd with comments and faults',
    ['COPY passwd /etc/passwd', 'COPY --chown=app a.txt /x'],
    {
      context: { ...context, passwd: '# a comment\n\nbroken\n:x:1:1\napp:x:80:81::/:\napp:x:90:91::/:\n' },
    },
  ),

  onScratch('--chmod: a file', 'COPY --chmod=640 a.txt /x', { context }),
  onScratch('--chmod: four digits', 'COPY --chmod=4755 a.txt /x', {
    context,
    differs: { because: 'older engines lose the fourth digit', files: { x: { mode: 0o4755 } } },
  }),
  onScratch('--chmod: a leading zero', 'COPY --chmod=0600 a.txt /x', { context }),
  onScratch('--chmod: a directory', 'COPY --chmod=750 dir /x', { context }),
  onScratch('--chmod: new parents', 'COPY --chmod=600 a.txt /x/y/z', { context }),
  onScratch('--chmod: with --chown', 'COPY --chown=5:6 --chmod=640 dir /x', { context }),
  onScratch('--chmod: nested links', 'COPY --chmod=600 d /x', {
    context: { 'd/link': { link: 'target' }, 'd/target': 't\n' },
  }),
  onScratch('--chmod: letters', 'COPY --chmod=u+x a.txt /x', {
    context,
    differs: { because: 'older engines ignore it, the newest know it', files: { x: { mode: 0o744 } } },
  }),
  onScratch('--chmod: not octal', 'COPY --chmod=789 a.txt /x', {
    context,
    differs: { because: 'older engines ignore it, newer ones refuse it', error: true },
  }),
  onScratch('--chmod: a variable', ['ARG M=600', 'COPY --chmod=$M a.txt /x'], {
    context,
    differs: {
      because: 'older engines ignore what is not octal, newer ones expand it',
      files: { x: { mode: 0o600 } },
    },
  }),
  onScratch('--chmod: ADD', 'ADD --chmod=600 a.txt /x', { context }),
  onBase('--chmod: a destination directory of the base', 'COPY --chmod=700 dir /srv', { context }),
  onBase('--chmod: directories of the base below the destination', 'COPY --chmod=700 root /', {
    context: { 'root/srv/sub/x': 'x\n' },
  }),

  onBase('USER: does not own what is copied', ['USER app', 'COPY dir /x'], { context }),
  onBase('USER: owns what WORKDIR makes', ['USER app', 'WORKDIR /work/deep', 'COPY a.txt .'], { context }),
  onBase('USER: with a group', ['USER app:staff', 'WORKDIR /work'], { context }),
  onBase('USER: ids', ['USER 1234:77', 'WORKDIR /work'], { context }),
  onBase('USER: an id alone', ['USER 1234', 'WORKDIR /work'], { context }),
  onBase('USER: an id that passwd knows', ['USER 1000', 'WORKDIR /work'], { context }),
  onBase('USER: an unknown name without WORKDIR', ['USER stranger', 'COPY a.txt /x'], { context }),
  onBase('USER: an unknown name with WORKDIR', ['USER stranger', 'WORKDIR /work'], {
    context,
    differs: unknownName,
  }),
  onBase('USER: a variable', ['ARG NAME=app', 'USER ${NAME}', 'WORKDIR /work'], { context }),
  onBase('USER: back to root', ['USER app', 'WORKDIR /a', 'USER root', 'WORKDIR /b'], { context }),
  onScratch('USER: a name on scratch', ['USER app', 'COPY a.txt /x'], { context }),
  whole(
    'USER: comes with the base',
    ['FROM scratch AS base', 'ADD base.tar /', 'USER app', 'FROM base', 'WORKDIR /w', 'COPY a.txt .'],
    {
      context: {
        'a.txt': 'a\n',
        'base.tar': {
          tar: [
            { name: 'etc', directory: true },
            { name: 'etc/passwd', content: 'app:x:1000:1001::/:\n' },
          ],
        },
      },
    },
  ),
  onBase('USER: empty', 'USER', { expectError: true }),

  onScratch('WORKDIR: is made', 'WORKDIR /a/b/c'),
  onScratch('WORKDIR: relative to the one before', ['WORKDIR /a', 'WORKDIR b', 'WORKDIR ../c']),
  onScratch('WORKDIR: relative from the start', 'WORKDIR a/b'),
  onScratch('WORKDIR: trailing slash and dots', 'WORKDIR /a//b/../c/', {
    differs: { because: 'newer engines clean the path', optional: true, config: { WorkingDir: '/a/c' } },
  }),
  onScratch('WORKDIR: the root', 'WORKDIR /'),
  onScratch('WORKDIR: variables', ['ENV A=/x', 'ARG B=y', 'WORKDIR $A/${B}/${C:-z}']),
  onScratch('WORKDIR: with spaces', 'WORKDIR /with space/in it'),
  onScratch('WORKDIR: quotes', 'WORKDIR "/quoted path"'),
  onScratch('WORKDIR: empty', 'WORKDIR', { expectError: true }),
  onScratch('WORKDIR: expands to nothing', 'WORKDIR $NONE'),
  onScratch('WORKDIR: only the last is in the config', ['WORKDIR /a', 'WORKDIR /b', 'COPY a.txt .'], {
    context,
  }),
  onBase('WORKDIR: one of the base keeps mode and owner', ['WORKDIR /tmp', 'WORKDIR /home/app']),
  onBase('WORKDIR: below one of the base', 'WORKDIR /srv/sub/new'),
  onBase('WORKDIR: a link', ['WORKDIR /bin', 'COPY a.txt .'], { context }),
  onBase('WORKDIR: below a link', ['WORKDIR /sbin/new', 'COPY a.txt .'], { context }),
  onBase('WORKDIR: a dangling link', 'WORKDIR /opt/dangling'),
  onBase('WORKDIR: below a dangling link', ['WORKDIR /opt/dangling/x', 'COPY a.txt .'], { context }),
  onBase('WORKDIR: a file', 'WORKDIR /etc/passwd', { expectError: true }),
];
