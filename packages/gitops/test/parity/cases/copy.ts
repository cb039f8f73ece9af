import { onBase, onScratch, type ParityCase, tree } from './case';

const context = tree;

const asGit = 'the context is seen as git has it';

/** COPY from the context: sources, destinations, wildcards. */
export const copyCases: ParityCase[] = [
  onScratch('COPY: a file to a name', 'COPY a.txt /b.txt', { context }),
  onScratch('COPY: a file to a new directory', 'COPY a.txt /x/', { context }),
  onScratch('COPY: a file below new directories', 'COPY run.sh /x/y/z', { context }),
  onScratch('COPY: a relative destination without WORKDIR', 'COPY a.txt x/y', { context }),
  onScratch('COPY: a directory gives its contents', 'COPY dir /x', { context }),
  onScratch('COPY: a directory with slashes', 'COPY dir/ /x/', { context }),
  onScratch('COPY: a directory to the root', 'COPY dir /', { context }),
  onScratch('COPY: an empty directory', 'COPY dir/empty /x/', { context }),
  onScratch('COPY: . to the root', 'COPY . /', { context }),
  onScratch('COPY: . to .', ['WORKDIR /app', 'COPY . .'], { context }),
  onScratch('COPY: ./ to ./ without WORKDIR', 'COPY ./ ./', { context }),
  onScratch('COPY: / is the context', 'COPY / /x', { context }),
  onScratch('COPY: dir/. is the directory', 'COPY dir/. /x', { context }),
  onScratch('COPY: a source with a leading slash', 'COPY /dir/one.txt /x/', { context }),
  onScratch('COPY: a source with dots inside', 'COPY ./dir/../a.txt dir//sub/./deep.txt /x/', { context }),
  onScratch('COPY: ../ stops at the root of the context', 'COPY ../a.txt ../../dir/one.txt /x/', { context }),
  onScratch('COPY: .. is the context', 'COPY .. /x', { context }),
  onScratch('COPY: a destination with dots', 'COPY a.txt /x/../y/./z', { context }),
  onScratch('COPY: a destination above the root', ['WORKDIR /w', 'COPY a.txt ../../../x'], { context }),
  onScratch('COPY: a destination that ends in /.', 'COPY a.txt /x/.', {
    context,
    differs: {
      because: 'newer engines take it for a directory, as cp does',
      files: {
        x: { type: 'dir', mode: 0o755, size: undefined, sha256: undefined },
        'x/a.txt': { type: 'file', mode: 0o644, uid: 0, gid: 0, content: 'a\n' },
      },
    },
  }),
  onScratch('COPY: a destination that ends in /..', 'COPY a.txt /x/y/..', { context }),
  onScratch('COPY: several files', 'COPY a.txt b.txt run.sh /x/', { context }),
  onScratch('COPY: several directories are poured together', 'COPY dir data /x/', { context }),
  onScratch('COPY: files and directories, the last one stands', 'COPY a.txt data /x/', { context }),
  onScratch('COPY: the same source twice', 'COPY a.txt a.txt /x/', { context }),
  onScratch('COPY: several files need a slash', 'COPY a.txt b.txt /x', { context }),
  onScratch('COPY: several files to .', ['WORKDIR /w', 'COPY a.txt b.txt .'], { context }),
  onScratch('COPY: several files to ./', ['WORKDIR /w', 'COPY a.txt b.txt ./'], { context }),
  onScratch('COPY: a missing source', 'COPY missing /x', { context, expectError: /not found/ }),
  onScratch('COPY: a missing source among others', 'COPY a.txt missing /x/', {
    context,
    expectError: /not found/,
  }),
  onScratch('COPY: no destination', 'COPY a.txt', { context, expectError: true }),
  onScratch('COPY: a file with a trailing slash', 'COPY a.txt/ /x', { context }),
  onScratch('COPY: below a file', 'COPY a.txt/b /x', { context, expectError: true }),
  onScratch('COPY: JSON form with spaces', 'COPY ["with space.txt", "dir with space", "/x y/"]', {
    context: { 'with space.txt': 'space\n', 'dir with space/f': 'f\n' },
  }),
  onScratch('COPY: quotes do not join words', 'COPY "with space.txt" /x/', {
    context: { 'with space.txt': 'space\n' },
    expectError: true,
  }),
  onScratch('COPY: quotes around a word', `COPY "a.txt" 'b.txt' /x/`, { context }),
  onScratch('COPY: a backslash before a letter', 'COPY a\\.txt /x\\y', { context }),
  onScratch('COPY: unicode and odd names', 'COPY . /x/', {
    context: {
      'grün/ß.txt': 'eszett\n',
      '日本.txt': 'nihon\n',
      'emoji-🚀': 'rocket\n',
      'percent%20': 'p\n',
      'plus+and=': 'p\n',
      "quote'": 'q\n',
      'back\\slash': 'b\n',
      'bracket[1]': 'b\n',
      'new\nline': 'n\n',
      'trailing ': 't\n',
      '-dash': 'd\n',
    },
  }),
  onScratch('COPY: long names', 'COPY deep /', {
    context: { [`deep/${'d'.repeat(120)}/${'e'.repeat(150)}/${'f'.repeat(200)}.txt`]: 'far\n' },
  }),
  onScratch('COPY: empty files', 'COPY empty also-empty /x/', { context: { empty: '', 'also-empty': '' } }),
  onScratch('COPY: dotfiles come with their directory', 'COPY conf /x', {
    context: { 'conf/.env': 'A=1\n', 'conf/.config/.keep': '', 'conf/..data': 'dots\n' },
  }),
  onScratch('COPY: variables in paths', ['ENV D=dir TO=/x', 'COPY $D/one.txt ${TO}/${NONE:-n}/'], {
    context,
  }),

  // --- wildcards
  onScratch('COPY: *', 'COPY *.txt /x/', { context }),
  onScratch('COPY: * matches directories and pours them out', 'COPY d* /x/', { context }),
  onScratch('COPY: * alone', 'COPY * /x/', {
    context: { a: 'a\n', '.dot': 'dot\n', 'd/b': 'b\n', 'd/.e': 'e\n' },
  }),
  onScratch('COPY: * matches dotfiles', 'COPY d/* /x/', { context: { 'd/.dot': 'dot\n', 'd/plain': 'p\n' } }),
  onScratch('COPY: ? and classes', 'COPY f?.txt g[ab].txt h[^a].txt i[0-9].txt /x/', {
    context: Object.fromEntries(
      ['f1', 'f22', 'ga', 'gb', 'gc', 'ha', 'hb', 'i0', 'ix'].map((name) => [`${name}.txt`, `${name}\n`]),
    ),
  }),
  onScratch('COPY: * in a directory part', 'COPY pkg/*/package.json /x/', {
    context: { 'pkg/a/package.json': 'a\n', 'pkg/b/package.json': 'b\n', 'pkg/c/other': 'c\n' },
  }),
  onScratch('COPY: * does not cross a slash', 'COPY *.json /x/', {
    context: { 'a.json': 'a\n', 'd/b.json': 'b\n' },
  }),
  onScratch('COPY: ** is one directory', 'COPY **/f.txt /x/', {
    context: { 'f.txt': 'top\n', 'a/f.txt': 'a\n', 'a/b/f.txt': 'b\n' },
  }),
  onScratch('COPY: a wildcard with one match to a name', 'COPY a*.txt /x', { context }),
  onScratch('COPY: a wildcard with two matches to a name', 'COPY *.txt /x', { context }),
  onScratch('COPY: a wildcard without a match', 'COPY *.none /x/', { context }),
  onScratch('COPY: a wildcard without a match among others', 'COPY a.txt *.none /x/', { context }),
  onScratch('COPY: an escaped wildcard', 'COPY \\[x\\].txt /y/', {
    context: { '[x].txt': 'x\n', 'x.txt': 'no\n' },
  }),
  onScratch('COPY: a wildcard that is escaped by a class', 'COPY a[[]1].txt /y/', {
    context: { 'a[1].txt': 'bracket\n', 'a1.txt': 'no\n' },
  }),
  onScratch('COPY: a broken pattern', 'COPY a[ /y/', { context: { 'a[': 'x\n' }, expectError: true }),
  onScratch('COPY: a wildcard with ..', 'COPY ../*.txt /x/', { context }),

  // --- what is there already
  onBase('the base alone', [], {}),
  onBase('COPY: over a file of the base', 'COPY --chown=1:2 run.sh /usr/bin/su', { context }),
  onBase('COPY: a file into a directory of the base', 'COPY a.txt /srv', { context }),
  onBase('COPY: a file into a directory of the base, slash', 'COPY a.txt /srv/', { context }),
  onBase(
    'COPY: parents keep mode and owner',
    ['COPY a.txt /tmp/x/a', 'COPY a.txt /home/app/a', 'COPY a.txt /srv/sub/n/a'],
    {
      context,
    },
  ),
  onBase('COPY: a new directory below one with setgid', 'COPY a.txt /srv/n/m/a', { context }),
  onBase('COPY: a new directory below one with setgid, from a directory', 'COPY dir /srv/n', { context }),
  onBase('COPY: a directory into one of the base', 'COPY srv /srv', {
    context: { 'srv/index.html': 'ours\n', 'srv/sub/new': 'new\n' },
  }),
  onBase('COPY: directories over those of the base', 'COPY root /', {
    context: {
      'root/tmp/x': 'x\n',
      'root/home/app/y': 'y\n',
      'root/srv/sub/z': 'z\n',
      'root/etc/passwd': 'none\n',
    },
  }),
  onBase('COPY: a directory over a file', 'COPY dir /etc/passwd', { context, expectError: true }),
  onBase('COPY: a nested directory over a file', 'COPY root /', {
    context: { 'root/etc/passwd/x': 'x\n' },
    expectError: true,
  }),
  onBase('COPY: a nested file over a directory', 'COPY root /', {
    context: { 'root/srv/sub': 'a file\n' },
    expectError: true,
  }),
  onBase('COPY: below a file of the base', 'COPY a.txt /etc/passwd/x', { context, expectError: true }),
  onBase('COPY: a file over a file, slash', 'COPY a.txt /etc/passwd/', { context, expectError: true }),
  onScratch('COPY: a file where an earlier one was', ['COPY run.sh /x', 'COPY a.txt /x'], { context }),
  onScratch('COPY: nothing changes', ['COPY a.txt /x', 'COPY a.txt /x'], { context }),
  onScratch('COPY: into a directory made by an earlier COPY', ['COPY --chown=5:6 dir /x', 'COPY data /x'], {
    context,
  }),

  // --- destinations behind links of the base
  onBase('COPY: a destination behind a relative link', 'COPY run.sh /bin/ours', { context }),
  onBase('COPY: a destination behind an absolute link', 'COPY run.sh /sbin/ours', { context }),
  onBase('COPY: a link to a directory as destination', 'COPY run.sh /bin', { context }),
  onBase('COPY: a link to a directory as destination, slash', 'COPY run.sh /bin/', { context }),
  onBase('COPY: a directory to a link', 'COPY dir /opt/current', { context }),
  onBase('COPY: a chain of links', 'COPY a.txt /opt/chain/', { context }),
  onBase('COPY: a new directory behind a link', 'COPY a.txt /var/run/x/y', { context }),
  onBase('COPY: a link to a directory with 1777', 'COPY a.txt /var/tmp/x', { context }),
  onBase('COPY: a link to a file as destination', 'COPY a.txt /opt/file-link', { context }),
  onBase('COPY: a dangling link as destination', 'COPY a.txt /opt/dangling', { context }),
  onBase('COPY: a dangling link as directory', 'COPY a.txt /opt/dangling/', { context }),
  onBase('COPY: behind a dangling link', 'COPY a.txt /opt/dangling/x/y', { context }),
  onBase('COPY: a directory to a dangling link', 'COPY dir /opt/dangling', { context }),
  onBase('COPY: a link out of the image stays in it', 'COPY a.txt /opt/outside/', { context }),
  onBase('COPY: a circle of links', 'COPY a.txt /opt/circle/x', { context, expectError: true }),
  onBase('COPY: a circle of links as name', 'COPY a.txt /opt/circle', { context, expectError: true }),
  onBase('COPY: a nested directory where the base has a link', 'COPY root /', {
    context: { 'root/bin/ours': 'ours\n' },
    expectError: true,
  }),
  onBase('COPY: a nested directory where the base has an absolute link', 'COPY root /', {
    context: { 'root/sbin/ours': 'ours\n' },
    expectError: true,
  }),
  onBase('COPY: a nested file where the base has a link to a file', 'COPY root /', {
    context: { 'root/opt/file-link': 'ours\n' },
  }),
  onBase('COPY: a nested file where the base has a link to a directory', 'COPY root /', {
    context: { 'root/opt/current': 'ours\n' },
  }),
  onBase('COPY: a nested file where the base has a dangling link', 'COPY root /', {
    context: { 'root/opt/dangling': 'ours\n' },
  }),
  onBase('COPY: a nested link where the base has a directory', 'COPY root /', {
    context: { 'root/srv/sub': { link: 'elsewhere' } },
    expectError: true,
  }),
  onBase('COPY: a nested link where the base has a file', 'COPY root /', {
    context: { 'root/etc/group': { link: 'passwd' } },
  }),
  onBase('COPY: a nested link where the base has a link', 'COPY root /', {
    context: { 'root/opt/current': { link: 'v3' }, 'root/bin': { link: 'usr/bin' } },
  }),

  // --- links as sources
  onScratch('COPY: a link to a file is followed', 'COPY link /x', {
    context: { 'a.txt': 'a\n', link: { link: 'a.txt' } },
  }),
  onScratch('COPY: a link to a file into a directory', 'COPY link /x/', {
    context: { 'a.txt': 'a\n', link: { link: 'a.txt' } },
  }),
  onScratch('COPY: a link to a directory is followed', 'COPY link /x', {
    context: { 'dir/f': 'f\n', link: { link: 'dir' } },
  }),
  onScratch('COPY: a link to a directory, slash', 'COPY link/ /x/', {
    context: { 'dir/f': 'f\n', link: { link: 'dir' } },
  }),
  onScratch('COPY: behind a link to a directory', 'COPY link/f /x/', {
    context: { 'dir/f': 'f\n', link: { link: 'dir' } },
  }),
  onScratch('COPY: a chain of links as source', 'COPY one /x', {
    context: {
      'dir/f': 'f\n',
      one: { link: 'two' },
      two: { link: 'dir/three' },
      'dir/three': { link: './f' },
    },
  }),
  onScratch('COPY: an absolute link as source', 'COPY link /x', {
    context: { 'dir/f': 'f\n', link: { link: '/dir/f' } },
  }),
  onScratch('COPY: a link out of the context as source', 'COPY link /x', {
    context: { 'dir/f': 'f\n', link: { link: '../../../../dir/f' } },
  }),
  onScratch('COPY: a link to what only the machine has', 'COPY link /x', {
    context: { link: { link: '/etc/passwd' } },
    expectError: true,
  }),
  onScratch('COPY: a broken link as source', 'COPY link /x', {
    context: { link: { link: 'nowhere' } },
    expectError: true,
  }),
  onScratch('COPY: a circle of links as source', 'COPY link /x', {
    context: { link: { link: 'link' } },
    expectError: true,
  }),
  onScratch('COPY: links found by a wildcard', 'COPY l* /x/', {
    context: { 'a.txt': 'a\n', 'd/f': 'f\n', 'l-file': { link: 'a.txt' }, 'l-dir': { link: 'd' } },
  }),
  onScratch('COPY: a broken link found by a wildcard', 'COPY l* /x/', {
    context: { 'l-file': 'l\n', 'l-broken': { link: 'nowhere' } },
    expectError: true,
  }),
  onScratch('COPY: a wildcard behind a link', 'COPY link/* /x/', {
    context: { 'd/f': 'f\n', 'd/g': 'g\n', link: { link: 'd' } },
  }),
  onScratch('COPY: nested links are kept', 'COPY d /x', {
    context: {
      'a.txt': 'a\n',
      'd/f': 'f\n',
      'd/sub/g': 'g\n',
      'd/to-file': { link: 'f' },
      'd/to-dir': { link: 'sub' },
      'd/up': { link: '../a.txt' },
      'd/absolute': { link: '/etc/passwd' },
      'd/broken': { link: 'nowhere' },
      'd/far': { link: '../../../../../etc' },
      'd/odd': { link: './sub//../f' },
    },
  }),
  onScratch('COPY: . with links', 'COPY . /x', {
    context: { 'a.txt': 'a\n', link: { link: 'a.txt' }, broken: { link: 'nowhere' } },
  }),

  // --- links with several names, special modes
  onScratch('COPY: hard links become files', ['COPY d /x', 'COPY d/one d/two /y/'], {
    context: { 'd/one': { content: 'one\n', mode: 0o755 }, 'd/two': { hardlink: 'd/one' } },
  }),
  onScratch('COPY: modes of files and directories', 'COPY d /x', {
    contextModes: true,
    differs: {
      because: asGit,
      files: {
        'x/group': { mode: 0o644 },
        'x/private': { mode: 0o644 },
        'x/setgid': { mode: 0o755 },
        'x/setuid': { mode: 0o755 },
        'x/sticky': { mode: 0o755 },
        'x/sub': { mode: 0o755 },
        'x/sub/f': { mode: 0o644 },
      },
    },
    context: {
      d: { directory: true, mode: 0o700 },
      'd/private': { content: 'p\n', mode: 0o600 },
      'd/group': { content: 'g\n', mode: 0o664 },
      'd/setuid': { content: 's\n', mode: 0o4755 },
      'd/setgid': { content: 's\n', mode: 0o2755 },
      'd/sticky': { directory: true, mode: 0o1777 },
      'd/sub': { directory: true, mode: 0o2750 },
      'd/sub/f': { content: 'f\n', mode: 0o400 },
    },
  }),
  onScratch('COPY: modes of top-level files', 'COPY private setuid /x/', {
    contextModes: true,
    differs: { because: asGit, files: { 'x/private': { mode: 0o644 }, 'x/setuid': { mode: 0o755 } } },
    context: { private: { content: 'p\n', mode: 0o600 }, setuid: { content: 's\n', mode: 0o4755 } },
  }),
  onBase('COPY: modes of directories over those of the base', 'COPY root /', {
    contextModes: true,
    differs: {
      because: asGit,
      files: {
        new: { mode: 0o755 },
        srv: { mode: 0o755 },
        'srv/sub': { mode: 0o755 },
        tmp: { mode: 0o755 },
      },
    },
    context: {
      root: { directory: true, mode: 0o700 },
      'root/tmp': { directory: true, mode: 0o700 },
      'root/srv': { directory: true, mode: 0o711 },
      'root/srv/sub': { directory: true, mode: 0o750 },
      'root/new': { directory: true, mode: 0o750 },
    },
  }),
  onBase('COPY: the mode of the source directory is not that of the destination', 'COPY root /srv', {
    contextModes: true,
    context: { root: { directory: true, mode: 0o700 }, 'root/f': 'f\n' },
  }),
];
