import { type ExecFileOptions, execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { useDirectory } from '../../test/support/files';
import { commitsBetween } from './git-log';

const directory = useDirectory();
const UNKNOWN = 'ab'.repeat(20);

function git(...args: string[]): string {
  const author = ['-c', 'user.name=Test', '-c', 'user.email=test@example.com'];
  return execFileSync('git', ['-C', directory(), ...author, ...args], {
    encoding: 'utf8',
    stdio: 'pipe',
  }).trim();
}

/** Commits of nothing, and their hashes. */
function commit(...subjects: string[]): string[] {
  return subjects.map((subject) => {
    git('commit', '--quiet', '--allow-empty', '--message', subject);
    return git('rev-parse', 'HEAD');
  });
}

/** The same commit with a signature, which nobody can check. */
function sign(hash: string): string {
  const text = git('cat-file', 'commit', hash);
  const signature = 'gpgsig -----BEGIN PGP SIGNATURE-----\n \n -----END PGP SIGNATURE-----';
  const input = text.replace('\n\n', `\n${signature}\n\n`);
  const args = ['-C', directory(), 'hash-object', '-t', 'commit', '-w', '--stdin'];
  return execFileSync('git', args, { encoding: 'utf8', input }).trim();
}

/** Starts a program as on a machine that has none. */
function nowhere(file: string, args: string[], options: ExecFileOptions, done: () => void): void {
  execFile(file, args, { ...options, env: { PATH: join(directory(), 'nothing') } }, done);
}

const short = (hash: string): string => hash.slice(0, 7);

describe('the commits between two others', () => {
  let commits: string[];
  let [first, second, third] = ['', '', ''];
  beforeEach(() => {
    git('init', '--quiet', '--initial-branch=main');
    commits = commit('One', 'Two', 'Three: "it" -- works\n\nAnd more.');
    [first, second, third] = commits as [string, string, string];
  });

  it('are those after the first, the latest first, in a line each', async () => {
    expect(await commitsBetween(directory(), first, third)).toEqual({
      range: `${short(first)}..${short(third)}`,
      back: false,
      lines: [`${short(third)} Three: "it" -- works`, `${short(second)} Two`],
    });
  });

  it('are those that are taken back, where the second comes before the first', async () => {
    expect(await commitsBetween(directory(), third, second)).toEqual({
      range: `${short(third)}..${short(second)}`,
      back: true,
      lines: [`${short(third)} Three: "it" -- works`],
    });
  });

  it('are none where both are the same', async () => {
    const range = `${short(first)}..${short(first)}`;
    expect(await commitsBetween(directory(), first, first)).toEqual({ range, back: false, lines: [] });
  });

  it('of two branches are those of the second', async () => {
    git('checkout', '--quiet', '-b', 'other', first);
    const [other] = commit('Other');
    expect((await commitsBetween(directory(), third, other!))?.lines).toEqual([`${short(other!)} Other`]);
  });

  it('are found from a directory below', async () => {
    mkdirSync(join(directory(), 'apps/api'), { recursive: true });
    expect((await commitsBetween(join(directory(), 'apps/api'), first, second))?.lines).toHaveLength(1);
  });

  it('are told alike, however git is set up', async () => {
    for (const [key, value] of [
      ['log.showSignature', 'true'],
      ['color.ui', 'always'],
      ['log.decorate', 'full'],
      ['log.date', 'raw'],
    ] as const)
      git('config', key, value);
    const signed = sign(third);
    expect((await commitsBetween(directory(), second, signed))?.lines).toEqual([
      `${short(signed)} Three: "it" -- works`,
    ]);
  });

  it.each<[what: string, from: () => string, to: () => string]>([
    ['one that git does not have', () => UNKNOWN, () => third],
    ['another that it does not have', () => first, () => UNKNOWN],
    ['an abbreviated one', () => short(first), () => third],
    ['a branch', () => first, () => 'main'],
    ['nothing', () => '', () => third],
    ['an option', () => `--output=${join(directory(), 'written')}`, () => third],
    ['an option after it', () => first, () => `--output=${join(directory(), 'written')}`],
    ['an option in a second line', () => `${first}\n--output=written`, () => third],
    ['a range', () => `${first}..${second}`, () => third],
    ['upper case', () => first.toUpperCase(), () => third],
  ])('are not known of %s', async (_, from, to) => {
    expect(await commitsBetween(directory(), from(), to())).toBeUndefined();
    expect(existsSync(join(directory(), 'written'))).toBe(false);
  });

  it('are not known where there is no git', async () => {
    jest.resetModules();
    jest.doMock('node:child_process', () => ({ execFile: nowhere }));
    const { commitsBetween: asked } = require('./git-log') as typeof import('./git-log');
    jest.dontMock('node:child_process');
    expect(await asked(directory(), first, third)).toBeUndefined();
  });
});

it('the commits are not known outside of a repository', async () => {
  expect(await commitsBetween(directory(), UNKNOWN, 'cd'.repeat(20))).toBeUndefined();
});
