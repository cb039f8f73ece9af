import type { Context } from '../context';
import { onScratch, type ParityCase } from './case';

const context: Context = {
  'README.md': 'readme\n',
  'package.json': '{}\n',
  'a.log': 'log\n',
  '.env': 'SECRET=1\n',
  '.git/HEAD': 'ref\n',
  'src/main.ts': 'main\n',
  'src/main.spec.ts': 'spec\n',
  'src/lib/a.log': 'log\n',
  'src/lib/util.ts': 'util\n',
  'src/README.md': 'readme of src\n',
  'docs/README.md': 'readme of docs\n',
  'docs/guide/intro.md': 'intro\n',
  'node_modules/x/index.js': 'x\n',
  'src/node_modules/y/index.js': 'y\n',
  'tmp/a': 'a\n',
  tmp1: 'one\n',
  'tmp2/b': 'b\n',
  empty: { directory: true },
};

function ignoring(name: string, lines: string[], rest: Partial<ParityCase> = {}): ParityCase {
  return {
    ...onScratch(`ignore: ${name}`, 'COPY . /x', { context, dockerignore: `${lines.join('\n')}\n` }),
    ...rest,
  };
}

/** The ignore file: patterns as moby's patternmatcher has them. */
export const ignoreCases: ParityCase[] = [
  ignoring('an empty file', ['']),
  ignoring('a file', ['README.md']),
  ignoring('a directory', ['src']),
  ignoring('a directory, slash', ['src/']),
  ignoring('a leading slash', ['/README.md', '/docs/']),
  ignoring('a name is that of the root only', ['node_modules']),
  ignoring('at any depth', ['**/node_modules', '**/*.log']),
  ignoring('**.log', ['**.log']),
  ignoring('* does not cross a slash', ['*.md', '*/*.md']),
  ignoring('** in the middle', ['docs/**/*.md']),
  ignoring('** at the end', ['src/**']),
  ignoring('?', ['tmp?']),
  ignoring('a class', ['tmp[2-9]', 'READM[A-F].md']),
  ignoring('comments and blank lines', [
    '# README.md',
    '',
    '   ',
    '  package.json  ',
    'a.log # not a comment',
  ]),
  ignoring('an exception', ['*.md', '!README.md']),
  ignoring('an exception in an ignored directory', ['docs', '!docs/guide/intro.md']),
  ignoring('everything but', ['*', '!src/**', '!package.json']),
  ignoring('everything but a directory', ['*', '!src']),
  ignoring('everything at any depth but', ['**', '!src/lib', 'src/lib/*.log']),
  ignoring('the last match counts', ['!README.md', '*.md', '!docs/README.md', 'docs']),
  ignoring('an exception at any depth', ['src', '!**/*.ts', '**/*.spec.ts'], {
    differs: {
      because: 'the classic command line does not look into src for it; newer engines do, as it is written',
      files: {
        'x/src': { type: 'dir', mode: 0o755, uid: 0, gid: 0 },
        'x/src/main.ts': { type: 'file', mode: 0o644, uid: 0, gid: 0, content: 'main\n' },
        'x/src/lib': { type: 'dir', mode: 0o755, uid: 0, gid: 0 },
        'x/src/lib/util.ts': { type: 'file', mode: 0o644, uid: 0, gid: 0, content: 'util\n' },
      },
    },
  }),
  ignoring('dotfiles', ['.*']),
  ignoring('.git and .env', ['.git', '**/.env']),
  ignoring('dots in a pattern', ['./src/../docs', 'src/./lib']),
  ignoring('a space after the exclamation mark', ['*.md', '! README.md']),
  ignoring('the container file and the ignore file', ['Containerfile', '.dockerignore']),
  ignoring('a dot', ['.']),
  ignoring('a slash', ['/']),
  ignoring('an empty directory', ['empty']),
  ignoring('a directory that is left empty', ['tmp/*', 'tmp2/b']),
  ignoring('a byte order mark', ['\ufeffREADME.md']),
  ignoring('Windows line ends', ['README.md\r', 'docs\r']),
  ignoring('a backslash before a letter', ['\\README.md'], { expectError: true }),
  ignoring('a backslash before a sign', ['\\.env', 'package\\.json', '\\*.log']),
  ignoring('a backslash at the end', ['README.md\\'], { expectError: true }),
  ignoring('a source that is ignored', ['src/lib'], {
    containerfile: 'FROM scratch\nCOPY src/lib /x\n',
    expectError: /not found/,
  }),
  ignoring('a wildcard sees only what is sent', ['*.md', 'docs'], {
    containerfile: 'FROM scratch\nCOPY R* p* d* /x/\n',
  }),
  ignoring('a link is judged by its own name', ['link', 'target'], {
    context: { link: { link: 'kept' }, kept: 'kept\n', target: 't\n', other: { link: 'target' } },
  }),
  ignoring('a source that is a link to what is ignored', ['target'], {
    containerfile: 'FROM scratch\nCOPY other /x\n',
    context: { target: 't\n', other: { link: 'target' } },
    expectError: true,
  }),
];
