import { onBase, onScratch, type ParityCase, tree, needsEngine } from './case';

/** One small tar under several compressions: etc/ 0750 7:8, etc/app.conf 0640 7:8, run.sh 0755, current → etc. */
const archives = {
  gzip: 'H4sIAAAAAAACA+2Wzw7CIAzGOfsUGO9bC2N48WHmgpkXtjD2/oLzT5zJTkJi1t+lJXBo8+VrMb4tWWIAQCvgMYZsjvg8z/DPXOtKcqZYBqbRNy6U8oMmY+2v+CeYoH8zDEXb20tC/etqTX9c6I8oaxHuSf/kDL3zpyPsGLFJ3GSLscsw/1W0Bj72AL73wd3/YuF/kEqS/3Nw2Jfnqy3HjibAJmkn54z1yf2v9Yr/4Xv/Y3gvwueE/E8QBJGGG0XBDIYAEAAA',
  bzip2:
    'QlpoOTFBWSZTWXQGWiMAAMBbkPKQaAH/xgQ2e2HeAARACggwANq2CUSnoTRmoaPUA0aaA0b0oNT1NU8U00GCaZAegAEwkVE/VBoyA0DQHqBoBhDlbKrnGh0r8FQyagATLQYBAycBTCClawjHePHgomfITWTrMobP2HzUbnUBAUEOfKFjbTgIAQwN4MM4cZSlAXldbTC+0Tn5aig7oBUjOfRGFnhrVqDiWvCOKLAKyK3APIBc4FVL2u6NbxxMGxZr+5SyFeWiWmx4QngFSOqkkogn8XckU4UJB0BlojA=',
  xz: '/Td6WFoAAATm1rRGAgAhARwAAAAQz1jM4A//AKddADKdCIYQ5JSzSrhLjPg1L3tIcpeKvh/Rhiz1Tjo9QebLPntessWimWQOh69pS8/ilhCaZkFzHgB3UgC7UWzHzU0rPKAwp6Dnq1jT6dxkUsnhZYfLcuSoE7wCYQViy5XM9ftIK3ZvTJJ31f5+RbLu5odmS2nudkxJxF5hPNCoHyQ6nruVSAEva5bVpzBUMEfsRaLRf+c+ZjgbhmsWvMnLTNJjaER+czkAAADcT+pui0BkIwABwwGAIAAArGFdvLHEZ/sCAAAAAARZWg==',
};

/** A text file, compressed: not a tar. */
const plainGzip = 'H4sIAAAAAAACA8sqLS5RKEmtKOECABIw4VMKAAAA';
const plainBzip2 = 'QlpoOTFBWSZTWdPJPw4AAAHRgAAQQAACEA5AIAAiBpp6EMCHeeDCC7kinChIaeSfhwA=';

/** ADD: as COPY, and local archives are unpacked. */
export const addCases: ParityCase[] = [
  onScratch('ADD: a file', 'ADD a.txt /x', { context: tree }),
  onScratch('ADD: a directory', 'ADD dir /x', { context: tree }),
  onScratch('ADD: several and a wildcard', 'ADD a.txt d* /x/', { context: tree }),
  onScratch('ADD: a link to a file', 'ADD link /x', { context: { 'a.txt': 'a\n', link: { link: 'a.txt' } } }),
  onScratch('ADD: a tar', 'ADD a.tar /x', {
    context: {
      'a.tar': {
        tar: [
          { name: 'd', directory: true, mode: 0o700, uid: 5, gid: 6 },
          { name: 'd/f', content: 'f\n', mode: 0o600, uid: 7, gid: 8 },
          { name: 'd/setuid', content: 's\n', mode: 0o4711, uid: 0, gid: 8 },
          { name: 'd/link', link: '../elsewhere', uid: 9, gid: 9 },
          { name: 'd/hard', hardlink: 'd/f', mode: 0o600, uid: 7, gid: 8 },
          { name: 'sticky', directory: true, mode: 0o1777 },
          { name: 'empty', content: '', uid: 200000, gid: 1 },
        ],
      },
    },
  }),
  onScratch('ADD: a tar.gz', 'ADD a.tar.gz /x/', { context: { 'a.tar.gz': { base64: archives.gzip } } }),
  onScratch('ADD: a tar.bz2', 'ADD a.tar.bz2 /x/', {
    context: { 'a.tar.bz2': { base64: archives.bzip2 } },
    differs: needsEngine,
  }),
  onScratch('ADD: a tar.xz', 'ADD a.tar.xz /x/', {
    context: { 'a.tar.xz': { base64: archives.xz } },
    differs: needsEngine,
  }),
  onScratch('ADD: a tar to the root', 'ADD a.tar.gz /', {
    context: { 'a.tar.gz': { base64: archives.gzip } },
  }),
  onScratch('ADD: an archive under another name', 'ADD layer.bin /x/', {
    context: { 'layer.bin': { base64: archives.gzip } },
  }),
  onScratch('ADD: a destination without slash is a directory', 'ADD a.tar.gz /x/y', {
    context: { 'a.tar.gz': { base64: archives.gzip } },
  }),
  onScratch('ADD: gzip that is no tar', 'ADD p.txt.gz /x/', {
    context: { 'p.txt.gz': { base64: plainGzip } },
  }),
  onScratch('ADD: gzip that is no tar, to a name', 'ADD p.txt.gz /x', {
    context: { 'p.txt.gz': { base64: plainGzip } },
  }),
  onScratch('ADD: bzip2 that is no tar', 'ADD p.bz2 /x/', {
    context: { 'p.bz2': { base64: plainBzip2 } },
    differs: needsEngine,
  }),
  onScratch('ADD: a file that is only called a tar', 'ADD a.tar /x/', {
    context: { 'a.tar': 'no tar at all\n' },
  }),
  onScratch('ADD: an empty file that is called a tar', 'ADD a.tar /x/', { context: { 'a.tar': '' } }),
  onScratch('ADD: a tar without members', 'ADD a.tar /x/', { context: { 'a.tar': { tar: [] } } }),
  onScratch('ADD: a tar of a tar is unpacked once', 'ADD outer.tar /x/', {
    context: { 'outer.tar': { tar: [{ name: 'inner.tar.gz', content: 'as it is\n' }] } },
  }),
  onScratch('ADD: a tar in a directory stays', 'ADD d /x/', {
    context: { 'd/a.tar.gz': { base64: archives.gzip } },
  }),
  onScratch('ADD: tars found by a wildcard', 'ADD *.tar /x/', {
    context: {
      'one.tar': { tar: [{ name: 'one', content: '1\n' }] },
      'two.tar': { tar: [{ name: 'two', content: '2\n' }] },
      'three.txt': '3\n',
    },
  }),
  onScratch('ADD: a tar and a file', 'ADD a.tar.gz a.txt /x/', {
    context: { ...tree, 'a.tar.gz': { base64: archives.gzip } },
  }),
  onScratch('ADD: a link to a tar', 'ADD link /x/', {
    context: { 'a.tar': { tar: [{ name: 'f', content: 'f\n' }] }, link: { link: 'a.tar' } },
  }),
  onScratch('COPY: a tar stays a file', 'COPY a.tar.gz /x/', {
    context: { 'a.tar.gz': { base64: archives.gzip } },
  }),
  onScratch('ADD: a tar whose members lack parents', 'ADD a.tar /x/', {
    context: { 'a.tar': { tar: [{ name: 'deep/down/f', content: 'f\n', mode: 0o600, uid: 3, gid: 4 }] } },
  }),
  onScratch('ADD: a tar with its root', 'ADD a.tar /x/', {
    context: {
      'a.tar': {
        tar: [
          { name: './', directory: true, mode: 0o700, uid: 3, gid: 4 },
          { name: './f', content: 'f\n' },
          { name: './d/', directory: true },
        ],
      },
    },
  }),
  onScratch('ADD: a tar with its root, to the root of the image', 'ADD a.tar /', {
    context: {
      'a.tar': {
        tar: [
          { name: './', directory: true, mode: 0o700, uid: 3 },
          { name: './f', content: 'f\n' },
        ],
      },
    },
  }),
  onScratch('ADD: a tar with absolute names', 'ADD a.tar /x/', {
    context: { 'a.tar': { tar: [{ name: '/abs', content: 'f\n' }] } },
  }),
  onScratch('ADD: a tar that climbs out is held in the destination', 'ADD a.tar /x/', {
    context: { 'a.tar': { tar: [{ name: '../out', content: 'f\n' }] } },
  }),
  onScratch('ADD: a tar that climbs out by a link', 'ADD a.tar /x/', {
    context: {
      'a.tar': {
        tar: [
          { name: 'link', link: '/y' },
          { name: 'link/f', content: 'f\n' },
        ],
      },
    },
    expectError: true,
  }),
  onScratch('ADD: a tar with the same member twice', 'ADD a.tar /x/', {
    context: {
      'a.tar': {
        tar: [
          { name: 'f', content: 'first\n', mode: 0o600, uid: 1 },
          { name: 'f', content: 'second\n', mode: 0o644, uid: 2 },
        ],
      },
    },
  }),
  onScratch('ADD: a tar with a fifo', 'ADD a.tar /x/', {
    context: { 'a.tar': { tar: [{ name: 'pipe', fifo: true, mode: 0o620, uid: 4 }] } },
  }),
  onScratch('ADD: a tar with long names', 'ADD a.tar /x/', {
    context: {
      'a.tar': {
        tar: [
          { name: `${'d'.repeat(90)}/${'e'.repeat(140)}`, content: 'far\n' },
          { name: 'grün', content: 'g\n' },
          { name: 'link', link: 'l'.repeat(150) },
        ],
      },
    },
  }),
  onScratch('ADD: --chown with a tar', 'ADD --chown=5:6 a.tar.gz /x/', {
    context: { 'a.tar.gz': { base64: archives.gzip } },
  }),
  onScratch('ADD: --chmod with a tar', 'ADD --chmod=700 a.tar.gz /x/', {
    context: { 'a.tar.gz': { base64: archives.gzip } },
  }),
  onBase('ADD: a tar into directories of the base', 'ADD a.tar /', {
    context: {
      'a.tar': {
        tar: [
          { name: 'tmp', directory: true, mode: 0o700 },
          { name: 'srv', directory: true, mode: 0o755, uid: 1, gid: 2 },
          { name: 'srv/index.html', content: 'ours\n' },
          { name: 'home/app/new', content: 'n\n' },
        ],
      },
    },
  }),
  onBase('ADD: a tar over links of the base', 'ADD a.tar /', {
    context: {
      'a.tar': {
        tar: [
          { name: 'bin', directory: true },
          { name: 'bin/ours', content: 'o\n' },
        ],
      },
    },
  }),
  onBase('ADD: a tar through links of the base', 'ADD a.tar /', {
    context: {
      'a.tar': {
        tar: [
          { name: 'bin/ours', content: 'o\n', mode: 0o755 },
          { name: 'sbin/ours', content: 'o\n' },
        ],
      },
    },
  }),
  onBase('ADD: a tar to a link of the base', 'ADD a.tar /bin', {
    context: { 'a.tar': { tar: [{ name: 'ours', content: 'o\n' }] } },
  }),
  onBase('ADD: a tar with a file over a directory', 'ADD a.tar /', {
    context: { 'a.tar': { tar: [{ name: 'srv', content: 'a file\n' }] } },
  }),
  onBase('ADD: a tar with a directory over a file', 'ADD a.tar /', {
    context: {
      'a.tar': {
        tar: [
          { name: 'etc/passwd', directory: true },
          { name: 'etc/passwd/x', content: 'x\n' },
        ],
      },
    },
  }),
  onBase('ADD: a tar with a link over a directory', 'ADD a.tar /', {
    context: { 'a.tar': { tar: [{ name: 'srv', link: 'opt' }] } },
  }),
  onBase('ADD: a tar with a hard link to a file of the base', 'ADD a.tar /', {
    context: { 'a.tar': { tar: [{ name: 'etc/copy', hardlink: 'etc/passwd', mode: 0o644 }] } },
  }),
  onBase('ADD: a tar to a file of the base', 'ADD a.tar /etc/passwd', {
    context: { 'a.tar': { tar: [{ name: 'f', content: 'f\n' }] } },
    expectError: true,
  }),
  onBase('ADD: after USER', ['USER app', 'ADD a.tar.gz /x/', 'ADD a.txt /x/'], {
    context: { 'a.txt': 'a\n', 'a.tar.gz': { base64: archives.gzip } },
  }),
  onScratch('ADD: to WORKDIR', ['WORKDIR /w', 'ADD a.tar.gz .'], {
    context: { 'a.tar.gz': { base64: archives.gzip } },
  }),
];
