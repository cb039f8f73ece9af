import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as http from 'node:http';
import * as os from 'node:os';
import * as path from 'node:path';
import fc from 'fast-check';
import * as tar from 'tar-stream';
import { compileIgnore, parseIgnoreFile } from './ignore';
import { unless } from '../../test/support/available';

/** What there is in the context of each case. */
const tree = [
  ...['a/b', 'a/c', 'a/x/y/b', 'ab', 'abc', 'b', 'x.log', 'd/x.log', 'd/e/x.log', 'd/e/f/y.log'],
  ...['a+c', 'a^b', 'a{1}', 'a|b', '[z]', '*x', '-x', 'é.t', '#h', '!bang', 's p', 'a.b/c', 'axb/c'],
];
const all = [...tree].sort();
const but = (...kept: string[]) => all.filter((file) => !kept.includes(file));

type Case = [name: string, text: string, ignored: string[], differs?: 'the classic builder differs'];
const differs = 'the classic builder differs';

const cases: Case[] = [
  ['an empty file', '', []],
  ['a file', 'abc', ['abc']],
  ['a directory and what is beneath', 'a', ['a/b', 'a/c', 'a/x/y/b']],
  ['a file in a directory', 'a/b', ['a/b']],
  ['not a name at any depth', 'y.log', []],
  ['case counts', 'ABC', []],
  ['a slash in front', '/abc', ['abc']],
  ['a slash at the end', 'd/e/', ['d/e/f/y.log', 'd/e/x.log']],
  ['a slash alone', '/', []],
  ['./', './abc', ['abc']],
  ['a dot alone', '.', []],
  ['.. within', 'x/../abc', ['abc']],
  ['.. above the context', '../abc', []],
  ['.. above the context, behind a slash', '/../abc', ['abc']],
  ['slashes twice', 'd//e', ['d/e/f/y.log', 'd/e/x.log']],
  ['comments and blank lines', '# abc\n\n  \n#b\nab', ['ab']],
  ['a comment sign behind a space', ' #h', ['#h']],
  ['an escaped comment sign', '\\#h', ['#h']],
  ['space around', '  abc\t', ['abc']],
  ['space within', 's p', ['s p']],
  ['line ends of Windows', 'ab\r\nabc\r\n', ['ab', 'abc']],
  ['a byte order mark', '\uFEFFabc', ['abc']],
  ['a byte order mark and a comment', '\uFEFF# abc\nb', ['b']],
  ['a star', 'ab*', ['ab', 'abc']],
  ['a star stays within a segment', '*.log', ['x.log']],
  ['a star for a directory', '*/b', ['a/b']],
  ['stars for directories', '*/*/*', ['a/x/y/b', 'd/e/f/y.log', 'd/e/x.log']],
  ['a question mark', 'ab?', ['abc']],
  ['a question mark is one character, not one byte', '?.t', ['é.t']],
  ['a question mark is no slash', 'b?c\nx?y', []],
  ['a class', '[ab]*/[b-c]', ['a.b/c', 'a/b', 'a/c', 'axb/c']],
  ['a class turned around', '[^a-z]x', ['*x', '-x']],
  ['a class turned around may be a slash', 'a[^+]c', ['a/c', 'abc']],
  ['an escape in a class', '[\\-\\*]x', ['*x', '-x']],
  ['an escaped star', '\\*x', ['*x']],
  ['escaped brackets', '\\[z\\]', ['[z]']],
  ['a dot is a dot', 'a.b', ['a.b/c']],
  ['a plus is a plus', 'a+*', ['a+c']],
  ['braces, carets and bars too', 'a{1}*\na^*\na|*', ['a^b', 'a{1}', 'a|b'], differs],
  ['beyond ASCII', 'é*', ['é.t']],
  ['two stars alone', '**', all],
  ['two stars and an end', '**.log', ['d/e/f/y.log', 'd/e/x.log', 'd/x.log', 'x.log']],
  ['the same with another wildcard: names only', '**.l?g', []],
  ['two stars and a name', '**/x.log', ['d/e/x.log', 'd/x.log', 'x.log']],
  ['two stars and a wildcard', '**/[y-z].l*', ['d/e/f/y.log']],
  ['two stars between', 'd/**/x.log', ['d/e/x.log', 'd/x.log']],
  ['two stars at the end', 'd/**', ['d/e/f/y.log', 'd/e/x.log', 'd/x.log']],
  ['two stars behind a name', 'd**', ['d/e/f/y.log', 'd/e/x.log', 'd/x.log']],
  ['two stars within a name', 'a**b', ['a/b', 'a/x/y/b', 'ab']],
  ['two stars twice', '**/e/**', ['d/e/f/y.log', 'd/e/x.log']],
  ['three stars', 'a/***', ['a/b', 'a/c', 'a/x/y/b']],
  ['an exception', '*\n!abc', but('abc')],
  ['an exception in an ignored directory', 'a\n!a/b', ['a/c', 'a/x/y/b']],
  ['an exception deep in an ignored directory', '*\n!d/e/f', but('d/e/f/y.log')],
  ['an exception with space behind the mark', '*\n! abc', but('abc')],
  ['an exception with a slash in front', '*\n!/abc', but('abc')],
  ['an exception that does not matter', '!abc', []],
  ['the last match decides', '!abc\nabc', ['abc']],
  ['an exception to the exception', 'd\n!d/e\nd/e/f', ['d/e/f/y.log', 'd/x.log']],
  ['a repetition changes nothing', 'a\n!a/b\na', ['a/c', 'a/x/y/b']],
  ['an escaped exclamation mark', '\\!bang', ['!bang']],
  ['an exception with a star', '*\n!*.log', but('x.log')],
  ['exceptions at any depth', '*\n!**/x.log', but('x.log', 'd/x.log', 'd/e/x.log'), differs],
  ['exceptions for all below', 'a\n!a/**/b', ['a/c'], differs],
];

const ignoredBy = (text: string) => {
  const rules = compileIgnore(parseIgnoreFile(text));
  return tree.filter((file) => rules.ignored(file)).sort();
};

describe('ignore rules, case by case', () => {
  it.each(cases)('%s', (_name, text, ignored) => {
    expect(ignoredBy(text)).toEqual([...ignored].sort());
  });
});

const noDocker = spawnSync('docker', ['--version'], { encoding: 'utf8' }).stdout?.startsWith('Docker')
  ? undefined
  : 'the docker CLI is not installed';

// The CLI packs the context for the classic builder with moby's own matcher; no engine is needed to see it.
unless(noDocker, 'ignore rules as the docker CLI has them', () => {
  let root: string;
  let server: http.Server;
  let sent: string[];

  beforeAll(async () => {
    root = fs.mkdtempSync(path.join(os.tmpdir(), 'gitops-ignore-'));
    for (const file of [...tree, 'Dockerfile']) {
      fs.mkdirSync(path.dirname(path.join(root, 'context', file)), { recursive: true });
      fs.writeFileSync(path.join(root, 'context', file), '');
    }
    server = http.createServer(answer).listen(path.join(root, 'engine.sock'));
    await once(server, 'listening');
  });
  afterAll(() => {
    server.close();
    server.closeAllConnections();
    fs.rmSync(root, { recursive: true, force: true });
  });

  it.each(cases.filter(([, , , reason]) => !reason))('%s', async (_name, text) => {
    expect(ignoredBy(text)).toEqual(await ignoredByDocker(text));
  });

  it('whatever the patterns', async () => {
    const wild = fc.constantFrom(
      '*',
      '**',
      'a',
      'b',
      'd',
      'e',
      'x.log',
      '*.log',
      'a*',
      '**b',
      '**.log',
      '?',
      '[^d]',
      '***',
    );
    const pattern = fc.array(wild, { minLength: 1, maxLength: 4 }).map((segments) => segments.join('/'));
    const exception = fc.constantFrom('!a', '!a/b', '!d/e', '!d/e/x.log', '!a/x', '!abc');
    const patterns = fc.array(fc.oneof(pattern, exception), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(patterns, async (patterns) => {
        const text = patterns.join('\n');
        expect(ignoredBy(text)).toEqual(await ignoredByDocker(text));
      }),
      { numRuns: 40 },
    );
  });

  async function ignoredByDocker(text: string): Promise<string[]> {
    fs.writeFileSync(path.join(root, 'context', '.dockerignore'), text);
    sent = [];
    const env = { ...process.env, DOCKER_BUILDKIT: '0', DOCKER_CONFIG: root, DOCKER_CONTEXT: undefined };
    const args = ['--host', `unix://${root}/engine.sock`, 'build', path.join(root, 'context')];
    const [status] = await once(spawn('docker', args, { env, stdio: 'ignore' }), 'close');
    expect(status).toBe(0);
    return tree.filter((file) => !sent.includes(file)).sort();
  }

  function answer(request: http.IncomingMessage, response: http.ServerResponse): void {
    response
      .setHeader('API-Version', '1.41')
      .setHeader('OSType', 'linux')
      .setHeader('Content-Type', 'application/json');
    if (!request.url!.includes('/build?')) return void response.end('{}');
    const extract = tar.extract().on('entry', ({ name }, stream, next) => {
      sent.push(name);
      stream.on('end', next).resume();
    });
    request.pipe(extract).on('finish', () => response.end('{}'));
  }
});
